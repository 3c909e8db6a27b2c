"""The runner applies every event once, whatever becomes of the batch, of an event or of the database."""

import asyncio
import os
import signal
from collections.abc import Sequence
from pathlib import Path
from typing import ClassVar

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from app.adapters.postgres import DatabaseUnavailable, create_engine, guard, migrate
from app.adapters.postgres.errors import ProjectionBehind
from app.embedded.data_dir import DataDir
from app.embedded.postgres import EmbeddedPostgres
from events.agent import AgentRegistered, AgentSuspended
from events.codec import Bad, Fact, Raw
from events.task import TaskStarted
from projections import history, lifecycle, scheduler
from projections.catalogue import PROJECTIONS
from projections.errors import Behind
from projections.lifecycle import Lifecycle
from projections.paging import Page
from projections.parking import ParkedRow, parked
from projections.quarantine import quarantine_counts, quarantined
from projections.runner import Runner
from tests.support.facts import BEGAN, DIGEST, KEY, History, batches

pytest_plugins = ["tests.support.postgres"]


@pytest.fixture
async def runner(engine: AsyncEngine) -> Runner:
    """A runner of every projection, at the beginning of the log."""
    made = Runner(engine, PROJECTIONS)
    assert await made.start() == 0
    return made


def two_agents() -> History:
    log = History()
    log.spawn("a1")
    log.spawn("a2")
    log.run("a1", "t1")
    log.run("a2", "t2")
    return log


async def states(engine: AsyncEngine) -> dict[str, str | None]:
    async with engine.connect() as connection:
        return {row.id: row.state for row in await lifecycle.agents(connection)}


async def test_a_batch_reaches_every_projection(engine: AsyncEngine, runner: Runner) -> None:
    log = two_agents()
    await runner.apply(log.facts)
    assert await states(engine) == {"a1": "ready", "a2": "ready"}
    async with engine.connect() as connection:
        assert await scheduler.task_counts(connection) == {"completed": 2}
        assert len(await history.events(connection)) == log.head
    assert {c.position for c in await runner.positions()} == {log.head}
    assert runner.position == log.head
    assert await runner.lag(log.head + 3) == {p.name: 3 for p in PROJECTIONS}


async def test_what_was_seen_is_not_applied_again(engine: AsyncEngine, runner: Runner) -> None:
    log = two_agents()
    await runner.apply(log.facts[:8])
    await runner.apply(log.facts[3:8])
    await runner.apply(log.facts)
    await runner.apply(log.facts)
    async with engine.connect() as connection:
        assert [step.n for step in await lifecycle.transitions(connection, "a1")] == [1, 2, 3, 4]
        assert len(await history.events(connection)) == log.head


async def test_another_runner_goes_on_where_the_first_one_was(engine: AsyncEngine, runner: Runner) -> None:
    log = two_agents()
    await runner.apply(log.facts[:5])
    second = Runner(engine, PROJECTIONS)
    assert await second.start() == 5
    await asyncio.gather(second.apply(log.facts[5:]), runner.apply(log.facts[5:]))
    async with engine.connect() as connection:
        assert len(await history.events(connection)) == log.head
    assert await states(engine) == {"a1": "ready", "a2": "ready"}


async def test_a_batch_with_a_gap_before_it_is_refused(engine: AsyncEngine) -> None:
    runner = Runner(engine, PROJECTIONS)
    log = two_agents()
    await runner.apply(log.facts[:3])
    with pytest.raises(Behind, match="Read the log again from position 3"):
        await runner.apply(log.facts[5:])
    assert await runner.start() == 3
    # Where the log itself has a gap, the reader says where it has read to.
    await runner.apply(log.facts[5:], after=3)
    assert runner.position == log.head


async def test_readers_wait_for_their_own_writes(engine: AsyncEngine, runner: Runner) -> None:
    log = two_agents()
    waiting = asyncio.create_task(runner.wait_for(log.head))
    for batch in batches(log.facts, 4):
        assert not waiting.done()
        await runner.apply(batch)
    async with asyncio.timeout(5):
        await waiting
    assert await states(engine) == {"a1": "ready", "a2": "ready"}


class Told:
    """Whoever is told of parked events."""

    def __init__(self) -> None:
        self.rows: list[ParkedRow] = []

    async def __call__(self, rows: Sequence[ParkedRow]) -> None:
        self.rows += rows


