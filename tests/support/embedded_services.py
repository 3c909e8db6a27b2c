"""The servers that a runtime brings along: both up, or none."""

import asyncio
from types import TracebackType

from app.embedded.data_dir import DataDir
from app.embedded.errors import ServerDied
from app.embedded.nats_config import NatsSettings
from app.embedded.nats_server import EmbeddedNats
from app.embedded.postgres import EmbeddedPostgres


class EmbeddedServices:
    """PostgreSQL and NATS in one data directory: `async with EmbeddedServices(data, users) as services`.

    Entering returns when both take connections and raises what either raised, with neither running.
    It holds the data directory meanwhile, unless the caller does already; `DataDirInUse` when another
    process does.
    """

    def __init__(self, data: DataDir, users: str, settings: NatsSettings | None = None) -> None:
        self._data = data
        self._lets_go = False
        self.postgres = EmbeddedPostgres(data)
        self.nats = EmbeddedNats(data, users, settings)

    @property
    def nats_url(self) -> str:
        """nats://127.0.0.1:<port>; logins are with the nkeys in the data directory."""
        return self.nats.url

    @property
    def postgres_url(self) -> str:
        """SQLAlchemy's URL for asyncpg, password included."""
        return self.postgres.url()

    async def wait_died(self) -> ServerDied:
        """Returns when one of the servers has ended by itself, with which, how and its last log lines."""
        waiting = [asyncio.create_task(server.wait_died()) for server in (self.postgres, self.nats)]
        try:
            done, _ = await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
            return done.pop().result()
        finally:
            for task in waiting:
                task.cancel()

    async def __aenter__(self) -> "EmbeddedServices":
        self._lets_go = not self._data.held
        self._data.acquire()
        try:
            starts = await asyncio.gather(self.postgres.start(), self.nats.start(), return_exceptions=True)
            for outcome in starts:
                if outcome is not None:
                    raise outcome
        except BaseException:
            await self._stop()
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._stop()

    async def _stop(self) -> None:
        """In the reverse order; the directory is let go of last, whatever happens before."""
        try:
            await self.nats.stop()
        finally:
            try:
                await self.postgres.stop()
            finally:
                if self._lets_go:
                    self._data.release()
