"""The projector's catch-up: from an empty database to the end of the log."""

import time

from app.bootstrap import Client
from projections.checkpoints import positions

from ..harness import Row, row
from .history import Archive
from .runtime import runtime, until

EVENTS = 200_000
POLL_S = 0.05
WITHIN_S = 300.0


async def measure(archive: Archive) -> list[Row]:
    """Every signature is verified on the way; the clock starts with the first rows."""
    await archive.grow(EVENTS)
    archive.forget_database()
    async with runtime(archive.data_dir, ("projector",)) as (running, client):
        spent = running.cpu_s()
        rate, events = await _rate(client)
        spent = running.cpu_s() - spent
    return [
        row("projection catch-up over 200,000 events", rate, "events/s", floor=7_000),
        row(
            "projection catch-up, processor time of the runtime",
            spent / events * 1e6,
            "µs/event",
            better="lower",
        ),
    ]


async def _rate(client: Client) -> tuple[float, int]:
    """Events per second, and how many there were."""
    began, start = time.perf_counter(), await _position(client)
    last = await client.log.last_seq()
    await until(lambda: _reached(client, last), every_s=POLL_S, within_s=WITHIN_S)
    return (last - start) / (time.perf_counter() - began), last - start


async def _reached(client: Client, position: int) -> bool:
    return await _position(client) >= position


async def _position(client: Client) -> int:
    async with client.queries.connect() as connection:
        return min((one.position for one in await positions(connection)), default=0)
