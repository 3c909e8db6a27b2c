"""What came of checking a definition, before anything is decided about it."""

from collections.abc import Sequence
from dataclasses import dataclass

from events.agent_config import AgentConfig
from events.agent_definition import DefinitionRef
from events.content import Digest


@dataclass(frozen=True, slots=True)
class Checked:
    """A definition that was found good, with its configuration, or bad, with every reason."""

    digest: Digest
    title: str
    """The agent's name as written, which may not be a valid one."""
    config: AgentConfig | None
    reasons: Sequence[str] = ()
    """For people; empty where there is a configuration."""
    ref: DefinitionRef | None = None
    """The text, where it is one in the definition language."""
    remarks: Sequence[str] = ()
    """For people: what may not be meant so, and what has no effect yet."""
