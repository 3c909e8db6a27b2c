"""A whole file, checked in one pass; what it says is kept, for the configuration that follows from it."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from ..diagnostics import Diagnostic
from ..report import Report, first
from ..run.builtins.signature import Builtin
from ..settings.metadata import ReadMetadata, read_metadata
from ..settings.policies import read_policy
from ..source import Source
from ..tree import (
    AgentDef,
    ChannelDef,
    FunctionDef,
    MemoryDef,
    Metadata,
    PolicyDef,
    Program,
    ScheduleDef,
    TypeDef,
    WebhookDef,
)
from .agents import ReadAgent, check_agent
from .annotations import Annotations
from .blocks import check_blocks
from .context import File
from .functions import check_function, signatures
from .names import Needed
from .policies import Together, check_conditions
from .reaching import check_reach
from .scheduling import check_schedules

MOST_FUNCTIONS = 1024
"""Functions of a file that stand in no agent."""


@dataclass(frozen=True)
class Examined:
    """What was found in a file. Where there is an error in `diagnostics`, the rest may lack anything."""

    program: Program
    source: Source
    diagnostics: Sequence[Diagnostic]
    metadata: ReadMetadata
    agents: Mapping[str, ReadAgent]

    @property
    def ok(self) -> bool:
        return not any(diagnostic.is_error for diagnostic in self.diagnostics)


def examine(program: Program, source: Source, *, tools: Mapping[str, Builtin] | None = None) -> Examined:
    """Check *program* and read what it says. Never raises, whatever the tree.

    *tools* are those that the runtime has: what each takes and gives is then checked too, and a capability
    that is none of them is a warning.
    """
    report = Report()
    file = File(program, source, tools, report, Annotations(report))
    file.types.declare(file.items(TypeDef))
    functions = first(file.items(FunctionDef), MOST_FUNCTIONS, "functions", report)
    file.functions = signatures(functions, file.types, report)
    file.others = frozenset(
        item.name
        for item in program.items
        if isinstance(item, MemoryDef | ChannelDef | WebhookDef | ScheduleDef) and item.name is not None
    )
    _check_functions(functions, file)
    metadata = read_metadata(file.items(Metadata), report)
    policies = [
        read_policy(policy, source, report, file.callable) for policy in file.named(PolicyDef, "policy")
    ]
    nodes = file.named(AgentDef, "agent")
    shared = Together(policies, report)
    inputs = {param.name for agent in nodes for param in agent.params}
    for policy in policies:
        check_conditions(policy, file.condition_body(), inputs)
    agents = {agent.name: check_agent(agent, file, shared) for agent in nodes}
    _check_name(metadata, agents, report)
    check_schedules(agents, file)
    check_blocks(agents, file)
    spans = {name: signature.span for name, signature in file.functions.items()}
    check_reach(agents.values(), file.needed, spans if agents else {}, report)
    return Examined(program, source, report.diagnostics, metadata, agents)


def _check_functions(functions: Iterable[FunctionDef], file: File) -> None:
    """Check the functions that stand in no agent; which agents may call what they call is seen later."""
    for function in functions:
        signature = file.functions[function.name]
        if signature.node is function:
            needed = file.needed[function.name] = Needed()
            check_function(file.body(file.functions, None, needed), function, signature)


def _check_name(metadata: ReadMetadata, agents: Mapping[str, ReadAgent], report: Report) -> None:
    if metadata.name_span is not None and len(agents) > 1:
        report.error(
            "contradiction",
            f"the metadata gives one `name` to {len(agents)} agents",
            metadata.name_span,
            help="leave it out: each agent has a name of its own",
        )
