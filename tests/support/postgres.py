"""A PostgreSQL server for the whole test run, migrated once; each test takes a clone of that database."""

import asyncio
import threading
from collections.abc import AsyncIterator, Coroutine, Iterator
from itertools import count
from pathlib import Path
from typing import Any, TypeVar

import asyncpg
import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from app.adapters.postgres import create_engine, migrate
from app.embedded.data_dir import DataDir
from app.embedded.postgres import EmbeddedPostgres

T = TypeVar("T")

TEMPLATE = "migrated"
WITHIN_S = 120
_numbers = count(1)


class Server:
    """An embedded server that outlives the event loops of the tests that use it."""

    def __init__(self, folder: Path) -> None:
        self._data = DataDir.open(folder)
        self._data.acquire()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="postgres-server", daemon=True)
        self._thread.start()
        self._postgres = EmbeddedPostgres(self._data)

    def url(self, database: str) -> str:
        return self._postgres.url(database)

    def start(self) -> None:
        self.run(self._postgres.start())

    def close(self) -> None:
        self.run(self._postgres.stop())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(WITHIN_S)
        self._loop.close()
        self._data.release()

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        """Do *work* in the server's own loop and wait for it."""
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(WITHIN_S)

    async def execute(self, statement: str) -> None:
        """Run a statement about databases, outside all of them that tests use."""
        admin = await asyncpg.connect(self.url("symbi").replace("+asyncpg", ""))
        try:
            await admin.execute(statement)
        finally:
            await admin.close()


@pytest.fixture(scope="session")
def postgres_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """The server, with one migrated database that nobody connects to."""
    server = Server(tmp_path_factory.mktemp("postgres"))
    try:
        server.start()
        server.run(server.execute(f"CREATE DATABASE {TEMPLATE}"))
        server.run(_migrate(server.url(TEMPLATE)))
        yield server
    finally:
        server.close()


@pytest.fixture
async def database_url(postgres_server: Server) -> AsyncIterator[str]:
    """The URL of a migrated database that this test has to itself."""
    name = f"test_{next(_numbers)}"
    await postgres_server.execute(f"CREATE DATABASE {name} TEMPLATE {TEMPLATE}")
    try:
        yield postgres_server.url(name)
    finally:
        await postgres_server.execute(f"DROP DATABASE {name}")


@pytest.fixture
async def empty_database_url(postgres_server: Server) -> AsyncIterator[str]:
    """The URL of a database that nothing was ever done to."""
    name = f"test_{next(_numbers)}"
    await postgres_server.execute(f"CREATE DATABASE {name}")
    try:
        yield postgres_server.url(name)
    finally:
        await postgres_server.execute(f"DROP DATABASE {name}")


@pytest.fixture
async def engine(database_url: str) -> AsyncIterator[AsyncEngine]:
    """Connections to the test's own database."""
    made = create_engine(database_url)
    try:
        yield made
    finally:
        await made.dispose()


async def _migrate(url: str) -> None:
    made = create_engine(url)
    try:
        await migrate(made)
    finally:
        await made.dispose()