async def test_an_event_that_cannot_be_taken_is_parked_and_its_subject_stops(engine: AsyncEngine) -> None:
    told = Told()
    runner = Runner(engine, PROJECTIONS, on_parked=told)
    log = History()
    log.spawn("a1")
    log.spawn("a2")
    poison = log.add(AgentSuspended(agent_id="a1", reason="while it is ready"))
    log.run("a2", "t2")
    log.run("a1", "t1")
    await runner.apply(log.facts)
    log.run("a1", "t3")
    await runner.apply(log.facts[-4:])

    assert [(row.projection, row.subject, row.seq) for row in told.rows] == [
        ("lifecycle", "agent/a1", poison.seq)
    ]
    async with engine.connect() as connection:
        (row,) = await parked(connection)
        assert row.error == "Contradiction: agent.suspended while the agent a1 is ready"
        assert (row.event_id, row.type) == (poison.envelope.id, "symbi.agent.suspended.v1")
        assert (row.at, row.held, row.last_seq) == (poison.stored_at, 8, log.head)
        # Others go on, and so does everything else about the same agent.
        (stopped, other) = await lifecycle.agents(connection)
        assert (stopped.id, stopped.last_seq, stopped.transitions) == ("a1", 3, 2)
        assert (other.id, other.transitions) == ("a2", 4)
        assert await scheduler.task_counts(connection) == {"completed": 3}
        assert len(await history.events(connection)) == log.head
    by_name = {c.projection: c for c in await runner.positions()}
    assert {c.position for c in by_name.values()} == {log.head}
    assert {name: c.parked for name, c in by_name.items() if c.parked} == {"lifecycle": 1}


async def test_every_poisonous_event_of_a_batch_is_found(engine: AsyncEngine) -> None:
    told = Told()
    runner = Runner(engine, PROJECTIONS, on_parked=told)
    log = History()
    for n in range(1, 41):
        log.spawn(f"a{n}")
        if n % 10 == 0:
            log.add(TaskStarted(task_id=f"t{n}", node_id="n1", assignment=1), agent=f"a{n}")
    await runner.apply(log.facts)
    assert [row.subject for row in told.rows] == ["task/t10", "task/t20", "task/t30", "task/t40"]
    assert {row.projection for row in told.rows} == {"scheduler"}
    assert set((await states(engine)).values()) == {"ready"}


async def test_what_the_database_refuses_for_its_values_is_parked_too(engine: AsyncEngine) -> None:
    told = Told()
    runner = Runner(engine, PROJECTIONS, on_parked=told)
    log = History()
    log.spawn("a1")
    log.submit("a1", "t1", priority=2**63)
    log.submit("a1", "t2")
    await runner.apply(log.facts)
    assert [(row.projection, row.subject) for row in told.rows] == [("scheduler", "task/t1")]
    async with engine.connect() as connection:
        assert [task.id for task in await scheduler.tasks(connection)] == ["t2"]


async def test_text_with_a_nul_is_no_poison(engine: AsyncEngine) -> None:
    told = Told()
    runner = Runner(engine, PROJECTIONS, on_parked=told)
    log = History()
    log.add(AgentRegistered(agent_id="a1", title="a\0b", definition_digest=DIGEST, owner="human/alice"))
    await runner.apply(log.facts)
    async with engine.connect() as connection:
        (agent,) = await lifecycle.agents(connection)
        (event,) = await history.events(connection)
    assert (agent.name, event.data["title"], told.rows) == ("a\ufffdb", "a\ufffdb", [])


async def test_what_did_not_verify_reaches_the_quarantine_only(engine: AsyncEngine, runner: Runner) -> None:
    log = two_agents()
    forged = Raw(log.head + 1, BEGAN, "symbi.evt.a1.agent.a1.halted", b"\xff{}", "", KEY)
    await runner.apply([*log.facts, Bad(forged, "unsigned", "no signature\0")])
    async with engine.connect() as connection:
        (row,) = await quarantined(connection)
        assert (row.seq, row.code, row.payload, row.key) == (log.head + 1, "unsigned", b"\xff{}", KEY)
        assert row.detail == "no signature\ufffd"
        assert await quarantine_counts(connection) == {"unsigned": 1}
        assert await quarantined(connection, code="bad_signature") == []
        assert len(await history.events(connection)) == log.head
    assert runner.position == log.head + 1


class NewerLifecycle(Lifecycle):
    """The same view by other rules."""

    version: ClassVar[int] = Lifecycle.version + 1


async def test_rows_of_another_version_wait_for_a_rebuild(engine: AsyncEngine, runner: Runner) -> None:
    log = two_agents()
    await runner.apply(log.facts[:6])
    upgraded = Runner(engine, [NewerLifecycle() if p.name == "lifecycle" else p for p in PROJECTIONS])
    assert await upgraded.start() == 6
    assert upgraded.outdated == {"lifecycle"}
    await upgraded.apply(log.facts[6:])
    assert upgraded.position == log.head
    by_name = {c.projection: c for c in await upgraded.positions()}
    assert (by_name["lifecycle"].position, by_name["lifecycle"].version) == (6, Lifecycle.version)
    assert by_name["scheduler"].position == log.head


