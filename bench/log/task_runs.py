"""Durable task runs, submitted → assigned → started → completed, beside DBOS Transact's workflows."""

import asyncio
import shutil
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import orjson
from sqlalchemy import func, select, text
from sqlalchemy.ext.asyncio import AsyncEngine

from app.bootstrap import Client
from projections.scheduler.tables import TASKS

from ..harness import Row, median, row
from .callers import spawn, submissions
from .runtime import runtime, scratch, until

AGENTS = 500
EACH = 4
ROUNDS = 5
TIMES = 5
"""How many times the peer's rate is asked for."""
POLL_S = 0.02
WITHIN_S = 120.0

ROOM = {
    "SYMBI_WORKER__MAX_TASKS": "500",
    "SYMBI_WORKER__CPU_CORES": "500",
    "SYMBI_WORKER__MEMORY_MB": "500000",
}
"""Room on the node for every task at once: a no-op uses nothing of it."""

PEER = ".peers/bin/python"
PEER_SCRIPT = Path(__file__).parent.parent / "peers" / "dbos_workflow.py"


async def measure() -> list[Row]:
    """All roles in one process; the peer's rounds alternate with ours, on a database of the same server."""
    if shutil.which(PEER) is None:
        print(f"{PEER} is missing: `make peers` installs what this is compared with", file=sys.stderr)
    with scratch("task-runs") as data_dir:
        async with runtime(data_dir, more=ROOM) as (_, client), _peer(client.queries) as peer:
            agents = await spawn(client, AGENTS)
            await _runs(client, agents, 1)
            ours, one_by_one, at_once = [], [], []
            for _ in range(ROUNDS):
                ours.append(await _runs(client, agents, EACH))
                if peer is not None:
                    found = await peer.round()
                    one_by_one.append(found["one_by_one"])
                    at_once.append(found["at_once"])
    if not one_by_one:
        return [row("durable task runs", median(ours), "runs/s")]
    slow, fast = median(one_by_one), median(at_once)
    floor = TIMES * slow
    return [
        row("durable task runs", median(ours), "runs/s", floor=floor, peer=("DBOS, one by one", slow)),
        row("durable task runs (the same)", median(ours), "runs/s", peer=("DBOS, 20 at once", fast)),
    ]


async def _runs(client: Client, agents: list[str], each: int) -> float:
    """Runs per second, from the first submission until the projection has the last completion."""
    before, began = await _completed(client), time.perf_counter()
    await submissions(client, agents, each)
    count = len(agents) * each
    await until(lambda: _reached(client, before + count), every_s=POLL_S, within_s=WITHIN_S)
    return count / (time.perf_counter() - began)


async def _reached(client: Client, completed: int) -> bool:
    return await _completed(client) >= completed


async def _completed(client: Client) -> int:
    async with client.queries.connect() as connection:
        query = select(func.count()).where(TASKS.c.state == "completed")
        return int((await connection.execute(query)).scalar_one())


class Peer:
    """The peer's process, which measures when it is asked to."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process
        assert process.stdin is not None
        assert process.stdout is not None
        self._asking, self._answering = process.stdin, process.stdout

    async def round(self) -> dict[str, float]:
        """Workflows per second: `one_by_one`, and `at_once`, which is twenty callers."""
        self._asking.write(b"\n")
        line = await asyncio.wait_for(self._answering.readline(), WITHIN_S)
        found: dict[str, float] = orjson.loads(line)
        return found

    async def stop(self) -> None:
        """Let it end."""
        self._asking.close()
        await asyncio.wait_for(self._process.wait(), WITHIN_S)


@asynccontextmanager
async def _peer(engine: AsyncEngine) -> AsyncIterator[Peer | None]:
    """The peer on a database of its own; none where it is not installed."""
    if shutil.which(PEER) is None:
        yield None
        return
    async with engine.connect() as connection:
        await connection.execution_options(isolation_level="AUTOCOMMIT")
        await connection.execute(text("CREATE DATABASE dbos_bench"))
    url = engine.url.set(database="dbos_bench", drivername="postgresql").render_as_string(False)
    process = await asyncio.create_subprocess_exec(
        *(PEER, str(PEER_SCRIPT), url), stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE
    )
    peer = Peer(process)
    try:
        yield peer
    finally:
        await peer.stop()
