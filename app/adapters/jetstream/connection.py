"""A connection to NATS that comes back by itself, for ever."""

import asyncio
from collections.abc import Callable
from typing import Any

import nats.errors
import structlog
from nats.aio.client import Client

from ...errors import Denied, Unavailable
from ..nats_permissions import inbox_prefix

CONNECT_WITHIN = 5.0
RECONNECT_EVERY = 0.25
ASK_AGAIN_AFTER = (0.1, 0.3)
"""Seconds between attempts after a refused login. A server that is just reading new logins refuses whoever
has not yet said who he is, however good his login."""
PING_EVERY = 10
"""Seconds; two unanswered pings in a row end a connection that looks alive and is not."""
PENDING_BYTES = 8 * 1024 * 1024

_log = structlog.get_logger(__name__)


class NatsUnavailable(Unavailable):
    """NATS at {url} cannot be reached: {cause}. Check that it runs there and knows this login."""


class LoginRefused(Denied):
    """NATS at {url} does not let {name} in: {cause}. Its login is unknown there, or was revoked. An \
operator issues one: `symbi keys issue {name} --use login`. A server of your own needs what \
`symbi identity logins` prints."""


async def connect(
    url: str,
    *,
    name: str,
    seed: str | None = None,
    within: float = CONNECT_WITHIN,
    on_forbidden: Callable[[], None] | None = None,
) -> Client:
    """Connect as *name*, with an nkey *seed* where the server asks for one; several URLs are split by commas.

    Once connected, the client reconnects for ever; answers come to `_INBOX.<name>.…`, which is what the
    server's permissions allow that login. *on_forbidden* is called whenever it tries what it may not do.

    Raises:
        NatsUnavailable: there was no connection within that many seconds.
        LoginRefused: the server does not know the login.
    """
    began = asyncio.get_running_loop().time()
    for pause in ASK_AGAIN_AFTER:
        try:
            return await _attempt(url, name, seed, began, within, on_forbidden)
        except LoginRefused:
            await asyncio.sleep(pause)
    return await _attempt(url, name, seed, began, within, on_forbidden)


async def _attempt(
    url: str,
    name: str,
    seed: str | None,
    began: float,
    within: float,
    on_forbidden: Callable[[], None] | None,
) -> Client:
    client = Client()
    events = _Events(client, name, on_forbidden)
    left = max(0.1, began + within - asyncio.get_running_loop().time())
    connecting = asyncio.ensure_future(
        client.connect(url.split(","), **_options(name, seed), **events.callbacks())
    )
    refused = asyncio.ensure_future(events.refused.wait())
    try:
        await asyncio.wait((connecting, refused), timeout=left, return_when=asyncio.FIRST_COMPLETED)
        if connecting.done() and not events.refused.is_set():
            connecting.result()
            events.connected = True
            return client
    except (nats.errors.Error, OSError) as error:
        events.last = error
    finally:
        refused.cancel()
        if not events.connected:
            connecting.cancel()
            await asyncio.gather(connecting, return_exceptions=True)
            await client.close()
    if events.refused.is_set():
        raise LoginRefused(url=_without_secrets(url), name=name, cause=events.cause(within))
    raise NatsUnavailable(url=_without_secrets(url), cause=events.cause(within))


async def disconnect(nc: Client) -> None:
    """Close the connection, whatever has become of it; a transport that broke is closed enough."""
    try:
        await nc.close()
    except (RuntimeError, OSError) as error:
        _log.debug("nats connection was broken already", error=repr(error))


class _Events:
    """What happens to one connection, for the log."""

    def __init__(self, client: Client, name: str, on_forbidden: Callable[[], None] | None) -> None:
        self._client = client
        self._on_forbidden = on_forbidden
        self.connected = False
        self.last: Exception | None = None
        self.refused = asyncio.Event()
        self._log = _log.bind(login=name)

    def callbacks(self) -> dict[str, Any]:
        return {
            "error_cb": self._error,
            "disconnected_cb": self._disconnected,
            "reconnected_cb": self._reconnected,
            "closed_cb": self._closed,
        }

    def cause(self, within: float) -> str:
        return str(self.last or "") or f"no answer within {within:g} s"

    async def _error(self, error: Exception) -> None:
        self.last = error
        if self._on_forbidden is not None and "permissions violation" in str(error).lower():
            self._on_forbidden()
        elif self.connected:
            self._log.warning("nats error", error=str(error) or type(error).__name__)
        elif "authorization violation" in str(error).lower():
            self.refused.set()

    async def _disconnected(self) -> None:
        if self.connected and not self._client.is_closed:
            self._log.warning("nats connection lost")

    async def _reconnected(self) -> None:
        self._log.info("nats connection is back")

    async def _closed(self) -> None:
        if self.connected:
            self._log.debug("nats connection closed")


def _options(name: str, seed: str | None) -> dict[str, Any]:
    return {
        "name": name,
        "nkeys_seed_str": seed,
        "inbox_prefix": inbox_prefix(name).encode(),
        "connect_timeout": 2,
        "reconnect_time_wait": RECONNECT_EVERY,
        "max_reconnect_attempts": -1,
        "ping_interval": PING_EVERY,
        "max_outstanding_pings": 2,
        "pending_size": PENDING_BYTES,
    }


def _without_secrets(url: str) -> str:
    """The URL as it may be shown: without the user's name and password."""
    return ",".join(
        f"{part.split('://')[0]}://{part.rsplit('@', 1)[1]}" if "@" in part else part
        for part in url.split(",")
    )
