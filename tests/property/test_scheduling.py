"""What is true of the scheduler's decisions, whatever happens, and however late it hears of it."""

from hypothesis import given
from hypothesis import strategies as st

from app.domain.error_handling import NEEDS_ANOTHER_NODE, REMEDIES, Remedy
from app.domain.scheduling import Schedule
from app.domain.task import ON_A_NODE, TaskStatus
from events.commands import AssignTask, PreemptTask
from tests.support import hypothesis_profiles as hypothesis_profiles
from tests.support.pool import Pool, course

SEEDS = st.integers(0, 2**32)
STEPS = st.integers(0, 300)
UNMENDED = NEEDS_ANOTHER_NODE | {reason for reason, does in REMEDIES.items() if does is Remedy.ESCALATE}


def settled(seed: int, steps: int) -> Pool:
    """A pool to which much has happened, and in which the scheduler has nothing left to do."""
    pool = course(seed, steps)
    pool.settle()
    return pool


@given(SEEDS, STEPS)
def test_nothing_waits_that_could_run(seed: int, steps: int) -> None:
    pool = settled(seed, steps)
    assert pool.fitting() == []


@given(SEEDS, STEPS)
def test_what_cannot_go_on_is_queued_again_or_called_off(seed: int, steps: int) -> None:
    pool = settled(seed, steps)
    for task in pool.tasks.values():
        if task.status in ON_A_NODE:
            assert pool.nodes[task.node_id].state in ("joined", "draining")
        elif task.status is TaskStatus.QUEUED:
            assert not pool.has_ended(pool.owners[task.task_id])


@given(SEEDS, STEPS)
def test_a_failed_task_is_tried_as_often_as_it_asked_for(seed: int, steps: int) -> None:
    pool = settled(seed, steps)
    for task in pool.tasks.values():
        if task.status is TaskStatus.FAILED and not pool.has_ended(pool.owners[task.task_id]):
            assert task.max_retries == 0
        if task.status is TaskStatus.DEAD_LETTERED:
            assert task.attempt >= task.max_retries or task.failure in UNMENDED


@given(SEEDS, STEPS)
def test_no_node_holds_more_than_it_offered(seed: int, steps: int) -> None:
    pool = settled(seed, steps)
    for node_id, node in pool.nodes.items():
        held = pool.on_node(node_id)
        if node.state == "joined" and node.capacity is not None:
            assert sum(not task.needs.body for task in held) <= node.capacity.tasks
            assert sum(task.needs.body for task in held) <= node.capacity.bodies
            assert sum(task.needs.memory for task in held) <= node.capacity.memory_mb
            assert sum(task.needs.cpu / 1000 for task in held) <= node.capacity.cpu_cores


@given(SEEDS, STEPS)
def test_who_takes_over_from_the_state_finds_nothing_left_to_do(seed: int, steps: int) -> None:
    pool = settled(seed, steps)
    pool.restart()
    assert pool.schedule.decide() == []


@given(SEEDS, STEPS, st.integers(1, 5))
def test_the_same_events_lead_to_the_same_decisions(seed: int, steps: int, most: int) -> None:
    one, other = Schedule(), Schedule()
    for recorded in course(seed, steps).log:
        one.take(*recorded)
        other.take(*recorded)
        assert one.decide(most) == other.decide(most)


@given(SEEDS, STEPS)
def test_the_first_in_rank_that_fits_somewhere_goes_first(seed: int, steps: int) -> None:
    pool = course(seed, steps)
    while pool.sent:
        pool.answer(0)
    pool.deliver(len(pool.log))
    while True:
        claims, fitting = pool.schedule.claims, pool.fitting()
        decisions = pool.schedule.decide(1, now_ns=pool.now_ns)
        if not decisions:
            assert fitting == []
            break
        first = decisions[0]
        if isinstance(first, AssignTask):
            assert pool.has_room(first.node_id, pool.tasks[first.task_id])
            if first.task_id not in claims:
                assert first.task_id == min(fitting, key=pool.rank).task_id
        elif isinstance(first, PreemptTask):
            assert fitting == []
        pool.sent += decisions
        while pool.sent:
            pool.answer(0)
        pool.make_room()
        pool.deliver(len(pool.log))
