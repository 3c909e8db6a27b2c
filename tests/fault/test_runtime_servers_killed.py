"""NATS or PostgreSQL is killed under a runtime and started again: nothing acknowledged is lost or doubled."""

import asyncio
import random
import signal
from collections.abc import AsyncIterator
from pathlib import Path

import psutil
import pytest

from app.cli.entry import run as symbi
from app.embedded.data_dir import DataDir
from tests.support.audit import check_statements, statements, whole_log
from tests.support.load import Load
from tests.support.servers import Servers
from tests.support.up_process import UpProcess

pytest_plugins = ["tests.support.runtime"]

CALLERS, EACH = 250, 40
FINISHED_WITHIN_S = 90.0
AWAY_S = 1.0
UNAVAILABLE = 4
ENDS_WITHIN_S = 15.0


@pytest.fixture
async def servers(tmp_path: Path) -> AsyncIterator[Servers]:
    async with Servers(tmp_path / "servers", tmp_path / "symbi") as started:
        yield started


@pytest.mark.parametrize("victim", ["nats", "postgres"])
async def test_ten_thousand_commands_survive_the_death_of(
    victim: str, servers: Servers, tmp_path: Path
) -> None:
    runtime = UpProcess(tmp_path / "symbi", *servers.urls)
    await asyncio.to_thread(runtime.start)
    try:
        load = Load(servers.nats.url, runtime.data_dir, CALLERS, EACH)
        async with asyncio.timeout(FINISHED_WITHIN_S):
            running = asyncio.ensure_future(load.run())
            for share in (0.3, 0.7):
                await load.reached(int(load.total * share))
                await servers.kill(victim)
                await asyncio.sleep(AWAY_S)  # what happens while it is away is the test
                await servers.start(victim)
            await running
        await load.ask_all_again(servers.nats.url, random.Random(1).sample(list(load.answers), 200))
        async with runtime.client() as client:
            await client.wait_for(await client.log.last_seq())
        options = ["--data-dir", str(runtime.data_dir)]
        assert await asyncio.to_thread(symbi, ["projections", "verify", *options]) == 0
        assert await asyncio.to_thread(runtime.stop) == 0, runtime.log()[-2000:]
    finally:
        runtime.kill()
    items = await whole_log(servers.nats.url, DataDir.open(runtime.data_dir))
    load.check(items)
    for key, tail in check_statements(items).items():
        assert [raw.seq for raw in tail] == [statements(items, key)[-1].seq]


@pytest.mark.parametrize(("name", "called"), [("nats-server", "NATS"), ("postgres", "PostgreSQL")])
def test_the_death_of_a_server_of_its_own_ends_the_runtime(
    running_runtime: UpProcess, name: str, called: str
) -> None:
    children = psutil.Process(running_runtime.pid).children()
    (server,) = [child for child in children if child.name() == name]
    server.send_signal(signal.SIGKILL)
    assert running_runtime.wait(within_s=ENDS_WITHIN_S) == UNAVAILABLE
    said = running_runtime.log()
    assert called in said
    assert "Traceback" not in said.splitlines()[-1]
    # Nothing is left behind, and the next start finds all that there was.
    psutil.wait_procs(children, timeout=10)
    assert not any(child.is_running() for child in children)
    running_runtime.start()
    assert running_runtime.stop() == 0
