"""One definition file: what it says when it is right, and what is wrong with it when it is not."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass

from events.agent_config import AgentConfig

from .check import Examined, ReadAgent, examine
from .configuration import configuration, without_effect
from .diagnostics import Diagnostic, in_order
from .rendering import render, summary
from .report import nearest
from .run.builtins.signature import Builtin
from .source import Source
from .syntax import load
from .tree import AgentDef, Program, WithBlock


class NoSuchAgent(LookupError):
    """The definition has no agent of that name, or several and no name was given; the text says which."""


@dataclass(frozen=True)
class AgentDefinition:
    """One agent of a definition."""

    name: str
    config: AgentConfig
    node: AgentDef
    read: ReadAgent
    without_effect: tuple[str, ...]
    """What it says that has no effect yet, one sentence each; spawning tells it."""

    @property
    def has_body(self) -> bool:
        """Whether there is something that its tasks can run."""
        return any(isinstance(item, WithBlock) for item in self.node.items)


@dataclass(frozen=True)
class Definition:
    """A file without errors."""

    digest: str
    """`sha256:` and 64 hex digits, of the file's bytes: another byte, another version."""
    source: Source
    program: Program
    agents: Mapping[str, AgentDefinition]
    """By their names, in the order of the file; there may be none."""

    def agent(self, name: str | None = None) -> AgentDefinition:
        """The agent of that name, or the only one. Raises `NoSuchAgent`."""
        if name is None and len(self.agents) == 1:
            return next(iter(self.agents.values()))
        if name is not None and name in self.agents:
            return self.agents[name]
        raise NoSuchAgent(self._why(name))

    def _why(self, name: str | None) -> str:
        known = ", ".join(list(self.agents)[:20])
        if not self.agents:
            return f"{self.source.name} defines no agent"
        if name is None:
            return f"{self.source.name} defines several agents, so one must be named: {known}"
        near = nearest(name, self.agents)
        hint = f"did you mean {near}?" if near else f"there are {known}"
        return f"{self.source.name} defines no agent {name}; {hint}"


@dataclass(frozen=True)
class Reading:
    """What came of reading a file."""

    source: Source
    digest: str
    diagnostics: tuple[Diagnostic, ...]
    """By place in the file."""
    definition: Definition | None
    """None where there is an error among the diagnostics."""

    @property
    def ok(self) -> bool:
        return self.definition is not None

    @property
    def reasons(self) -> list[str]:
        """Each error as a text that shows the line, for whoever is told why there is no definition."""
        errors = [one for one in self.diagnostics if one.is_error]
        return [render(self.source, [one]).removesuffix(f"{summary([one])}\n").strip() for one in errors]


def digest_of(data: bytes) -> str:
    """The digest of a definition: that of the file's bytes."""
    return f"sha256:{hashlib.sha256(data).hexdigest()}"


def read_definition(data: bytes, name: str, *, tools: Mapping[str, Builtin] | None = None) -> Reading:
    """Parse and check the content of the file *name*. Never raises, in time bounded by its size.

    *tools* are those that the runtime has, as in `check`. A file that does not parse is not checked: what
    could not be read would look like what is missing.
    """
    parsed = load(data, name)
    digest = digest_of(data)
    if not parsed.ok:
        return Reading(parsed.source, digest, parsed.diagnostics, None)
    examined = examine(parsed.program, parsed.source, tools=tools)
    told = tuple(in_order([*parsed.diagnostics, *examined.diagnostics]))
    made = _definition(examined, digest) if examined.ok else None
    return Reading(parsed.source, digest, told, made)


def _definition(examined: Examined, digest: str) -> Definition:
    agents = {
        name: AgentDefinition(
            name, configuration(examined, name), agent.node, agent, tuple(without_effect(agent))
        )
        for name, agent in examined.agents.items()
    }
    return Definition(digest, examined.source, examined.program, agents)


__all__ = [
    "AgentDefinition",
    "Definition",
    "NoSuchAgent",
    "Reading",
    "configuration",
    "digest_of",
    "read_definition",
]
