"""Snapshots and first answers survive in PostgreSQL, and its absence is said plainly."""

import os
import signal
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.exc import ProgrammingError
from sqlalchemy.ext.asyncio import AsyncEngine

from app.adapters.postgres import (
    DatabaseUnavailable,
    PostgresAnswers,
    PostgresSnapshots,
    create_engine,
    guard,
    migrate,
)
from app.embedded.data_dir import DataDir
from app.embedded.postgres import EmbeddedPostgres
from app.ports.answers import AnswerStore, StoredAnswer
from app.ports.snapshots import KEPT, Snapshot, SnapshotStore

pytest_plugins = ["tests.support.postgres"]

SNAPSHOT = Snapshot(
    fold_version=1, seq=10, chain_hash=b"\1" * 32, leaf=b"\2" * 32, body=b"state", signature="s", key="k"
)
ANSWER = StoredAnswer(
    command_id="c1",
    digest="sha256:1",
    principal="alice",
    received_at_ns=1_790_000_000_000_000_001,
    seq=7,
    answer=b"{}",
    request=b"\0cipher",
)


@pytest.fixture
def snapshots(engine: AsyncEngine) -> SnapshotStore:
    return PostgresSnapshots(engine)


@pytest.fixture
def answers(engine: AsyncEngine) -> AnswerStore:
    return PostgresAnswers(engine)


async def test_the_newest_snapshot_is_the_one_of_the_highest_position(snapshots: SnapshotStore) -> None:
    assert await snapshots.newest() is None
    await snapshots.save(SNAPSHOT)
    assert await snapshots.newest() == SNAPSHOT
    newer = replace(SNAPSHOT, seq=20, body=b"\0" * 1_000_000)
    await snapshots.save(newer)
    await snapshots.save(replace(SNAPSHOT, seq=15))
    assert await snapshots.newest() == newer


async def test_a_snapshot_of_the_same_position_and_fold_is_replaced(snapshots: SnapshotStore) -> None:
    await snapshots.save(SNAPSHOT)
    again = replace(SNAPSHOT, body=b"better")
    await snapshots.save(again)
    assert await snapshots.newest() == again
    folded_anew = replace(SNAPSHOT, fold_version=2)
    await snapshots.save(folded_anew)
    assert await snapshots.newest() == folded_anew


async def test_only_the_newest_snapshots_are_kept(snapshots: SnapshotStore, engine: AsyncEngine) -> None:
    for seq in range(10, 20):
        await snapshots.save(replace(SNAPSHOT, seq=seq))
    async with engine.connect() as connection:
        kept = await connection.scalars(text("SELECT seq FROM snapshots ORDER BY seq"))
        assert [*kept] == [*range(20 - KEPT, 20)]


async def test_the_first_answer_stays_the_first(answers: AnswerStore) -> None:
    refused = replace(ANSWER, command_id="c2", seq=None)
    await answers.save_many([ANSWER, refused])
    await answers.save_many([replace(ANSWER, answer=b"another"), replace(ANSWER, command_id="c3")])
    await answers.save_many([])
    assert await answers.find("c1") == ANSWER
    assert await answers.find("c2") == refused
    assert await answers.find("c3") == replace(ANSWER, command_id="c3")
    assert await answers.find("c4") is None


async def test_one_batch_may_hold_the_same_command_twice(answers: AnswerStore) -> None:
    await answers.save_many([ANSWER, replace(ANSWER, answer=b"again")])
    assert await answers.find("c1") == ANSWER


async def test_answers_are_listed_and_pruned_by_when_they_were_asked_for(answers: AnswerStore) -> None:
    stored = [replace(ANSWER, command_id=f"c{n}", received_at_ns=n) for n in range(1, 6)]
    await answers.save_many(stored[::-1])
    assert await answers.since(3) == stored[2:]
    assert await answers.prune(4) == 3
    assert await answers.since(0) == stored[3:]
    assert await answers.prune(4) == 0


async def test_stores_come_back_when_the_server_does(tmp_path: Path) -> None:
    with DataDir.open(tmp_path / "data") as data:
        postgres = EmbeddedPostgres(data)
        await postgres.start()
        engine = create_engine(postgres.url())
        answers, snapshots = PostgresAnswers(engine), PostgresSnapshots(engine)
        try:
            await migrate(engine)
            await answers.save_many([ANSWER])
            await snapshots.save(SNAPSHOT)
            os.kill(postgres.pid, signal.SIGKILL)
            await postgres.wait_died()
            with pytest.raises(DatabaseUnavailable, match="PostgreSQL does not answer"):
                await answers.save_many([replace(ANSWER, command_id="c2")])
            with pytest.raises(DatabaseUnavailable):
                await snapshots.newest()
            postgres = EmbeddedPostgres(data)
            await postgres.start()
            # Both were acknowledged before the server was killed.
            assert await answers.find("c1") == ANSWER
            assert await snapshots.newest() == SNAPSHOT
            await answers.save_many([replace(ANSWER, command_id="c2")])
            assert await answers.find("c2") is not None
        finally:
            await engine.dispose()
            await postgres.stop()


@pytest.fixture
async def crowded(database_url: str) -> AsyncIterator[AsyncEngine]:
    engine = create_engine(database_url, connections=1)
    try:
        yield engine
    finally:
        await engine.dispose()


async def test_a_statement_that_is_wrong_is_not_blamed_on_the_server(crowded: AsyncEngine) -> None:
    with pytest.raises(ProgrammingError, match="no_such_table"), guard():
        async with crowded.connect() as connection:
            await connection.execute(text("SELECT * FROM no_such_table"))


async def test_a_server_that_ends_our_connections_is_unavailable_once(crowded: AsyncEngine) -> None:
    with pytest.raises(DatabaseUnavailable), guard():
        async with crowded.connect() as connection:
            await connection.execute(text("SELECT pg_terminate_backend(pg_backend_pid())"))
    async with crowded.connect() as connection:
        assert await connection.scalar(text("SELECT 1")) == 1
