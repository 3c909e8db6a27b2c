"""NATS and PostgreSQL beside a runtime, as an operator brings them."""

import asyncio
import os
import shutil
import signal
from collections.abc import Callable, Sequence
from pathlib import Path

from app.adapters.nats_permissions import render_users
from app.bootstrap.logins import founding_users
from app.embedded.data_dir import DataDir
from app.embedded.nats_server import EmbeddedNats
from app.embedded.postgres import EmbeddedPostgres
from tests.support.in_process import settings_of


class Servers:
    """Both, each of which may be killed and started again on what it has stored.

    They let in the logins of the runtime's data directory, which is made where it is missing.
    """

    def __init__(
        self, folder: Path, runtime_dir: Path, more_logins: Callable[[str], str] = lambda users: users
    ) -> None:
        """*more_logins* may add to the accounts."""
        users = founding_users(DataDir.open(runtime_dir), settings_of(runtime_dir).worker.node)
        self._data = DataDir.open(folder)
        self.nats = EmbeddedNats(self._data, more_logins(render_users(users)))
        self.postgres = EmbeddedPostgres(self._data)

    async def __aenter__(self) -> "Servers":
        self._data.acquire()
        await asyncio.gather(self.nats.start(), self.postgres.start())
        return self

    async def __aexit__(self, *_: object) -> None:
        try:
            await asyncio.gather(self.nats.stop(), self.postgres.stop())
        finally:
            self._data.release()

    @property
    def urls(self) -> Sequence[str]:
        """The options of `symbi up` that name them."""
        return "--nats-url", self.nats.url, "--postgres-url", self.postgres.url()

    async def kill(self, name: str) -> None:
        """End `nats` or `postgres` as a crash does."""
        server = self._named(name)
        os.kill(server.pid, signal.SIGKILL)
        await server.wait_died()
        await server.stop()

    async def start(self, name: str) -> None:
        """Start it again, on what it has stored."""
        await self._named(name).start()

    def _named(self, name: str) -> EmbeddedNats | EmbeddedPostgres:
        return self.nats if name == "nats" else self.postgres


def copy_of(data_dir: Path, to: Path) -> Path:
    """Another data directory with the same keys and logins, for another process of the same runtime."""
    made = DataDir.open(to)
    for folder in (made.keys, made.datakeys):
        shutil.copytree(data_dir / folder.name, folder, dirs_exist_ok=True)
    for seed in (data_dir / "nats").glob("*.nk"):
        shutil.copy2(seed, made.nats)
    return to
