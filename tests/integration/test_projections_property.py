"""However a history is cut into batches, and however often it is delivered, the rows are the same."""

import random
from collections.abc import Sequence
from itertools import pairwise
from typing import get_args

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from app.domain.agent import AgentState
from events.identity import IdentityKind, IdentityRegistered, IdentityTerminated, Role, RoleGranted
from events.node import Capacity, NodeDrained, NodeJoined
from events.task import TaskEvent
from projections import lifecycle, scheduler
from projections.catalogue import PROJECTIONS
from projections.feeding import feed
from projections.lifecycle import AgentRow
from projections.paging import Page
from projections.parking import parked
from projections.rebuilding.digest import table_digest
from projections.scheduler import TaskRow
from projections.schema import METADATA
from tests.support import hypothesis_profiles as hypothesis_profiles
from tests.support.agent_boundary import VERBS, AnyEvent, Boundary, Step, live
from tests.support.facts import History

pytest_plugins = ["tests.support.postgres"]

ALL = Page(limit=100_000)
Batch = tuple[int, int]
"""After one position, up to and including the other."""

SPAWNING = Step(verb=0, which=2, slip=0)
STEPS = st.builds(Step, st.integers(0, len(VERBS) - 1), st.integers(0, 15), st.integers(0, 11))
LIVES = st.lists(st.lists(STEPS, max_size=40), min_size=1, max_size=3)


def logged(lives: Sequence[Boundary], turns: random.Random) -> History:
    """The log of several agents' *lives*, whose events come in turns, with others in between."""
    log = History()
    log.add(
        IdentityRegistered(identity_id="i1", kind=IdentityKind.HUMAN, subject_ref="ps-1"),
        RoleGranted(identity_id="i1", role=Role.OPERATOR),
        NodeJoined(node_id="n1", capacity=Capacity(cpu_cores=1, memory_mb=64, tasks=1), tiers=[]),
    )
    waiting = {f"a{n}": [*life.events] for n, life in enumerate(lives, start=1) if life.events}
    while waiting:
        agent = turns.choice(sorted(waiting))
        log.add(renamed(waiting[agent].pop(0), agent), agent=agent)
        if not waiting[agent]:
            del waiting[agent]
    log.add(NodeDrained(node_id="n1", reason="done"), IdentityTerminated(identity_id="i1", reason="left"))
    return log


def renamed(event: AnyEvent, agent: str) -> AnyEvent:
    """*event* of the only agent there was, as one of several."""
    names = {"agent_id": agent} if hasattr(event, "agent_id") else {}
    if isinstance(event, get_args(TaskEvent)):
        names["task_id"] = f"{agent}-{event.task_id}"
    return event.model_copy(update=names)


async def digests(connection: AsyncConnection, log: History, batches: Sequence[Batch]) -> dict[str, str]:
    """The digest of every table after *log* came in *batches*, in tables of its own."""
    await connection.execute(text("SET LOCAL search_path TO pg_temp, public"))
    await connection.run_sync(METADATA.create_all, checkfirst=False)
    for after, upto in batches:
        await feed(connection, PROJECTIONS, log.facts[after:upto], after)
    tables = [table for projection in PROJECTIONS for table in projection.tables]
    return {table.name: (await table_digest(connection, "pg_temp", table))[0] for table in tables}


def random_batches(head: int, rng: random.Random) -> list[Batch]:
    """Cuts at random; some batches begin with what was delivered before, some come twice."""
    cuts = sorted({0, head, *(rng.randint(0, head) for _ in range(rng.randint(0, 8)))})
    batches = []
    for after, upto in pairwise(cuts):
        batches += [(rng.randint(0, after), upto)] * rng.randint(1, 2)
    return batches


async def check(engine: AsyncEngine, lives: Sequence[Boundary], rng: random.Random) -> None:
    log = logged(lives, rng)
    one_by_one = [(seq, seq + 1) for seq in range(log.head)]
    ways = ([(0, log.head)], one_by_one, random_batches(log.head, rng))
    async with engine.connect() as connection:
        found = []
        for way in ways:
            found.append(await digests(connection, log, way))
            assert await parked(connection) == []
            agents = await lifecycle.agents(connection, ALL)
            tasks = await scheduler.tasks(connection, ALL)
            await connection.rollback()
    assert found[0] == found[1]
    assert found[0] == found[2]
    agree(lives, agents, tasks)


def agree(lives: Sequence[Boundary], agents: Sequence[AgentRow], tasks: Sequence[TaskRow]) -> None:
    """The rows say what those who decide believe."""
    decided = {f"a{n}": life.agent for n, life in enumerate(lives, start=1) if life.events}
    assert {row.id for row in agents} == decided.keys()
    for row in agents:
        agent = decided[row.id]
        assert (row.state, row.decommissioned) == (agent.state, agent.state is AgentState.DECOMMISSIONED)
        assert row.quarantined == agent.quarantined
        assert set(row.running) == {f"{row.id}-{task}" for task in agent.running}
    states = {
        f"a{n}-{task.task_id}": (task.status.value, task.assignment)
        for n, life in enumerate(lives, start=1)
        for task in life.tasks.values()
    }
    assert {row.id: (row.state, row.assignment) for row in tasks} == states


@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(lives=LIVES, seed=st.integers(0, 2**32))
async def test_rows_do_not_depend_on_how_the_log_was_cut(
    engine: AsyncEngine, lives: list[list[Step]], seed: int
) -> None:
    await check(engine, [live([SPAWNING, *steps]) for steps in lives], random.Random(seed))


async def test_a_long_history_gives_the_same_rows_too(engine: AsyncEngine) -> None:
    rng = random.Random(11)

    def step() -> Step:
        return Step(rng.randrange(len(VERBS)), rng.randrange(16), rng.randrange(12))

    lives = [live([SPAWNING, *(step() for _ in range(150))]) for _ in range(8)]
    assert sum(len(life.events) for life in lives) > 150
    await check(engine, lives, rng)
