"""Both servers together, and what is left of them when their runtime dies."""

import asyncio
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import asyncpg
import nats
import psutil
import pytest

from app.adapters.nats_permissions import NatsUser, render_users
from app.embedded.data_dir import DataDir
from app.embedded.errors import DataDirInUse, PortInUse
from app.embedded.nats_config import NatsSettings
from app.embedded.nats_logins import login
from app.embedded.processes import leftover
from tests.support.embedded_services import EmbeddedServices

SOON = 2.0
EVENTUALLY = 10.0
RUNTIME = """
import asyncio, json, os, sys
from app.embedded.data_dir import DataDir
from tests.integration.test_embedded_services import services

async def main() -> None:
    async with services(DataDir.open(sys.argv[1])) as running:
        print(json.dumps([running.nats.pid, running.postgres.pid]), flush=True)
        await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)

asyncio.run(main())
"""


@pytest.fixture
def data(tmp_path: Path) -> DataDir:
    return DataDir.open(tmp_path / "data")


def services(data: DataDir, settings: NatsSettings | None = None) -> EmbeddedServices:
    admin = NatsUser("admin", login(data, "admin").public_nkey, "admin")
    return EmbeddedServices(data, render_users([admin]), settings)


async def check(running: EmbeddedServices, data: DataDir) -> None:
    """Both do their work."""
    connection = await asyncpg.connect(running.postgres_url.replace("+asyncpg", ""))
    await connection.close()
    who = login(data, "admin")
    client = await nats.connect(running.nats_url, nkeys_seed_str=who.seed, inbox_prefix=who.inbox_prefix)
    await client.jetstream().account_info()
    await client.close()


def working_in(data: DataDir) -> list[psutil.Process]:
    """The server processes of a data directory."""
    found = []
    for process in psutil.process_iter(["name", "cmdline", "cwd"]):
        told = [process.info["cwd"] or "", *(process.info["cmdline"] or ())]
        if process.info["name"] in ("postgres", "nats-server"):
            found += [process] if any(str(data.path) in each for each in told) else []
    return found


@contextmanager
def runtime(data: DataDir) -> Iterator[tuple["subprocess.Popen[str]", list[int]]]:
    """Another process that runs the services, and the process ids of the servers."""
    with subprocess.Popen(
        [sys.executable, "-c", RUNTIME, str(data.path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=Path(__file__).parents[2],
    ) as process:
        assert process.stdout is not None
        try:
            yield process, json.loads(process.stdout.readline())
        finally:
            process.kill()


async def test_both_start_and_both_stop_and_the_directory_is_free_again(data: DataDir) -> None:
    async with services(data) as running:
        await check(running, data)
        assert data.held
    assert not working_in(data)
    assert not data.held


async def test_a_start_on_an_existing_directory_takes_less_than_two_seconds(data: DataDir) -> None:
    async with services(data):
        pass
    began = time.perf_counter()
    async with services(data):
        assert time.perf_counter() - began < 2.0


@pytest.mark.parametrize("which", ["NATS", "PostgreSQL"])
async def test_the_death_of_either_is_noticed_within_two_seconds(data: DataDir, which: str) -> None:
    async with services(data) as running:
        noticed = asyncio.create_task(running.wait_died())
        os.kill(running.nats.pid if which == "NATS" else running.postgres.pid, signal.SIGKILL)
        death = await asyncio.wait_for(noticed, SOON)
    assert death.facts["server"] == which
    assert death.exit_code == 4
    assert "Start symbi again" in death.message
    assert "ready" in death.message
    async with services(data) as running:
        await check(running, data)


async def test_two_runtimes_do_not_share_a_directory(data: DataDir) -> None:
    with runtime(data) as (process, pids):
        with pytest.raises(DataDirInUse, match=f"process id {process.pid}\\."):
            async with services(DataDir.open(data.path)):
                pytest.fail("it started")
        # The refusal has not touched the servers of the one that runs.
        assert [pid for pid in pids if psutil.pid_exists(pid)] == pids


async def test_a_runtime_that_is_killed_leaves_no_servers_and_the_next_one_starts(data: DataDir) -> None:
    with runtime(data) as (process, pids):
        servers = working_in(data)
        assert {server.pid for server in servers} >= set(pids)
        process.kill()
        process.wait(10)
        assert not await asyncio.to_thread(leftover.wait_gone, servers, 5.0)
    async with services(data) as running:
        await check(running, data)


async def test_the_next_one_may_start_at_once_after_a_kill(data: DataDir) -> None:
    with runtime(data) as (process, _):
        process.kill()
        process.wait(10)
        async with services(data) as running:
            await check(running, data)


async def test_a_terminals_ctrl_c_is_the_runtimes_to_handle(data: DataDir) -> None:
    with runtime(data) as (process, pids):
        assert {os.getsid(pid) for pid in pids} == set(pids)
        assert os.getsid(process.pid) not in pids


async def test_when_one_cannot_start_neither_runs(data: DataDir) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        settings = NatsSettings(port=taken.getsockname()[1])
        with pytest.raises(PortInUse):
            async with services(data, settings):
                pytest.fail("it started")
    assert not working_in(data)
    assert not data.held


@pytest.mark.parametrize("after", [0.0, 0.05, 0.3])
async def test_a_first_start_that_is_cancelled_leaves_nothing_running(data: DataDir, after: float) -> None:
    # Making the database alone takes longer than this.
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(services(data).__aenter__(), after)
    assert not working_in(data)
    assert not data.held
    async with services(data) as running:
        await check(running, data)


async def test_a_later_start_that_is_cancelled_leaves_nothing_running(data: DataDir) -> None:
    async with services(data):
        pass
    start = asyncio.create_task(services(data).__aenter__())
    async with asyncio.timeout(EVENTUALLY):
        while not working_in(data):  # noqa: ASYNC110 - processes of others send no event
            await asyncio.sleep(0)
    start.cancel()
    with pytest.raises(asyncio.CancelledError):
        await start
    assert not working_in(data)
    assert not data.held


async def test_a_caller_that_holds_the_directory_goes_on_holding_it(data: DataDir) -> None:
    with data:
        async with services(data):
            pass
        assert data.held
