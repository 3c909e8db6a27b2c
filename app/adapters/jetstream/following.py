"""Reading the whole stream in order, by a consumer that is asked for as much as is wanted."""

import asyncio
import secrets
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from itertools import islice

import orjson
import structlog
from nats.aio.client import Client
from nats.aio.msg import Msg

from events.codec import Raw

from ...ports.event_log import LogShorter, PositionMissing
from .api import ask, delete_consumer, stream_info
from .errors import Patience, Refused, Unanswered, translated
from .wire import STATUS, delivered

HEARTBEAT = 5.0
"""Seconds between two signs of life of the server while nothing happens."""
EXPIRY = 30.0
"""Seconds after which an unanswered request for more ends, to be made again."""
REQUEST_BYTES = 16 * 1024 * 1024
TICK = 0.2
"""Seconds between two looks at the connection."""
FOREVER = float("inf")

_log = structlog.get_logger(__name__)


class Consumer:
    """What one consumer delivers, in order, from *first* on, and never more than was asked for.

    `take` raises `Unanswered` when this consumer will not go on.
    """

    def __init__(self, nc: Client, stream: str, *, first: int, batch: int) -> None:
        self._nc = nc
        self._stream = stream
        self._name = f"symbi-{secrets.token_hex(8)}"
        self._first = first
        self._batch = batch
        self._inbox = nc.new_inbox()
        self._arrived: deque[Raw] = deque()
        self._number = 0
        self._asked = 0
        """How many messages the server may still send on what it was asked."""
        self._broken: Exception | None = None
        self._connection = nc.stats["reconnects"]
        self._waiter: asyncio.Future[None] | None = None
        self._heard = 0.0

    @asynccontextmanager
    async def opened(self) -> AsyncIterator["Consumer"]:
        """Subscribe and make the consumer; both end with the context."""
        with translated:
            # Without limits: what arrives is bounded by what was asked for, and nothing may be dropped.
            subscription = await self._nc.subscribe(
                self._inbox, cb=self._receive, pending_msgs_limit=0, pending_bytes_limit=0
            )
        try:
            await ask(self._nc, f"CONSUMER.CREATE.{self._stream}.{self._name}", self._definition())
            self._heard = asyncio.get_running_loop().time()
            yield self
        finally:
            with suppress(Unanswered), translated:
                await subscription.unsubscribe()
                await delete_consumer(self._nc, self._stream, self._name)

    def _definition(self) -> dict[str, object]:
        config = {
            "name": self._name,
            "deliver_policy": "by_start_sequence",
            "opt_start_seq": self._first,
            "ack_policy": "none",
            "replay_policy": "instant",
            "max_deliver": 1,
            "mem_storage": True,
            "num_replicas": 1,
            # When we end without a word, the server forgets the consumer.
            "inactive_threshold": int(2 * EXPIRY * 1e9),
        }
        return {"stream_name": self._stream, "config": config}

    async def take(self) -> list[Raw]:
        """At least one event, at most a batch, without waiting for more than one."""
        while not self._arrived:
            if self._broken is not None:
                raise self._broken
            await self._ask_for_more()
            await self._wait()
        taken = list(islice(self._arrived, self._batch))
        for _ in taken:
            self._arrived.popleft()
        await self._ask_for_more()
        return taken

    async def _ask_for_more(self) -> None:
        """Keep up to two batches on the way, so that the next one travels while this one is worked on."""
        if self._broken is not None or len(self._arrived) + self._asked > self._batch:
            return
        request = {
            "batch": self._batch,
            "max_bytes": max(REQUEST_BYTES, 2 * self._nc.max_payload),
            "expires": int(EXPIRY * 1e9),
            "idle_heartbeat": int(HEARTBEAT * 1e9),
        }
        self._asked += self._batch
        with translated:
            await self._nc.publish(
                f"$JS.API.CONSUMER.MSG.NEXT.{self._stream}.{self._name}", orjson.dumps(request), self._inbox
            )

    async def _wait(self) -> None:
        loop = asyncio.get_running_loop()
        self._waiter = loop.create_future()
        timer = loop.call_later(TICK, self._wake)
        try:
            await self._waiter
        finally:
            timer.cancel()
            self._waiter = None
        if self._nc.is_closed or self._nc.stats["reconnects"] != self._connection:
            self._broken = Unanswered("the connection was lost")
        elif self._nc.is_connected and loop.time() - self._heard > 2 * HEARTBEAT:
            self._broken = Unanswered("the consumer is silent")

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    async def _receive(self, message: Msg) -> None:
        self._heard = asyncio.get_running_loop().time()
        if self._broken is None:
            if message.headers is not None and STATUS in message.headers:
                self._told(message.headers)
            else:
                self._deliver(message)
        self._wake()

    def _told(self, headers: dict[str, str]) -> None:
        """The server ends a request early, or is alive."""
        status = headers[STATUS]
        if status == "100":
            return
        if "Nats-Pending-Messages" in headers:
            self._asked -= int(headers["Nats-Pending-Messages"])
        else:
            self._broken = Unanswered(f"the consumer ended: {status} {headers.get('Description', '')}")

    def _deliver(self, message: Msg) -> None:
        raw, number = delivered(message)
        expected = self._first + self._number
        self._number += 1
        self._asked -= 1
        if number != self._number:
            self._broken = Unanswered(f"delivery {self._number} was lost")
        elif raw.seq != expected:
            self._broken = PositionMissing(expected=expected, found=raw.seq)
        else:
            self._arrived.append(raw)


async def read_all(
    nc: Client, stream: str, *, after: int, batch: int, patience: float
) -> AsyncIterator[list[Raw]]:
    """Everything after that position, as far as the log reaches now."""
    effort = Patience(nc, patience)
    last = await _end(nc, stream, after, effort)
    while after < last:
        try:
            async with Consumer(
                nc, stream, first=after + 1, batch=min(batch, last - after)
            ).opened() as consumer:
                while after < last:
                    raws = await consumer.take()
                    after = raws[-1].seq
                    yield raws
                    effort = Patience(nc, patience)
        except (Refused, Unanswered) as error:
            await effort.wait(error)


async def follow(nc: Client, stream: str, *, after: int, batch: int) -> AsyncIterator[list[Raw]]:
    """Everything after that position, for ever."""
    while True:
        effort = Patience(nc, FOREVER)
        await _end(nc, stream, after, effort)
        try:
            async with Consumer(nc, stream, first=after + 1, batch=batch).opened() as consumer:
                while True:
                    raws = await consumer.take()
                    after = raws[-1].seq
                    yield raws
        except (Refused, Unanswered) as error:
            _log.info("following the log anew", after=after, cause=str(error))
            await effort.wait(error)


async def _end(nc: Client, stream: str, after: int, effort: Patience) -> int:
    last = (await stream_info(nc, stream, effort)).last_seq
    if after > last:
        raise LogShorter(last=last, after=after)
    return last
