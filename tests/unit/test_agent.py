from typing import TypeAlias, get_args

import pytest

from app.domain.agent import AGENT, Agent, AgentState, History, definition_digest, spawned_id
from app.domain.rejections import (
    AgentAlreadySpawned,
    AgentHasEnded,
    AgentHasFailed,
    AgentInQuarantine,
    AgentIsRunning,
    AgentNotInQuarantine,
    AgentNotReady,
    AgentNotRunning,
    AgentNotSuspended,
    AgentNotTerminated,
    AgentUnknown,
    ConfigInvalid,
    TooManyAgents,
)
from app.errors import SymbiError
from events.agent import (
    AgentDecommissioned,
    AgentDeployed,
    AgentHalted,
    AgentInitializationFailed,
    AgentQuarantined,
    AgentReadied,
    AgentRegistered,
    AgentReleased,
    AgentResumed,
    AgentSpawned,
    AgentSuspended,
    AgentTerminated,
    HaltRequested,
)
from events.agent_config import AgentConfig, ResourceLimits
from events.base import Event
from events.commands import (
    AgentCommand,
    DecommissionAgent,
    DeployAgent,
    HaltAgent,
    QuarantineAgent,
    ReleaseAgent,
    ResumeAgent,
    SpawnAgent,
    SuspendAgent,
    TerminateAgent,
)
from events.task import TaskCancelled
from tests.support.agent_life import (
    DOCUMENT,
    FAILED,
    HISTORIES,
    QUARANTINED,
    READIED,
    READY,
    REGISTERED,
    RESUMED,
    RUNNING,
    SPAWNED,
    SUSPENDED,
    assigned,
    completed,
)
from tests.support.given import COMMAND_ID, given

COMMANDS: dict[type[AgentCommand], AgentCommand] = {
    SpawnAgent: SpawnAgent(agent_id="a1", config=DOCUMENT),
    DeployAgent: DeployAgent(agent_id="a1", config=DOCUMENT),
    SuspendAgent: SuspendAgent(agent_id="a1"),
    ResumeAgent: ResumeAgent(agent_id="a1"),
    HaltAgent: HaltAgent(agent_id="a1"),
    QuarantineAgent: QuarantineAgent(agent_id="a1"),
    ReleaseAgent: ReleaseAgent(agent_id="a1"),
    TerminateAgent: TerminateAgent(agent_id="a1"),
    DecommissionAgent: DecommissionAgent(agent_id="a1"),
}

Outcome: TypeAlias = type[SymbiError] | tuple[AgentState, tuple[type[Event], ...]]
"""The refusal, or the state reached and the events that lead there."""

ENDED_FOR_GOOD: dict[type[AgentCommand], Outcome] = {
    SpawnAgent: AgentAlreadySpawned,
    DeployAgent: AgentHasEnded,
    SuspendAgent: AgentHasEnded,
    ResumeAgent: AgentHasEnded,
    HaltAgent: AgentHasEnded,
    QuarantineAgent: AgentHasEnded,
    ReleaseAgent: AgentHasEnded,
    TerminateAgent: AgentHasEnded,
    DecommissionAgent: AgentNotTerminated,
}

