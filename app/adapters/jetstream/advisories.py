"""What JetStream tells of its streams: their state when asked, and what anybody asks of them."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import orjson
import structlog
from nats.aio.client import Client
from nats.aio.msg import Msg

from ...ports.event_log import LogUnavailable
from ...ports.log_store import Act, Holdings
from ..nats_permissions import API_ADVISORY, DESTRUCTIVE, EVENTS, STREAM_ADVISORIES
from .api import ask
from .errors import STREAM_NOT_FOUND, Refused, Unanswered

ACTS = (*DESTRUCTIVE, "CREATE")
"""The calls of `$JS.API.STREAM` that do something to a stream; all others read."""

OURS = ("SYMBI_", "OBJ_SYMBI_")
"""How the names of our streams begin."""

GAPS_AT_MOST = 100
KEPT = 1000
"""How many acts are kept for whoever asks for them; more at once say nothing new."""

_log = structlog.get_logger(__name__)


class JetStreamStore:
    """`LogStore` of one stream; the acts are those on any of our streams."""

    def __init__(self, nc: Client, stream: str = EVENTS) -> None:
        """*nc* must be logged in as somebody who may hear advisories."""
        self._nc = nc
        self._stream = stream

    async def look(self) -> Holdings | None:
        """See `LogStore.look`."""
        answer = await self._info({})
        if answer is None:
            return None
        state = answer["state"]
        return Holdings(
            # The metadata are the server's own: which version of it wrote the rest.
            settings={name: value for name, value in answer["config"].items() if name != "metadata"},
            made_at=answer["created"],
            first_seq=state["first_seq"],
            last_seq=state["last_seq"],
            removed=state.get("num_deleted", 0),
        )

    async def gaps(self) -> list[tuple[int, int]]:
        """See `LogStore.gaps`; at most a hundred, the first ones."""
        answer = await self._info({"deleted_details": True})
        gaps: list[tuple[int, int]] = []
        for seq in (answer or {}).get("state", {}).get("deleted") or []:
            if gaps and gaps[-1][1] == seq:
                gaps[-1] = (gaps[-1][0], seq + 1)
            elif len(gaps) < GAPS_AT_MOST:
                gaps.append((seq, seq + 1))
            else:
                break
        return gaps

    async def acts(self) -> AsyncIterator[Act | None]:
        """See `LogStore.acts`."""
        told: asyncio.Queue[Act | None] = asyncio.Queue(KEPT)

        async def heard(message: Msg) -> None:
            act = act_of(message.data) if message.subject == API_ADVISORY else None
            if (act is not None or message.subject != API_ADVISORY) and not told.full():
                told.put_nowait(act)

        subscriptions = [
            await self._nc.subscribe(each, cb=heard) for each in (API_ADVISORY, STREAM_ADVISORIES)
        ]
        try:
            while True:
                yield await told.get()
        finally:
            if self._nc.is_connected:
                for subscription in subscriptions:
                    await subscription.unsubscribe()

    async def _info(self, body: dict[str, Any]) -> dict[str, Any] | None:
        try:
            return await ask(self._nc, f"STREAM.INFO.{self._stream}", body)
        except Refused as error:
            if error.code == STREAM_NOT_FOUND:
                return None
            raise LogUnavailable(cause=error) from error
        except Unanswered as error:
            raise LogUnavailable(cause=error) from error


def act_of(advisory: bytes) -> Act | None:
    """The act in an audit advisory (`io.nats.jetstream.advisory.v1.api_audit`); None for any other call.

    It holds subject, request and answer of one call of the API, each but the first as a text of JSON.
    """
    try:
        told = orjson.loads(advisory)
        verb, _, store = told["subject"].partition("API.STREAM.")[2].rpartition(".")
        if verb not in ACTS or not store.startswith(OURS):
            return None
        error = orjson.loads(told["response"]).get("error") or {}
        return Act(
            what=verb.replace("MSG.", "message ").lower(),
            store=store,
            login=told.get("client", {}).get("user", ""),
            refused=error.get("description", ""),
            id=told["id"],
        )
    except (ValueError, KeyError, TypeError, AttributeError) as problem:
        _log.warning("an advisory cannot be read", problem=repr(problem))
        return None
