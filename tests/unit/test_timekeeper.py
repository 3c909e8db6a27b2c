"""Schedules fire through the log: once each, across restarts and whatever is done to the clock."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TypeAlias

import pytest

from app.adapters.blobs.memory import MemoryBlobs
from app.adapters.memory import MemoryEventLog
from app.domain.timetable import Timetable
from app.services.timekeeper import Timekeeper
from events import clock as wire
from events.commands import AssignTask, DeployAgent, JoinNode, QuarantineAgent, ReleaseAgent, TerminateAgent
from events.node import Capacity
from events.task import ScheduleFired, TaskSubmitted
from tests.support.drawn import OneKey
from tests.support.small_runtime import NODE, WORKER, FakeClock, SmallRuntime, small_runtime

Kept: TypeAlias = tuple[MemoryEventLog, FakeClock, MemoryBlobs]


def definition(cron: str, zone: str = "UTC", more: str = "") -> str:
    return (
        f'schedule report {{ agent: "reporter" cron: "{cron}" timezone: "{zone}" region: "eu" {more} }}\n'
        'agent reporter(region: String) -> String { capabilities = ["log"] with { return region; } }\n'
    )


@pytest.fixture
def kept() -> Kept:
    clock = FakeClock()
    return MemoryEventLog(clock), clock, MemoryBlobs(OneKey())


def at(text: str) -> int:
    return wire.from_wire(f"{text}:00Z")


@asynccontextmanager
async def keeping(kept: Kept, now: str) -> AsyncIterator[SmallRuntime]:
    """A runtime that keeps time, started at that time."""
    kept[1].now = at(now)
    async with small_runtime(*kept) as runtime:
        keeper = Timekeeper(
            timetable=Timetable(),
            after=0,
            upto=await runtime.log.last_seq(),
            feed=runtime.feed,
            commander=runtime.commander("scheduler"),
            clock=runtime.clock,
            tick_s=0.005,
        )
        task = asyncio.create_task(keeper.run())
        try:
            yield runtime
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)


async def passes(runtime: SmallRuntime, *times: str) -> None:
    """The clock shows these times, one after the other, each for some ticks."""
    for time in times:
        runtime.clock.now = at(time)
        await asyncio.sleep(0.03)


async def fired(runtime: SmallRuntime) -> list[tuple[str, int]]:
    """What has fired: when it was due, and how many were skipped before it."""
    return [(event.due_at[5:16], event.skipped) for event in await runtime.events(ScheduleFired)]


async def test_a_schedule_gives_its_agent_a_task_with_the_inputs_that_it_names(kept: Kept) -> None:
    async with keeping(kept, "2026-11-21T10:00") as runtime:
        await runtime.spawn(definition("0 * * * *"))
        await passes(runtime, "2026-11-21T10:59", "2026-11-21T11:00", "2026-11-21T11:01")
        [(submitted, came)] = await pairs(runtime)
        assert submitted.work.kind == "body"
        assert submitted.work.given == {"region": "eu"}
        assert submitted.labels == {"schedule": "report"}
        assert (came.schedule, came.due_at, came.skipped) == ("report", "2026-11-21T11:00:00.000000000Z", 0)


async def pairs(runtime: SmallRuntime) -> list[tuple[TaskSubmitted, ScheduleFired]]:
    """Each submission with the firing that is in the same decision."""
    facts = await runtime.facts()
    both = [fact for fact in facts if isinstance(fact.event, TaskSubmitted | ScheduleFired)]
    found = []
    for one, other in zip(both[::2], both[1::2], strict=True):
        assert one.seq + 1 == other.seq
        assert one.envelope.command == other.envelope.command
        assert isinstance(one.event, TaskSubmitted)
        assert isinstance(other.event, ScheduleFired)
        assert one.event.task_id == other.event.task_id
        found.append((one.event, other.event))
    return found


async def test_the_body_runs_at_its_time(kept: Kept) -> None:
    from app.adapters.example_tools import EXAMPLE_TOOLS
    from app.adapters.function_tools import ToolRegistry

    async with keeping(kept, "2026-11-21T10:00") as runtime, runtime.working(ToolRegistry(EXAMPLE_TOOLS)):
        await runtime.spawn(definition("0 * * * *"))
        await passes(runtime, "2026-11-21T11:00")
        [(submitted, _)] = await pairs(runtime)
        assert await runtime.output(await runtime.ended(submitted.task_id)) == "eu"


async def test_after_a_gap_the_newest_is_fired_and_the_others_are_counted(kept: Kept) -> None:
    async with keeping(kept, "2026-11-21T10:00") as runtime:
        await runtime.spawn(definition("0 * * * *"))
        await passes(runtime, "2026-11-21T11:00")
    async with keeping(kept, "2026-11-22T09:30") as runtime:
        await passes(runtime, "2026-11-22T09:30")
        assert await fired(runtime) == [("11-21T11:00", 0), ("11-22T09:00", 21)]


async def test_what_has_fired_is_not_fired_again_by_a_restart(kept: Kept) -> None:
    async with keeping(kept, "2026-11-21T10:00") as runtime:
        await runtime.spawn(definition("0 * * * *"))
        await passes(runtime, "2026-11-21T11:00")
    for _ in range(3):
        async with keeping(kept, "2026-11-21T11:00") as runtime:
            await passes(runtime, "2026-11-21T11:00", "2026-11-21T11:59")
            assert await fired(runtime) == [("11-21T11:00", 0)]


async def test_what_came_due_and_was_not_fired_is_fired_after_the_restart(kept: Kept) -> None:
    async with small_runtime(*kept) as runtime:  # stopped between its time and its firing
        kept[1].now = at("2026-11-21T10:00")
        await runtime.spawn(definition("0 * * * *"))
    async with keeping(kept, "2026-11-21T11:00") as runtime:
        await passes(runtime, "2026-11-21T11:00")
        assert await fired(runtime) == [("11-21T11:00", 0)]


async def test_two_keepers_fire_once(kept: Kept) -> None:
    async with keeping(kept, "2026-11-21T10:00") as runtime:
        await runtime.spawn(definition("0 * * * *"))
        second = Timekeeper(
            timetable=Timetable(),
            after=0,
            upto=0,
            feed=runtime.feed,
            commander=runtime.commander("scheduler"),
            clock=runtime.clock,
            tick_s=0.005,
        )
        task = asyncio.create_task(second.run())
        await passes(runtime, "2026-11-21T11:00", "2026-11-21T12:00")
        task.cancel()
        assert await fired(runtime) == [("11-21T11:00", 0), ("11-21T12:00", 0)]


async def test_a_clock_that_is_set_back_waits_until_it_is_where_it_was(kept: Kept) -> None:
    async with keeping(kept, "2026-11-21T10:00") as runtime:
        await runtime.spawn(definition("*/30 * * * *"))
        await passes(runtime, "2026-11-21T12:00")  # set forward: the newest is fired, three are skipped
        await passes(runtime, "2026-11-21T10:30", "2026-11-21T11:00", "2026-11-21T12:00")
        assert await fired(runtime) == [("11-21T12:00", 3)]
        await passes(runtime, "2026-11-21T12:30")
        assert await fired(runtime) == [("11-21T12:00", 3), ("11-21T12:30", 0)]


@pytest.mark.parametrize(
    ("cron", "zone", "begun", "expected"),
    [
        # In Berlin there is no 02:30 on 29 March: it fires at 03:00, which is 01:00Z.
        ("30 2 * * *", "Europe/Berlin", "2026-03-28T12:00", ["03-29T01:00", "03-30T00:30"]),
        # And 02:30 comes twice on 25 October; the first is 00:30Z.
        ("30 2 * * *", "Europe/Berlin", "2026-10-24T12:00", ["10-25T00:30", "10-26T01:30"]),
        ("30 2 * * *", "America/New_York", "2026-03-07T12:00", ["03-08T07:00", "03-09T06:30"]),
        ("30 1 * * *", "America/New_York", "2026-10-31T12:00", ["11-01T05:30", "11-02T06:30"]),
    ],
    ids=["Berlin spring", "Berlin autumn", "New York spring", "New York autumn"],
)
async def test_every_change_of_clocks_is_met(
    kept: Kept, cron: str, zone: str, begun: str, expected: list[str]
) -> None:
    async with keeping(kept, begun) as runtime:
        await runtime.spawn(definition(cron, zone))
        for _ in range(43 * 2):
            runtime.clock.now += 30 * 60 * 1_000_000_000
            await asyncio.sleep(0.008)
        assert await fired(runtime) == [(time, 0) for time in expected]


async def test_an_agent_that_may_not_work_is_not_given_any_and_catches_up_once(kept: Kept) -> None:
    async with keeping(kept, "2026-11-21T10:00") as runtime:
        await runtime.spawn(definition("0 * * * *"))
        await runtime.do(QuarantineAgent(agent_id="a1", reason="odd"))
        await passes(runtime, "2026-11-21T11:00", "2026-11-21T12:00", "2026-11-21T13:10")
        assert await fired(runtime) == []
        await runtime.do(ReleaseAgent(agent_id="a1"))
        await passes(runtime, "2026-11-21T13:10")
        assert await fired(runtime) == [("11-21T13:00", 2)]


async def test_a_terminated_agent_fires_no_more(kept: Kept) -> None:
    async with keeping(kept, "2026-11-21T10:00") as runtime:
        await runtime.spawn(definition("0 * * * *"))
        await runtime.do(TerminateAgent(agent_id="a1"))
        await passes(runtime, "2026-11-21T11:00", "2026-11-21T12:00")
        assert await fired(runtime) == []


async def test_a_one_shot_fires_once_for_good(kept: Kept) -> None:
    async with keeping(kept, "2026-11-21T10:00") as runtime:
        await runtime.spawn(definition("0 * * * *", more="one_shot: true"))
        await passes(runtime, "2026-11-21T11:00", "2026-11-21T12:00")
        await runtime.do(
            DeployAgent(agent_id="a1", source=definition("0 * * * *", more="one_shot: true") + "// 2\n")
        )
        await passes(runtime, "2026-11-21T13:00", "2026-11-21T14:00")
        assert await fired(runtime) == [("11-21T11:00", 0)]


async def test_an_agent_that_is_busy_gets_its_task_all_the_same(kept: Kept) -> None:
    async with keeping(kept, "2026-11-21T10:00") as runtime:
        await runtime.spawn(definition("0 * * * *"))
        task = await runtime.submit(inputs={"region": "us"})
        capacity = Capacity(cpu_cores=1, memory_mb=64, tasks=1, bodies=1)
        await runtime.do(JoinNode(node_id=NODE, capacity=capacity), WORKER)
        await runtime.do(AssignTask(agent_id="a1", task_id=task, node_id=NODE), "scheduler")
        await passes(runtime, "2026-11-21T11:00")
        assert await fired(runtime) == [("11-21T11:00", 0)]


async def test_hundreds_of_agents_fire_at_the_same_time_once_each(kept: Kept) -> None:
    count = 300
    async with keeping(kept, "2026-11-21T10:00") as runtime:
        for number in range(count):
            await runtime.spawn(definition("0 * * * *"), f"a{number}")
        runtime.clock.now = at("2026-11-21T11:00")
        async with asyncio.timeout(20):
            while len(await runtime.events(ScheduleFired)) < count:  # noqa: ASYNC110
                await asyncio.sleep(0.05)
        await asyncio.sleep(0.05)
        assert len({event.task_id for event in await runtime.events(ScheduleFired)}) == count
        assert len(await runtime.events(TaskSubmitted)) == count
