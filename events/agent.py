"""The life of one agent."""

from typing import Any, TypeAlias

from .agent_config import AgentConfig
from .agent_definition import DefinitionRef
from .base import Event, recorded_as
from .content import Digest
from .identifiers import Token
from .upcast import upcasts


@recorded_as("agent.registered", aggregate="agent", version=2)
class AgentRegistered(Event):
    """A definition was given an identity; nothing is checked yet."""

    agent_id: Token
    title: str
    """The definition's name as submitted, which may not be a valid one."""
    definition_digest: Digest
    owner: str
    """The actor that asked for it, `human/operator`; whose role `agent_owner` covers it."""
    definition: DefinitionRef | None = None
    """The text, where it is one in the definition language."""


@recorded_as("agent.deployed", aggregate="agent", version=2)
class AgentDeployed(Event):
    """A new version of the definition replaced the one the agent had."""

    agent_id: Token
    definition_digest: Digest
    config: AgentConfig
    definition: DefinitionRef | None = None
    schedules_from: str | None = None
    """The time from which its schedules count: RFC 3339 in UTC."""


@recorded_as("agent.spawned", aggregate="agent")
class AgentSpawned(Event):
    """The agent exists: it is Initializing."""

    agent_id: Token
    definition_digest: Digest


@recorded_as("agent.readied", aggregate="agent", version=2)
class AgentReadied(Event):
    """The configuration is valid: Initializing → Ready."""

    agent_id: Token
    config: AgentConfig
    schedules_from: str | None = None
    """The time from which its schedules count: RFC 3339 in UTC."""


@recorded_as("agent.initialization.failed", aggregate="agent")
class AgentInitializationFailed(Event):
    """The configuration is invalid: Initializing → Failed."""

    agent_id: Token
    reasons: list[str]
    """Every reason at once."""


@recorded_as("agent.suspended", aggregate="agent")
class AgentSuspended(Event):
    """A policy violation or a shortage paused the agent: Running → Suspended; its tasks are paused."""

    agent_id: Token
    reason: str


@recorded_as("agent.resumed", aggregate="agent")
class AgentResumed(Event):
    """What suspended the agent is cleared: Suspended → Running; its tasks go on.

    Where its last task ended meanwhile, the agent goes on to Ready at once.
    """

    agent_id: Token
    reason: str


@recorded_as("halt.requested", aggregate="agent")
class HaltRequested(Event):
    """Somebody overrode the agent by hand; the events that stop it follow in the same batch."""

    agent_id: Token
    reason: str


@recorded_as("agent.halted", aggregate="agent")
class AgentHalted(Event):
    """Stopped by manual override: Suspended → Terminated."""

    agent_id: Token
    reason: str


@recorded_as("agent.quarantined", aggregate="agent")
class AgentQuarantined(Event):
    """The agent gets no more tasks until it is released; what runs goes on."""

    agent_id: Token
    reason: str


@recorded_as("agent.released", aggregate="agent")
class AgentReleased(Event):
    """The quarantine is over."""

    agent_id: Token
    reason: str


@recorded_as("agent.terminated", aggregate="agent")
class AgentTerminated(Event):
    """Shut down: Ready → Terminated, or Failed → Terminated."""

    agent_id: Token
    reason: str


@recorded_as("agent.decommissioned", aggregate="agent")
class AgentDecommissioned(Event):
    """A terminated agent was retired for good; its id is never used again."""

    agent_id: Token
    reason: str


@upcasts("symbi.agent.registered.v1", AgentRegistered.wire_type())
@upcasts("symbi.agent.deployed.v1", AgentDeployed.wire_type())
@upcasts("symbi.agent.readied.v1", AgentReadied.wire_type())
def _what_definitions_added(data: dict[str, Any]) -> dict[str, Any]:
    """Before there were definitions, agents had fewer fields; those that are absent have their defaults."""
    return data


AgentEvent: TypeAlias = (
    AgentRegistered
    | AgentDeployed
    | AgentSpawned
    | AgentReadied
    | AgentInitializationFailed
    | AgentSuspended
    | AgentResumed
    | HaltRequested
    | AgentHalted
    | AgentQuarantined
    | AgentReleased
    | AgentTerminated
    | AgentDecommissioned
)