OUTCOMES: dict[AgentState, dict[type[AgentCommand], Outcome]] = {
    AgentState.ABSENT: {
        **dict.fromkeys(COMMANDS, AgentUnknown),
        SpawnAgent: (AgentState.READY, (AgentRegistered, AgentSpawned, AgentReadied)),
    },
    AgentState.INITIALIZING: {
        SpawnAgent: AgentAlreadySpawned,
        DeployAgent: AgentNotReady,
        SuspendAgent: AgentNotRunning,
        ResumeAgent: AgentNotSuspended,
        HaltAgent: AgentNotRunning,
        QuarantineAgent: (AgentState.INITIALIZING, (AgentQuarantined,)),
        ReleaseAgent: AgentNotInQuarantine,
        TerminateAgent: AgentIsRunning,
        DecommissionAgent: AgentNotTerminated,
    },
    AgentState.READY: {
        SpawnAgent: AgentAlreadySpawned,
        DeployAgent: (AgentState.READY, (AgentDeployed,)),
        SuspendAgent: AgentNotRunning,
        ResumeAgent: AgentNotSuspended,
        HaltAgent: AgentNotRunning,
        QuarantineAgent: (AgentState.READY, (AgentQuarantined,)),
        ReleaseAgent: AgentNotInQuarantine,
        TerminateAgent: (AgentState.TERMINATED, (AgentTerminated,)),
        DecommissionAgent: AgentNotTerminated,
    },
    AgentState.RUNNING: {
        SpawnAgent: AgentAlreadySpawned,
        DeployAgent: AgentNotReady,
        SuspendAgent: (AgentState.SUSPENDED, (AgentSuspended,)),
        ResumeAgent: AgentNotSuspended,
        HaltAgent: (AgentState.TERMINATED, (HaltRequested, AgentSuspended, TaskCancelled, AgentHalted)),
        QuarantineAgent: (AgentState.RUNNING, (AgentQuarantined,)),
        ReleaseAgent: AgentNotInQuarantine,
        TerminateAgent: AgentIsRunning,
        DecommissionAgent: AgentNotTerminated,
    },
    AgentState.SUSPENDED: {
        SpawnAgent: AgentAlreadySpawned,
        DeployAgent: AgentNotReady,
        SuspendAgent: AgentNotRunning,
        ResumeAgent: (AgentState.RUNNING, (AgentResumed,)),
        HaltAgent: (AgentState.TERMINATED, (HaltRequested, TaskCancelled, AgentHalted)),
        QuarantineAgent: (AgentState.SUSPENDED, (AgentQuarantined,)),
        ReleaseAgent: AgentNotInQuarantine,
        TerminateAgent: AgentIsRunning,
        DecommissionAgent: AgentNotTerminated,
    },
    AgentState.FAILED: {
        SpawnAgent: AgentAlreadySpawned,
        DeployAgent: AgentHasFailed,
        SuspendAgent: AgentHasFailed,
        ResumeAgent: AgentHasFailed,
        HaltAgent: AgentHasFailed,
        QuarantineAgent: (AgentState.FAILED, (AgentQuarantined,)),
        ReleaseAgent: AgentNotInQuarantine,
        TerminateAgent: (AgentState.TERMINATED, (AgentTerminated,)),
        DecommissionAgent: AgentHasFailed,
    },
    AgentState.TERMINATED: {
        **ENDED_FOR_GOOD,
        DecommissionAgent: (AgentState.DECOMMISSIONED, (AgentDecommissioned,)),
    },
    AgentState.DECOMMISSIONED: ENDED_FOR_GOOD,
}


def test_the_table_holds_every_state_and_every_command() -> None:
    assert set(OUTCOMES) == set(HISTORIES) == set(AgentState)
    assert set(COMMANDS) == set(get_args(AgentCommand))
    assert all(set(row) == set(COMMANDS) for row in OUTCOMES.values())


@pytest.mark.parametrize("state", AgentState)
def test_in_each_state_each_command_does_this_or_is_refused_by_name(state: AgentState) -> None:
    before = given(AGENT, *HISTORIES[state])
    assert before.state.state is state
    for command_type, outcome in OUTCOMES[state].items():
        answer = before.when(COMMANDS[command_type])
        if isinstance(outcome, tuple):
            reached, events = outcome
            assert (answer.state.state, tuple(map(type, answer.events))) == (reached, events), command_type
        else:
            answer.then_raises(outcome)


def test_spawning_records_the_identity_the_start_and_the_checked_configuration() -> None:
    given(AGENT).when(COMMANDS[SpawnAgent]).then(REGISTERED, SPAWNED, READIED)


def test_the_one_who_spawns_an_agent_owns_it() -> None:
    spawned = given(AGENT).under(actor="service/ci").when(COMMANDS[SpawnAgent])
    assert spawned.state.owner == "service/ci"


def test_an_agent_without_a_chosen_id_gets_one_from_the_command() -> None:
    spawn = SpawnAgent(config=DOCUMENT)
    first, second = spawned_id(spawn, COMMAND_ID), spawned_id(spawn, "another")
    assert first != second
    assert given(AGENT).when(spawn).state.agent_id == first


