"""Group commit: decisions that wait at the same time share one atomic batch, and none fails another."""

import asyncio
from collections import deque
from collections.abc import Sequence
from typing import Protocol

from ...errors import SymbiError
from ...ports.event_log import inside
from .errors import (
    BATCH_TOO_LARGE,
    DUPLICATE_IN_BATCH,
    MESSAGE_TOO_LARGE,
    WRONG_LAST_SEQUENCE,
    Effort,
    Refused,
    Unanswered,
)
from .wire import Decision

MAX_MESSAGES = 1000
"""The server's limit for one batch, unless it is configured lower."""
SHARED_MESSAGES = 256
SHARED_BYTES = 4 * 1024 * 1024
"""Until which size decisions share a batch. Larger ones are hardly cheaper, and hold up the event loop."""

DECIDABLE = frozenset({WRONG_LAST_SEQUENCE, DUPLICATE_IN_BATCH, BATCH_TOO_LARGE, MESSAGE_TOO_LARGE})
"""Refusals that single decisions of the group have caused."""


class Batches(Protocol):
    """What group commit needs of the log."""

    async def write(self, decisions: Sequence[Decision]) -> int:
        """Append all of them, or none; the position of the first event.

        The expectations are compared with the log as it was before the write.
        Raises `Refused` or `Unanswered`.
        """
        ...

    async def check(self, decision: Decision, effort: Effort, *, repeated: bool) -> list[int] | None:
        """The positions of a decision that is in the log already; None when it may still be appended.

        *repeated*: the server recognised an event id of this decision.
        Raises a `SymbiError` when it cannot be appended any more.
        """
        ...

    async def verdict(self, decision: Decision, refusal: Refused, effort: Effort) -> SymbiError | None:
        """What to raise when *decision* was refused alone and `check` found nothing; None to try again."""
        ...

    def effort(self, decisions: Sequence[Decision], since: float) -> Effort:
        """Try for as long as is safe for all of them, counted from *since* on the event loop's clock."""
        ...


class _Waiting:
    """A decision and whoever waits for its positions."""

    __slots__ = ("decision", "done", "since")

    def __init__(self, decision: Decision) -> None:
        loop = asyncio.get_running_loop()
        self.decision = decision
        self.since = loop.time()
        self.done: asyncio.Future[list[int]] = loop.create_future()

    def resolve(self, positions: list[int]) -> None:
        if not self.done.done():
            self.done.set_result(positions)

    def fail(self, error: Exception) -> None:
        if not self.done.done():
            self.done.set_exception(error)


class GroupCommit:
    """Writes one group at a time; what arrives meanwhile makes up the next one."""

    def __init__(self, batches: Batches) -> None:
        self._batches = batches
        self._queue: deque[_Waiting] = deque()
        self._group: list[_Waiting] = []
        self._running: asyncio.Task[None] | None = None

    async def append(self, decision: Decision) -> list[int]:
        """Append *decision*; its positions."""
        waiting = _Waiting(decision)
        self._queue.append(waiting)
        if self._running is None:
            self._running = asyncio.get_running_loop().create_task(self._run())
        return await waiting.done

    async def stop(self, error: Exception) -> None:
        """Fail whoever waits."""
        self._fail_all(error)
        if self._running is not None:
            self._running.cancel()
            await asyncio.gather(self._running, return_exceptions=True)

    async def _run(self) -> None:
        try:
            while self._queue:
                self._group = self._next_group()
                await self._settle(self._group)
        except Exception as error:
            # Nobody may wait for ever, whatever went wrong here.
            self._fail_all(error)
            raise
        finally:
            self._running = None

    def _fail_all(self, error: Exception) -> None:
        for waiting in [*self._group, *self._queue]:
            waiting.fail(error)
        self._queue.clear()

    def _next_group(self) -> list[_Waiting]:
        group: list[_Waiting] = []
        left: list[_Waiting] = []
        touched, messages, size = Touched(), 0, 0
        while self._queue:
            waiting = self._queue.popleft()
            if waiting.done.cancelled():
                continue
            decision = waiting.decision
            messages, size = messages + len(decision.drafts), size + decision.size
            if group and (messages > SHARED_MESSAGES or size > SHARED_BYTES):
                left.append(waiting)
                break
            if touched.overlap(decision):
                messages, size = messages - len(decision.drafts), size - decision.size
                left.append(waiting)
                continue
            touched.add(decision)
            group.append(waiting)
        self._queue.extendleft(reversed(left))
        return group

    async def _settle(self, group: list[_Waiting]) -> None:
        """Write *group*, again without those that turn out to be stored or stale, until all are answered."""
        if not group:
            return
        # The newest one's time: older ones wait a little longer, and a long queue does not add up.
        effort = self._batches.effort([waiting.decision for waiting in group], group[-1].since)
        while group:
            try:
                first = await self._batches.write([waiting.decision for waiting in group])
            except (Refused, Unanswered) as error:
                try:
                    group = await self._after(error, group, effort)
                except SymbiError as failure:
                    for waiting in group:
                        waiting.fail(failure)
                    return
                continue
            for waiting in group:
                count = len(waiting.decision.drafts)
                waiting.resolve(list(range(first, first + count)))
                first += count
            return

    async def _after(
        self, error: Refused | Unanswered, group: list[_Waiting], effort: Effort
    ) -> list[_Waiting]:
        """Who is left to be written after *error*."""
        if isinstance(error, Unanswered) or error.code not in DECIDABLE:
            # Perhaps stored, perhaps not: the event ids tell at the next attempt.
            await effort.wait(error)
            return group
        left = await self._sort_out(group, effort, repeated=error.code == DUPLICATE_IN_BATCH)
        if len(left) < len(group):
            return left
        if len(group) > 1:
            middle = len(group) // 2
            await self._settle(group[:middle])
            return group[middle:]
        if (failure := await self._batches.verdict(group[0].decision, error, effort)) is not None:
            raise failure
        await effort.wait(Unanswered(f"{error}, and nothing to be seen of it"))
        return group

    async def _sort_out(self, group: list[_Waiting], effort: Effort, *, repeated: bool) -> list[_Waiting]:
        """Answer those whose fate is known already; the others."""

        async def known(waiting: _Waiting) -> bool:
            try:
                positions = await self._batches.check(waiting.decision, effort, repeated=repeated)
            except SymbiError as failure:
                waiting.fail(failure)
                return True
            if positions is not None:
                waiting.resolve(positions)
            return positions is not None

        answered = await asyncio.gather(*(known(waiting) for waiting in group))
        return [waiting for waiting, answer in zip(group, answered, strict=True) if not answer]


class Touched:
    """The subjects that a group writes to, to keep decisions apart of which one would hide the other.

    The server checks an expectation against the log before the batch, so a decision must not come after
    an event inside its boundary in the same batch.
    """

    def __init__(self) -> None:
        self._subjects: set[str] = set()
        self._above: set[str] = set()

    def add(self, decision: Decision) -> None:
        """The group writes *decision*."""
        for draft in decision.drafts:
            if draft.subject in self._subjects:
                continue
            self._subjects.add(draft.subject)
            end = draft.subject.find(".")
            while end >= 0:
                self._above.add(draft.subject[: end + 1])
                end = draft.subject.find(".", end + 1)

    def overlap(self, decision: Decision) -> bool:
        """Whether something in the group lies inside the boundary of *decision*."""
        if decision.expected is None:
            return False
        boundary = decision.expected.boundary
        if "*" in boundary:
            return any(inside(boundary, subject) for subject in self._subjects)
        if boundary.endswith(">"):
            return boundary[:-1] in self._above
        return boundary in self._subjects
