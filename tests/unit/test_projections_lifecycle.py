"""An agent's row and its transitions follow its events, and nothing else can happen to it."""

import pytest

from events.agent import (
    AgentDecommissioned,
    AgentDeployed,
    AgentHalted,
    AgentInitializationFailed,
    AgentQuarantined,
    AgentRegistered,
    AgentReleased,
    AgentResumed,
    AgentSpawned,
    AgentSuspended,
    AgentTerminated,
)
from events.agent_config import AgentConfig
from events.base import Event
from events.task import (
    TaskCancelled,
    TaskCompleted,
    TaskFailed,
    TaskPreempted,
    TaskRetried,
    TaskTimedOut,
)
from projections.errors import Contradiction
from projections.lifecycle import AgentRow, TransitionRow
from projections.lifecycle.fold import CONCERNS, fold
from tests.support.facts import BEGAN, DIGEST, History


def after(history: History) -> tuple[AgentRow, list[TransitionRow]]:
    """The agent of *history*, which is about one, and its steps."""
    agent: AgentRow | None = None
    steps: list[TransitionRow] = []
    for fact in history.facts:
        if type(fact.event) in CONCERNS:
            agent, more = fold(agent, fact)
            steps += more
    assert agent is not None
    return agent, steps


def path(history: History) -> list[tuple[str | None, str]]:
    return [(step.from_state, step.to_state) for step in after(history)[1]]


def spawned(**config: object) -> History:
    history = History()
    history.spawn("a1", **config)
    return history


def test_a_valid_agent_is_initializing_and_then_ready() -> None:
    history = spawned(version="2.0.0", labels={"team": "red"})
    agent, steps = after(history)
    assert [(s.n, s.seq, s.from_state, s.to_state, s.event) for s in steps] == [
        (1, 2, None, "initializing", "agent.spawned"),
        (2, 3, "initializing", "ready", "agent.readied"),
    ]
    assert (agent.name, agent.version, agent.labels, agent.state) == ("a1", "2.0.0", {"team": "red"}, "ready")
    assert (agent.owner, agent.transitions, agent.first_seq, agent.last_seq) == ("human/alice", 2, 1, 3)
    assert agent.created_at == BEGAN + 1_000_000
    assert agent.state_since == agent.updated_at == BEGAN + 3_000_000
    assert agent.config is not None
    assert agent.config["limits"]["memory_mb"] == 256


def test_an_invalid_agent_fails_with_every_reason() -> None:
    history = History()
    history.add(
        AgentRegistered(agent_id="a1", title="no name", definition_digest=DIGEST, owner="human/alice"),
        AgentSpawned(agent_id="a1", definition_digest=DIGEST),
        AgentInitializationFailed(agent_id="a1", reasons=["name: bad", "tier: unknown"]),
        AgentTerminated(agent_id="a1", reason=""),
    )
    assert path(history) == [
        (None, "initializing"),
        ("initializing", "failed"),
        ("failed", "terminated"),
    ]
    assert after(history)[1][1].reason == "name: bad; tier: unknown"
    assert after(history)[0].name == "no name"


@pytest.mark.parametrize(
    "end",
    [
        TaskCompleted(task_id="t1", assignment=1),
        TaskFailed(task_id="t1", assignment=1, reason="exit"),
        TaskTimedOut(task_id="t1", assignment=1, after_seconds=1.0),
        TaskCancelled(task_id="t1", reason="enough"),
        TaskPreempted(task_id="t1", reason="urgent"),
        TaskRetried(task_id="t1", attempt=2, reason="lost"),
    ],
    ids=lambda event: event.name,
)
def test_the_end_of_the_only_task_brings_the_agent_back(end: Event) -> None:
    history = spawned()
    history.assign("a1", "t1")
    history.add(end, agent="a1")
    agent, steps = after(history)
    assert [(s.from_state, s.to_state, s.task) for s in steps[2:]] == [
        ("ready", "running", "t1"),
        ("running", "ready", "t1"),
    ]
    assert agent.running == []


def test_an_agent_with_two_tasks_runs_until_the_last_one_ends() -> None:
    history = spawned(max_concurrent_tasks=2)
    history.assign("a1", "t1")
    history.assign("a1", "t2")
    history.add(TaskCompleted(task_id="t1", assignment=1), agent="a1")
    assert after(history)[0].running == ["t2"]
    assert after(history)[0].state == "running"
    history.add(TaskCompleted(task_id="t2", assignment=1), agent="a1")
    assert path(history)[2:] == [("ready", "running"), ("running", "ready")]


