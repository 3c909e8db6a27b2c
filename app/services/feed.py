"""The log, read and verified once per process, for everyone in the process who follows it."""

import asyncio
from collections import ChainMap, deque
from collections.abc import AsyncIterator, Mapping, MutableMapping, Sequence
from contextlib import aclosing
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
        at, known = seq, None
        if seq >= self._began:
            # From where the revisions are known, so that falling behind later needs none to be looked up.
            at, known = self._began, ChainMap[str, int]({}, self._revisions)
        while True:
            if at + 1 < self._first:
                # Read by the follower itself, so that it slows nobody down.
                reading = read_verified(self._log, self._verifier, after=at, revisions=known)
                async with aclosing(reading):
                    async for items in reading:
                        at = _note(items, known)
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
            if at > seq:
                yield items if position(items[0]) > seq else [item for item in items if position(item) > seq]


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
