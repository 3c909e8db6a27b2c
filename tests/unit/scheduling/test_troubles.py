"""What is done about tasks that fail, and about nodes that fail them."""

import pytest

from app.domain.scheduling import Tuning
from events.agent_config import SandboxTier
from events.commands import (
    DeadLetterTask,
    HaltAgent,
    QuarantineAgent,
    RefuseTask,
    RetryTask,
    SuspendAgent,
    TerminateAgent,
)
from events.node import NodeLost
from events.task import TaskRetried
from tests.support.small_pool import SmallPool


def running(*, retries: int = 2, nodes: int = 1, reason: str = "exit") -> SmallPool:
    """A task has just failed for that reason."""
    pool = SmallPool()
    for number in range(nodes):
        pool.node(f"n{number}")
    pool.agent()
    pool.submit("t1", retries=retries)
    pool.go_on()
    pool.fail("t1", reason)
    return pool


def test_a_failed_task_is_tried_again_after_a_while() -> None:
    pool = running()
    assert pool.decide() == []
    pool.wait(1)
    assert pool.decide() == [RetryTask(agent_id="a1", task_id="t1", reason="retry after: exit")]


def test_one_that_diverged_begins_anew_at_once() -> None:
    pool = running(reason="diverged")
    assert [type(each) for each in pool.decide()] == [RetryTask]


def test_what_the_machine_was_to_blame_for_goes_to_another_machine() -> None:
    pool = running(reason="no_sandbox", nodes=2)
    pool.submit("other")
    pool.go_on()
    assert pool.at == {"other": "n0"}
    pool.complete("other")
    pool.wait(1)
    assert [type(each) for each in pool.decide()] == [RetryTask]
    pool.take(TaskRetried(task_id="t1", attempt=2, reason="again"), "a1")
    pool.go_on()
    assert pool.at == {"t1": "n1"}


def test_what_only_another_machine_mends_is_given_up_where_there_is_none() -> None:
    pool = running(reason="image_missing")
    [letter] = pool.decide()
    assert letter == DeadLetterTask(agent_id="a1", task_id="t1", reason="gave up after 1 try: image_missing")


def test_a_task_that_asked_for_no_retry_is_left_as_it_is() -> None:
    pool = running(retries=0)
    pool.wait(1000)
    assert pool.decide() == []


@pytest.mark.parametrize(
    ("reason", "at_once", "command"),
    [
        ("policy_violation", 1, QuarantineAgent),
        ("policy_violation", 2, SuspendAgent),
        ("sandbox_escape", 1, TerminateAgent),
        ("sandbox_escape", 2, HaltAgent),
    ],
)
def test_some_failures_are_answered_at_the_agent(reason: str, at_once: int, command: type) -> None:
    pool = SmallPool()
    pool.node()
    pool.agent()
    for number in range(at_once):
        pool.submit(f"t{number}", memory=16, cores=0.1)
    pool.go_on()
    pool.fail("t0", reason)
    assert [type(each) for each in pool.decide()] == [command]


def test_no_retry_is_begun_that_its_deadline_would_end() -> None:
    pool = SmallPool()
    pool.node()
    pool.agent()
    pool.submit("t1", retries=5, due_in=0.2)
    pool.go_on()
    pool.fail("t1")
    [letter] = pool.decide()
    assert isinstance(letter, DeadLetterTask)
    assert "deadline" in letter.reason


def test_a_node_that_fails_again_and_again_rests_while_there_is_another() -> None:
    pool = SmallPool()
    pool.node("bad", tasks=100, cores=100, memory=100_000)
    pool.agent()
    for number in range(6):
        pool.submit(f"t{number}", memory=16, cores=0.1)
    pool.go_on()
    pool.node("good", tasks=1)
    for number in range(5):
        pool.fail(f"t{number}", "internal")
    pool.submit("next0", memory=16, cores=0.1)
    pool.submit("next1", memory=16, cores=0.1)
    pool.go_on()
    assert pool.at["next0"] == "good"
    assert "next1" not in pool.at
    wakes = pool.schedule.wakes_at
    assert wakes is not None
    pool.now_ns = wakes
    pool.go_on()
    assert pool.at["next1"] == "bad"
    pool.submit("next2", memory=16, cores=0.1)
    pool.go_on()
    assert "next2" not in pool.at
    pool.start("next1")
    pool.go_on()
    assert pool.at["next2"] == "bad"


def test_the_only_node_goes_on_however_often_it_fails() -> None:
    pool = SmallPool()
    pool.node(tasks=100, cores=100, memory=100_000)
    pool.agent()
    for number in range(8):
        pool.submit(f"t{number}", memory=16, cores=0.1)
        pool.go_on()
        pool.fail(f"t{number}", "internal")
    pool.submit("next")
    pool.go_on()
    assert pool.at == {"next": "n1"}


def test_a_tier_that_no_node_offers_is_refused_when_one_has_had_time_to_come() -> None:
    pool = SmallPool()
    pool.agent()
    pool.submit("t1", program=True, tier=SandboxTier.GVISOR)
    pool.wait(60)
    assert pool.decide() == []
    pool.node(tiers=(SandboxTier.DOCKER,))
    assert pool.decide() == []
    wakes = pool.schedule.wakes_at
    assert wakes is not None
    pool.now_ns = wakes
    [refusal] = pool.decide()
    assert isinstance(refusal, RefuseTask)
    assert refusal.reason == "no_sandbox"
    assert "install gVisor" in refusal.detail
    assert pool.decide() == []


def test_a_tier_of_a_node_that_is_lost_is_waited_for() -> None:
    pool = SmallPool()
    pool.node("strong", tiers=(SandboxTier.GVISOR,))
    pool.node("weak")
    pool.agent()
    pool.take(NodeLost(node_id="strong", reason="silent"))
    pool.submit("t1", program=True, tier=SandboxTier.GVISOR)
    pool.wait(1000)
    assert pool.decide() == []
    assert pool.schedule.wakes_at is None


def test_the_oldest_failures_are_forgotten_and_the_newest_can_be_tried_again() -> None:
    pool = SmallPool(Tuning(failures_kept=10))
    pool.node(tasks=100, cores=100, memory=100_000)
    pool.agent()
    for number in range(30):
        pool.submit(f"t{number}", memory=16, cores=0.1)
        pool.go_on()
        pool.fail(f"t{number}")
    assert pool.schedule.why("t19").code == "unknown"
    assert pool.schedule.why("t29").code == "failed"
    pool.take(TaskRetried(task_id="t29", attempt=2, reason="again"), "a1")
    pool.go_on()
    assert pool.at == {"t29": "n1"}
