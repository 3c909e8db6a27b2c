"""The event log as a JetStream stream."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass

from nats.aio.client import Client

from events.codec import Raw

from ...ports.event_log import Draft, Expectation, LogUnavailable
from ..nats_permissions import EVENTS
from . import following
from .api import StreamInfo, stream_info
from .appending import Appending
from .batching import GroupCommit
from .direct import DirectGet
from .errors import Patience
from .publishing import Publisher
from .reading import Reader
from .replies import Replies
from .wire import Decision

PATIENCE = 20.0
ACK_WITHIN = 3.0
CROWD = 12
"""With more appends under way than this, sharing a batch is cheaper and faster than a publish each."""


class JetStreamEventLog:
    """`EventLog` on one stream, which `ensure_streams` has made; any number of processes may write to it.

    A single event is a plain publish, and some of these overlap; several events are an atomic batch, which
    decisions that wait share, those of a single event too when there are many. Both are repeated by event
    id when no acknowledgement comes, for *patience* seconds.
    On a replicated stream a read asks the leader first how far it must get.
    """

    def __init__(
        self,
        nc: Client,
        stream: str = EVENTS,
        *,
        patience: float = PATIENCE,
        ack_within: float = ACK_WITHIN,
        crowd: int = CROWD,
    ) -> None:
        """*ack_within* is how many seconds one attempt takes.

        A single event joins a batch when more than *crowd* appends are under way.
        """
        self._nc = nc
        self._stream = stream
        self._patience = patience
        self._replies = Replies(nc)
        self._direct = DirectGet(nc, self._replies, stream, within=ack_within)
        self._publisher = Publisher(nc, self._replies, ack_within=ack_within)
        self._crowd = crowd
        self._under_way = 0
        self._opening = asyncio.Lock()
        self._parts: _Parts | None = None

    async def append(self, drafts: Sequence[Draft], expected: Expectation | None = None) -> list[int]:
        """See `EventLog.append`."""
        if not drafts:
            return []
        parts = self._parts or await self._open()
        decision = Decision(tuple(drafts), expected)
        parts.appending.admit(decision)
        self._under_way += 1
        try:
            if len(drafts) == 1 and self._under_way <= self._crowd:
                return await parts.appending.append_one(decision)
            return await parts.groups.append(decision)
        finally:
            self._under_way -= 1

    async def read(self, boundary: str, *, after: int = 0) -> AsyncIterator[Raw]:
        """See `EventLog.read`."""
        parts = self._parts or await self._open()
        async for raw in parts.reader.read(boundary, after=after, effort=self._effort()):
            yield raw

    async def newest(self, boundary: str) -> Raw | None:
        """See `EventLog.newest`."""
        parts = self._parts or await self._open()
        last = await parts.reader.last_of(boundary, self._effort())
        found = None
        if last:
            async for raw in self.read(boundary, after=last - 1):
                found = raw
        return found

    def read_all(self, *, after: int = 0, batch: int = 1000) -> AsyncIterator[Sequence[Raw]]:
        """See `EventLog.read_all`."""
        return following.read_all(self._nc, self._stream, after=after, batch=batch, patience=self._patience)

    def follow(self, *, after: int = 0, batch: int = 1000) -> AsyncIterator[Sequence[Raw]]:
        """See `EventLog.follow`."""
        return following.follow(self._nc, self._stream, after=after, batch=batch)

    async def last_seq(self) -> int:
        """See `EventLog.last_seq`."""
        return (await self._info()).last_seq

    async def close(self) -> None:
        """Fail whoever waits; the connection stays open."""
        self._replies.stop()
        if self._parts is not None:
            await self._parts.groups.stop(LogUnavailable(cause="the event log was closed"))

    async def _open(self) -> "_Parts":
        """Learn the stream's limits, once."""
        async with self._opening:
            if self._parts is None:
                self._parts = self._set_up(await self._info())
            return self._parts

    def _set_up(self, info: StreamInfo) -> "_Parts":
        reader = Reader(self._nc, self._stream, self._direct, replicas=info.replicas, window=info.window)
        appending = Appending(
            self._nc, self._stream, self._publisher, reader, info=info, patience=self._patience
        )
        return _Parts(reader, appending, GroupCommit(appending))

    async def _info(self) -> StreamInfo:
        return await stream_info(self._nc, self._stream, self._effort())

    def _effort(self) -> Patience:
        return Patience(self._nc, self._patience)


@dataclass(frozen=True, slots=True)
class _Parts:
    """What can be made once the stream's limits are known."""

    reader: Reader
    appending: Appending
    groups: GroupCommit
