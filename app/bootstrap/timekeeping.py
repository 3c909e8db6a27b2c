"""The timekeeper, beside the scheduler and under its identity."""

from contextlib import AsyncExitStack

from ..domain.timetable import Timetable
from ..services.commander import Commander
from ..services.gateway import Gateway
from ..services.timekeeper import Timekeeper
from .core import Core
from .process_roles import Supervised, bus_of


def timetable_of(core: Core) -> Timetable:
    """The schedules where the feed begins; take it before anything moves the world on."""
    return Timetable.restored(core.world.agents)


async def start_timekeeper(
    stack: AsyncExitStack,
    core: Core,
    work: Supervised,
    gateway: Gateway | None,
    timetable: Timetable,
    after: int,
) -> Timekeeper:
    """Fire schedules from the state as of position *after*."""
    timekeeper = Timekeeper(
        timetable=timetable,
        after=after,
        upto=await core.log.last_seq(),
        feed=core.feed,
        commander=Commander(
            "scheduler", core.keys.signing("scheduler"), bus_of(core, "scheduler", gateway), core.clock
        ),
        clock=core.clock,
    )
    task = work.start(timekeeper.run(), "timekeeper")
    stack.push_async_callback(work.stop, task)
    return timekeeper
