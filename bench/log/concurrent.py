"""Signed appends through the command path: a thousand callers, each on an agent of its own."""

from collections.abc import Sequence

from ..harness import Row, median, row
from .callers import quarantine, spawn, submissions
from .runtime import runtime, scratch

CALLERS = 1_000
EACH = 6
ROUNDS = 5
FLOOR = 2_000

DEPLOYMENTS: dict[str, Sequence[str]] = {
    "gateway alone": ("gateway",),
    "gateway and projector": ("gateway", "projector"),
    "all roles": (),
}


async def measure() -> list[Row]:
    """One row for each set of roles in the runtime's process; the first has the floor."""
    rows: list[Row] = []
    with scratch("concurrent") as data_dir:
        for title, roles in DEPLOYMENTS.items():
            async with runtime(data_dir, roles) as (running, client):
                agents = await spawn(client, CALLERS)
                await quarantine(client, agents)
                await submissions(client, agents, 1)
                spent = running.cpu_s()
                rates = [await submissions(client, agents, EACH) for _ in range(ROUNDS)]
                spent = (running.cpu_s() - spent) / (CALLERS * EACH * ROUNDS)
            floor = FLOOR if not rows else None
            name = f"signed appends, 1,000 callers, {title}"
            rows += [
                row(name, median(rates), "commands/s", floor=floor),
                row(f"{name}: processor time", spent * 1e6, "µs/command", better="lower"),
            ]
    return rows
