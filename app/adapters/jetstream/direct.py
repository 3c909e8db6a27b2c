"""Asking the stream for stored messages (ADR-31), without a consumer."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import orjson
from nats.aio.client import Client
from nats.aio.msg import Msg

from .errors import Effort, Refused, Unanswered, translated
from .replies import Replies
from .wire import DESCRIPTION, STATUS

Query = dict[str, Any]

FOUND, NOT_FOUND, NO_RESPONDERS = "204", "404", "503"
BATCH = 500
BATCH_BYTES = 4 * 1024 * 1024


class Answer:
    """The messages of one answer, and the status that ended it; a query for one message gets no status."""

    __slots__ = ("_loop", "_single", "_within", "deadline", "future", "messages")

    def __init__(self, loop: asyncio.AbstractEventLoop, within: float, *, single: bool) -> None:
        self._loop = loop
        self._within = within
        self._single = single
        self.deadline = loop.time() + within
        self.future: asyncio.Future[dict[str, str]] = loop.create_future()
        self.messages: list[Msg] = []

    def receive(self, message: Msg) -> None:
        headers = message.headers or {}
        if STATUS not in headers:
            self.messages.append(message)
            self.deadline = self._loop.time() + self._within
        if (STATUS in headers or self._single) and not self.future.done():
            self.future.set_result(headers)

    def fail(self, error: Unanswered) -> None:
        if not self.future.done():
            self.future.set_exception(error)


class DirectGet:
    """Direct gets on one stream. Answers come from any replica, so they may lag behind the leader."""

    def __init__(self, nc: Client, replies: Replies, stream: str, *, within: float) -> None:
        self._nc = nc
        self._replies = replies
        self._subject = f"$JS.API.DIRECT.GET.{stream}"
        self._within = within

    async def messages(self, query: Query, *, first: int, effort: Effort) -> AsyncIterator[Msg]:
        """Every message that matches *query*, from position *first* on, up to now."""
        pending = True
        while pending:
            try:
                messages, pending = await self.once({"seq": first, **query})
            except (Refused, Unanswered) as error:
                await effort.wait(error)
                continue
            for message in messages:
                yield message
                first = int((message.headers or {})["Nats-Sequence"]) + 1

    async def once(self, query: Query) -> tuple[list[Msg], bool]:
        """What one batch of *query* brings, and whether there is more. Raises `Refused` or `Unanswered`."""
        answer, status = await self._ask({"batch": BATCH, "max_bytes": BATCH_BYTES, **query})
        return _whole(answer.messages, status)

    async def last_of(self, boundary: str) -> int:
        """The last position inside *boundary*, 0 when there is none. Raises `Refused` or `Unanswered`."""
        answer, status = await self._ask({"last_by_subj": boundary}, single=True)
        if answer.messages:
            return int(status["Nats-Sequence"])
        _whole([], status)
        return 0

    async def _ask(self, query: Query, *, single: bool = False) -> tuple[Answer, dict[str, str]]:
        if not self._nc.is_connected:
            raise Unanswered("the server is away")
        with translated:
            await self._replies.ready()
        answer = Answer(asyncio.get_running_loop(), self._within, single=single)
        reply = self._replies.open(answer)
        try:
            with translated:
                await self._nc.publish(self._subject, orjson.dumps(query), reply)
            return answer, await answer.future
        finally:
            self._replies.close(reply)


def _whole(messages: list[Msg], status: dict[str, str]) -> tuple[list[Msg], bool]:
    """Refuse an answer of which a part was lost: each message names the one before it."""
    if status[STATUS] == NOT_FOUND:
        return [], False
    if status[STATUS] == NO_RESPONDERS:
        raise Unanswered("the server has no such stream, or is not ready")
    if status[STATUS] != FOUND:
        raise Refused(int(status[STATUS]), status.get(DESCRIPTION, ""))
    previous = "0"
    for headers in [*(message.headers or {} for message in messages), status]:
        if headers["Nats-Last-Sequence"] != previous:
            raise Unanswered("a part of the answer was lost")
        previous = headers.get("Nats-Sequence", "")
    return messages, status["Nats-Num-Pending"] != "0"
