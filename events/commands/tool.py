"""Commands about one tool call; a worker's, about the tasks that it runs."""

from typing import TypeAlias

from pydantic import Field

from ..agent_config import Name
from ..content import ContentRef
from ..identifiers import Token
from .base import Command, asked_as


class _OfRun(Command):
    agent_id: Token
    task_id: Token
    node_id: Token
    assignment: int
    """The number of the assignment that the node runs under; a stale one is refused."""


@asked_as("tool.request_call")
class RequestToolCall(_OfRun):
    """Announce a run's next call. Its id derives from the task, the run and the call's index."""

    index: int = Field(ge=0)
    """Counts the run's calls, from 0."""
    tool: Name
    arguments: ContentRef
    again: bool = False
    """Make a call again that an interrupted worker left open; only where the tool says that this is safe."""


class _Outcome(_OfRun):
    call_id: Token


@asked_as("tool.complete_call")
class CompleteToolCall(_Outcome):
    """Say what came of a call."""

    result: ContentRef
    duration_seconds: float = Field(0.0, ge=0)


@asked_as("tool.fail_call")
class FailToolCall(_Outcome):
    """Say that a call came to nothing, or that nobody knows what came of it."""

    reason: str = Field(max_length=100)
    error: ContentRef | None = None
    duration_seconds: float = Field(0.0, ge=0)


@asked_as("tool.deny_call")
class DenyToolCall(_Outcome):
    """Say that policy did not allow a call."""

    reason: str = Field(max_length=4000)


ToolCommand: TypeAlias = RequestToolCall | CompleteToolCall | FailToolCall | DenyToolCall
