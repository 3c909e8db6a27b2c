"""Who makes room for whom, and how many do."""

from typing import Any

from events.commands import AssignTask, PreemptTask
from tests.support.small_pool import SmallPool

HOUR = 3600


def full(*priorities: int, memory: int = 512, **node: Any) -> SmallPool:
    """A node that is full of tasks with these priorities, `t0` first."""
    pool = SmallPool()
    pool.node(tasks=len(priorities), **node)
    pool.agent()
    for number, priority in enumerate(priorities):
        pool.submit(f"t{number}", priority=priority, memory=memory, cores=0.1)
        pool.go_on()
    assert len(pool.at) == len(priorities)
    return pool


def victims(pool: SmallPool) -> list[str]:
    """Who is asked to leave now."""
    return [each.task_id for each in pool.decide() if isinstance(each, PreemptTask)]


def test_a_higher_priority_takes_the_place_of_the_lowest_and_of_those_of_the_youngest() -> None:
    pool = full(5, 1, 1, 3)
    pool.submit("urgent", priority=9)
    assert victims(pool) == ["t2"]


def test_nobody_leaves_for_an_equal_or_a_lower_priority() -> None:
    pool = full(5, 5)
    pool.submit("equal", priority=5)
    pool.submit("lower", priority=4)
    assert victims(pool) == []


def test_nobody_leaves_while_there_is_room_elsewhere() -> None:
    pool = full(0, 0)
    pool.node("n2", tasks=1)
    pool.submit("urgent", priority=9)
    assert [type(each) for each in pool.decide()] == [AssignTask]


def test_a_real_time_task_takes_the_place_of_any_batch_task_and_never_of_one_in_real_time() -> None:
    pool = full(1000)
    pool.submit("real", realtime=True, priority=-1000)
    assert victims(pool) == ["t0"]
    pool = SmallPool()
    pool.node(tasks=1)
    pool.agent()
    pool.submit("first", realtime=True, priority=-1000)
    pool.go_on()
    pool.submit("second", realtime=True, priority=1000)
    assert victims(pool) == []


def test_no_more_leave_than_are_needed() -> None:
    pool = full(0, 0, 0, 0, memory=1024)
    pool.submit("two-gigabytes", priority=5, memory=2048)
    assert len(victims(pool)) == 2
    pool = SmallPool()
    pool.node(memory=4096)
    pool.agent()
    for number, memory in enumerate([512, 512, 2048, 512, 512]):
        pool.submit(f"t{number}", memory=memory, cores=0.1)
    pool.go_on()
    pool.submit("urgent", priority=5, memory=2048)
    assert victims(pool) == ["t2"]


def test_the_node_where_fewest_leave_is_chosen() -> None:
    pool = SmallPool()
    pool.node("small-ones", memory=2048)
    pool.agent()
    for number in range(4):
        pool.submit(f"small{number}", memory=512, cores=0.1)
    pool.go_on()
    pool.node("large-one", memory=2048)
    pool.submit("large", memory=2048, cores=0.1)
    pool.go_on()
    pool.submit("urgent", priority=5, memory=1024, cores=0.1)
    assert victims(pool) == ["large"]


def test_what_was_freed_is_for_the_task_that_it_was_freed_for() -> None:
    pool = full(0, 0)
    pool.submit("urgent", priority=9)
    [victim] = pool.decide()
    assert pool.schedule.claims == {"urgent": "n1"}
    pool.submit("as-urgent", priority=9)
    assert victims(pool) == ["t0"]
    pool.record(victim)
    made = [each for each in pool.go_on() if isinstance(each, AssignTask)]
    assert [each.task_id for each in made] == ["urgent"]
    assert "urgent" in pool.at


def test_each_of_several_urgent_tasks_gets_victims_of_its_own() -> None:
    pool = SmallPool()
    pool.node("n1", tasks=1)
    pool.node("n2", tasks=2)
    pool.agent()
    for number in range(3):
        pool.submit(f"t{number}")
    pool.go_on()
    for number in range(4):
        pool.submit(f"urgent{number}", priority=9)
    assert sorted(victims(pool)) == ["t0", "t1", "t2"]
    assert sorted(pool.schedule.claims.values()) == ["n1", "n2", "n2"]