async def test_rows_that_a_crash_took_are_missed_and_made_again(engine: AsyncEngine, runner: Runner) -> None:
    log = two_agents()
    await runner.apply(log.facts[:6])
    async with engine.begin() as connection:
        await connection.execute(text("UPDATE checkpoints SET position = 3"))
        await connection.execute(text("DELETE FROM events_index WHERE seq > 3"))
        await connection.execute(text("DELETE FROM agents"))
        await connection.execute(text("DELETE FROM agent_transitions"))
        await connection.execute(text("UPDATE checkpoints SET position = 0 WHERE projection = 'lifecycle'"))
    with pytest.raises(ProjectionBehind, match="is back at position"), guard():
        await runner.apply(log.facts[6:])
    assert await runner.start() == runner.position == 0
    await runner.apply(log.facts)
    assert await states(engine) == {"a1": "ready", "a2": "ready"}


async def test_a_projection_that_is_new_begins_at_the_beginning(engine: AsyncEngine) -> None:
    log = two_agents()
    first = Runner(engine, [p for p in PROJECTIONS if p.name != "lifecycle"])
    await first.apply(log.facts)
    all_of_them = Runner(engine, PROJECTIONS)
    assert await all_of_them.start() == 0
    await all_of_them.apply(log.facts)
    assert await states(engine) == {"a1": "ready", "a2": "ready"}


async def test_a_killed_database_is_waited_for_and_nothing_is_lost(tmp_path: Path) -> None:
    log = History()
    for n in range(1, 31):
        log.spawn(f"a{n}")
        log.run(f"a{n}", f"t{n}")
    with DataDir.open(tmp_path / "data") as data:
        postgres = EmbeddedPostgres(data)
        await postgres.start()
        engine = create_engine(postgres.url())
        try:
            await migrate(engine)
            runner = Runner(engine, PROJECTIONS)
            for upto in (70, 140, log.head):
                await kill(postgres)
                with pytest.raises(DatabaseUnavailable, match=r"does not answer: .+`symbi doctor`"), guard():
                    await runner.apply(log.facts[:upto])
                postgres = EmbeddedPostgres(data)
                await postgres.start()
                # Which may be behind what was applied before the crash.
                position = await runner.start()
                await runner.apply(log.facts[position:upto])
            async with engine.connect() as connection:
                assert len(await history.events(connection, Page(limit=1000))) == log.head
                assert await scheduler.task_counts(connection) == {"completed": 30}
        finally:
            await engine.dispose()
            await postgres.stop()


class Paused(Lifecycle):
    """Stops after it has written, until it is let go on."""

    def __init__(self) -> None:
        self.written = asyncio.Event()
        self.go_on = asyncio.Event()

    async def apply(self, connection: AsyncConnection, items: Sequence[Fact]) -> None:
        await super().apply(connection, items)
        self.written.set()
        await self.go_on.wait()


async def test_a_database_killed_in_the_middle_of_a_batch_has_nothing_of_it(tmp_path: Path) -> None:
    log = two_agents()
    paused = Paused()
    others = [p for p in PROJECTIONS if p.name != "lifecycle"]
    with DataDir.open(tmp_path / "data") as data:
        postgres = EmbeddedPostgres(data)
        await postgres.start()
        engine = create_engine(postgres.url())
        try:
            await migrate(engine)
            await Runner(engine, PROJECTIONS).apply(log.facts[:4])
            runner = Runner(engine, [*others, paused])
            applying = asyncio.create_task(runner.apply(log.facts[4:]))
            async with asyncio.timeout(10):
                await paused.written.wait()
            await kill(postgres)
            paused.go_on.set()
            with pytest.raises(DatabaseUnavailable), guard():
                await applying
            postgres = EmbeddedPostgres(data)
            await postgres.start()
            position = await runner.start()
            assert position <= 4
            async with engine.connect() as connection:
                assert len(await history.events(connection)) == position
                assert len(await lifecycle.agents(connection)) == (2 if position else 0)
            await runner.apply(log.facts[position:])
            assert await states(engine) == {"a1": "ready", "a2": "ready"}
        finally:
            await engine.dispose()
            await postgres.stop()


async def kill(postgres: EmbeddedPostgres) -> None:
    """What a power cut does to the server."""
    died = asyncio.create_task(postgres.wait_died())
    await asyncio.sleep(0)
    os.kill(postgres.pid, signal.SIGKILL)
    async with asyncio.timeout(10):
        await died
