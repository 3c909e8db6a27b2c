"""What the log already says about a run: its submission, and the calls that it made."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from events import identifiers
from events.base import Event
from events.codec import Fact, Raw
from events.task import TaskEvent, TaskSubmitted
from events.tool import (
    ToolCallCompleted,
    ToolCallDenied,
    ToolCallFailed,
    ToolCallRequested,
    ToolEvent,
)

from ...domain.task import Task, evolve_task
from ...ports.event_log import EventLog
from ..verification import Verifier

TOGETHER = 500
"""How many events are verified together."""

Outcome: TypeAlias = ToolCallCompleted | ToolCallFailed | ToolCallDenied


@dataclass(frozen=True, slots=True)
class RecordedCall:
    """A call that was asked for, and what came of it; nothing where nobody knows."""

    request: ToolCallRequested
    outcome: Outcome | None = None


@dataclass(frozen=True, slots=True)
class RecordedTask:
    """One task as the log has it."""

    submitted: TaskSubmitted
    events: Sequence[TaskEvent]
    """In order, the submission first."""
    task: Task
    """What they come to."""
    calls: Sequence[RecordedCall]
    """Those of its newest run, in order."""


async def recorded_task(
    log: EventLog, verifier: Verifier, agent_id: str, task_id: str, *, upto: int
) -> RecordedTask | None:
    """The task as of that position, verified; None where the log knows none of that id."""
    first = await log.newest(identifiers.event_subject(agent_id, "task", task_id, "submitted"))
    if first is None:
        return None
    events: list[TaskEvent] = []
    calls: list[ToolEvent] = []
    task = Task()
    async for event in _boundary(log, verifier, agent_id, first.seq, upto):
        if isinstance(event, TaskEvent) and event.task_id == task_id:
            events.append(event)
            task = evolve_task(task, event)
        elif isinstance(event, ToolEvent) and event.task_id == task_id:
            calls.append(event)
    submitted = next((event for event in events if isinstance(event, TaskSubmitted)), None)
    if submitted is None:
        return None
    return RecordedTask(submitted, events, task, calls_of(calls, task.run))


def calls_of(events: Sequence[ToolEvent], run: int) -> list[RecordedCall]:
    """The calls of one run, in order, each with its outcome; of one that was made again, the last request."""
    calls: dict[int, RecordedCall] = {}
    for event in events:
        if event.run != run:
            continue
        if isinstance(event, ToolCallRequested):
            calls[event.index] = RecordedCall(event)
        elif event.index in calls:
            calls[event.index] = RecordedCall(calls[event.index].request, event)
    return [calls[index] for index in sorted(calls)]


async def _boundary(
    log: EventLog, verifier: Verifier, agent_id: str, first: int, last: int
) -> AsyncIterator[Event]:
    """What happened to the agent from one position to the other; all of it, since revisions are counted."""
    reader, waiting = verifier.fresh(), list[Raw]()
    async for raw in log.read(identifiers.boundary(agent_id, "agent", agent_id), after=first - 1):
        if raw.seq > last:
            break
        waiting.append(raw)
        if len(waiting) == TOGETHER:
            for item in await reader.check(waiting):
                if isinstance(item, Fact):
                    yield item.event
            waiting = []
    for item in await reader.check(waiting):
        if isinstance(item, Fact):
            yield item.event
