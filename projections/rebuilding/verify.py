"""Shows that a projection's rows are those that the log gives."""

import hashlib
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Table, select, text, update
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from ..projection import Projection
from ..schema import CHECKPOINTS
from .alone import alone
from .beside import Beside
from .digest import key_order, table_digest
from .reading import Read

SHOWN = 5
"""How many differing rows are named."""


@dataclass(frozen=True, slots=True)
class Difference:
    """One row that is not what the log gives."""

    key: dict[str, Any]
    columns: list[str]
    """Those that differ; empty where only one side has the row."""
    missing_in: str | None
    """`live`, `rebuilt`, or none where both have it."""


@dataclass(frozen=True, slots=True)
class TableCheck:
    """One table, live and rebuilt."""

    table: str
    rows: int
    rows_rebuilt: int
    digest: str
    digest_rebuilt: str
    differences: list[Difference]
    """The first ones, by key."""

    @property
    def equal(self) -> bool:
        return self.digest == self.digest_rebuilt


@dataclass(frozen=True, slots=True)
class Verification:
    """What comparing a projection with its rebuild at the same position showed."""

    projection: str
    position: int
    tables: list[TableCheck]

    @property
    def equal(self) -> bool:
        return all(check.equal for check in self.tables)

    @property
    def digest(self) -> str:
        """One digest of the live tables."""
        lines = "".join(f"{check.table} {check.digest}\n" for check in self.tables)
        return "sha256:" + hashlib.sha256(lines.encode()).hexdigest()


async def verify(engine: AsyncEngine, projection: Projection[Any], read: Read) -> Verification:
    """Rebuild *projection* beside its live tables up to where it stands, compare, and drop what was built.

    Nothing waits for it: the comparison sees the live tables as they are at one moment. Where all is equal,
    the digest is noted in the checkpoint.

    Raises:
        BeingRebuilt: somebody rebuilds or verifies it at this moment.
    """
    async with engine.connect() as connection, alone(connection, projection):
        beside = await Beside.open(connection, projection, read)
        await beside.fill()
        await connection.execute(text("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ"))
        found = await _compare(beside)
        await connection.rollback()
        async with connection.begin():
            await beside.drop()
            if found.equal:
                await _note(connection, found)
    return found


async def _compare(beside: Beside) -> Verification:
    connection, projection = beside.connection, beside.projection
    query = select(CHECKPOINTS.c.position).where(CHECKPOINTS.c.projection == projection.name)
    position = await connection.scalar(query) or 0
    await beside.search()
    await beside.finish(position)
    checks = [await _check(connection, table, beside.live, beside.schema) for table in projection.tables]
    return Verification(projection.name, position, checks)


async def _check(connection: AsyncConnection, table: Table, live: str, beside: str) -> TableCheck:
    digest, rows = await table_digest(connection, live, table)
    digest_rebuilt, rows_rebuilt = await table_digest(connection, beside, table)
    differences = [] if digest == digest_rebuilt else await _differences(connection, table, live, beside)
    return TableCheck(table.name, rows, rows_rebuilt, digest, digest_rebuilt, differences)


async def _differences(connection: AsyncConnection, table: Table, live: str, beside: str) -> list[Difference]:
    keys = [column.name for column in table.primary_key.columns]
    same = " AND ".join(f'l."{key}" = r."{key}"' for key in keys)
    query = (
        f'SELECT to_jsonb(l), to_jsonb(r) FROM "{live}"."{table.name}" AS l'
        f' FULL JOIN "{beside}"."{table.name}" AS r ON {same}'
        f" WHERE to_jsonb(l) IS DISTINCT FROM to_jsonb(r) ORDER BY {key_order(table, 'l', 'r')} LIMIT {SHOWN}"
    )
    found = await connection.execute(text(query))
    return [_difference(keys, lived, rebuilt) for lived, rebuilt in found]


def _difference(keys: list[str], lived: dict[str, Any] | None, rebuilt: dict[str, Any] | None) -> Difference:
    row = lived or rebuilt or {}
    key = {name: row[name] for name in keys}
    if lived is None or rebuilt is None:
        return Difference(key, [], "live" if lived is None else "rebuilt")
    return Difference(key, [name for name in lived if lived[name] != rebuilt[name]], None)


async def _note(connection: AsyncConnection, found: Verification) -> None:
    await connection.execute(
        update(CHECKPOINTS)
        .where(CHECKPOINTS.c.projection == found.projection)
        .values(verified_digest=found.digest, verified_position=found.position)
    )
