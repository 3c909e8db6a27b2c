"""Who goes first."""

from typing import Any

import pytest

from app.domain.scheduling import ranking
from app.domain.task import Task
from events.agent_config import DataClass, SandboxTier
from events.commands import AssignTask, CancelTask, ExpireTask
from tests.support.small_pool import SECOND, SmallPool

HOUR = 3600


def with_one_place(**node: Any) -> SmallPool:
    pool = SmallPool()
    pool.node(tasks=1, **node)
    pool.agent()
    return pool


def order_of(pool: SmallPool) -> list[str]:
    """The tasks in the order in which they run, one after the other."""
    ran: list[str] = []
    while True:
        pool.go_on()
        running = [*pool.at]
        if not running:
            return ran
        ran += running
        pool.complete(*running)


def test_real_time_goes_before_batch_whatever_the_priority() -> None:
    pool = with_one_place()
    pool.submit("batch", priority=1000)
    pool.submit("real", realtime=True, priority=-1000)
    assert order_of(pool) == ["real", "batch"]


def test_priority_goes_before_age_and_age_before_nothing() -> None:
    pool = with_one_place()
    for name, priority in [("old", 0), ("young", 0), ("urgent", 5), ("more urgent", 50), ("idle", -3)]:
        pool.submit(name.replace(" ", "-"), priority=priority)
    assert order_of(pool) == ["more-urgent", "urgent", "old", "young", "idle"]


def test_a_deadline_goes_before_none_and_the_sooner_one_first() -> None:
    pool = with_one_place()
    pool.submit("none")
    pool.submit("later", due_in=300)
    pool.submit("sooner", due_in=60)
    pool.submit("far", due_in=HOUR)
    assert order_of(pool) == ["sooner", "later", "none", "far"]


def test_who_has_waited_as_long_as_a_priority_is_worth_goes_first() -> None:
    pool = with_one_place()
    pool.submit("patient")
    pool.wait(4 * 60)
    pool.submit("five-points", priority=5)
    pool.wait(2 * 60)
    pool.submit("five-points-later", priority=5)
    assert order_of(pool) == ["five-points", "patient", "five-points-later"]


def test_a_batch_task_that_is_two_hours_overdue_goes_with_those_in_real_time() -> None:
    pool = with_one_place()
    pool.submit("batch")
    pool.submit("first", realtime=True)
    pool.go_on()
    pool.wait(3 * HOUR)
    pool.submit("second", realtime=True)
    pool.complete("first")
    assert order_of(pool) == ["batch", "second"]


@pytest.mark.parametrize("priority", [-1000, -100, -11, -10, -1, 0, 1, 10, 11, 100, 101, 999])
def test_a_point_more_is_worth_more_and_nothing_is_worth_an_hour(priority: int) -> None:
    assert ranking.worth_ms(priority) < ranking.worth_ms(priority + 1)
    assert ranking.worth_ms(priority) == -ranking.worth_ms(-priority)
    assert abs(ranking.worth_ms(priority)) <= ranking.worth_ms(1000) == 40 * 60 * 1000


def test_no_task_is_overtaken_by_one_that_comes_an_hour_and_a_half_later() -> None:
    last = Task(priority=-1000, submitted=0)
    first = Task(priority=1000, submitted=90 * 60 * SECOND + SECOND)
    assert ranking.due_ms(last) < ranking.due_ms(first)


def test_an_agents_large_task_does_not_keep_its_small_one_waiting() -> None:
    pool = SmallPool()
    pool.node(memory=1024)
    pool.agent()
    pool.submit("large", memory=2048)
    pool.submit("small", memory=256)
    assert order_of(pool) == ["small"]


def test_an_agent_runs_no_more_at_once_than_its_configuration_says() -> None:
    pool = SmallPool()
    pool.node()
    pool.agent("a1", at_once=2)
    pool.agent("a2", at_once=1)
    for number in range(3):
        pool.submit(f"x{number}", "a1", memory=16, cores=0.1)
        pool.submit(f"y{number}", "a2", memory=16, cores=0.1)
    pool.go_on()
    assert sorted(pool.at) == ["x0", "x1", "y0"]


# Tenants


