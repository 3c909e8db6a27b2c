"""Schedules fire once each, whatever happens to the agent, the runtime or the clock."""

from typing import Any

import pytest

from app.domain.agent import AGENT, Agent
from app.domain.rejections import (
    AgentHasNoBody,
    AgentInQuarantine,
    AgentNotReady,
    ScheduleFiredAlready,
    ScheduleUnknown,
)
from app.domain.task import TASK
from app.domain.timetable import Firing, Timetable
from events import clock
from events.agent import (
    AgentDeployed,
    AgentEvent,
    AgentReadied,
    AgentRegistered,
    AgentSpawned,
    AgentTerminated,
)
from events.agent_config import AgentConfig
from events.agent_definition import DefinitionRef
from events.agent_schedule import Schedule
from events.commands import FireSchedule
from events.content import ContentRef
from events.task import BodyWork, ScheduleFired, TaskAssigned, TaskEvent, TaskSubmitted
from tests.support.agent_life import QUARANTINED, RESUMED, SUSPENDED
from tests.support.given import given

DIGEST = "sha256:" + "0" * 64
BODY = DefinitionRef(
    digest=DIGEST, content=ContentRef(digest=DIGEST, size=1, scope="definition/0"), agent="reporter"
)
SINCE = "2026-11-21T09:00:00Z"
HOURLY = Schedule(name="hourly", cron="0 * * * *", inputs={"day": "today"})


def ns(time: str) -> int:
    return clock.from_wire(f"2026-11-{time}:00Z" if "T" in time else f"2026-11-21T{time}:00Z")


def born(*schedules: Schedule, definition: DefinitionRef | None = BODY) -> tuple[AgentEvent, ...]:
    return (
        AgentRegistered(
            agent_id="a1",
            title="reporter",
            definition_digest=DIGEST,
            owner="human/alice",
            definition=definition,
        ),
        AgentSpawned(agent_id="a1", definition_digest=DIGEST),
        AgentReadied(agent_id="a1", config=config(*schedules), schedules_from=SINCE),
    )


def config(*schedules: Schedule) -> AgentConfig:
    return AgentConfig(name="reporter", schedules=[*schedules])


def fired(time: str, schedule: str = "hourly") -> ScheduleFired:
    return ScheduleFired(task_id="t1", schedule=schedule, due_at=clock.to_wire(ns(time)))


def timetable(*events: AgentEvent | TaskEvent) -> Timetable:
    """What the log comes to; and a snapshot at any position of it comes to the same."""
    folded = Timetable()
    for event in events:
        folded.take("a1", event)
    return folded


def restored(*events: AgentEvent | TaskEvent) -> Timetable:
    agent = Agent()
    for event in events:
        agent = AGENT.evolve(agent, event)
    return Timetable.restored({"a1": agent})


EITHER = pytest.mark.parametrize("made", [timetable, restored])


def firing(time: str, skipped: int = 0, schedule: str = "hourly") -> Firing:
    return Firing("a1", schedule, ns(time), skipped)


@EITHER
def test_a_schedule_is_due_at_its_time_and_not_before(made: Any) -> None:
    table = made(*born(HOURLY))
    assert table.next_ns == ns("10:00")
    assert table.due(ns("10:00") - 1) == []
    assert table.due(ns("10:00")) == [firing("10:00")]


@EITHER
def test_what_is_due_is_named_once_until_it_is_recorded_or_refused(made: Any) -> None:
    table = made(*born(HOURLY))
    assert table.due(ns("10:00")) == [firing("10:00")]
    assert table.due(ns("12:00")) == []
    table.take("a1", fired("10:00"))
    assert table.due(ns("12:30")) == [firing("12:00", skipped=1)]


@EITHER
def test_after_a_gap_the_newest_is_fired_and_the_others_are_counted(made: Any) -> None:
    assert made(*born(HOURLY)).due(ns("15:59")) == [firing("15:00", skipped=5)]


@EITHER
def test_what_has_fired_is_not_fired_again_nor_what_was_before_it(made: Any) -> None:
    table = made(*born(HOURLY), fired("15:00"))
    assert table.due(ns("12:00")) == []  # the clock was set back
    assert table.due(ns("15:59")) == []
    assert table.due(ns("16:00")) == [firing("16:00")]


@EITHER
def test_times_before_the_definition_do_not_count(made: Any) -> None:
    at = Schedule(name="past", at="2026-11-21T08:00:00Z")
    table = made(*born(at))
    assert table.due(ns("23T00:00")) == []
    assert table.next_ns is None


@EITHER
def test_one_instant_is_fired_once_however_late(made: Any) -> None:
    at = Schedule(name="launch", at="2026-11-21T11:00:00Z")
    assert made(*born(at)).due(ns("10:59")) == []
    assert made(*born(at)).due(ns("22T00:00")) == [firing("11:00", schedule="launch")]
    assert made(*born(at), fired("11:00", "launch")).due(ns("22T00:00")) == []


@EITHER
def test_a_one_shot_fires_its_first_time_and_never_again(made: Any) -> None:
    once = Schedule(name="once", cron="0 * * * *", one_shot=True)
    assert made(*born(once)).due(ns("15:00")) == [firing("10:00", schedule="once")]
    history = (*born(once), fired("10:00", "once"))
    assert made(*history).next_ns is None
    deployed = AgentDeployed(
        agent_id="a1", definition_digest=DIGEST, config=config(once), schedules_from="2026-11-21T12:00:00Z"
    )
    assert made(*history, deployed).next_ns is None


