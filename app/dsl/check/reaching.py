"""Which agents reach which functions of the file, and whether they may call what those call."""

from collections.abc import Iterable, Iterator, Mapping

from ..diagnostics import Note
from ..report import Report
from ..source import Span
from .agents import ReadAgent
from .names import Needed


def check_reach(
    agents: Iterable[ReadAgent], functions: Mapping[str, Needed], names: Mapping[str, Span], report: Report
) -> None:
    """Report agents that call a function which calls a capability that they lack.

    *functions* are those of the file, by what each calls; *names* are where each is declared.
    """
    reached: set[str] = set()
    for agent in agents:
        for function, span, by in _reached(agent, functions):
            reached.add(function)
            for capability, place in functions[function].capabilities.items():
                if capability not in agent.capabilities:
                    _lacking(agent, function, capability, span, place, by, report)
    for name, needed in functions.items():
        reached.update(called for called in needed.functions if called != name)
    for name, span in names.items():
        if name not in reached:
            report.warning(
                "unused-function", f"the function `{name}` is never called", span, help="remove it"
            )


def _reached(agent: ReadAgent, functions: Mapping[str, Needed]) -> Iterator[tuple[str, Span, str]]:
    """The functions of the file that an agent reaches, and its own call that comes to each."""
    waiting = [(name, span, name) for name, span in agent.needed.functions.items()]
    seen: set[str] = set()
    while waiting:
        name, span, first = waiting.pop()
        if name in seen or name not in functions:
            continue
        seen.add(name)
        yield name, span, first
        waiting += [(further, span, first) for further in functions[name].functions]


def _lacking(
    agent: ReadAgent, function: str, capability: str, span: Span, place: Span, by: str, report: Report
) -> None:
    report.error(
        "unknown-capability",
        f"`{function}` calls `{capability}`, which the agent `{agent.node.name}` has not declared",
        span,
        "" if by == function else f"`{by}` comes to it",
        notes=[Note(f"`{capability}` is called here", place)],
        help=f'add "{capability}" to its capabilities',
    )
