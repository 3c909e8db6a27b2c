"""Agents of one definition: how long 10,000 take to be spawned, and what an idle one keeps in memory."""

import asyncio
import time
from pathlib import Path

import uvloop

from app.bootstrap import Client
from events.commands import SpawnAgent

from ..harness import Row, row
from ..log.runtime import runtime, scratch

AGENTS = 10_000
AT_ONCE = 500
"""Commands that wait for their answers at the same time."""
WARM = 200
DEFINITION = Path(__file__).parents[2] / "docs" / "examples" / "ledger_summary.symbi"
WITHIN_S = 120.0


def measure() -> list[Row]:
    """All roles in one process; the definition goes with each command, and is read once."""
    return uvloop.run(_measured())


async def _measured() -> list[Row]:
    text = DEFINITION.read_text()
    room = {"SYMBI_RUNTIME__MAX_CONCURRENT_AGENTS": str(AGENTS + WARM)}
    with scratch("definitions") as data_dir:
        async with runtime(data_dir, more=room) as (running, client):
            await _spawn(client, text, WARM)
            await _settled(client)
            before = running.memory()
            began = time.perf_counter()
            await _spawn(client, text, AGENTS)
            took = time.perf_counter() - began
            await _settled(client)
            grown = running.memory() - before
    return [
        row("10,000 agents spawned from one definition", took, "s", better="lower", floor=10),
        row("memory of an idle agent", grown / AGENTS / 1024, "KB", better="lower", floor=100),
    ]


async def _spawn(client: Client, text: str, count: int) -> None:
    """That many agents of *text*, each answered."""
    command = SpawnAgent(source=text, file=DEFINITION.name)
    left = iter(range(count))

    async def caller() -> None:
        for _ in left:
            answer = await client.commands.send(command, timeout=WITHIN_S)
            assert answer.result["state"] == "ready", answer

    await asyncio.gather(*(caller() for _ in range(min(AT_ONCE, count))))


async def _settled(client: Client) -> None:
    """Return when everything that was written has been read and projected."""
    await client.wait_for(await client.log.last_seq(), timeout_s=WITHIN_S)
