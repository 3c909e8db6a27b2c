"""Checks one agent, and keeps what it says for the configuration that follows from it."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from events.agent_config import Block
from events.agent_schedule import Schedule

from ..diagnostics import Note
from ..report import meant
from ..run.builtins.signature import Builtin
from ..run.builtins.table import FUNCTIONS
from ..settings.agents import bodies, read_attributes, read_capabilities
from ..settings.policies import ReadPolicy, read_policy
from ..settings.reading import Read
from ..source import Span
from ..tree import AgentDef, FunctionDef, PolicyDef
from .context import File, too_many
from .functions import bind_parameters, check_function, check_result, parameters, signatures
from .names import Needed, Signature
from .policies import Together, check_conditions
from .types import ANY, Type

MOST = 64
"""Policies, schedules and blocks that one agent may have, each."""

_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,63}")


@dataclass
class ReadAgent:
    """What one agent of a file says."""

    node: AgentDef
    attributes: Mapping[str, Read]
    """By the field of an `AgentConfig` that each sets."""
    capabilities: Mapping[str, Span]
    policies: Sequence[ReadPolicy]
    """Those of the file, then its own."""
    inputs: Mapping[str, Type]
    needed: Needed
    """What its body and its functions call."""
    schedules: list[Schedule] = field(default_factory=list)
    blocks: list[Block] = field(default_factory=list)


def check_agent(agent: AgentDef, file: File, shared: Together) -> ReadAgent:
    """Check *agent*; *shared* are the policies of the file, which are its own too."""
    report = file.report
    if not _NAME.fullmatch(agent.name):
        report.error(
            "bad-name",
            f"`{agent.name}` cannot be the name of an agent",
            agent.name_span,
            help="it begins with a letter, and has at most 64 characters",
        )
    capabilities = read_capabilities(agent, report)
    inputs = parameters(agent.params, file.types, report)
    own = [item for item in agent.items if isinstance(item, FunctionDef)]
    functions = {**file.functions, **signatures(own, file.types, report, around=file.functions)}
    _distinct(capabilities, functions, file)
    needed = Needed()
    known = _known(capabilities, file)
    _check_bodies(agent, own, functions, known, inputs, needed, file)
    together = Together(_policies(agent, functions, inputs, file), report, shared)
    together.check_capabilities(capabilities)
    too_many(together.policies, MOST, "policies", agent.name_span, report)
    return ReadAgent(agent, read_attributes(agent, report), capabilities, together.policies, inputs, needed)


def _check_bodies(
    agent: AgentDef,
    own: Sequence[FunctionDef],
    functions: Mapping[str, Signature],
    capabilities: Mapping[str, Builtin | None],
    inputs: Mapping[str, Type],
    needed: Needed,
    file: File,
) -> None:
    result = ANY if agent.returns is None else file.types.read(agent.returns)
    for function in own:
        signature = functions[function.name]
        if signature.node is function:
            check_function(file.body(functions, capabilities, needed), function, signature)
    for block in bodies(agent, file.report):
        body = file.body(functions, capabilities, needed)
        bind_parameters(body, agent.params, inputs)
        check_result(body, block.body, agent.returns, result, f"the agent `{agent.name}`")


def _policies(
    agent: AgentDef, functions: Mapping[str, Signature], inputs: Mapping[str, Type], file: File
) -> list[ReadPolicy]:
    found: dict[str, ReadPolicy] = {}
    for item in agent.items:
        if not isinstance(item, PolicyDef):
            continue
        if (first := found.get(item.name)) is not None:
            file.report.error(
                "duplicate-name",
                f"the policy `{item.name}` is there twice",
                item.name_span,
                "the second time",
                notes=[Note("the first time", first.node.name_span)],
                help="rename one of them, or make one of both",
            )
            continue
        read = read_policy(item, file.source, file.report, frozenset({*functions, *FUNCTIONS}))
        check_conditions(read, file.body(functions, None, Needed(), open=True), inputs)
        found[item.name] = read
    return list(found.values())


def _distinct(capabilities: Mapping[str, Span], functions: Mapping[str, Signature], file: File) -> None:
    """Report capabilities that a body could not call, because their name means something else there."""
    for name, span in capabilities.items():
        if name in functions:
            file.report.error(
                "duplicate-name",
                f"`{name}` is both a function and a capability",
                span,
                notes=[Note("the function is here", functions[name].span)],
                help="rename the function",
            )
        elif name in FUNCTIONS:
            file.report.warning(
                "shadowed-capability",
                f"`{name}` is a function of the language, so a body cannot call the capability",
                span,
                help="leave it out, if the function is what is meant",
            )


def _known(capabilities: Mapping[str, Span], file: File) -> dict[str, Builtin | None]:
    """The capabilities, and what the runtime knows of each."""
    tools = file.tools
    if tools is None:
        return dict.fromkeys(capabilities)
    for name, span in capabilities.items():
        if name not in tools:
            near = file.report.nearest(name, tools)
            file.report.warning(
                "unknown-tool",
                f"the runtime has no tool `{name}`",
                span,
                help=meant(near) or "a call fails until there is one",
            )
    return {name: tools.get(name) for name in capabilities}
