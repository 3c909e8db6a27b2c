"""Why a task waits, and what would let it run, in words."""

import pytest

from app.domain.scheduling import Schedule
from events.agent import AgentQuarantined, AgentSuspended
from events.agent_config import DataClass, SandboxTier
from events.node import NodeDrained
from tests.support.small_pool import SmallPool


def a_pool(**node: int) -> SmallPool:
    pool = SmallPool()
    pool.node(**node)  # type: ignore[arg-type]
    pool.agent()
    return pool


def test_what_is_not_known_is_said_to_be_so() -> None:
    assert Schedule().why("t1").code == "unknown"


def test_what_runs_does_not_wait() -> None:
    pool = a_pool()
    pool.submit("t1")
    [decision] = pool.decide()
    assert pool.why("t1") == "It has just been given to n1. It starts in a moment."
    pool.record(decision)
    assert pool.why("t1") == "It does not wait: it was given to its node and starts on n1."
    pool.start("t1")
    assert pool.why("t1") == "It does not wait: it runs on n1."


def test_without_nodes_one_must_join() -> None:
    pool = SmallPool()
    pool.agent()
    pool.submit("t1")
    pool.go_on()
    assert pool.why("t1") == "No node has joined. It runs when one joins: `symbi up --roles worker`."


def test_it_says_how_much_is_short_where_least_is() -> None:
    pool = a_pool(memory=8192)
    pool.node("n2", memory=16_384)
    pool.submit("holder", memory=14_336, cores=0.1)
    pool.submit("other", memory=6144, cores=0.1)
    pool.go_on()
    pool.submit("t1", memory=5120, cores=0.1)
    pool.go_on()
    assert pool.why("t1") == (
        "2 nodes could run it, and none has room: 3 GB short on n2. "
        "It runs when tasks there end, or a node joins."
    )
    pool.submit("t2", cores=4, memory=512)
    pool.go_on()
    assert "0.1 cores short on n" in pool.why("t2")


def test_it_says_when_a_node_has_no_place_left() -> None:
    pool = a_pool(tasks=1)
    pool.submit("t1")
    pool.submit("t2")
    pool.go_on()
    assert "n1 runs 1 tasks already, which is all that it takes" in pool.why("t2")


def test_it_names_the_tier_that_is_missing_and_how_to_get_it() -> None:
    pool = a_pool()
    pool.submit("t1", program=True, tier=SandboxTier.GVISOR)
    assert pool.decide() == []
    assert pool.why("t1").startswith("It needs gVisor, which no node offers. Install gVisor beside Docker")


def test_it_says_what_each_node_lacks() -> None:
    pool = a_pool(memory=1024)
    pool.node("n2", zone="us")
    pool.node("n3", zone="eu", cleared_for=[DataClass.PUBLIC])
    pool.submit("t1", memory=2048, classes=(DataClass.PHI,), requires={"zone": "eu"})
    pool.go_on()
    assert pool.why("t1") == (
        "No node can take it: it lacks the label zone=eu (2 nodes); "
        "it may not be given data of the class phi (1 node). It runs when a node joins that can."
    )
    pool.take(NodeDrained(node_id="n2", reason="tired"))
    assert "it is draining (1 node)" in pool.why("t1")


def test_it_says_what_is_too_large_for_every_node() -> None:
    pool = a_pool(memory=1024)
    pool.submit("t1", memory=2048)
    pool.submit("t2", cores=8)
    pool.submit("t3", body=True)
    pool.go_on()
    assert "it has 1 GB, and 2 GB are needed (1 node)" in pool.why("t1")
    assert "it has 4 cores, and 8 cores are needed (1 node)" in pool.why("t2")
    assert "it interprets no bodies (1 node)" in pool.why("t3")


def test_it_says_what_its_agent_does() -> None:
    pool = a_pool()
    pool.agent("a1", at_once=1)
    pool.submit("t1")
    pool.submit("t2")
    pool.go_on()
    assert pool.why("t2") == (
        "Its agent a1 is busy with t1, and runs 1 task at once. "
        "It runs when one of them ends, or max_concurrent_tasks is raised."
    )
    pool.take(AgentSuspended(agent_id="a1", reason="policy"), "a1")
    assert "is suspended. It runs when the agent is resumed: `symbi agent resume a1`." in pool.why("t2")
    assert "It goes on when the agent is resumed" in pool.why("t1")
    pool.take(AgentQuarantined(agent_id="a1", reason="odd"), "a1")
    assert "is in quarantine" in pool.why("t2")


def test_it_says_that_policy_refused_it_and_why() -> None:
    from events.commands import AssignTask

    pool = a_pool()
    pool.submit("t1")
    [decision] = pool.decide()
    assert isinstance(decision, AssignTask)
    pool.schedule.denied(decision, "no secrets on n1")
    assert pool.decide() == []
    assert pool.why("t1") == ("Policy refused it: no secrets on n1. It is tried again when a policy changes.")


def test_it_says_who_room_is_kept_for() -> None:
    pool = a_pool(tasks=1)
    pool.submit("t1")
    pool.go_on()
    pool.submit("urgent", priority=9)
    [preempt] = pool.decide()
    assert pool.why("urgent") == "Room is being made for it on n1. It runs when there is enough."
    pool.record(preempt)
    assert "What is free on n1 is kept for urgent." in pool.why("t1")


def test_it_says_when_it_makes_room_itself() -> None:
    from events.commands import PreemptTask
    from events.task import TaskPreemptionRequested

    pool = a_pool(tasks=1)
    pool.submit("t1")
    pool.go_on()
    pool.submit("urgent", priority=9)
    [preempt] = pool.decide()
    assert isinstance(preempt, PreemptTask)
    pool.take(TaskPreemptionRequested(task_id="t1", assignment=1, by_task_id="urgent", reason="urgent"), "a1")
    assert pool.why("t1") == "It makes room on n1 for urgent, and then waits for its turn."


def test_it_says_when_a_failed_task_is_tried_again() -> None:
    pool = a_pool()
    pool.submit("t1", retries=1)
    pool.submit("t2")
    pool.go_on()
    pool.fail("t1")
    pool.fail("t2")
    assert "It failed (exit). It is tried again at 2026-11-21T" in pool.why("t1")
    assert pool.why("t2") == "It is failed (exit). `symbi task retry t2` queues it again."


def test_it_says_that_other_tenants_have_less() -> None:
    pool = a_pool(tasks=4)
    for number in range(5):
        pool.submit(f"n{number}", tenant="north", memory=16, cores=0.1)
    pool.go_on()
    pool.submit("s0", tenant="south", memory=16, cores=0.1)
    pool.go_on()
    said = pool.why("n4")
    assert "its tenant north has 100 % of the pool, its fair share is 50 %" in said


@pytest.mark.parametrize("many", [1, 30])
def test_every_task_of_a_full_pool_gets_an_answer(many: int) -> None:
    pool = a_pool(tasks=1)
    for number in range(many):
        pool.submit(f"t{number}")
    pool.go_on()
    assert all(pool.why(f"t{number}") for number in range(many))
