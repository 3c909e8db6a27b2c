"""Sending events to the stream, many at a time, and hearing what became of them."""

import asyncio
import secrets
from collections.abc import Sequence
from itertools import count
from typing import NamedTuple

import orjson
from nats.aio.client import Client
from nats.aio.msg import Msg

from .errors import Refused, Unanswered, translated
from .replies import Replies
from .wire import BATCH_COMMIT, BATCH_ID, BATCH_SEQUENCE, STATUS, Decision, Headers, headers_of


class Ack(NamedTuple):
    """What the server stored: the (last) position, or the old one of an id that it knows."""

    seq: int
    duplicate: bool
    events: int


class Publication:
    """A publish that waits for its acknowledgement."""

    __slots__ = ("deadline", "future")

    def __init__(self, deadline: float, future: asyncio.Future[Ack]) -> None:
        self.deadline = deadline
        self.future = future

    def receive(self, message: Msg) -> None:
        if self.future.done():
            return
        if not message.data:
            status = (message.headers or {}).get(STATUS, "an empty answer")
            self.future.set_exception(
                Unanswered(f"the server has no stream for it, or is not ready: {status}")
            )
            return
        answer = orjson.loads(message.data)
        if error := answer.get("error"):
            self.future.set_exception(Refused(error.get("err_code", 0), error.get("description", "")))
        else:
            self.future.set_result(Ack(answer["seq"], answer.get("duplicate", False), answer.get("count", 1)))

    def fail(self, error: Unanswered) -> None:
        if not self.future.done():
            self.future.set_exception(error)


class Publisher:
    """Publishes, and waits for the acknowledgements. Its methods raise `Refused` or `Unanswered`."""

    def __init__(self, nc: Client, replies: Replies, *, ack_within: float) -> None:
        self._nc = nc
        self._replies = replies
        self._ack_within = ack_within
        self._batches = count(1)
        self._batch_prefix = secrets.token_hex(8)

    async def publish(self, subject: str, payload: bytes, headers: Headers) -> Ack:
        """Publish one message and wait until it is stored."""
        await self._prepare()
        loop = asyncio.get_running_loop()
        call = Publication(loop.time() + self._ack_within, loop.create_future())
        reply = self._replies.open(call)
        try:
            with translated:
                await self._nc.publish(subject, payload, reply, headers)
            return await call.future
        finally:
            self._replies.close(reply)

    async def publish_batch(self, decisions: Sequence[Decision]) -> int:
        """Publish all events of *decisions* as one atomic batch (ADR-50); the position of the first.

        The server compares every expectation with the stream as it was before the batch.
        """
        await self._prepare()
        messages = list(self._batch(decisions))
        last_subject, last_payload, last_headers = messages.pop()
        for subject, payload, headers in messages:
            with translated:
                await self._nc.publish(subject, payload, "", headers)
        ack = await self.publish(last_subject, last_payload, last_headers | {BATCH_COMMIT: "1"})
        if ack.events != len(messages) + 1:
            raise Refused(0, f"the server stored {ack.events} events of a batch of {len(messages) + 1}")
        return ack.seq - len(messages)

    def _batch(self, decisions: Sequence[Decision]) -> Sequence[tuple[str, bytes, Headers]]:
        batch_id = f"{self._batch_prefix}-{next(self._batches)}"
        messages: list[tuple[str, bytes, Headers]] = []
        for decision in decisions:
            expected = decision.expected
            for draft in decision.drafts:
                headers = headers_of(draft, expected)
                headers[BATCH_ID] = batch_id
                headers[BATCH_SEQUENCE] = str(len(messages) + 1)
                messages.append((draft.subject, draft.payload, headers))
                expected = None
        return messages

    async def _prepare(self) -> None:
        if not self._nc.is_connected:
            # What the client library keeps for later would be sent whenever the server comes back.
            raise Unanswered("the server is away")
        with translated:
            await self._replies.ready()
