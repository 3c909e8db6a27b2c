"""The log, read and verified once per process, for everyone in the process who follows it."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Sequence
from itertools import islice

import structlog

from events.codec import Fact

from ..errors import Unavailable
from ..ports.event_log import EventLog
from .reading import read_verified
from .verification import Item, Verifier

RING = 8_192
"""How many of the newest items are kept for followers; one that is further behind reads on its own."""

_log = structlog.get_logger(__name__)


def position(item: Item) -> int:
    """Where *item* lies in the log."""
    return item.seq if isinstance(item, Fact) else item.raw.seq


class Feed:
    """Follows the log from a position on; `run` must be running for followers to get anything new."""

    def __init__(self, log: EventLog, verifier: Verifier, *, after: int) -> None:
        self._log = log
        self._verifier = verifier
        self._ring: deque[Item] = deque(maxlen=RING)
        self._first = after + 1
        self.position = after
        """The position of the newest item."""
        self._arrived = asyncio.Condition()

    async def run(self) -> None:
        """Read for ever; a log that does not answer is tried again."""
        while True:
            try:
                async for batch in self._log.follow(after=self.position):
                    await self._publish(await self._verifier.check(batch))
            except Unavailable as error:
                _log.warning("log unavailable, following again", error=str(error))
                await asyncio.sleep(0.2)

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
        while True:
            if seq + 1 < self._first:
                async for items in self._read_older(seq):
                    yield items
                    seq = position(items[-1])
                    if seq + 1 >= self._first:
                        break
                continue
            await self.wait_for(seq + 1)
            start = seq + 1 - self._first
            if start < 0:
                continue
            items = _from(self._ring, start)[:most]
            seq = position(items[-1])
            yield items

    async def _read_older(self, seq: int) -> AsyncIterator[Sequence[Item]]:
        """What the ring no longer holds, read by the follower itself so that it slows nobody down."""
        async for items in read_verified(self._log, self._verifier, after=seq):
            yield items


def _from(ring: deque[Item], start: int) -> list[Item]:
    """The items from index *start* on; followers are near the end, where a deque is fast."""
    items = list(islice(reversed(ring), len(ring) - start))
    items.reverse()
    return items