def test_the_tenant_that_has_less_of_the_pool_goes_first() -> None:
    pool = SmallPool()
    pool.node(tasks=4)
    pool.agent()
    for number in range(8):
        pool.submit(f"many{number}", tenant="north", memory=16, priority=9)
    for number in range(2):
        pool.submit(f"few{number}", tenant="south", memory=16)
    pool.go_on()
    assert sorted(pool.at) == ["few0", "few1", "many0", "many1"]


def test_tenants_that_have_nothing_take_turns() -> None:
    pool = with_one_place()
    for number in range(3):
        pool.submit(f"n{number}", tenant="north")
    for number in range(2):
        pool.submit(f"s{number}", tenant="south")
    assert order_of(pool) == ["n0", "s0", "n1", "s1", "n2"]


def test_a_share_is_that_of_the_resource_that_a_tenant_has_most_of() -> None:
    pool = SmallPool()
    pool.node(cores=10, memory=10_000, tasks=100)
    pool.agent()
    for number in range(20):
        pool.submit(f"cores{number}", tenant="cores", cores=1, memory=100)
        pool.submit(f"memory{number}", tenant="memory", cores=0.1, memory=1000)
    pool.go_on()
    of = {name: sum(task.startswith(name) for task in pool.at) for name in ("cores", "memory")}
    assert of == {"cores": 9, "memory": 9}


def test_what_time_alone_decides_is_decided_when_it_has_come() -> None:
    pool = with_one_place()
    pool.submit("holder")
    pool.go_on()
    pool.submit("late", due_in=30)
    assert pool.decide() == []
    assert pool.schedule.wakes_at is not None
    pool.wait(29)
    assert pool.decide() == []
    pool.wait(2)
    assert pool.decide() == [ExpireTask(agent_id="a1", task_id="late")]
    pool.complete("holder")
    assert pool.decide() == []


def test_an_expiry_that_came_too_soon_is_asked_for_again() -> None:
    pool = with_one_place()
    pool.submit("holder")
    pool.go_on()
    pool.submit("late", due_in=1)
    pool.wait(2)
    [expire] = pool.decide()
    pool.schedule.refused(expire)
    assert pool.decide() == []
    pool.wait(2)
    assert pool.decide() == [expire]


# Demands


def test_labels_tiers_and_classes_of_data_decide_where_a_task_may_run() -> None:
    pool = SmallPool()
    pool.node("plain")
    pool.node("eu", zone="eu", spot="yes")
    pool.node("safe", tiers=(SandboxTier.GVISOR,))
    pool.node("public", cleared_for=[DataClass.PUBLIC])
    pool.agent()
    pool.submit("in-eu", requires={"zone": "eu"})
    pool.submit("no-spot", avoids={"spot": "yes"}, requires={"zone": "eu"})
    pool.submit("isolated", tier=SandboxTier.DOCKER, program=True)
    pool.submit("secret", classes=(DataClass.SECRET,), avoids={"spot": "yes"})
    made = {each.task_id: each for each in pool.go_on() if isinstance(each, AssignTask)}
    assert made["in-eu"].node_id == "eu"
    assert "no-spot" not in made
    assert (made["isolated"].node_id, made["isolated"].sandbox) == ("safe", SandboxTier.GVISOR)
    assert made["secret"].node_id in ("plain", "safe")


def test_a_node_that_has_preferred_labels_is_taken_first_and_no_other_refused() -> None:
    pool = SmallPool()
    pool.node("a", tasks=2)
    pool.node("b", tasks=1, disk="ssd")
    pool.agent()
    for number in range(3):
        pool.submit(f"t{number}", prefers={"disk": "ssd"}, memory=16, cores=0.1)
    pool.go_on()
    assert pool.at == {"t0": "b", "t1": "a", "t2": "a"}


def test_what_waits_for_an_agent_that_has_ended_is_called_off() -> None:
    from events.agent import AgentHalted

    pool = with_one_place()
    pool.submit("t1")
    pool.submit("t2")
    pool.go_on()
    pool.take(AgentHalted(agent_id="a1", reason="enough"), "a1")
    assert pool.decide() == [CancelTask(agent_id="a1", task_id="t2", reason="its agent has ended")]
