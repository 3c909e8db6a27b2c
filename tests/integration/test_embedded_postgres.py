"""The PostgreSQL server in a data directory: it keeps what it has, whatever happens to it."""

import asyncio
import os
import signal
import stat
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import asyncpg
import psutil
import pytest
from sqlalchemy import make_url, text
from sqlalchemy.ext.asyncio import create_async_engine

from app.embedded.data_dir import DataDir
from app.embedded.errors import ServerNotStarted
from app.embedded.postgres import EmbeddedPostgres

SOON = 2.0
EVENTUALLY = 10.0
DEEP = "a-directory-with-a-long-name-" * 4


@pytest.fixture
def data(tmp_path: Path) -> DataDir:
    return DataDir.open(tmp_path / "data")


@asynccontextmanager
async def running(data: DataDir) -> AsyncIterator[EmbeddedPostgres]:
    server = EmbeddedPostgres(data)
    await server.start()
    try:
        yield server
    finally:
        await server.stop()


@asynccontextmanager
async def connected(server: EmbeddedPostgres) -> AsyncIterator["asyncpg.Connection[asyncpg.Record]"]:
    connection = await asyncpg.connect(server.url().replace("+asyncpg", ""))
    try:
        yield connection
    finally:
        await connection.close()


def socket_dir(server: EmbeddedPostgres) -> Path:
    return Path(str(make_url(server.url()).query["host"]))


async def test_sqlalchemy_connects_with_the_url_it_gives(data: DataDir) -> None:
    async with running(data) as server:
        engine = create_async_engine(server.url())
        async with engine.connect() as connection:
            found = await connection.execute(text("SELECT current_database(), current_user"))
            assert tuple(found.one()) == ("symbi", "symbi")
        await engine.dispose()


async def test_our_role_makes_databases_and_is_no_superuser(data: DataDir) -> None:
    async with running(data) as server:
        async with connected(server) as connection:
            await connection.execute("CREATE DATABASE copy TEMPLATE symbi")
            assert await connection.fetchval("SHOW is_superuser") == "off"
        engine = create_async_engine(server.url("copy"))
        async with engine.connect() as connected_copy:
            assert (await connected_copy.execute(text("SELECT current_database()"))).scalar() == "copy"
        await engine.dispose()


async def test_only_the_socket_leads_in_and_only_with_the_password(data: DataDir) -> None:
    async with running(data) as server:
        async with connected(server) as connection:
            assert await connection.fetchval("SHOW listen_addresses") == ""
        assert stat.S_IMODE(socket_dir(server).stat().st_mode) == 0o700
        url = make_url(server.url())
        host = str(socket_dir(server))
        with pytest.raises(asyncpg.InvalidPasswordError):
            await asyncpg.connect(host=host, user="symbi", password="guess", database="symbi")
        with pytest.raises(asyncpg.InvalidAuthorizationSpecificationError):
            await asyncpg.connect(host=host, user="postgres", password=url.password, database="symbi")
    assert stat.S_IMODE((data.postgres / "password").stat().st_mode) == 0o600


async def test_it_does_not_run_as_root_and_text_sorts_alike_everywhere(data: DataDir) -> None:
    async with running(data) as server:
        assert psutil.Process(server.pid).uids().real != 0
        async with connected(server) as connection:
            rows = await connection.fetch("SELECT * FROM (VALUES ('b'), ('B'), ('ä'), ('a')) t(x) ORDER BY x")
            assert [row["x"] for row in rows] == ["B", "a", "b", "ä"]
            assert await connection.fetchval("SHOW fsync") == "on"
            assert await connection.fetchval("SHOW synchronous_commit") == "on"


async def test_what_was_committed_is_there_after_a_restart(data: DataDir) -> None:
    async with running(data) as server, connected(server) as connection:
        await connection.execute("CREATE TABLE kept AS SELECT 42 AS answer")
    async with running(data) as server, connected(server) as connection:
        assert await connection.fetchval("SELECT answer FROM kept") == 42


