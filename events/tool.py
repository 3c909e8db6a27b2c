"""The calls that an agent's run makes to the world, inside the boundary of the agent that makes them."""

from typing import TypeAlias

from pydantic import Field

from .agent_config import Name
from .base import Event, recorded_as
from .content import ContentRef
from .identifiers import Token


class _OfCall(Event):
    """What every event of a call names; the call is the aggregate."""

    call_id: Token
    agent_id: Token
    task_id: Token
    run: int = Field(ge=1)
    """Counts the task's runs, from 1: one that failed and is retried begins anew, one that was interrupted
    goes on as the same."""
    index: int = Field(ge=0)
    """Counts the run's calls, from 0."""
    tool: Name
    assignment: int
    """The number of the assignment under which the worker says so."""

    def about(self) -> str:
        return self.call_id


@recorded_as("tool.call.requested", aggregate="tool")
class ToolCallRequested(_OfCall):
    """A run asks for something to be done; it is done only after this is durable, and if policy allows it."""

    arguments: ContentRef
    """What it is called with, as JSON: `{"capability": "...", "named": {...}, "positional": [...]}`."""
    again: bool = False
    """True where a worker that was interrupted left it open, and the tool may be called twice."""


@recorded_as("tool.call.completed", aggregate="tool")
class ToolCallCompleted(_OfCall):
    """It was done; the run goes on with what came of it."""

    result: ContentRef
    """What came of it, as JSON."""
    duration_seconds: float = Field(ge=0)


@recorded_as("tool.call.failed", aggregate="tool")
class ToolCallFailed(_OfCall):
    """It was not done to its end, or nobody knows; the run goes on with an error that it may catch."""

    reason: str
    """A short code: `error` (the tool says so), `timeout`, `missing`, `too_large`, `cancelled`, `unknown`
    (its worker was interrupted, so that it may have been done)."""
    error: ContentRef | None = None
    """What the run is told, as JSON: `{"kind": "...", "message": "..."}`."""
    duration_seconds: float = Field(ge=0)


@recorded_as("tool.call.denied", aggregate="tool")
class ToolCallDenied(_OfCall):
    """Policy said no, so nothing was done; the run goes on with an error that it may catch."""

    reason: str
    """Which policy said so and why, in words."""


ToolEvent: TypeAlias = ToolCallRequested | ToolCallCompleted | ToolCallFailed | ToolCallDenied
