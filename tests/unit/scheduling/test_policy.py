"""What policy refuses is not asked for again before there is news."""

from events.agent import AgentDeployed
from events.agent_config import AgentConfig, SandboxTier
from events.commands import AssignTask
from tests.support.facts import DIGEST
from tests.support.small_pool import SmallPool


def decided(pool: SmallPool) -> AssignTask:
    [decision] = pool.decide()
    assert isinstance(decision, AssignTask)
    return decision


def two_nodes() -> SmallPool:
    pool = SmallPool()
    pool.node("n1")
    pool.node("n2")
    pool.agent()
    return pool


def test_a_task_that_is_denied_one_node_goes_to_another() -> None:
    pool = two_nodes()
    pool.submit("t1")
    first = decided(pool)
    pool.schedule.denied(first, "not there")
    second = decided(pool)
    assert {first.node_id, second.node_id} == {"n1", "n2"}


def test_a_task_that_is_denied_everywhere_waits_for_news() -> None:
    pool = two_nodes()
    pool.submit("t1")
    pool.submit("t2", memory=16)
    for _ in range(2):
        decisions = {each.task_id: each for each in pool.decide() if isinstance(each, AssignTask)}
        pool.schedule.denied(decisions["t1"], "no")
        if "t2" in decisions:
            pool.record(decisions["t2"])
    pool.complete("t2")
    assert pool.decide() == []
    pool.schedule.policy_changed()
    assert decided(pool).task_id == "t1"


def test_news_of_the_agent_itself_is_news() -> None:
    pool = two_nodes()
    pool.submit("t1")
    for _ in range(2):
        pool.schedule.denied(decided(pool), "no")
    assert pool.decide() == []
    config = AgentConfig(name="x", max_concurrent_tasks=2)
    pool.take(AgentDeployed(agent_id="a1", definition_digest=DIGEST, config=config), "a1")
    assert decided(pool).task_id == "t1"


def test_a_node_that_joins_is_news() -> None:
    pool = two_nodes()
    pool.submit("t1")
    for _ in range(2):
        pool.schedule.denied(decided(pool), "no")
    pool.node("n3")
    assert decided(pool).node_id == "n3"


def test_a_denied_task_keeps_nobody_waiting() -> None:
    pool = SmallPool()
    pool.node(tasks=1)
    pool.agent()
    pool.submit("t1", priority=9)
    pool.submit("t2")
    pool.schedule.denied(decided(pool), "no")
    assert decided(pool).task_id == "t2"


def test_a_stricter_tier_that_policy_demands_decides_where_the_task_runs() -> None:
    pool = SmallPool()
    pool.node("weak", tiers=(SandboxTier.DOCKER,))
    pool.agent()
    pool.submit("t1", program=True, tier=SandboxTier.DOCKER)
    first = decided(pool)
    assert first.sandbox is SandboxTier.DOCKER
    pool.schedule.demanded(first, SandboxTier.GVISOR)
    assert pool.decide() == []
    pool.node("strong", tiers=(SandboxTier.DOCKER, SandboxTier.GVISOR))
    second = decided(pool)
    assert (second.node_id, second.sandbox) == ("strong", SandboxTier.GVISOR)