def test_an_invalid_configuration_fails_the_agent_with_every_reason_at_once() -> None:
    document = {
        "name": "9 lives",
        "version": "one",
        "limits": {"memory_mb": 1, "cpu_cores": 0},
        "max_concurrent_tasks": 0,
        "colour": "blue",
    }
    answer = given(AGENT).when(SpawnAgent(agent_id="a1", config=document))
    registered, _, failed = answer.events
    assert isinstance(registered, AgentRegistered)
    assert registered.title == "9 lives"
    assert isinstance(failed, AgentInitializationFailed)
    assert [reason.split(":")[0] for reason in failed.reasons] == [
        "name",
        "version",
        "limits.memory_mb",
        "limits.cpu_cores",
        "max_concurrent_tasks",
        "colour",
    ]
    assert "colour: unknown key" in failed.reasons
    assert failed.reasons[2].endswith("(given 1)")
    assert answer.state.state is AgentState.FAILED


def test_an_agent_runs_at_most_500_tasks_at_once() -> None:
    most = {"name": "greeter", "max_concurrent_tasks": 500}
    assert given(AGENT).when(SpawnAgent(agent_id="a1", config=most)).state.state is AgentState.READY
    more = given(AGENT).when(SpawnAgent(agent_id="a1", config={**most, "max_concurrent_tasks": 501}))
    [*_, failed] = more.events
    assert isinstance(failed, AgentInitializationFailed)
    assert [reason.split(":")[0] for reason in failed.reasons] == ["max_concurrent_tasks"]


def test_a_configuration_without_a_name_still_gets_an_agent_that_can_be_looked_up() -> None:
    answer = given(AGENT).when(SpawnAgent(agent_id="a1", config={}))
    registered, _, failed = answer.events
    assert (registered, failed) == (
        REGISTERED.model_copy(update={"title": "", "definition_digest": definition_digest({})}),
        FAILED,
    )


@pytest.mark.parametrize("command", [SpawnAgent, DeployAgent])
def test_a_definition_that_is_no_json_is_refused(command: type[SpawnAgent | DeployAgent]) -> None:
    history = READY if command is DeployAgent else ()
    document = {"name": "greeter", "metadata": {"n": 2**64}}
    given(AGENT, *history).when(command(agent_id="a1", config=document)).then_raises(ConfigInvalid)


def test_a_definition_has_one_digest_whatever_the_order_of_its_keys() -> None:
    assert definition_digest({"a": 1, "b": 2}) == definition_digest({"b": 2, "a": 1})
    assert definition_digest({"a": 1}) != definition_digest({"a": 2})


def test_no_more_agents_live_at_once_than_the_runtime_allows() -> None:
    full = given(AGENT).under(max_agents=3, live_agents=3)
    full.when(COMMANDS[SpawnAgent]).then_raises(TooManyAgents, live=3, limit=3)
    assert len(given(AGENT).under(max_agents=3, live_agents=2).when(COMMANDS[SpawnAgent]).events) == 3


def test_an_id_is_never_used_again() -> None:
    given(AGENT, *HISTORIES[AgentState.DECOMMISSIONED]).when(COMMANDS[SpawnAgent]).then_raises(
        AgentAlreadySpawned, agent_id="a1"
    )


def test_deploying_replaces_the_configuration() -> None:
    document = {"name": "greeter", "version": "2.0.0", "limits": {"memory_mb": 64}}
    config = AgentConfig(name="greeter", version="2.0.0", limits=ResourceLimits(memory_mb=64))
    answer = given(AGENT, *READY).when(DeployAgent(agent_id="a1", config=document))
    answer.then(AgentDeployed(agent_id="a1", definition_digest=definition_digest(document), config=config))
    assert answer.state.config == config


def test_deploying_an_invalid_configuration_is_refused_with_every_reason_and_changes_nothing() -> None:
    document = {"name": "!", "tier": "vm"}
    refusal = (
        given(AGENT, *READY).when(DeployAgent(agent_id="a1", config=document)).then_raises(ConfigInvalid)
    )
    reasons = refusal.facts["reasons"]
    assert isinstance(reasons, list)
    assert [reason.split(":")[0] for reason in reasons] == ["name", "tier"]
    assert all(reason in refusal.message for reason in reasons)


