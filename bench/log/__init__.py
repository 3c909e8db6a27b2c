"""The event log and the main job: how fast commands become durable events, and events become rows."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from functools import partial

import uvloop

from ..harness import Row
from . import alone, catch_up, concurrent, spawn, start, task_runs
from .history import Archive


def _runner(measure: Callable[[], Awaitable[Sequence[Row]]]) -> Sequence[Row]:
    async def run() -> Sequence[Row]:
        return await measure()

    return uvloop.run(run())


async def _long_log() -> Sequence[Row]:
    """The measurements that need a long history share one, which is the longest part of both."""
    with Archive.new("long") as archive:
        return [*await start.measure(archive), *await catch_up.measure(archive)]


MEASUREMENTS: Mapping[str, Callable[[], Sequence[Row]]] = {
    "commands of 1,000 concurrent callers": partial(_runner, concurrent.measure),
    "one command at a time": partial(_runner, alone.measure),
    "agents spawned until Ready in the projection": partial(_runner, spawn.measure),
    "durable task runs, and those of DBOS": partial(_runner, task_runs.measure),
    "start on 100,000 events, and catch-up over 200,000": partial(_runner, _long_log),
}
