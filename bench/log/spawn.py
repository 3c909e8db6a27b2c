"""The spawn of an agent: from the command until the projection says Ready."""

import time

from app.bootstrap import Client
from projections.lifecycle.queries import agent

from ..harness import Row, percentile, row
from .callers import spawn
from .runtime import runtime, scratch, until

AGENTS = 500
POLL_S = 0.002
WITHIN_S = 10.0


async def measure() -> list[Row]:
    """One agent after the other, with all roles in one process."""
    with scratch("spawn") as data_dir:
        async with runtime(data_dir) as (_, client):
            await spawn(client, 50)
            taken = [await _until_ready(client) for _ in range(AGENTS)]
    return [
        row("spawn to Ready in the projection, p50", percentile(taken, 0.50), "ms", better="lower"),
        row(
            "spawn to Ready in the projection, p99",
            percentile(taken, 0.99),
            "ms",
            better="lower",
            floor=1_000,
        ),
    ]


async def _until_ready(client: Client) -> float:
    """Milliseconds."""
    began = time.perf_counter()
    agent_id = await client.commands.schedule_agent({"name": "bench"})
    await until(lambda: _ready(client, agent_id), every_s=POLL_S, within_s=WITHIN_S)
    return (time.perf_counter() - began) * 1e3


async def _ready(client: Client, agent_id: str) -> bool:
    async with client.queries.connect() as connection:
        found = await agent(connection, agent_id)
    return found is not None and found.state == "ready"
