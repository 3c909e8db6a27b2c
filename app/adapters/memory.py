"""The event log in memory, for tests and for trying things out; it ends with the process."""

import asyncio
from collections.abc import AsyncIterator, Sequence

from events.codec import Raw

from ..ports.clock import Clock, SystemClock
from ..ports.event_log import (
    Draft,
    Expectation,
    IdTaken,
    LogShorter,
    TooLarge,
    TooMany,
    WrongRevision,
    check_subjects,
    inside,
)

MAX_EVENT = 1024 * 1024
MAX_DECISION = 1000


class MemoryEventLog:
    """`EventLog` in one process; stored times come from *clock*. It knows every event id for ever."""

    def __init__(self, clock: Clock | None = None, *, max_event: int = MAX_EVENT) -> None:
        """*max_event* bytes is the largest payload."""
        self._clock = clock or SystemClock()
        self._max_event = max_event
        self._events: list[Raw] = []
        self._positions: dict[str, int] = {}
        self._last: dict[str, int] = {}
        """The last position of each subject, and of whatever lies below `symbi.`, `symbi.evt.` and so on."""
        self._arrived = asyncio.Event()

    async def append(self, drafts: Sequence[Draft], expected: Expectation | None = None) -> list[int]:
        """See `EventLog.append`."""
        if not drafts:
            return []
        check_subjects(drafts, expected)
        self._admit(drafts)
        known = [self._positions.get(draft.event_id, 0) for draft in drafts]
        if all(self._holds(draft, seq) for draft, seq in zip(drafts, known, strict=True)):
            return known
        self._guard(expected)
        for draft, seq in zip(drafts, known, strict=True):
            if seq:
                raise IdTaken(event_id=draft.event_id)
        return [self._store(draft) for draft in drafts]

    async def read(self, boundary: str, *, after: int = 0) -> AsyncIterator[Raw]:
        """See `EventLog.read`."""
        for raw in self._events[after:]:
            if inside(boundary, raw.subject):
                yield raw

    async def newest(self, boundary: str) -> Raw | None:
        """See `EventLog.newest`."""
        last = self._last_of(boundary)
        return self._events[last - 1] if last else None

    async def read_all(self, *, after: int = 0, batch: int = 1000) -> AsyncIterator[Sequence[Raw]]:
        """See `EventLog.read_all`."""
        self._check_end(after)
        end = len(self._events)
        for start in range(after, end, batch):
            yield self._events[start : min(start + batch, end)]

    async def follow(self, *, after: int = 0, batch: int = 1000) -> AsyncIterator[Sequence[Raw]]:
        """See `EventLog.follow`."""
        self._check_end(after)
        while True:
            while after < len(self._events):
                raws = self._events[after : after + batch]
                after += len(raws)
                yield raws
            await self._arrived.wait()

    async def last_seq(self) -> int:
        """See `EventLog.last_seq`."""
        return len(self._events)

    def _admit(self, drafts: Sequence[Draft]) -> None:
        if len(drafts) > MAX_DECISION:
            raise TooMany(count=len(drafts), limit=MAX_DECISION)
        seen: set[str] = set()
        for draft in drafts:
            if len(draft.payload) > self._max_event:
                raise TooLarge(size=len(draft.payload), limit=self._max_event)
            if draft.event_id in seen:
                raise IdTaken(event_id=draft.event_id)
            seen.add(draft.event_id)

    def _holds(self, draft: Draft, seq: int) -> bool:
        if seq == 0:
            return False
        raw = self._events[seq - 1]
        return (raw.subject, raw.payload) == (draft.subject, draft.payload)

    def _guard(self, expected: Expectation | None) -> None:
        if expected is None:
            return
        found = self._last_of(expected.boundary)
        if found != expected.last_seq:
            raise WrongRevision(boundary=expected.boundary, expected=expected.last_seq, found=found)

    def _last_of(self, boundary: str) -> int:
        if "*" in boundary:
            newest_first = reversed(self._events)
            return next((raw.seq for raw in newest_first if inside(boundary, raw.subject)), 0)
        return self._last.get(boundary.removesuffix(">"), 0)

    def _store(self, draft: Draft) -> int:
        seq = len(self._events) + 1
        self._events.append(
            Raw(seq, self._clock.now_ns(), draft.subject, draft.payload, draft.signature, draft.key)
        )
        self._positions[draft.event_id] = seq
        self._last[draft.subject] = seq
        for end, character in enumerate(draft.subject, start=1):
            if character == ".":
                self._last[draft.subject[:end]] = seq
        self._arrived.set()
        self._arrived = asyncio.Event()
        return seq

    def _check_end(self, after: int) -> None:
        if after > len(self._events):
            raise LogShorter(last=len(self._events), after=after)
