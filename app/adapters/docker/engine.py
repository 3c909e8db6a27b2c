"""The Docker engine, asked from threads: the event loop never waits for it."""

import asyncio
import os
import socket
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from threading import Lock
from typing import TYPE_CHECKING, TypeVar

from .errors import EngineRefused, NoSandbox

# Imported at the first use: loading it takes a quarter of a second, which no other command needs to wait for.
if TYPE_CHECKING:
    from docker import APIClient

T = TypeVar("T")

CALL_WITHIN_S = 60
KNOCK_WITHIN_S = 10
DEFAULT_ADDRESS = "unix:///var/run/docker.sock"


class Engine:
    """One engine, found as the `docker` command finds it (`DOCKER_HOST`, …) unless *address* names it."""

    def __init__(
        self, address: str | None = None, *, threads: int = 8, call_within: int = CALL_WITHIN_S
    ) -> None:
        self._given = address
        self._threads = ThreadPoolExecutor(threads, thread_name_prefix="docker")
        self._call_within = call_within
        self._lock = Lock()
        self._client: APIClient | None = None

    @property
    def address(self) -> str:
        """Where the engine is, or should be."""
        return self._given or os.environ.get("DOCKER_HOST") or DEFAULT_ADDRESS

    async def call(self, work: Callable[["APIClient"], T]) -> T:
        """What *work* makes of a client, in a thread; a cancelled caller still waits for its end.

        Raises:
            NoSandbox: no engine answers.
            EngineRefused: it says no.
        """
        calling = asyncio.get_running_loop().run_in_executor(self._threads, self._work, work)
        try:
            return await asyncio.shield(calling)
        except asyncio.CancelledError:
            # What it makes must exist before somebody removes it.
            await asyncio.wait([calling])
            raise

    @contextmanager
    def client(self) -> Iterator["APIClient"]:
        """A client for use in the caller's own thread, with the same errors."""
        from docker.errors import APIError, DockerException
        from requests.exceptions import RequestException
        from urllib3.exceptions import HTTPError

        try:
            _knock(self.address)
            yield self._connected()
        except APIError as error:
            raise EngineRefused(reason=error.explanation or str(error), status=error.status_code) from error
        except (RequestException, HTTPError, DockerException, OSError) as error:
            raise NoSandbox(address=self.address, reason=_root(error)) from error

    def close(self, *, wait: bool = True) -> None:
        """Let go of the connections; runs must have ended. Calls that nobody waits for may go on."""
        self._threads.shutdown(wait=wait, cancel_futures=True)
        if self._client is not None:
            self._client.close()

    def _work(self, work: Callable[["APIClient"], T]) -> T:
        with self.client() as client:
            return work(client)

    def _connected(self) -> "APIClient":
        from docker import APIClient
        from docker.utils import kwargs_from_env

        with self._lock:
            if self._client is None:
                where = {"base_url": self._given} if self._given else kwargs_from_env()
                self._client = APIClient(**where, version="auto", timeout=self._call_within, max_pool_size=64)
            return self._client


def _knock(address: str) -> None:
    """Fail here where nobody listens: docker-py would leave the socket of a failed connection open."""
    path = address.removeprefix("http+").removeprefix("unix://")
    if path.startswith("/"):
        with socket.socket(socket.AF_UNIX) as probe:
            probe.settimeout(KNOCK_WITHIN_S)
            probe.connect(path)


def _root(error: BaseException) -> str:
    """The innermost reason; the outer ones repeat it in three notations."""
    inner: BaseException | None = error
    while inner is not None:
        if isinstance(inner, OSError) and inner.strerror:
            return inner.strerror
        inner = inner.__cause__ or inner.__context__
    return str(error)