@EITHER
def test_a_suspended_agent_is_not_given_work_and_catches_up_once(made: Any) -> None:
    assigned = TaskAssigned(task_id="t0", agent_id="a1", node_id="n1", assignment=1, attempt=1)
    table = made(*born(HOURLY), assigned, SUSPENDED)
    assert table.due(ns("13:00")) == []
    table.take("a1", RESUMED)
    assert table.due(ns("13:30")) == [firing("13:00", skipped=3)]


@EITHER
def test_a_quarantined_agent_is_not_given_work(made: Any) -> None:
    assert made(*born(HOURLY), QUARANTINED).due(ns("13:00")) == []


@EITHER
def test_an_agent_that_has_ended_is_forgotten(made: Any) -> None:
    table = made(*born(HOURLY), AgentTerminated(agent_id="a1", reason=""))
    assert table.due(ns("13:00")) == []


@EITHER
def test_an_agent_that_runs_is_given_more_work(made: Any) -> None:
    assigned = TaskAssigned(task_id="t0", agent_id="a1", node_id="n1", assignment=1, attempt=1)
    assert made(*born(HOURLY), assigned).due(ns("10:00")) == [firing("10:00")]


def test_a_new_definition_counts_from_its_own_time() -> None:
    daily = Schedule(name="daily", cron="0 12 * * *")
    deployed = AgentDeployed(
        agent_id="a1", definition_digest=DIGEST, config=config(daily), schedules_from="2026-11-21T12:30:00Z"
    )
    table = timetable(*born(HOURLY), deployed)
    assert table.due(ns("23:00")) == []
    assert table.due(ns("22T12:00")) == [firing("22T12:00", schedule="daily")]


def test_a_definition_may_bring_the_first_schedules() -> None:
    deployed = AgentDeployed(
        agent_id="a1", definition_digest=DIGEST, config=config(HOURLY), schedules_from="2026-11-21T12:30:00Z"
    )
    assert timetable(*born(), deployed).due(ns("13:00")) == [firing("13:00")]


def test_what_was_refused_waits_for_the_agents_next_event() -> None:
    table = timetable(*born(HOURLY))
    [refused] = table.due(ns("10:00"))
    table.refused(refused)
    assert table.due(ns("10:30")) == []
    table.take("a1", QUARANTINED)
    assert table.due(ns("10:30")) == []
    table.take("a1", RESUMED)
    table.take("a1", fired("09:00", "another"))
    assert table.due(ns("10:30")) == []


def test_several_agents_are_fired_in_the_order_of_their_times_and_a_few_at_a_time() -> None:
    table = Timetable()
    for number in range(5):
        for event in born(HOURLY):
            table.take(f"a{number}", event.model_copy(update={"agent_id": f"a{number}"}))
    first = table.due(ns("10:00"), most=3)
    assert len(first) == 3
    assert {each.agent_id for each in first + table.due(ns("10:00"))} == {f"a{n}" for n in range(5)}


def test_a_schedule_whose_times_cannot_be_told_is_named_and_the_others_fire() -> None:
    table = timetable(*born(Schedule(name="odd", cron="every day"), HOURLY))
    assert table.due(ns("10:00")) == [firing("10:00")]
    assert "every day" in table.unreadable["a1", "odd"]


# Firing is a decision


def fire(time: str, schedule: str = "hourly", skipped: int = 0) -> FireSchedule:
    return FireSchedule(agent_id="a1", schedule=schedule, due_at=clock.to_wire(ns(time)), skipped=skipped)


def test_firing_submits_the_task_and_says_which_time_came() -> None:
    submitted, came = given(TASK, *born(HOURLY)).when(fire("10:00", skipped=2)).events
    assert isinstance(submitted, TaskSubmitted)
    assert submitted.work == BodyWork(given={"day": "today"}, definition=BODY)
    assert came == ScheduleFired(
        task_id=submitted.task_id, schedule="hourly", due_at=clock.to_wire(ns("10:00")), skipped=2
    )


def test_a_time_fires_once_and_no_earlier_one_after_it() -> None:
    history = (*born(HOURLY), fired("11:00"))
    for time in ("11:00", "10:00"):
        given(TASK, *history).when(fire(time)).then_raises(ScheduleFiredAlready, schedule="hourly")
    assert len(given(TASK, *history).when(fire("12:00")).events) == 2


def test_a_one_shot_that_fired_is_refused() -> None:
    once = Schedule(name="once", cron="0 * * * *", one_shot=True)
    history = (*born(once), fired("10:00", "once"))
    given(TASK, *history).when(fire("11:00", "once")).then_raises(ScheduleFiredAlready)


def test_only_an_agent_that_takes_tasks_fires() -> None:
    assigned = TaskAssigned(task_id="t0", agent_id="a1", node_id="n1", assignment=1, attempt=1)
    given(TASK, *born(HOURLY), assigned, SUSPENDED).when(fire("10:00")).then_raises(AgentNotReady)
    given(TASK, *born(HOURLY), QUARANTINED).when(fire("10:00")).then_raises(AgentInQuarantine)
    given(TASK, *born(HOURLY)).when(fire("10:00", "weekly")).then_raises(ScheduleUnknown, schedule="weekly")
    given(TASK, *born(HOURLY, definition=None)).when(fire("10:00")).then_raises(AgentHasNoBody)
