"""The migrations make the schema that the code expects, once, whoever else tries."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Connection, inspect, text
from sqlalchemy.ext.asyncio import AsyncEngine

from app.adapters.postgres import DatabaseTooNew, DatabaseUnavailable, create_engine, migrate
from projections.catalogue import PROJECTIONS
from projections.runner import Runner
from projections.schema import METADATA
from tests.support.facts import History

pytest_plugins = ["tests.support.postgres"]


@pytest.fixture
async def fresh(empty_database_url: str) -> AsyncIterator[AsyncEngine]:
    """Connections to a database that nothing was ever done to."""
    engine = create_engine(empty_database_url)
    try:
        yield engine
    finally:
        await engine.dispose()


def differences(connection: Connection) -> list[Any]:
    context = MigrationContext.configure(
        connection, opts={"compare_type": True, "compare_server_default": True}
    )
    return [*compare_metadata(context, METADATA)]


async def test_the_migrated_schema_is_the_one_that_the_code_declares(fresh: AsyncEngine) -> None:
    await migrate(fresh)
    async with fresh.connect() as connection:
        assert await connection.run_sync(differences) == []
        names = await connection.run_sync(lambda sync: inspect(sync).get_table_names())
    assert {*names} == {*METADATA.tables, "alembic_version"}


async def test_the_comparison_sees_what_is_missing(fresh: AsyncEngine) -> None:
    await migrate(fresh)
    async with fresh.connect() as connection:
        await connection.execute(text("DROP INDEX tasks_queue"))
        await connection.execute(text("ALTER TABLE agents DROP COLUMN owner"))
        found = await connection.run_sync(differences)
    assert {difference[0] for difference in found} == {"add_index", "add_column"}


async def test_migrating_again_changes_nothing(fresh: AsyncEngine) -> None:
    await migrate(fresh)
    log = History()
    log.spawn("a1")
    await Runner(fresh, PROJECTIONS).apply(log.facts)
    await migrate(fresh)
    async with fresh.connect() as connection:
        assert await connection.scalar(text("SELECT count(*) FROM agents")) == 1


async def test_several_processes_may_migrate_at_once(empty_database_url: str) -> None:
    engines = [create_engine(empty_database_url) for _ in range(3)]
    try:
        await asyncio.gather(*(migrate(engine) for engine in engines))
        async with engines[0].connect() as connection:
            assert await connection.run_sync(differences) == []
    finally:
        await asyncio.gather(*(engine.dispose() for engine in engines))


async def test_a_database_of_a_newer_version_is_left_alone(fresh: AsyncEngine) -> None:
    await migrate(fresh)
    async with fresh.begin() as connection:
        await connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(DatabaseTooNew, match=r"to 9999; this one knows up to \d{4}\. Upgrade symbi\."):
        await migrate(fresh)
    async with fresh.connect() as connection:
        assert await connection.scalar(text("SELECT version_num FROM alembic_version")) == "9999"


async def test_a_server_that_is_not_there_is_said_to_be_unavailable() -> None:
    engine = create_engine("postgresql://symbi:secret@127.0.0.1:1/symbi")
    try:
        with pytest.raises(DatabaseUnavailable) as caught:
            await migrate(engine)
        assert "secret" not in caught.value.message
    finally:
        await engine.dispose()
