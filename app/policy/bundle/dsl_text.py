"""Policies written in agent definitions."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from events.agent_policy import StatedPolicy

from ...dsl.formatting import pretty
from ...dsl.report import Report
from ...dsl.settings.policies import read_policy
from ...dsl.source import Source
from ...dsl.syntax import parse
from ...dsl.tree import AgentDef, ChannelDef, FunctionDef, Item, PolicyDef, Program, TypeDef
from .policy import from_cedar
from .problems import Place, Problem, place_at
from .stated import Drafted, Holder, drafted


@dataclass
class Read:
    """What a definition's policies make."""

    drafts: list[tuple[Drafted, Place]] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)


def read(source: Source, mapped: Mapping[str, str]) -> Read:
    """The policies in a file of definitions, and everything that is wrong with them.

    Policies of an agent are about agents of that name, those of a channel about its topic, and those beside
    them about all agents.
    """
    parsed = parse(source)
    found, report = Read(), Report()
    for diagnostic in parsed.diagnostics:
        report.add(diagnostic)
    for holder, block in _blocks(parsed.program.items):
        policy = read_policy(block, source, report, holder.functions).stated
        found.drafts += _drafts(policy, holder, mapped, source, found.problems)
    for diagnostic in report.diagnostics:
        place = place_at(source, diagnostic.span.start)
        found.problems.append(Problem(place, diagnostic.message, diagnostic.severity))
    return found


def _blocks(items: Iterable[Item]) -> Iterator[tuple[Holder, PolicyDef]]:
    shared = [item for item in items if isinstance(item, FunctionDef | TypeDef)]
    for item in items:
        match item:
            case PolicyDef():
                yield _holder(shared), item
            case AgentDef(name=name, params=params, items=inner):
                own = [one for one in inner if isinstance(one, FunctionDef)]
                inputs = tuple(param.name for param in params)
                holder = replace(_holder([*shared, *own]), agent=name, inputs=inputs)
                yield from ((holder, one) for one in inner if isinstance(one, PolicyDef))
            case ChannelDef(name=name, items=settings):
                holder = replace(_holder(shared), channel=name)
                yield from ((holder, one) for one in settings if isinstance(one, PolicyDef))


def _holder(definitions: Sequence[FunctionDef | TypeDef]) -> Holder:
    """Of nobody in particular, with what conditions may speak of."""
    text = pretty(Program(tuple(definitions))) if definitions else ""
    names = (one.name for one in definitions if isinstance(one, FunctionDef))
    return Holder(definitions=text, functions=frozenset(names))


def _drafts(
    policy: StatedPolicy, holder: Holder, mapped: Mapping[str, str], source: Source, problems: list[Problem]
) -> Iterator[tuple[Drafted, Place]]:
    try:
        for one in drafted(policy, holder, mapped):
            from_cedar((one.otherwise or one.draft).to_cedar(), Place(source.name))
            yield one, Place(source.name, one.line)
    except ValueError as error:
        lines = [rule.line for rule in policy.rules]
        problems.append(Problem(Place(source.name, min(lines, default=1)), f"{policy.name}: {error}"))
