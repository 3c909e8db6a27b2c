"""A rebuild makes the same rows from the log beside the live ones; a verification tells whether it would."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from app.adapters.postgres import create_engine, guard
from app.adapters.postgres.errors import ProjectionBusy
from events.agent import AgentSuspended
from events.codec import Fact
from projections import history, lifecycle, scheduler
from projections.catalogue import PROJECTIONS, projection
from projections.errors import BeingRebuilt
from projections.feeding import Item
from projections.lifecycle import Lifecycle
from projections.parking import parked
from projections.rebuilding import Difference, rebuild, verify
from projections.rebuilding.reading import Read
from projections.runner import Runner
from tests.support.facts import History, batches

pytest_plugins = ["tests.support.postgres"]


def reading(log: History, size: int = 50, before_each: Callable[[int], Any] | None = None) -> Read:
    """*log* as a rebuild reads it; *before_each* may do something before each batch."""

    async def read(after: int, upto: int) -> AsyncIterator[Sequence[Item]]:
        for batch in batches(log.facts[after:upto], size):
            if before_each is not None:
                await before_each(batch[0].seq)
            yield batch

    return read


def busy(agents: int = 30) -> History:
    log = History()
    for n in range(1, agents + 1):
        log.spawn(f"a{n}")
        log.run(f"a{n}", f"t{n}")
    return log


async def digests(engine: AsyncEngine, log: History) -> dict[str, str]:
    """The digest of each projection, which must equal its rebuild."""
    found = [await verify(engine, p, reading(log)) for p in PROJECTIONS]
    assert [v.projection for v in found if not v.equal] == []
    return {v.projection: v.digest for v in found}


async def test_every_projection_is_equal_to_its_rebuild(engine: AsyncEngine) -> None:
    log = busy()
    runner = Runner(engine, PROJECTIONS)
    for batch in batches(log.facts, 17):
        await runner.apply(batch)
    found = await verify(engine, projection("lifecycle"), reading(log))
    assert (found.equal, found.position) == (True, log.head)
    assert [(check.table, check.rows, check.rows_rebuilt) for check in found.tables] == [
        ("agents", 30, 30),
        ("agent_transitions", 120, 120),
    ]
    before = await digests(engine, log)
    for view in PROJECTIONS:
        rebuilt = await rebuild(engine, view, reading(log))
        assert (rebuilt.position, rebuilt.parked) == (log.head, [])
    assert await digests(engine, log) == before
    noted = {c.projection: (c.verified_digest, c.verified_position) for c in await runner.positions()}
    assert noted == {name: (digest, log.head) for name, digest in before.items()}


async def test_a_verification_names_the_rows_that_differ(engine: AsyncEngine) -> None:
    log = busy(3)
    await Runner(engine, PROJECTIONS).apply(log.facts)
    async with engine.begin() as connection:
        await connection.execute(text("UPDATE agents SET owner = 'human/mallory' WHERE id = 'a2'"))
        await connection.execute(text("DELETE FROM agents WHERE id = 'a3'"))
        await connection.execute(text("UPDATE agent_transitions SET n = 9 WHERE agent = 'a1' AND n = 4"))
    found = await verify(engine, projection("lifecycle"), reading(log))
    assert not found.equal
    agents, transitions = found.tables
    assert agents.differences == [
        Difference({"id": "a2"}, ["owner"], None),
        Difference({"id": "a3"}, [], "live"),
    ]
    assert transitions.differences == [
        Difference({"agent": "a1", "n": 4}, [], "live"),
        Difference({"agent": "a1", "n": 9}, [], "rebuilt"),
    ]
    assert (await verify(engine, projection("scheduler"), reading(log))).equal
    await rebuild(engine, projection("lifecycle"), reading(log))
    assert (await verify(engine, projection("lifecycle"), reading(log))).equal


async def test_the_live_projection_goes_on_while_it_is_rebuilt(engine: AsyncEngine) -> None:
    log = busy(400)
    runner = Runner(engine, PROJECTIONS)
    start = 1500
    await runner.apply(log.facts[:start])
    live_at: list[int] = []

    async def live_on(_: int) -> None:
        position = runner.position
        await runner.apply(log.facts[position : position + 20])
        live_at.append(runner.position)

    waiting: list[asyncio.Task[None]] = []

    async def then_wait(seq: int) -> None:
        # In the last step the runner has to wait for the swap, so nobody may wait for the runner.
        if seq <= start:
            await live_on(seq)
        elif not waiting:
            waiting.append(asyncio.create_task(live_on(seq)))

    rebuilt = await rebuild(engine, projection("lifecycle"), reading(log, before_each=then_wait))
    async with asyncio.timeout(10):
        await waiting[0]
    assert live_at == sorted(live_at)
    assert start < rebuilt.position < log.head
    assert runner.position > rebuilt.position
    await runner.apply(log.facts[runner.position :])
    async with engine.connect() as connection:
        assert await lifecycle.agent_counts(connection) == {"ready": 400}
        assert await scheduler.task_counts(connection) == {"completed": 400}
    await digests(engine, log)


async def test_a_verification_disturbs_nobody_and_leaves_nothing(engine: AsyncEngine) -> None:
    log = busy()
    runner = Runner(engine, PROJECTIONS)
    await runner.apply(log.facts[:100])

    async def live_on(_: int) -> None:
        async with asyncio.timeout(5):
            await runner.apply(log.facts[runner.position : runner.position + 10])

    found = await verify(engine, projection("history"), reading(log, 10, before_each=live_on))
    assert (found.equal, found.position) == (True, 100)
    assert runner.position == 200
    async with engine.connect() as connection:
        schemas = await connection.scalars(
            text(
                "SELECT DISTINCT schemaname FROM pg_tables WHERE tablename = 'events_index'"
                " OR schemaname LIKE 'rebuild%'"
            )
        )
        assert [*schemas] == ["public"]


async def test_a_rebuild_that_is_cut_off_changes_nothing(engine: AsyncEngine) -> None:
    log = busy()
    await Runner(engine, PROJECTIONS).apply(log.facts)
    before = await digests(engine, log)

    async def cut_off(seq: int) -> None:
        if seq > 100:
            raise ConnectionError("the log went away")

    with pytest.raises(ConnectionError, match="the log went away"):
        await rebuild(engine, projection("lifecycle"), reading(log, before_each=cut_off))
    assert await digests(engine, log) == before
    await rebuild(engine, projection("lifecycle"), reading(log))
    assert await digests(engine, log) == before


async def test_two_do_not_rebuild_the_same_projection_at_once(engine: AsyncEngine, database_url: str) -> None:
    log = busy(3)
    await Runner(engine, PROJECTIONS).apply(log.facts)
    other = create_engine(database_url)
    refused: list[str] = []

    async def try_too(_: int) -> None:
        for attempt in (rebuild, verify):
            with pytest.raises(BeingRebuilt):
                await attempt(other, projection("lifecycle"), reading(log))
            with pytest.raises(ProjectionBusy), guard():
                await attempt(other, projection("lifecycle"), reading(log))
        refused.append("lifecycle")

    try:
        await rebuild(engine, projection("lifecycle"), reading(log, before_each=try_too))
        assert refused == ["lifecycle"]
        # Over, so somebody else may.
        await rebuild(other, projection("lifecycle"), reading(log))
    finally:
        await other.dispose()


class Mended(Lifecycle):
    """Takes what the first version of it could not."""

    version = Lifecycle.version + 1

    async def apply(self, connection: Any, items: Sequence[Fact]) -> None:
        await super().apply(connection, [i for i in items if not isinstance(i.event, AgentSuspended)])


async def test_a_rebuild_by_a_mended_version_brings_parked_subjects_up_to_date(engine: AsyncEngine) -> None:
    log = busy(2)
    log.add(AgentSuspended(agent_id="a1", reason="while it is ready"))
    log.run("a1", "t9")
    await Runner(engine, PROJECTIONS).apply(log.facts)
    async with engine.connect() as connection:
        assert [row.held for row in await parked(connection)] == [4]
    # Rebuilt by the version that could not take it, the same subject stops at the same event.
    again = await rebuild(engine, projection("lifecycle"), reading(log))
    assert [(row.subject, row.seq) for row in again.parked] == [("agent/a1", 15)]
    async with engine.connect() as connection:
        assert [row.held for row in await parked(connection)] == [4]

    mended = Mended()
    runner = Runner(engine, [*(p for p in PROJECTIONS if p.name != "lifecycle"), mended])
    await runner.start()
    assert runner.outdated == {"lifecycle"}
    log.run("a2", "t10")
    await runner.apply(log.facts[runner.position :])
    assert (await rebuild(engine, mended, reading(log))).parked == []
    log.run("a1", "t11")
    await runner.apply(log.facts[runner.position :])
    assert runner.outdated == frozenset()
    async with engine.connect() as connection:
        assert await parked(connection) == []
        assert len(await lifecycle.transitions(connection, "a1")) == 8
        assert len(await lifecycle.transitions(connection, "a2")) == 6
        assert len(await history.events(connection)) == log.head
    assert {c.parked for c in await runner.positions()} == {0}
    assert (await verify(engine, mended, reading(log))).equal


async def test_a_log_that_lost_events_can_be_rebuilt_from(engine: AsyncEngine) -> None:
    log = busy(400)
    runner = Runner(engine, PROJECTIONS)
    # Lost between two agents' events, and at the end.
    lost = {2101, 2102, 2103, 2104, 2105, 2106, 2107, log.head}
    left = [fact for fact in log.facts if fact.seq not in lost]
    await runner.apply(left[:2100])
    await runner.apply(left[2100:], after=2100)
    log.spawn("a500")
    await runner.apply(log.facts[-3:], after=log.head - 4)

    async def read(after: int, upto: int) -> AsyncIterator[Sequence[Item]]:
        for batch in batches([fact for fact in log.facts if after < fact.seq <= upto], 50):
            if kept := [fact for fact in batch if fact.seq not in lost]:
                yield kept

    for view in PROJECTIONS:
        assert (await verify(engine, view, read)).equal
        await rebuild(engine, view, read)
        assert (await verify(engine, view, read)).equal
