"""Brings the database to the schema that this version knows."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, text
from sqlalchemy.ext.asyncio import AsyncEngine

import projections

from .errors import DatabaseTooNew, guard

_ONE_AT_A_TIME = 0x73796D6269  # "symbi"


async def migrate(engine: AsyncEngine) -> None:
    """Apply what is missing, in one transaction; several processes may try at once.

    Raises:
        DatabaseTooNew: a newer version was here before; nothing is changed.
        DatabaseUnavailable: PostgreSQL does not answer.
    """
    with guard():
        async with engine.begin() as connection:
            await connection.execute(text(f"SELECT pg_advisory_xact_lock({_ONE_AT_A_TIME})"))
            await connection.run_sync(_upgrade)


def _upgrade(connection: Connection) -> None:
    config = Config()
    config.set_main_option("script_location", str(scripts()).replace("%", "%%"))
    config.attributes["connection"] = connection
    known = ScriptDirectory.from_config(config)
    found = MigrationContext.configure(connection).get_current_revision()
    if found is not None and found not in {script.revision for script in known.walk_revisions()}:
        raise DatabaseTooNew(found=found, known=known.get_current_head())
    command.upgrade(config, "head")


def scripts() -> Path:
    """Where the migrations lie: in a wheel below the projections, in the repository beside them."""
    package = Path(projections.__file__).parent
    return next(path for path in (package / "migrations", package.parent / "migrations") if path.is_dir())