def test_halting_a_running_agent_suspends_it_cancels_its_tasks_and_ends_it_in_one_batch() -> None:
    given(AGENT, *RUNNING, assigned("t0")).when(HaltAgent(agent_id="a1", reason="fire")).then(
        HaltRequested(agent_id="a1", reason="fire"),
        AgentSuspended(agent_id="a1", reason="fire"),
        TaskCancelled(task_id="t0", reason="agent halted: fire"),
        TaskCancelled(task_id="t1", reason="agent halted: fire"),
        AgentHalted(agent_id="a1", reason="fire"),
    )


def test_halting_without_a_reason_says_that_it_was_a_halt() -> None:
    given(AGENT, *RUNNING).when(HaltAgent(agent_id="a1")).then(
        HaltRequested(agent_id="a1", reason=""),
        AgentSuspended(agent_id="a1", reason="halt"),
        TaskCancelled(task_id="t1", reason="agent halted"),
        AgentHalted(agent_id="a1", reason=""),
    )


def test_a_halted_agent_runs_nothing() -> None:
    halted = given(AGENT, *RUNNING, SUSPENDED).when(COMMANDS[HaltAgent]).state
    assert (halted.state, halted.running) == (AgentState.TERMINATED, frozenset())


def test_a_task_that_ends_while_its_agent_is_suspended_leaves_it_suspended() -> None:
    agent = given(AGENT, *RUNNING, SUSPENDED, completed("t1")).state
    assert (agent.state, agent.running) == (AgentState.SUSPENDED, frozenset())


def test_an_agent_whose_last_task_ended_while_suspended_resumes_to_ready() -> None:
    resumed = given(AGENT, *RUNNING, SUSPENDED, completed("t1")).when(COMMANDS[ResumeAgent])
    assert resumed.state.state is AgentState.READY


def test_an_agent_with_a_task_left_resumes_to_running() -> None:
    history = (*RUNNING, assigned("t2"), SUSPENDED, completed("t1"))
    resumed = given(AGENT, *history).when(COMMANDS[ResumeAgent]).state
    assert (resumed.state, resumed.running) == (AgentState.RUNNING, frozenset({"t2"}))


def test_a_suspended_agent_without_tasks_can_be_halted() -> None:
    halted = given(AGENT, *RUNNING, SUSPENDED, completed("t1")).when(COMMANDS[HaltAgent])
    assert list(map(type, halted.events)) == [HaltRequested, AgentHalted]


def test_an_agent_stays_running_until_its_last_task_ends() -> None:
    one_left = given(AGENT, *RUNNING, assigned("t2"), completed("t1"))
    assert one_left.state.state is AgentState.RUNNING
    assert AGENT.evolve(one_left.state, completed("t2")).state is AgentState.READY


def test_the_end_of_a_task_that_does_not_run_changes_nothing() -> None:
    agent = given(AGENT, *RUNNING).state
    assert AGENT.evolve(agent, TaskCancelled(task_id="queued", reason="")) == agent


def test_a_running_agent_is_not_terminated_behind_its_tasks_back() -> None:
    given(AGENT, *RUNNING).when(COMMANDS[TerminateAgent]).then_raises(
        AgentIsRunning, state=AgentState.RUNNING, tasks=1
    )


def test_a_quarantine_ends_by_release_only() -> None:
    quarantined = given(AGENT, *READY, QUARANTINED)
    quarantined.when(COMMANDS[QuarantineAgent]).then_raises(AgentInQuarantine)
    released = quarantined.when(ReleaseAgent(agent_id="a1", reason="fine"))
    released.then(AgentReleased(agent_id="a1", reason="fine"))
    assert released.state == given(AGENT, *READY).state


@pytest.mark.parametrize(
    ("history", "expected"),
    [
        (RUNNING, AgentState.RUNNING),
        ((*RUNNING, completed("t1")), AgentState.READY),
        ((*RUNNING, SUSPENDED), AgentState.SUSPENDED),
        ((*RUNNING, SUSPENDED, RESUMED), AgentState.RUNNING),
    ],
)
def test_a_quarantine_does_not_touch_what_runs(history: tuple[History, ...], expected: AgentState) -> None:
    quarantined: Agent = given(AGENT, *READY, QUARANTINED, *history[len(READY) :]).state
    assert (quarantined.state, quarantined.quarantined) == (expected, True)