def test_the_end_of_a_task_that_was_never_assigned_changes_nothing() -> None:
    history = spawned()
    before = after(history)[0]
    history.submit("a1", "t1")
    history.add(TaskCancelled(task_id="t1", reason="enough"), agent="a1")
    assert after(history)[0] == before


def test_a_suspended_agent_goes_on_with_its_task() -> None:
    history = spawned()
    history.assign("a1", "t1")
    history.add(AgentSuspended(agent_id="a1", reason="policy"), AgentResumed(agent_id="a1", reason="cleared"))
    assert path(history)[3:] == [("running", "suspended"), ("suspended", "running")]
    assert after(history)[0].running == ["t1"]


def test_an_agent_whose_last_task_ended_while_suspended_passes_through_running() -> None:
    history = spawned()
    history.assign("a1", "t1")
    history.add(AgentSuspended(agent_id="a1", reason="policy"))
    history.add(TaskCompleted(task_id="t1", assignment=1), agent="a1")
    assert after(history)[0].state == "suspended"
    resumed = history.add(AgentResumed(agent_id="a1", reason="cleared"))
    agent, steps = after(history)
    assert [(s.n, s.seq, s.from_state, s.to_state) for s in steps[-2:]] == [
        (5, resumed.seq, "suspended", "running"),
        (6, resumed.seq, "running", "ready"),
    ]
    assert (agent.state, agent.transitions) == ("ready", 6)


def test_halting_a_running_agent_is_suspension_and_halt() -> None:
    history = spawned()
    history.assign("a1", "t1")
    history.add(
        AgentSuspended(agent_id="a1", reason="halt"),
        TaskCancelled(task_id="t1", reason="agent halted"),
        AgentHalted(agent_id="a1", reason="by hand"),
        AgentDecommissioned(agent_id="a1", reason="done"),
        agent="a1",
    )
    assert path(history)[3:] == [
        ("running", "suspended"),
        ("suspended", "terminated"),
        ("terminated", "decommissioned"),
    ]
    agent = after(history)[0]
    assert (agent.running, agent.decommissioned, agent.state, agent.reason) == (
        [],
        True,
        "decommissioned",
        "done",
    )


def test_quarantine_and_a_new_version_leave_the_state_alone() -> None:
    history = spawned()
    history.add(AgentQuarantined(agent_id="a1", reason="odd"))
    assert after(history)[0].quarantined
    other = "sha256:" + "2" * 64
    config = AgentConfig(name="a1", version="3.0.0")
    history.add(
        AgentReleased(agent_id="a1", reason="fine"),
        AgentDeployed(agent_id="a1", definition_digest=other, config=config),
    )
    agent, steps = after(history)
    assert (agent.quarantined, agent.version, agent.definition_digest) == (False, "3.0.0", other)
    assert len(steps) == 2


@pytest.mark.parametrize(
    "event",
    [
        AgentSpawned(agent_id="a1", definition_digest=DIGEST),
        AgentRegistered(agent_id="a1", title="a1", definition_digest=DIGEST, owner="human/alice"),
        AgentSuspended(agent_id="a1", reason=""),
        AgentResumed(agent_id="a1", reason=""),
        AgentHalted(agent_id="a1", reason=""),
        AgentInitializationFailed(agent_id="a1", reasons=[]),
    ],
    ids=lambda event: event.name,
)
def test_what_cannot_happen_to_a_ready_agent_is_a_contradiction(event: Event) -> None:
    history = spawned()
    history.add(event)
    with pytest.raises(Contradiction, match="a1"):
        after(history)


def test_a_task_cannot_be_assigned_to_a_suspended_agent() -> None:
    history = spawned()
    history.assign("a1", "t1")
    history.add(AgentSuspended(agent_id="a1", reason="policy"))
    history.assign("a1", "t2")
    with pytest.raises(Contradiction, match=r"task\.assigned while the agent a1 is suspended"):
        after(history)


def test_nothing_can_happen_to_an_agent_that_was_never_registered() -> None:
    history = History()
    history.add(AgentSuspended(agent_id="a1", reason="policy"))
    with pytest.raises(Contradiction, match="never registered"):
        after(history)
