"""A scheduler that begins from a snapshot: what the snapshot knows already, the log tells it once more."""

from hypothesis import given
from hypothesis import strategies as st

from app.domain.scheduling import Schedule
from app.domain.task import ON_A_NODE
from events.identifiers import boundary
from tests.support import hypothesis_profiles as hypothesis_profiles
from tests.support.pool import WITHOUT_RESTARTS, Pool, course

SEEDS = st.integers(0, 2**32)
STEPS = st.integers(0, 300)
AHEAD = st.integers(0, 60)


def taken_over(pool: Pool, ahead: int) -> Schedule:
    """A scheduler that begins from the state as it is now, and reads that many events again which are in it.

    What a process wrote itself is in its state before the log brings it: so its snapshots are ahead.
    """
    while pool.sent:
        pool.answer(0)
    position = max(0, len(pool.log) - ahead)
    owned = [(pool.owners[name], task) for name, task in pool.tasks.items()]
    boundaries = [boundary(agent_id, "agent", agent_id) for agent_id in pool.agents]
    boundaries += [boundary(None, "node", node_id) for node_id in pool.nodes]
    known = dict.fromkeys(boundaries, len(pool.log))
    pool.schedule = Schedule.restored(pool.agents, owned, pool.nodes.values(), ahead=known)
    pool.read = position
    pool.deliver(ahead)
    return pool.schedule


@given(SEEDS, STEPS, AHEAD)
def test_it_finds_nothing_left_to_do_where_nothing_is(seed: int, steps: int, ahead: int) -> None:
    pool = course(seed, steps, WITHOUT_RESTARTS)
    pool.settle()
    assert taken_over(pool, ahead).decide() == []


@given(SEEDS, STEPS, AHEAD)
def test_it_ends_where_every_other_ends(seed: int, steps: int, ahead: int) -> None:
    pool = course(seed, steps, WITHOUT_RESTARTS)
    taken_over(pool, ahead)
    pool.settle()
    assert pool.fitting() == []
    for task in pool.tasks.values():
        if task.status in ON_A_NODE:
            assert pool.nodes[task.node_id].state in ("joined", "draining")
