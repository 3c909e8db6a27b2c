"""How a task goes from the queue to its end."""

from collections.abc import Callable, Mapping
from typing import Any

from events.base import Event
from events.codec import Fact
from events.content import ContentRef
from events.task import (
    TaskAssigned,
    TaskCancelled,
    TaskCompleted,
    TaskDeadLettered,
    TaskFailed,
    TaskPreempted,
    TaskPreemptionRequested,
    TaskProgressed,
    TaskRetried,
    TaskStarted,
    TaskSubmitted,
    TaskTimedOut,
)

from ..errors import Contradiction
from .tables import TaskRow

_FROM: Mapping[type[Event], tuple[str, ...]] = {
    TaskAssigned: ("queued",),
    TaskStarted: ("assigned",),
    TaskProgressed: ("running",),
    TaskPreemptionRequested: ("assigned", "running"),
    TaskPreempted: ("assigned", "running"),
    TaskCompleted: ("running",),
    TaskFailed: ("queued", "assigned", "running"),
    TaskTimedOut: ("queued", "assigned", "running"),
    TaskRetried: ("assigned", "running", "failed", "timed_out", "dead_lettered"),
    TaskCancelled: ("queued", "assigned", "running", "failed", "timed_out", "dead_lettered"),
    TaskDeadLettered: ("failed", "timed_out"),
}
"""In which states each of them may happen to a task."""


def fold(task: TaskRow | None, fact: Fact) -> TaskRow:
    """The task after *fact*.

    Raises:
        Contradiction: a task in this state cannot come to that.
    """
    event = fact.event
    if type(event) is TaskSubmitted:
        return _submitted(task, fact, event)
    if task is None:
        raise Contradiction(f"{event.name} of {fact.envelope.subject}, which was never submitted")
    if task.state not in _FROM[type(event)]:
        raise Contradiction(f"{event.name} while the task {task.id} is {task.state}")
    at = fact.envelope.time_ns
    return _STEPS[type(event)](task, event, at)._replace(updated_at=at, last_seq=fact.seq)


def _submitted(task: TaskRow | None, fact: Fact, event: TaskSubmitted) -> TaskRow:
    if task is not None:
        raise Contradiction(f"the task {task.id} was submitted twice")
    at = fact.envelope.time_ns
    return TaskRow(
        id=event.task_id,
        agent=event.agent_id,
        tenant=fact.envelope.tenant,
        state="queued",
        reason="",
        detail="",
        tier=event.tier.value,
        priority=event.priority,
        work=event.work.model_dump(mode="json", exclude_none=True),
        limits=event.limits.model_dump(mode="json"),
        labels=event.labels,
        data_classes=[data_class.value for data_class in event.data_classes],
        deadline=event.deadline,
        max_retries=event.max_retries,
        attempt=1,
        assignment=0,
        preemptions=0,
        node=None,
        sandbox=None,
        percent=None,
        note="",
        exit_code=None,
        output=None,
        usage=None,
        actor=fact.envelope.actor,
        correlation_id=fact.envelope.correlationid,
        submitted_at=at,
        queued_at=at,
        assigned_at=None,
        started_at=None,
        ended_at=None,
        updated_at=at,
        first_seq=fact.seq,
        last_seq=fact.seq,
    )


def _assigned(task: TaskRow, event: TaskAssigned, at: int) -> TaskRow:
    return task._replace(
        state="assigned",
        reason=event.reason,
        detail="",
        node=event.node_id,
        attempt=event.attempt,
        assignment=event.assignment,
        assigned_at=at,
    )


def _started(task: TaskRow, event: TaskStarted, at: int) -> TaskRow:
    return task._replace(state="running", sandbox=event.sandbox, percent=None, note="", started_at=at)


def _progressed(task: TaskRow, event: TaskProgressed, at: int) -> TaskRow:
    return task._replace(percent=event.percent, note=event.note)


def _asked_to_leave(task: TaskRow, event: TaskPreemptionRequested, at: int) -> TaskRow:
    return task._replace(reason=event.reason)


def _preempted(task: TaskRow, event: TaskPreempted, at: int) -> TaskRow:
    return _queued(task, event.reason, at)._replace(preemptions=task.preemptions + 1)


def _retried(task: TaskRow, event: TaskRetried, at: int) -> TaskRow:
    return _queued(task, event.reason, at)._replace(attempt=event.attempt)


def _queued(task: TaskRow, reason: str, at: int) -> TaskRow:
    return task._replace(
        state="queued",
        reason=reason,
        node=None,
        sandbox=None,
        percent=None,
        note="",
        queued_at=at,
        assigned_at=None,
        started_at=None,
        ended_at=None,
    )


def _completed(task: TaskRow, event: TaskCompleted, at: int) -> TaskRow:
    return task._replace(state="completed", reason="", ended_at=at, **_outcome(event))


def _failed(task: TaskRow, event: TaskFailed, at: int) -> TaskRow:
    outcome = _outcome(event)
    return task._replace(state="failed", reason=event.reason, detail=event.detail, ended_at=at, **outcome)


def _timed_out(task: TaskRow, event: TaskTimedOut, at: int) -> TaskRow:
    reason = f"after {event.after_seconds:g} s"
    ended = task._replace(state="timed_out", reason=reason, ended_at=at)
    return ended._replace(output=_output(event.output), usage=event.usage.model_dump())


def _outcome(event: TaskCompleted | TaskFailed) -> dict[str, Any]:
    return {
        "exit_code": event.exit_code,
        "output": _output(event.output),
        "usage": event.usage.model_dump(),
    }


def _output(output: ContentRef | None) -> dict[str, Any] | None:
    return output.model_dump() if output else None


def _cancelled(task: TaskRow, event: TaskCancelled, at: int) -> TaskRow:
    return task._replace(state="cancelled", reason=event.reason, ended_at=at)


def _dead_lettered(task: TaskRow, event: TaskDeadLettered, at: int) -> TaskRow:
    return task._replace(state="dead_lettered", reason=event.reason, ended_at=at)


_STEPS: Mapping[type[Event], Callable[[TaskRow, Any, int], TaskRow]] = {
    TaskAssigned: _assigned,
    TaskStarted: _started,
    TaskProgressed: _progressed,
    TaskPreemptionRequested: _asked_to_leave,
    TaskPreempted: _preempted,
    TaskCompleted: _completed,
    TaskFailed: _failed,
    TaskTimedOut: _timed_out,
    TaskRetried: _retried,
    TaskCancelled: _cancelled,
    TaskDeadLettered: _dead_lettered,
}

CONCERNS: frozenset[type[Event]] = frozenset({TaskSubmitted, *_STEPS})
"""The types of events that change a task."""
