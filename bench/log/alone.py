"""One command at a time: from the request to the durable reply."""

import time

from app.bootstrap import Client
from events.task import NoopWork

from ..harness import Row, median, percentile, row
from .callers import quarantine, spawn
from .runtime import runtime, scratch

COMMANDS = 1_000
ROUNDS = 3
WARM_UP = 200


async def measure() -> list[Row]:
    """With all roles in one process, as `symbi up` has them."""
    with scratch("alone") as data_dir:
        async with runtime(data_dir) as (_, client):
            agents = await spawn(client, 10)
            await quarantine(client, agents)
            await _latencies(client, agents, WARM_UP)
            rounds = [await _latencies(client, agents, COMMANDS) for _ in range(ROUNDS)]
    p50 = median(percentile(taken, 0.50) for taken in rounds)
    p99 = median(percentile(taken, 0.99) for taken in rounds)
    return [
        row("one command at a time, p50", p50, "ms", better="lower", floor=4),
        row("one command at a time, p99", p99, "ms", better="lower", floor=15),
    ]


async def _latencies(client: Client, agents: list[str], count: int) -> list[float]:
    """Milliseconds."""
    taken = []
    for i in range(count):
        began = time.perf_counter()
        await client.commands.submit_task(agents[i % len(agents)], NoopWork())
        taken.append((time.perf_counter() - began) * 1e3)
    return taken
