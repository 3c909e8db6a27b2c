"""Answers to what this connection asked, each found by the last token of its subject."""

import asyncio
from itertools import count
from typing import Protocol

from nats.aio.client import Client
from nats.aio.msg import Msg

from .errors import Closed, Unanswered

TICK = 0.1
"""Seconds between two looks for calls that nobody answers."""


class Call(Protocol):
    """Something that was asked for. `deadline` is on the event loop's clock."""

    deadline: float

    def receive(self, message: Msg) -> None:
        """One message of the answer."""
        ...

    def fail(self, error: Unanswered) -> None:
        """No answer will come."""
        ...


class Replies:
    """One subscription for all answers, and one timer for all time limits.

    A call also fails when the connection was lost after it was made, since its answer was lost with it.
    """

    def __init__(self, nc: Client) -> None:
        self._nc = nc
        self._prefix = f"{nc.new_inbox()}."
        self._tokens = count(1)
        self._calls: dict[str, tuple[Call, int]] = {}
        self._subscribing: asyncio.Task[None] | None = None
        self._timer: asyncio.TimerHandle | None = None

    async def ready(self) -> None:
        """Subscribe, once."""
        if self._subscribing is None:
            self._subscribing = asyncio.get_running_loop().create_task(self._subscribe())
        if not self._subscribing.done():
            await asyncio.shield(self._subscribing)
        self._subscribing.result()

    async def _subscribe(self) -> None:
        # Without limits: nobody asks for more than is meant to be received, and a dropped answer is lost.
        await self._nc.subscribe(
            f"{self._prefix}*", cb=self._receive, pending_msgs_limit=0, pending_bytes_limit=0
        )

    def open(self, call: Call) -> str:
        """Where the answer to *call* must be sent; the caller closes it in any case."""
        token = str(next(self._tokens))
        self._calls[token] = (call, self._nc.stats["reconnects"])
        if self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(TICK, self._look)
        return self._prefix + token

    def close(self, reply: str) -> None:
        """Forget the call whose answer was sent there."""
        self._calls.pop(reply[len(self._prefix) :], None)

    def stop(self) -> None:
        """Fail every call and stop the timer."""
        self._fail_all(Closed("the event log was closed"))

    async def _receive(self, message: Msg) -> None:
        opened = self._calls.get(message.subject[len(self._prefix) :])
        if opened is not None:
            opened[0].receive(message)

    def _look(self) -> None:
        self._timer = None
        if self._nc.is_closed:
            self._fail_all(Closed("the connection is closed"))
        if not self._calls:
            return
        loop = asyncio.get_running_loop()
        now, connection = loop.time(), self._nc.stats["reconnects"]
        for call, since in list(self._calls.values()):
            if since != connection:
                call.fail(Unanswered("the connection was lost"))
            elif call.deadline <= now:
                call.fail(Unanswered("no answer in time"))
        self._timer = loop.call_later(TICK, self._look)

    def _fail_all(self, error: Unanswered) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        for call, _ in list(self._calls.values()):
            call.fail(error)
