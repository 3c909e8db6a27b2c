"""What is true of an agent and its tasks, whatever is asked of them and in whatever order."""

import random
from collections import Counter
from functools import reduce
from itertools import pairwise
from typing import get_args

from hypothesis import given
from hypothesis import strategies as st

from app.domain.agent import Agent, AgentState
from app.domain.decider import Context
from app.domain.node import NODE, Node, NodeState
from app.domain.task import ENDED, FAILED, ON_A_NODE, TASK, Placed, Task, TaskStatus
from app.errors import Invalid, Rejected
from events.agent import AgentEvent, AgentResumed
from events.base import BY_TYPE
from events.commands import (
    AgentCommand,
    CancelTask,
    DecommissionAgent,
    HaltAgent,
    NodeCommand,
    SpawnAgent,
    TaskCommand,
    TerminateAgent,
)
from events.node import NodeEvent
from events.task import TaskAssigned, TaskEvent, TaskRetried, TaskStarted, TaskSubmitted
from tests.support import hypothesis_profiles as hypothesis_profiles
from tests.support.agent_boundary import VERBS, AnyEvent, Boundary, Step, live
from tests.support.agent_life import REGISTERED
from tests.support.arbitrary import DOCUMENTS, any_of

S, T = AgentState, TaskStatus

OF_THE_SPECIFICATION = {
    (S.ABSENT, S.INITIALIZING),
    (S.INITIALIZING, S.READY),
    (S.INITIALIZING, S.FAILED),
    (S.READY, S.RUNNING),
    (S.RUNNING, S.SUSPENDED),
    (S.RUNNING, S.READY),
    (S.SUSPENDED, S.RUNNING),
    (S.SUSPENDED, S.TERMINATED),
    (S.READY, S.TERMINATED),
    (S.FAILED, S.TERMINATED),
    (S.TERMINATED, S.DECOMMISSIONED),
}
RUNNING_FOR_NO_TIME = (S.SUSPENDED, S.READY)
"""Suspended → Running → Ready in one event: resumed when its last task had ended meanwhile."""

OF_TASKS = {
    (T.ABSENT, T.QUEUED),
    (T.QUEUED, T.ASSIGNED),
    (T.QUEUED, T.FAILED),
    (T.QUEUED, T.TIMED_OUT),
    (T.ASSIGNED, T.RUNNING),
    *((on_a_node, T.QUEUED) for on_a_node in ON_A_NODE),
    *((on_a_node, T.FAILED) for on_a_node in ON_A_NODE),
    *((alive, T.CANCELLED) for alive in {T.QUEUED, *ON_A_NODE, *FAILED}),
    (T.RUNNING, T.COMPLETED),
    (T.RUNNING, T.TIMED_OUT),
    *((failed, T.QUEUED) for failed in FAILED),
    (T.FAILED, T.DEAD_LETTERED),
    (T.TIMED_OUT, T.DEAD_LETTERED),
}

SPAWNING = Step(verb=0, which=2, slip=0)
STEPS = st.builds(Step, st.integers(0, len(VERBS) - 1), st.integers(0, 15), st.integers(0, 11))
LIVES = st.one_of(
    st.lists(STEPS, max_size=20).map(live),
    st.lists(STEPS, min_size=40, max_size=80).map(lambda steps: live([SPAWNING, *steps])),
)

OF_AN_AGENT = get_args(AgentEvent) + get_args(TaskEvent)
ANY_HISTORY: st.SearchStrategy[list[AnyEvent]] = st.lists(any_of(OF_AN_AGENT), max_size=12)
ANY_COMMAND: st.SearchStrategy[AgentCommand | TaskCommand] = any_of(
    get_args(AgentCommand) + get_args(TaskCommand), config=DOCUMENTS
)


def changes_of_agent(life: Boundary) -> set[tuple[AgentState, AgentState]]:
    pairs = {(moment.agent_before.state, moment.agent_after.state) for moment in life.moments}
    return {(before, after) for before, after in pairs if before is not after}


def changes_of_tasks(life: Boundary) -> set[tuple[TaskStatus, TaskStatus]]:
    pairs = {
        (moment.task_before.status, moment.task_after.status)
        for moment in life.moments
        if moment.task_before is not None and moment.task_after is not None
    }
    return {(before, after) for before, after in pairs if before is not after}


# Transitions