def test_of_two_that_claim_room_the_first_gets_what_comes_first() -> None:
    pool = full(0, 0)
    pool.submit("first", priority=9)
    pool.submit("second", priority=9)
    of_first, of_second = pool.decide()
    pool.record(of_second)
    [made] = pool.decide()
    assert isinstance(made, AssignTask)
    assert made.task_id == "first"
    pool.record(made)
    pool.record(of_first)
    pool.go_on()
    assert sorted(pool.at) == ["first", "second"]


def test_a_victim_waits_for_its_turn_again() -> None:
    pool = full(0)
    pool.submit("urgent", priority=9)
    pool.go_on()
    assert pool.at == {"urgent": "n1"}
    pool.complete("urgent")
    pool.go_on()
    assert pool.at == {"t0": "n1"}


def test_a_victim_that_ends_by_itself_makes_room_as_well() -> None:
    pool = full(0)
    pool.submit("urgent", priority=9)
    [preempt] = pool.decide()
    pool.complete("t0")
    pool.schedule.refused(preempt)
    pool.go_on()
    assert pool.at == {"urgent": "n1"}


def test_a_refused_preemption_leaves_everything_as_it_was() -> None:
    pool = full(0)
    pool.submit("urgent", priority=9)
    [preempt] = pool.decide()
    pool.schedule.refused(preempt)
    assert pool.schedule.claims == {}
    pool.complete("t0")
    pool.go_on()
    assert pool.at == {"urgent": "n1"}


def test_who_has_grown_old_in_the_queue_finishes() -> None:
    pool = full(0)
    pool.submit("patient")
    pool.wait(HOUR)
    pool.complete("t0")
    pool.go_on()
    assert pool.at == {"patient": "n1"}
    pool.submit("urgent", priority=9)
    assert victims(pool) == []


def test_a_tenant_takes_nothing_from_one_that_has_no_more_than_itself() -> None:
    pool = SmallPool()
    pool.node(tasks=3)
    pool.agent()
    pool.submit("north0", tenant="north")
    pool.submit("south0", tenant="south")
    pool.submit("south1", tenant="south")
    pool.go_on()
    pool.submit("south2", tenant="south", priority=9)
    assert victims(pool) == ["south1"]
    pool = SmallPool()
    pool.node(tasks=2)
    pool.agent()
    pool.submit("north0", tenant="north")
    pool.submit("south0", tenant="south", priority=9)
    pool.go_on()
    pool.submit("south1", tenant="south", priority=9)
    assert victims(pool) == []


def test_room_that_is_being_made_already_needs_no_second_victim() -> None:
    from events.task import TaskCancelled

    pool = full(0, 0)
    pool.submit("urgent", priority=9)
    [preempt] = pool.decide()
    pool.take(TaskCancelled(task_id="urgent", reason="never mind"), "a1")
    pool.submit("as-urgent", priority=9)
    assert victims(pool) == []
    assert pool.schedule.claims == {"as-urgent": "n1"}
    pool.record(preempt)
    pool.go_on()
    assert "as-urgent" in pool.at


def test_a_body_takes_the_place_of_a_body() -> None:
    pool = SmallPool()
    pool.node(tasks=1, bodies=1)
    pool.agent()
    pool.submit("program")
    pool.submit("body", body=True)
    pool.go_on()
    pool.submit("urgent", priority=9, body=True)
    assert victims(pool) == ["body"]


def test_a_claim_goes_with_its_node_and_with_its_task() -> None:
    from events.node import NodeDrained
    from events.task import TaskCancelled

    pool = full(0)
    pool.submit("urgent", priority=9)
    pool.decide()
    pool.take(NodeDrained(node_id="n1", reason="tired"))
    assert pool.schedule.claims == {}
    pool = full(0)
    pool.submit("urgent", priority=9)
    pool.decide()
    pool.take(TaskCancelled(task_id="urgent", reason="never mind"), "a1")
    assert pool.schedule.claims == {}


# Waiting too long


def test_a_large_task_is_not_passed_by_for_ever() -> None:
    pool = SmallPool()
    pool.node(memory=2048, tasks=2)
    pool.agent()
    for number in range(2):
        pool.submit(f"s{number}", memory=1024)
    pool.go_on()
    pool.submit("large", memory=2048)
    for number in range(2, 40):
        pool.submit(f"s{number}", memory=1024)
        pool.wait(60)
        pool.complete(min(pool.at, key=lambda name: int(name[1:])))
        pool.go_on()
        if "large" in pool.at:
            break
    assert "large" in pool.at
    assert number < 15
