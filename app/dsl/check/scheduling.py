"""Gives each schedule to the agent that it names, with the inputs that it says."""

from collections.abc import Mapping

from pydantic import JsonValue

from ..diagnostics import Note
from ..report import Report, first, meant
from ..settings.reading import Read
from ..settings.schedules import KINDS, input_of, read_schedule
from ..source import Span
from ..tree import ScheduleDef, Setting
from .agents import MOST, ReadAgent
from .complaints import fits
from .context import MOST_ITEMS, File, too_many
from .names import Needed
from .types import NULL


def check_schedules(agents: Mapping[str, ReadAgent], file: File) -> None:
    """Check the schedules of a file; each agent keeps its own."""
    names: dict[str, Span] = {}
    nodes = first(file.items(ScheduleDef), MOST_ITEMS, "schedules", file.report)
    taken = {node.name for node in nodes if node.name is not None}
    for number, node in enumerate(nodes, start=1):
        name = node.name or _anonymous(number, taken)
        if name in names:
            file.report.error(
                "duplicate-name",
                f"the schedule `{name}` is there twice",
                node.name_span,
                "the second time",
                notes=[Note("the first time", names[name])],
                help="rename one of them",
            )
            continue
        names[name] = node.name_span
        _check(node, name, agents, file)
    for agent in agents.values():
        too_many(agent.schedules, MOST, "schedules of one agent", agent.node.name_span, file.report)


def _anonymous(number: int, taken: set[str]) -> str:
    """A name for a schedule that has none: `schedule_2` for the second of the file."""
    name = f"schedule_{number}"
    while name in taken:
        name += "_"
    return name


def _check(node: ScheduleDef, name: str, agents: Mapping[str, ReadAgent], file: File) -> None:
    schedule, named, settings = read_schedule(node, name, file.report)
    agent = the_agent(named, agents, node.name_span, file.report, what="schedule")
    if agent is None:
        return
    inputs = _inputs(settings, agent, file)
    given = {setting.name for setting in settings}
    absent = [each for each in agent.inputs if each not in given]
    inputs.update(dict.fromkeys(absent))
    missing = [each for each in absent if not file.types.records.fits(NULL, agent.inputs[each])]
    if missing:
        file.report.error(
            "missing-input",
            f"the schedule gives `{agent.node.name}` no `{missing[0]}`",
            node.name_span,
            notes=[Note("the agent takes it here", _param(agent, missing[0]))],
            help=f"add `{missing[0]}: …`",
        )
    if schedule is not None:
        agent.schedules.append(schedule.model_copy(update={"inputs": inputs}))


def _inputs(settings: list[Setting], agent: ReadAgent, file: File) -> dict[str, JsonValue]:
    found: dict[str, JsonValue] = {}
    for setting in settings:
        if setting.name not in agent.inputs:
            known = [*KINDS, *agent.inputs]
            near = file.report.nearest(setting.name, known)
            file.report.error(
                "unknown-attribute",
                f"`{setting.name}` is neither a setting of a schedule nor an input of `{agent.node.name}`",
                setting.name_span,
                help=meant(near) or f"there are {', '.join(known)}",
            )
            continue
        given = input_of(setting, file.report)
        if given is None:
            continue
        wanted = agent.inputs[setting.name]
        body = file.body({}, None, Needed(), open=False)
        of = body.value(setting.value, wanted)
        fits(body, setting.value, of, wanted, f"the input `{setting.name}`")
        found[setting.name] = given[0]
    return found


def _param(agent: ReadAgent, name: str) -> Span:
    return next(param.name_span for param in agent.node.params if param.name == name)


def the_agent(
    named: Read | None, agents: Mapping[str, ReadAgent], span: Span, report: Report, *, what: str
) -> ReadAgent | None:
    """The agent that a block names, or else the only one of the file; None after the report says why."""
    if named is not None:
        name = str(named.value)
        if name not in agents:
            near = report.nearest(name, agents)
            report.error(
                "unknown-agent",
                f"there is no agent `{name}` in this file",
                named.span,
                help=meant(near) or (f"there are {', '.join(list(agents)[:12])}" if agents else ""),
            )
            return None
        return agents[name]
    if len(agents) != 1:
        report.error(
            "unknown-agent",
            f"the {what} names no agent, and the file has {len(agents) or 'none'}",
            span,
            help='add `agent: "…"`' if agents else "",
        )
        return None
    return next(iter(agents.values()))