@given(life=LIVES)
def test_only_the_transitions_of_the_specification_happen(life: Boundary) -> None:
    assert changes_of_agent(life) <= OF_THE_SPECIFICATION | {RUNNING_FOR_NO_TIME}
    assert changes_of_tasks(life) <= OF_TASKS


@given(life=LIVES)
def test_only_a_resumption_after_the_last_task_passes_through_running(life: Boundary) -> None:
    for moment in life.moments:
        if (moment.agent_before.state, moment.agent_after.state) == RUNNING_FOR_NO_TIME:
            assert isinstance(moment.event, AgentResumed)
            assert not moment.agent_before.running


def test_random_commands_reach_every_transition_there_is() -> None:
    rng = random.Random(7)
    reached: set[tuple[str, str]] = set()
    for _ in range(100):
        steps = [Step(rng.randrange(len(VERBS)), rng.randrange(16), rng.randrange(12)) for _ in range(100)]
        life = live([Step(0, rng.randrange(16), 0), *steps])
        reached |= changes_of_agent(life) | changes_of_tasks(life)
    assert reached == OF_THE_SPECIFICATION | {RUNNING_FOR_NO_TIME} | OF_TASKS


# The agent and its tasks


@given(life=LIVES)
def test_an_agent_runs_while_it_has_a_task_on_a_node(life: Boundary) -> None:
    for moment in life.moments:
        agent = moment.agent_after
        if agent.state is S.RUNNING:
            assert agent.running
        elif agent.state is not S.SUSPENDED:
            assert not agent.running


@given(life=LIVES)
def test_the_agent_and_its_tasks_agree_on_what_runs(life: Boundary) -> None:
    on_a_node = {task_id for task_id, task in life.tasks.items() if task.status in ON_A_NODE}
    assert life.agent.running == on_a_node


@given(life=LIVES)
def test_an_agent_never_runs_more_tasks_than_its_configuration_says(life: Boundary) -> None:
    for moment in life.moments:
        agent = moment.agent_after
        assert not agent.running or agent.config is not None
        assert agent.config is None or len(agent.running) <= agent.config.max_concurrent_tasks


@given(life=LIVES)
def test_no_task_starts_but_while_its_agent_runs(life: Boundary) -> None:
    for moment in life.moments:
        if isinstance(moment.event, TaskStarted):
            assert moment.agent_before.state is S.RUNNING


@given(life=LIVES)
def test_a_task_is_granted_no_more_than_its_agent_has_then(life: Boundary) -> None:
    for moment in life.moments:
        if isinstance(moment.event, TaskSubmitted):
            assert moment.agent_before.config is not None
            has = moment.agent_before.config.limits
            for name, granted in moment.event.limits:
                assert granted <= getattr(has, name)


@given(life=LIVES)
def test_a_task_never_has_two_runners(life: Boundary) -> None:
    runner: dict[str, str] = {}
    for moment in life.moments:
        if moment.task_after is None:
            continue
        task = moment.task_after
        if isinstance(moment.event, TaskAssigned):
            assert task.task_id not in runner
            runner[task.task_id] = moment.event.node_id
        elif task.status not in ON_A_NODE:
            runner.pop(task.task_id, None)
        if task.status in ON_A_NODE:
            assert runner[task.task_id] == task.node_id


@given(life=LIVES)
def test_the_assignments_of_a_task_are_numbered_from_one_without_a_gap(life: Boundary) -> None:
    numbers: dict[str, list[int]] = {}
    for event in life.events:
        if isinstance(event, TaskAssigned):
            numbers.setdefault(event.task_id, []).append(event.assignment)
    for series in numbers.values():
        assert series[0] == 1
        assert all(later == earlier + 1 for earlier, later in pairwise(series))


@given(life=LIVES)
def test_a_try_is_charged_for_each_retry_and_for_nothing_else(life: Boundary) -> None:
    retries: Counter[str] = Counter()
    for event in life.events:
        if isinstance(event, TaskRetried):
            retries[event.task_id] += 1
            assert event.attempt == retries[event.task_id] + 1
        elif isinstance(event, TaskAssigned):
            assert event.attempt == retries[event.task_id] + 1


