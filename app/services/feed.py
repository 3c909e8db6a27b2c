"""The log, read and verified once per process, for everyone in the process who follows it."""

import asyncio
from collections import ChainMap, deque
from collections.abc import AsyncIterator, Mapping, MutableMapping, Sequence
from contextlib import aclosing, suppress
from dataclasses import dataclass
from itertools import islice

import structlog

from events.codec import Fact

from ..errors import Unavailable
from ..ports.event_log import EventLog
from .reading import read_verified
from .verification import Item, Verifier

RING = 8_192
"""How many of the newest items are kept for followers; one that is further behind reads on its own."""

PATIENCE_S = 2.0

_log = structlog.get_logger(__name__)


def position(item: Item) -> int:
    """Where *item* lies in the log."""
    return item.seq if isinstance(item, Fact) else item.raw.seq


@dataclass(eq=False, slots=True)
class _Cursor:
    """How far one follower has come, and since when it stands there (event loop's clock)."""

    at: int
    since: float
    keeps_up: bool = False
    """Whether the feed waits for it: it takes from the ring, and has moved lately."""


class Feed:
    """Follows the log from a position on; `run` must be running for followers to get anything new.

    It reads no faster than those who keep up with it take, so that catching up verifies everything once; one
    that stands still for PATIENCE_S is overtaken, and reads what it misses on its own.
    """

    def __init__(
        self, log: EventLog, verifier: Verifier, *, after: int, revisions: Mapping[str, int] | None = None
    ) -> None:
        """*revisions* say where each boundary stands at position *after*."""
        self._began = after
        self._revisions = dict(revisions or {})
        self._log = log
        self._verifier = verifier
        self._ring: deque[Item] = deque(maxlen=RING)
        self._first = after + 1
        self.position = after
        """The position of the newest item."""
        self._arrived = asyncio.Condition()
        self._cursors: set[_Cursor] = set()
        self._moved = asyncio.Event()

    async def run(self) -> None:
        """Read for ever; a log that does not answer is tried again."""
        while True:
            try:
                async for batch in self._log.follow(after=self.position, batch=RING // 8):
                    items = await self._verifier.check(batch)
                    await self._room_for(len(items))
                    await self._publish(items)
            except Unavailable as error:
                _log.warning("log unavailable, following again", error=str(error))
                await asyncio.sleep(0.2)

    async def _room_for(self, items: int) -> None:
        """Wait until nobody who keeps up would lose what he has not taken yet."""
        loop = asyncio.get_running_loop()
        while slow := [c for c in self._cursors if c.keeps_up and c.at < self.position + items - RING]:
            self._moved.clear()
            for cursor in slow:
                cursor.keeps_up = cursor.since + PATIENCE_S > loop.time()
            with suppress(TimeoutError):
                async with asyncio.timeout_at(min(cursor.since for cursor in slow) + PATIENCE_S):
                    await self._moved.wait()

    async def _publish(self, items: Sequence[Item]) -> None:
        if not items:
            return
        self._ring.extend(items)
        self.position = position(items[-1])
        self._first = self.position - len(self._ring) + 1
        async with self._arrived:
            self._arrived.notify_all()

    async def wait_for(self, seq: int) -> None:
        """Return once everything up to *seq* was read."""
        async with self._arrived:
            await self._arrived.wait_for(lambda: self.position >= seq)

    async def after(self, seq: int, *, most: int = 2000) -> AsyncIterator[Sequence[Item]]:
        """Everything after position *seq*, in order, in batches of at most *most*, for ever."""
        at, known = seq, None
        if seq >= self._began:
            # From where the revisions are known, so that falling behind later needs none to be looked up.
            at, known = self._began, ChainMap[str, int]({}, self._revisions)
        loop = asyncio.get_running_loop()
        cursor = _Cursor(at, loop.time())
        self._cursors.add(cursor)
        try:
            while True:
                self._stands(cursor, at)
                if at + 1 < self._first:
                    # Read by the follower itself, so that it slows nobody down.
                    reading = read_verified(self._log, self._verifier, after=at, revisions=known)
                    async with aclosing(reading):
                        async for items in reading:
                            at = _note(items, known)
                            cursor.since = loop.time()
                            if items := [item for item in items if position(item) > seq]:
                                yield items
                            if at + 1 >= self._first:
                                break
                    continue
                await self.wait_for(at + 1)
                start = at + 1 - self._first
                if start < 0:
                    continue
                items = _from(self._ring, start)[:most]
                at = _note(items, known)
                cursor.since = loop.time()
                if at > seq:
                    yield items if position(items[0]) > seq else [i for i in items if position(i) > seq]
        finally:
            self._cursors.discard(cursor)
            self._moved.set()

    def _stands(self, cursor: _Cursor, at: int) -> None:
        """The follower is done with everything up to *at*."""
        cursor.at = at
        cursor.since = asyncio.get_running_loop().time()
        cursor.keeps_up = at + 1 >= self._first
        self._moved.set()


def _note(items: Sequence[Item], known: MutableMapping[str, int] | None) -> int:
    """Write down how far *items* bring each boundary; the position of the last of them."""
    if known is not None:
        for item in items:
            if isinstance(item, Fact) and (revision := item.envelope.revision) is not None:
                known[item.envelope.boundary] = revision
    return position(items[-1])


def _from(ring: deque[Item], start: int) -> list[Item]:
    """The items from index *start* on; followers are near the end, where a deque is fast."""
    items = list(islice(reversed(ring), len(ring) - start))
    items.reverse()
    return items
