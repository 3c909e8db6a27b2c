"""Runs a body again from what the log holds of it, and compares every byte; nothing is called or written."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from app.dsl.run import Called, Step
from app.dsl.run import Run as Interpreted
from events.task import (
    BodyWork,
    TaskCancelled,
    TaskCompleted,
    TaskEvent,
    TaskFailed,
    TaskTimedOut,
)

from ...errors import Rejected, SymbiError
from ...ports.blobs import BlobCorrupt, BlobErased, BlobMissing, Blobs
from ..definitions import Definitions
from .recorded import RecordedCall, RecordedTask
from .replies import Reply, told
from .running import SLICE, inputs_of, interpret, limits_of, result_of

GONE = (BlobMissing, BlobErased, BlobCorrupt)


class NotReplayable(Rejected):
    """The task {task_id} cannot be replayed: {why}"""


@dataclass(frozen=True, slots=True)
class Difference:
    """Something that came out otherwise than it is recorded."""

    what: str
    """`call 3`, `outcome`."""
    recorded: str
    replayed: str


@dataclass
class Replayed:
    """What came of running a body again."""

    task_id: str
    run: int
    """Which of the task's runs: the newest."""
    ended: str
    """How that is recorded: `completed`, `failed`, `timed_out`, `cancelled`."""
    calls: int = 0
    """How many calls were asked for again, each the same as recorded."""
    differences: list[Difference] = field(default_factory=list)

    @property
    def same(self) -> bool:
        return not self.differences


class _AsFarAsItWent(Exception):
    """The recorded run was stopped here from outside; what came before is the same."""


class _Otherwise(Exception):
    """It asks for something else than is recorded, so that nothing after it can be compared."""


async def replay(
    recorded: RecordedTask, definitions: Definitions, blobs: Blobs, *, memory_mb: int
) -> Replayed:
    """Run the task's newest run again; *memory_mb* is what the worker allowed one body.

    Raises:
        NotReplayable: it ran no body, is not over, or its content is gone.
    """
    submitted = recorded.submitted
    work, task_id = submitted.work, submitted.task_id
    if not isinstance(work, BodyWork):
        raise NotReplayable(task_id=task_id, why="it ran a program, and programs are not replayed")
    end = _end(recorded.events)
    if end is None:
        raise NotReplayable(task_id=task_id, why="it is not over")
    found = Replayed(task_id, recorded.task.run, end.name.removeprefix("task."))
    try:
        body = await definitions.body(work)
        inputs = await inputs_of(work, blobs)
        answers = _Answers(recorded.calls, blobs, end, found)
        again = await interpret(body, inputs, limits_of(submitted.limits, memory_mb), _go, answers.reply)
    except (_AsFarAsItWent, _Otherwise):
        return found
    except GONE as error:
        raise NotReplayable(task_id=task_id, why=error.message) from None
    except SymbiError as error:
        raise NotReplayable(task_id=task_id, why=error.message) from None
    answers.nothing_left()
    await _compare(end, result_of(body, again), blobs, found)
    return found


async def _go(interpreted: Interpreted) -> Step:
    return interpreted.go(SLICE)


class _Answers:
    """Answers calls from the log, and compares what is asked with what was."""

    def __init__(self, calls: Sequence[RecordedCall], blobs: Blobs, end: TaskEvent, found: Replayed) -> None:
        self._calls = calls
        self._blobs = blobs
        self._cut_off = not _by_itself(end)
        self._found = found

    async def reply(self, called: Called) -> Reply:
        if called.index >= len(self._calls):
            if self._cut_off:
                raise _AsFarAsItWent
            self._differs(called.index, "nothing", _shown(called.request))
            raise _Otherwise
        known = self._calls[called.index]
        arguments = await self._blobs.get(known.request.arguments)
        if (known.request.tool, arguments) != (called.capability, called.request):
            self._differs(called.index, _shown(arguments), _shown(called.request))
            raise _Otherwise
        self._found.calls += 1
        if known.outcome is None:
            raise _AsFarAsItWent
        return await told(known.outcome, self._blobs)

    def nothing_left(self) -> None:
        """Tell of the first call that is recorded and was not asked for again."""
        if self._found.calls < len(self._calls):
            missing = self._calls[self._found.calls].request
            self._differs(self._found.calls, missing.tool, "nothing")

    def _differs(self, index: int, recorded: str, replayed: str) -> None:
        self._found.differences.append(Difference(f"call {index}", recorded, replayed))


async def _compare(end: TaskEvent, again: bytes | tuple[str, str], blobs: Blobs, found: Replayed) -> None:
    """Compare how it ended."""
    before: bytes | tuple[str, str]
    match end:
        case TaskCompleted(output=output) if output is not None:
            before = await blobs.get(output)
        case TaskFailed(reason=reason, detail=detail) if _by_itself(end):
            before = (reason, detail)
            again = (again[0], again[1][:4000]) if isinstance(again, tuple) else again
        case _:
            return  # it was stopped from outside, later than it would have ended by itself
    if before != again:
        found.differences.append(Difference("outcome", _told(before), _told(again)))


def _end(events: Sequence[TaskEvent]) -> TaskEvent | None:
    """The newest end of a run; None where the task is queued, or runs."""
    over = (TaskCompleted, TaskFailed, TaskTimedOut, TaskCancelled)
    ended = [event for event in events if isinstance(event, over)]
    return ended[-1] if ended else None


def _by_itself(end: TaskEvent) -> bool:
    """Whether the body itself came to this end; else it was stopped from outside."""
    return isinstance(end, TaskCompleted) or (
        isinstance(end, TaskFailed) and end.reason in ("error", "limit")
    )


def _told(outcome: bytes | tuple[str, str]) -> str:
    return f"returned {_shown(outcome)}" if isinstance(outcome, bytes) else f"{outcome[0]}: {outcome[1]}"


def _shown(content: bytes) -> str:
    text = content.decode("utf-8", "replace")
    return text if len(text) <= 200 else f"{text[:199]}…"
