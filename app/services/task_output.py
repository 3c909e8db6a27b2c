"""What a task writes, from the first byte to the last: live while it runs, then from what is kept."""

import asyncio
import re
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from contextlib import aclosing
from dataclasses import dataclass, field

from events.codec import Fact
from events.content import ContentRef
from events.task import (
    TaskCancelled,
    TaskCompleted,
    TaskDeadLettered,
    TaskFailed,
    TaskPreempted,
    TaskRetried,
    TaskStarted,
    TaskTimedOut,
)

from ..ports.live_output import LiveOutput
from .verification import Item

ASK_AGAIN_AFTER_S = 0.2
LAST_WORDS_WITHIN_S = 5.0
"""For so long the node is asked for the rest after a run has ended, before what is kept is taken instead."""

ENDS = (TaskCompleted, TaskCancelled, TaskDeadLettered)
FAILURES = (TaskFailed, TaskTimedOut)

LEFT_OUT = b"\n[... %d bytes left out ...]\n"
_LEFT_OUT = re.compile(rb"\n\[\.\.\. (\d+) bytes left out \.\.\.\]\n")


@dataclass(eq=False)
class Attempt:
    """One assignment of the task, which runs or has run."""

    node: str
    assignment: int
    ended: "asyncio.Future[ContentRef | None]" = field(
        default_factory=lambda: asyncio.get_running_loop().create_future()
    )
    """What is kept of its output, once it has ended."""


class TaskOutput:
    """Follows one task's output."""

    def __init__(
        self,
        task_id: str,
        *,
        live: LiveOutput,
        kept: Callable[[ContentRef], Awaitable[bytes]],
        max_retries: int,
    ) -> None:
        """*kept* reads what is kept of a run; with *max_retries*, a failure is not the end of the task."""
        self._task_id = task_id
        self._live = live
        self._kept = kept
        self._last = ENDS if max_retries else (*ENDS, *FAILURES)
        self.ended_at = 0
        """The position of the event that ended the task."""

    async def follow(
        self, events: AsyncIterator[Item], running: Attempt | None
    ) -> AsyncGenerator[bytes, None]:
        """Everything that the task writes from now on, attempt after attempt, until it is over.

        *events* are those of the log from now on, and *running* is the attempt that runs already: of that
        one, too, everything comes. What is too much to be kept is left out, and a line says so.
        """
        attempts: asyncio.Queue[Attempt | None] = asyncio.Queue()
        if running is not None:
            attempts.put_nowait(running)
        watching = asyncio.create_task(self._watch(events, running, attempts))
        try:
            while (attempt := await attempts.get()) is not None:
                async with aclosing(self._of(attempt)) as parts:
                    async for part in parts:
                        yield part
            watching.result()
        finally:
            watching.cancel()
            await asyncio.gather(watching, return_exceptions=True)

    async def _watch(
        self, events: AsyncIterator[Item], running: Attempt | None, attempts: "asyncio.Queue[Attempt | None]"
    ) -> None:
        """Tell of attempts as they start, and complete them as they end; None when the task is over."""
        try:
            async for item in events:
                if not isinstance(item, Fact) or getattr(item.event, "task_id", None) != self._task_id:
                    continue
                event = item.event
                if isinstance(event, TaskStarted):
                    if running is not None and running.assignment == event.assignment:
                        continue
                    running = Attempt(event.node_id, event.assignment)
                    attempts.put_nowait(running)
                elif isinstance(event, TaskCompleted | TaskFailed | TaskTimedOut):
                    _end(running, event.output)
                elif isinstance(event, TaskCancelled | TaskPreempted | TaskRetried):
                    _end(running, None)
                if isinstance(event, self._last):
                    self.ended_at = item.seq
                    return
        finally:
            _end(running, None)
            attempts.put_nowait(None)

    async def _of(self, attempt: Attempt) -> AsyncGenerator[bytes, None]:
        shown = 0
        loop, until = asyncio.get_running_loop(), float("inf")
        while loop.time() < until:
            if attempt.ended.done():
                until = min(until, loop.time() + LAST_WORDS_WITHIN_S)
            part = await self._live.part(attempt.node, self._task_id, attempt.assignment, shown)
            if part is None:
                if attempt.ended.done():
                    break  # it has ended, and its node remembers it no more
                await asyncio.wait((attempt.ended,), timeout=ASK_AGAIN_AFTER_S)
                continue
            if part.offset > shown:
                yield LEFT_OUT % (part.offset - shown)
            if part.data:
                yield part.data
            shown = part.offset + len(part.data)
            if part.over:
                return
        if (ref := await attempt.ended) is not None and (rest := rest_of(await self._kept(ref), shown)):
            yield rest


def _end(attempt: Attempt | None, output: ContentRef | None) -> None:
    if attempt is not None and not attempt.ended.done():
        attempt.ended.set_result(output)


def rest_of(kept: bytes, shown: int) -> bytes:
    """What of *kept* comes after the first *shown* bytes of the whole output.

    Where the middle was left out, *kept* has its two halves with a line between them that says how much.
    """
    gap = next((match for match in _LEFT_OUT.finditer(kept) if _halves(kept, match)), None)
    if gap is None or shown <= gap.start():
        return kept[shown:]
    tail_begins = gap.start() + int(gap[1])
    tail = kept[gap.end() :]
    if shown >= tail_begins:
        return tail[shown - tail_begins :]
    return LEFT_OUT % (tail_begins - shown) + tail


def _halves(kept: bytes, gap: "re.Match[bytes]") -> bool:
    """Whether *gap* lies where the middle was: a program may write such a line, too."""
    return 0 <= gap.start() - (len(kept) - gap.end()) <= 1
