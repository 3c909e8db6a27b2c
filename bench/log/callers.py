"""Callers of one client process: agents to command, and commands that each become one event."""

import asyncio
import time
from collections.abc import Sequence
from typing import Any

from app.bootstrap import Client
from events.commands import QuarantineAgent
from events.task import NoopWork

WITHIN_S = 60.0
"""How long a caller waits for an answer: with a thousand of them it may be long."""


async def spawn(client: Client, count: int, **config: Any) -> list[str]:
    """Spawn *count* agents at once; their ids."""
    document = {"name": "bench", **config}
    return list(await asyncio.gather(*(client.commands.schedule_agent(document) for _ in range(count))))


async def quarantine(client: Client, agents: Sequence[str]) -> None:
    """Let *agents* run nothing, so that what is submitted to them stays one event."""
    await asyncio.gather(*(client.send(QuarantineAgent(agent_id=agent)) for agent in agents))


async def submissions(client: Client, agents: Sequence[str], each: int) -> float:
    """One caller for each agent, which submits *each* tasks one after the other; commands per second."""

    async def caller(agent: str) -> None:
        for _ in range(each):
            await client.commands.submit_task(agent, NoopWork())

    began = time.perf_counter()
    await asyncio.gather(*(caller(agent) for agent in agents))
    return len(agents) * each / (time.perf_counter() - began)
