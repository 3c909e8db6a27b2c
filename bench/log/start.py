"""The start of `symbi up` on a directory with 100,000 events."""

from ..harness import Row, median, row
from .callers import spawn, submissions
from .history import Archive
from .runtime import Runtime, runtime
from .task_runs import ROOM

EVENTS = 100_000
ROUNDS = 3
CATCH_UP_WITHIN_S = 300
TAIL = (400, 6)
"""Agents and tasks of each between a clean stop and a kill: some 10,000 events that no snapshot covers."""


async def measure(archive: Archive) -> list[Row]:
    """After a clean stop, and after `kill -9` with half a snapshot's distance of events to fold."""
    await archive.grow(EVENTS)
    async with runtime(archive.data_dir, more=ROOM) as (_, client):
        await client.wait_for(await client.log.last_seq(), timeout_s=CATCH_UP_WITHIN_S)
    clean = [await _clean(archive) for _ in range(ROUNDS)]
    killed = [await _killed(archive) for _ in range(ROUNDS)]
    return [
        row("start on 100,000 events after a clean stop", median(clean), "s", better="lower", floor=5),
        row("start on 100,000 events after kill -9", median(killed), "s", better="lower", floor=5),
    ]


async def _clean(archive: Archive) -> float:
    running = await Runtime.start(archive.data_dir)
    await running.stop()
    return running.started_s


async def _killed(archive: Archive) -> float:
    async with runtime(archive.data_dir, more=ROOM) as (running, client):
        agents = await spawn(client, TAIL[0])
        await submissions(client, agents, TAIL[1])
        await running.kill()
    return await _clean(archive)
