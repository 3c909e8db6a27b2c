"""A runtime as its users start it: `symbi up`, in a process of its own, on a directory of its own."""

import asyncio
import os
import shutil
import signal
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

import psutil

from app.bootstrap import Client, connect
from app.config import Settings, load

from ..harness import RESULTS

READY_WITHIN_S = 300.0
STOP_WITHIN_S = 60.0
PROVIDER = {"SYMBI_CRYPTO_PROVIDER": "pynacl"}
"""libsodium verifies twice as fast as the default."""


async def until(reached: Callable[[], Awaitable[bool]], *, every_s: float, within_s: float) -> None:
    """Return when *reached* says yes; it asks about another process, which tells nobody."""
    async with asyncio.timeout(within_s):
        while not await reached():  # noqa: ASYNC110
            await asyncio.sleep(every_s)


class NotReady(Exception):
    """The runtime did not start; what it said is in the message."""


@contextmanager
def scratch(name: str) -> Iterator[Path]:
    """A directory for one measurement, on the disk of this project, removed afterwards."""
    path = (RESULTS / "work" / f"{name}-{os.getpid()}").absolute()
    path.mkdir(parents=True)
    try:
        yield path / "data"
    finally:
        shutil.rmtree(path, ignore_errors=True)


def settings_of(data_dir: Path, more: Mapping[str, str] | None = None) -> Settings:
    """The settings that the runtime has there."""
    return load(data_dir=data_dir, environ={**PROVIDER, **(more or {})})


class Runtime:
    """One running `symbi up`."""

    def __init__(self, process: asyncio.subprocess.Process, settings: Settings, started_s: float) -> None:
        self._process = process
        self.settings = settings
        self.started_s = started_s
        """How long it took from the start of the process until it was ready."""

    def cpu_s(self) -> float:
        """Seconds of processor time that its own process has used, without its servers."""
        times = psutil.Process(self._process.pid).cpu_times()
        return times.user + times.system

    def memory(self) -> int:
        """Bytes of memory that its own process holds, without its servers."""
        return psutil.Process(self._process.pid).memory_info().rss

    @classmethod
    async def start(
        cls, data_dir: Path, roles: Sequence[str] = (), more: Mapping[str, str] | None = None
    ) -> "Runtime":
        """Start it with *roles*, or all of them, and return when it is ready."""
        options = ["--roles", ",".join(roles)] if roles else []
        environment = {k: v for k, v in os.environ.items() if not k.startswith("SYMBI_")}
        began = time.perf_counter()
        said = data_dir.parent / "said.log"
        with said.open("ab") as log:
            process = await asyncio.create_subprocess_exec(
                str(Path(sys.executable).parent / "symbi"),
                *("up", "--json", "--data-dir", str(data_dir), *options),
                env={**environment, **PROVIDER, **(more or {})},
                stdout=asyncio.subprocess.PIPE,
                stderr=log,
            )
        assert process.stdout is not None
        try:
            line = await asyncio.wait_for(process.stdout.readline(), READY_WITHIN_S)
        except TimeoutError:
            line = b""
        took = time.perf_counter() - began
        if b'"ready":true' not in line:
            process.send_signal(signal.SIGINT) if process.returncode is None else None
            await process.wait()
            raise NotReady(said.read_text()[-4000:])
        return cls(process, settings_of(data_dir, more), took)

    async def stop(self) -> None:
        """End it in good order."""
        if self._process.returncode is None:
            self._process.send_signal(signal.SIGTERM)
        await asyncio.wait_for(self._process.wait(), STOP_WITHIN_S)

    async def kill(self) -> None:
        """End it as a crash does; its servers are left to the next start."""
        self._process.kill()
        await self._process.wait()


@asynccontextmanager
async def runtime(
    data_dir: Path, roles: Sequence[str] = (), more: Mapping[str, str] | None = None
) -> AsyncIterator[tuple[Runtime, Client]]:
    """A running runtime and a client of it."""
    running = await Runtime.start(data_dir, roles, more)
    try:
        async with connect(running.settings) as client:
            yield running, client
    finally:
        await running.stop()