async def test_a_kill_is_noticed_and_recovered_from(data: DataDir) -> None:
    async with running(data) as server, connected(server) as connection:
        await connection.execute("CREATE TABLE kept (answer int)")
        await connection.execute("INSERT INTO kept VALUES (42)")
        busy = asyncio.create_task(connection.execute("SELECT pg_sleep(60)"))
        noticed = asyncio.create_task(server.wait_died())
        os.kill(server.pid, signal.SIGKILL)
        death = await asyncio.wait_for(noticed, SOON)
        assert (death.facts["server"], death.facts["how"]) == ("PostgreSQL", "killed by SIGKILL")
        assert "ready to accept connections" in death.message
        # Its workers may still be there: the next start must wait for them, or two would write one file.
        async with running(data) as again, connected(again) as fresh:
            assert await fresh.fetchval("SELECT answer FROM kept") == 42
        with pytest.raises((asyncpg.PostgresConnectionError, ConnectionError)):
            await busy


async def test_a_strangers_process_with_the_recorded_number_does_not_prevent_the_start(data: DataDir) -> None:
    async with running(data) as server:
        os.kill(server.pid, signal.SIGKILL)
        await asyncio.wait_for(server.wait_died(), SOON)
        pid_file = data.postgres / "data" / "postmaster.pid"
        _, *rest = pid_file.read_text().splitlines()
    stranger = await asyncio.create_subprocess_exec("sleep", "60")
    try:
        pid_file.write_text("\n".join([str(stranger.pid), *rest, ""]))
        async with running(data) as server, connected(server) as connection:
            assert await connection.fetchval("SELECT 1") == 1
        assert stranger.returncode is None
    finally:
        stranger.kill()
        await stranger.wait()


async def test_a_server_that_outlived_its_runtime_is_replaced(data: DataDir) -> None:
    async with running(data) as orphan:
        watching = asyncio.create_task(orphan.wait_died())
        async with running(data) as server, connected(server) as connection:
            assert (await asyncio.wait_for(watching, EVENTUALLY)).facts["how"] == "exit status 0"
            assert await connection.fetchval("SELECT 1") == 1


async def test_a_directory_too_deep_for_a_socket_gets_a_short_one_that_stays_the_same(tmp_path: Path) -> None:
    data = DataDir.open(tmp_path / DEEP)
    async with running(data) as server, connected(server):
        first = socket_dir(server)
        assert not first.is_relative_to(data.path)
        assert stat.S_IMODE(first.stat().st_mode) == 0o700
    assert not first.exists()
    async with running(data) as server, connected(server):
        assert socket_dir(server) == first


async def test_a_short_directory_that_somebody_else_made_first_is_not_used(tmp_path: Path) -> None:
    data = DataDir.open(tmp_path / DEEP)
    async with running(data) as server:
        first = socket_dir(server)
    first.symlink_to(tmp_path)
    try:
        async with running(data) as server, connected(server):
            assert socket_dir(server) != first
    finally:
        first.unlink()


async def test_a_first_start_that_was_cut_off_begins_again(data: DataDir) -> None:
    (data.postgres / "data.new").mkdir()
    (data.postgres / "data.new" / "PG_VERSION").write_text("18\n")
    async with running(data) as server, connected(server) as connection:
        assert await connection.fetchval("SELECT 1") == 1


async def test_a_cancelled_first_start_leaves_nothing_running(data: DataDir) -> None:
    server = EmbeddedPostgres(data)
    start = asyncio.create_task(server.start())
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(start, 0.2)
    assert (data.postgres / "data.new").exists() or (data.postgres / "data").exists()
    here = str(data.postgres / "data")
    commands = [process.info["cmdline"] or [] for process in psutil.process_iter(["cmdline"])]
    assert not [command for command in commands if any(here in argument for argument in command)]
    async with running(data) as again, connected(again) as connection:
        assert await connection.fetchval("SELECT 1") == 1


async def test_a_start_that_fails_says_why(data: DataDir) -> None:
    async with running(data):
        pass
    (data.postgres / "data" / "global" / "pg_control").unlink()
    with pytest.raises(ServerNotStarted, match="pg_control"):
        async with running(data):
            pytest.fail("it started")
