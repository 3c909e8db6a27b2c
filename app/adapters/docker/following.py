"""Reads what a container writes, in a thread of its own, until it ends."""

import asyncio
import time
from functools import partial
from typing import TYPE_CHECKING, Any

from ...ports.executor import MEBIBYTE
from .engine import Engine
from .output import Frames, Output

if TYPE_CHECKING:
    from docker import APIClient

READ_BYTES = 64 * 1024
FLOOD_BYTES_S = 32 * MEBIBYTE
"""Once the rest is thrown away, reading slows down to this; a program that writes faster waits for us."""


def attach(client: "APIClient", name: str) -> Any:
    """The connection on which everything arrives that the container will write; it must not run yet."""
    connection: Any = client.attach_socket(name, {"stdout": 1, "stderr": 1, "stream": 1})
    client._disable_socket_timeout(connection)  # type: ignore[attr-defined]  # a program may be silent for hours
    return connection


def detach(connection: Any) -> None:
    """Close the connection: by the answer that it came from, where docker-py could tie it to that."""
    (getattr(connection, "_response", None) or connection).close()


class Follower:
    """Collects the output of one container; `ended` completes with the exit code, or with `NoSandbox`."""

    def __init__(self, engine: Engine, name: str, output: Output) -> None:
        self.ended: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        self._loop = asyncio.get_running_loop()
        self._engine = engine
        self._name = name
        self._output = output

    def follow(self, connection: Any) -> None:
        """Read until the end, then fetch the exit code."""
        try:
            self._read(connection)
            with self._engine.client() as client:
                code = client.wait(self._name, timeout=None)["StatusCode"]
        except Exception as error:  # whatever it is, somebody waits to hear that it is over
            self._tell(partial(_fail, self.ended, error))
        else:
            self._tell(partial(_complete, self.ended, code))

    def _read(self, connection: Any) -> None:
        receive = getattr(connection, "recv", None) or connection.read
        frames = Frames()
        try:
            while data := receive(READ_BYTES):
                for part in frames.feed(data):
                    self._output.write(part)
                if self._output.overflows:
                    time.sleep(len(data) / FLOOD_BYTES_S)
        except OSError:
            return  # the engine went away or closed it; its answer to the next question says which
        finally:
            detach(connection)

    def _tell(self, news: "partial[None]") -> None:
        try:
            self._loop.call_soon_threadsafe(news)
        except RuntimeError:
            return  # the loop is closed: nobody can be waiting


def _complete(ended: "asyncio.Future[int]", code: int) -> None:
    if not ended.done():
        ended.set_result(code)


def _fail(ended: "asyncio.Future[int]", error: Exception) -> None:
    if not ended.done():
        ended.set_exception(error)
        ended.exception()  # a run that was given up asks no more
