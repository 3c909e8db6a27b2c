"""Commands to one agent."""

from typing import Any, TypeAlias

from pydantic import Field

from ..agent_config import Name
from ..identifiers import Token
from .base import Command, asked_as


class _WithDefinition(Command):
    config: dict[str, Any] | None = None
    """An `AgentConfig`, not yet validated."""
    source: str | None = None
    """In place of a configuration: the text of a definition, not yet parsed."""
    agent: Name | None = None
    """Which of the agents that the text defines; it may be left out where there is one."""
    file: str = Field("definition", max_length=256)
    """What the text is called in messages about it."""


@asked_as("agent.spawn")
class SpawnAgent(_WithDefinition):
    """Give a definition an identity and check it: the agent ends up Ready, or Failed with every reason.

    A bad definition makes a Failed agent, not a refused command.
    """

    agent_id: Token | None = None
    """Chosen by the caller, or derived from the command's id."""


@asked_as("agent.deploy")
class DeployAgent(_WithDefinition):
    """Replace a Ready agent's definition by a new version; a bad one is refused."""

    agent_id: Token


class _WithReason(Command):
    agent_id: Token
    reason: str = Field("", max_length=1000)


@asked_as("agent.suspend")
class SuspendAgent(_WithReason):
    """Pause a Running agent and its tasks."""


@asked_as("agent.resume")
class ResumeAgent(_WithReason):
    """Let a Suspended agent go on."""


@asked_as("agent.halt")
class HaltAgent(_WithReason):
    """Stop a Running or Suspended agent by hand; its running tasks are cancelled."""


@asked_as("agent.quarantine")
class QuarantineAgent(_WithReason):
    """Give an agent no more tasks until it is released."""


@asked_as("agent.release")
class ReleaseAgent(_WithReason):
    """End a quarantine."""


@asked_as("agent.terminate")
class TerminateAgent(_WithReason):
    """Shut down a Ready or Failed agent."""


@asked_as("agent.decommission")
class DecommissionAgent(_WithReason):
    """Retire a Terminated agent for good."""


AgentCommand: TypeAlias = (
    SpawnAgent
    | DeployAgent
    | SuspendAgent
    | ResumeAgent
    | HaltAgent
    | QuarantineAgent
    | ReleaseAgent
    | TerminateAgent
    | DecommissionAgent
)
