"""Answers what the programs of a node write."""

import asyncio

import structlog
from nats.aio.client import Client
from nats.aio.msg import Msg

from events.identifiers import TOKEN
from events.personal import DataKeys, KeyDestroyed

from ...errors import SymbiError
from ...ports.live_output import ShowsOutput
from . import wire

INBOX = "_INBOX."
AT_ONCE = 64
"""Questions that wait for an answer; those beyond are answered as if nothing ran here, and asked again."""

_log = structlog.get_logger(__name__)


class OutputServer:
    """Serves one node, while it works."""

    def __init__(self, nc: Client, login: str, outputs: ShowsOutput, keys: DataKeys) -> None:
        """*login* is the node's on *nc*."""
        self._nc = nc
        self._login = login
        self._outputs = outputs
        self._keys = keys
        self._answering: set[asyncio.Task[None]] = set()

    async def start(self) -> None:
        """Begin to answer."""
        await self._nc.subscribe(wire.subject(self._login, "*"), cb=self._arrived)

    async def stop(self) -> None:
        """Answer no more."""
        for task in self._answering:
            task.cancel()
        await asyncio.gather(*self._answering, return_exceptions=True)

    async def _arrived(self, message: Msg) -> None:
        if not message.reply.startswith(INBOX):
            return
        if len(self._answering) >= AT_ONCE:
            await self._nc.publish(message.reply, b"{}")
            return
        task = asyncio.create_task(self._answer(message))
        self._answering.add(task)
        task.add_done_callback(self._answering.discard)

    async def _answer(self, message: Msg) -> None:
        task_id = message.subject.rpartition(".")[2]
        answer = b"{}"
        try:
            assignment, offset = wire.asked(message.data)
            if TOKEN.fullmatch(task_id):
                answer = wire.answer(
                    task_id, await self._outputs.part(task_id, assignment, offset), self._keys
                )
        except (wire.Unreadable, KeyDestroyed, SymbiError) as error:
            _log.info("output not shown", task=task_id, why=str(error))
        if self._nc.is_connected:
            await self._nc.publish(message.reply, answer)
