"""What can go wrong between us and the server, and for how long it is worth trying again."""

import asyncio
from types import TracebackType
from typing import Protocol

import nats.errors
from nats.aio.client import Client

from ...ports.event_log import LogUnavailable

WRONG_LAST_SEQUENCE = 10071
DUPLICATE_IN_BATCH = 10201
MESSAGE_TOO_LARGE = 10054
BATCH_TOO_LARGE = 10199
STREAM_NOT_FOUND = 10059
NAME_IN_USE = 10058
CONSUMER_NOT_FOUND = 10014
# Another append is being replicated; the batch broke off; there are too many batches; the server or its
# leader is not ready; too much is queued.
PASSING = frozenset({10158, 10164, 10176, 10210, 10008, 10009, 10118, 10194, 10167})

PAUSE = 0.05
"""Seconds between two attempts."""


class Refused(Exception):
    """The server answered with an error."""

    def __init__(self, code: int, description: str) -> None:
        super().__init__(f"{description} (error {code})")
        self.code = code
        self.description = description

    @property
    def last_seq(self) -> int:
        """Which position the server found, when `code` is `WRONG_LAST_SEQUENCE`."""
        return int(self.description.rsplit(" ", 1)[-1])


class Unanswered(Exception):
    """No answer came; the text says why. What was asked for may have been done, or may be still."""


class Closed(Unanswered):
    """The connection was closed for good."""


class Translated:
    """A context in which the client library's errors become `Unanswered`."""

    __slots__ = ()

    def __enter__(self) -> None:
        return None

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if isinstance(error, nats.errors.ConnectionClosedError):
            raise Closed("the connection is closed") from error
        if isinstance(error, nats.errors.NoRespondersError):
            raise Unanswered("the server has no such stream, or is not ready") from error
        if isinstance(error, nats.errors.Error | OSError | asyncio.TimeoutError):
            raise Unanswered(str(error) or type(error).__name__) from error


translated = Translated()


class Effort(Protocol):
    """One piece of work that tries again for a while."""

    async def wait(self, cause: Refused | Unanswered) -> None:
        """Return when another attempt makes sense after *cause*.

        Raises:
            LogUnavailable: it does not, or no longer.
        """
        ...


class Patience:
    """An effort that ends after some seconds, or with the connection."""

    __slots__ = ("_deadline", "_nc")

    def __init__(self, nc: Client, seconds: float, since: float | None = None) -> None:
        """*since* is on the event loop's clock; now, when it is not given."""
        self._nc = nc
        self._deadline = (asyncio.get_running_loop().time() if since is None else since) + seconds

    async def wait(self, cause: Refused | Unanswered) -> None:
        """See `Effort`."""
        if isinstance(cause, Refused) and cause.code not in PASSING:
            raise LogUnavailable(cause=cause)
        loop = asyncio.get_running_loop()
        while True:
            if self._nc.is_closed or isinstance(cause, Closed):
                raise LogUnavailable(cause="the connection is closed") from cause
            if loop.time() >= self._deadline:
                raise LogUnavailable(cause=cause) from cause
            await asyncio.sleep(PAUSE)
            if self._nc.is_connected:
                return
