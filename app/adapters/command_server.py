"""Commands arriving over NATS: every request gets an answer, on its sender's inbox and nowhere else."""

import asyncio
from collections.abc import Coroutine
from typing import Any

import structlog
from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.aio.subscription import Subscription

from events.commands import Answer, SignedRequest
from events.signing import KEY_HEADER, SIGNATURE_HEADER

from ..ports.commands import PING, Decides

SUBJECTS = "symbi.cmd.>"
QUEUE = "gateway"
INBOXES = ("_INBOX.", "_R_.")
"""Where answers may go: a login's own inbox, or the way back to another account."""

SCREENED_TOGETHER = 64
HELD_BYTES = 64 * 1024 * 1024
"""The most that commands take together while they wait for their answers; others are turned away."""
STOPPED_WITHIN_S = 10.0

_log = structlog.get_logger(__name__)


class CommandServer:
    """Serves the gateway of this process; several processes share the queue group."""

    def __init__(self, nc: Client, gateway: Decides, *, held_bytes: int = HELD_BYTES) -> None:
        self._nc = nc
        self._gateway = gateway
        self._room = held_bytes
        self._running: set[asyncio.Task[None]] = set()
        self._arrivals: list[tuple[SignedRequest, str]] = []
        self._subscription: Subscription | None = None

    async def start(self) -> None:
        """Begin to take commands."""
        self._subscription = await self._nc.subscribe(SUBJECTS, queue=QUEUE, cb=self._arrived)
        for _ in range(2):  # the first ping may overtake the subscription that waits to be sent
            await self._nc.flush()

    async def stop(self) -> None:
        """Take no more commands, and answer those that have arrived."""
        if self._subscription is not None and not self._nc.is_closed:
            await self._subscription.drain()  # type: ignore[no-untyped-call]
        self._take_arrivals()
        try:
            async with asyncio.timeout(STOPPED_WITHIN_S):
                while self._running:  # those that are screened start those that are answered
                    await asyncio.wait(self._running)
        except TimeoutError:
            _log.warning("stopped before every command was answered", unanswered=len(self._running))
        if not self._nc.is_closed:
            await self._nc.flush()

    async def _arrived(self, message: Msg) -> None:
        if message.subject.split(".")[3:] == [PING]:
            if message.reply.startswith(INBOXES):
                await self._nc.publish(message.reply, b"pong")
            return
        headers = message.headers or {}
        signed = SignedRequest(
            message.subject, message.data, headers.get(SIGNATURE_HEADER, ""), headers.get(KEY_HEADER, "")
        )
        if len(signed.payload) > self._room:
            await self._reply(signed, message.reply, self._gateway.turn_away(signed))
            return
        self._room -= len(signed.payload)
        self._arrivals.append((signed, message.reply))
        if len(self._arrivals) == 1:  # what arrives in the same turn of the loop is screened together
            asyncio.get_running_loop().call_soon(self._take_arrivals)

    def _take_arrivals(self) -> None:
        arrivals, self._arrivals = self._arrivals, []
        for start in range(0, len(arrivals), SCREENED_TOGETHER):
            self._run(self._serve_all(arrivals[start : start + SCREENED_TOGETHER]))

    def _run(self, serving: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(serving)
        self._running.add(task)
        task.add_done_callback(self._running.discard)

    async def _serve_all(self, arrivals: list[tuple[SignedRequest, str]]) -> None:
        verified = await self._gateway.screen([signed for signed, _ in arrivals])
        for (signed, reply), good in zip(arrivals, verified, strict=True):
            self._run(self._serve(signed, reply, good))

    async def _serve(self, signed: SignedRequest, reply: str, verified: bool) -> None:
        try:
            await self._reply(signed, reply, await self._gateway.answer(signed, verified=verified))
        finally:
            self._room += len(signed.payload)

    async def _reply(self, signed: SignedRequest, reply: str, answer: Answer) -> None:
        # The gateway may publish events: answering wherever a caller likes would let the caller write there.
        if reply.startswith(INBOXES):
            await self._nc.publish(reply, answer.to_bytes())
        elif reply:
            _log.warning("answer not sent: the reply subject is no inbox", subject=signed.subject)