@given(life=LIVES)
def test_from_anywhere_an_agent_can_be_ended_for_good_and_its_tasks_with_it(life: Boundary) -> None:
    if life.agent.state is S.ABSENT:
        life.ask(SpawnAgent(agent_id="a1", config={"name": "greeter"}))
    if life.agent.state in (S.RUNNING, S.SUSPENDED):
        life.ask(HaltAgent(agent_id="a1"))
    if life.agent.state in (S.READY, S.FAILED):
        life.ask(TerminateAgent(agent_id="a1"))
    if life.agent.state is S.TERMINATED:
        life.ask(DecommissionAgent(agent_id="a1"))
    for task in list(life.tasks.values()):
        if task.status not in ENDED:
            life.ask(CancelTask(agent_id="a1", task_id=task.task_id))
    assert life.agent.state is S.DECOMMISSIONED
    assert all(task.status in ENDED for task in life.tasks.values())


# Folding


def over_the_wire(event: AnyEvent) -> AnyEvent:
    event_type = BY_TYPE[event.wire_type()]
    return event_type.model_validate_json(event.model_dump_json(exclude_none=True))  # type: ignore[return-value]


@given(life=LIVES, cut=st.integers(0, 200))
def test_replaying_what_was_recorded_gives_the_same_state_wherever_it_is_cut(
    life: Boundary, cut: int
) -> None:
    recorded = [over_the_wire(event) for event in life.events]
    replayed, resumed = Boundary(), Boundary()
    for event in recorded:
        replayed.fold(event)
    for event in recorded[:cut]:
        resumed.fold(event)
    resumed = Boundary(resumed.agent, dict(resumed.tasks))
    for event in recorded[cut:]:
        resumed.fold(event)
    assert (replayed.agent, replayed.tasks) == (life.agent, life.tasks)
    assert (resumed.agent, resumed.tasks) == (life.agent, life.tasks)
    assert replayed.moments == life.moments


@given(life=LIVES)
def test_a_task_folded_beside_its_agent_is_the_task_folded_alone(life: Boundary) -> None:
    for task_id, task in life.tasks.items():
        beside = reduce(TASK.evolve, life.events, Placed(Agent(), Task(task_id=task_id)))
        assert beside == Placed(life.agent, task)


@given(history=ANY_HISTORY)
def test_every_state_takes_every_event(history: list[AnyEvent]) -> None:
    boundary = Boundary()
    for event in history:
        boundary.fold(event)
    assert len(boundary.moments) == len(history)
    assert isinstance(reduce(TASK.evolve, history, TASK.initial).task, Task)


@given(history=ANY_HISTORY, command=ANY_COMMAND)
def test_in_any_state_a_decision_is_events_or_a_refusal(
    history: list[AnyEvent], command: AgentCommand | TaskCommand
) -> None:
    boundary = Boundary()
    # Whatever is in an agent's boundary follows its registration, which gives it the name that events repeat.
    for event in [REGISTERED, *history] if history else []:
        boundary.fold(event)
    try:
        events = boundary.ask(command)
    except (Rejected, Invalid):
        return
    assert events


# Nodes

OF_NODES = {
    *((state, NodeState.JOINED) for state in NodeState),
    (NodeState.JOINED, NodeState.DRAINING),
    (NodeState.JOINED, NodeState.LOST),
    (NodeState.DRAINING, NodeState.LOST),
    (NodeState.DRAINING, NodeState.REMOVED),
    (NodeState.LOST, NodeState.REMOVED),
}
ANY_NODE_HISTORY: st.SearchStrategy[list[NodeEvent]] = st.lists(any_of(get_args(NodeEvent)), max_size=6)
NODE_COMMANDS: st.SearchStrategy[list[NodeCommand]] = st.lists(any_of(get_args(NodeCommand)), max_size=20)
CONTEXT = Context(command_id="c1", actor="human/alice")


@given(commands=NODE_COMMANDS)
def test_only_the_transitions_of_nodes_happen(commands: list[NodeCommand]) -> None:
    node = Node()
    for command in commands:
        try:
            events = NODE.decide(node, command, CONTEXT)
        except Rejected:
            continue
        for event in events:
            before, node = node, NODE.evolve(node, event)
            assert (before.state, node.state) in OF_NODES


@given(history=ANY_NODE_HISTORY, command=any_of(get_args(NodeCommand)))
def test_in_any_state_a_node_answers_with_events_or_a_refusal(
    history: list[NodeEvent], command: NodeCommand
) -> None:
    node = reduce(NODE.evolve, history, Node())
    try:
        events = NODE.decide(node, command, CONTEXT)
    except Rejected:
        return
    assert events
