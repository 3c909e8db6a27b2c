"""Asks nodes what their programs write."""

import nats.errors
from nats.aio.client import Client

from events.personal import DataKeys, KeyDestroyed

from ...policy.roles import node_principal
from ...ports.live_output import LivePart
from . import wire

ANSWERED_WITHIN_S = 5.0


class NatsLiveOutput:
    """`LiveOutput` over request-reply; *nc* must be logged in as somebody who may read the log."""

    def __init__(self, nc: Client, keys: DataKeys) -> None:
        self._nc = nc
        self._keys = keys

    async def part(self, node: str, task_id: str, assignment: int, offset: int) -> LivePart | None:
        """See `LiveOutput.part`."""
        subject = wire.subject(node_principal(node), task_id)
        try:
            message = await self._nc.request(subject, wire.ask(assignment, offset), timeout=ANSWERED_WITHIN_S)
            return wire.answered(task_id, message.data, self._keys)
        except (nats.errors.Error, wire.Unreadable, KeyDestroyed):
            return None
