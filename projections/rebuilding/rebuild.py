"""Rebuilds a projection beside its live tables, and swaps."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from ..parking import ParkedRow
from ..projection import Projection
from ..schema import CHECKPOINTS, PARKED
from .alone import alone
from .beside import Beside
from .reading import Read


@dataclass(frozen=True, slots=True)
class Rebuilt:
    """The projection's rows are those that the log up to *position* gives."""

    projection: str
    position: int
    parked: list[ParkedRow]
    """Events that could not be taken this time either."""


async def rebuild(engine: AsyncEngine, projection: Projection[Any], read: Read) -> Rebuilt:
    """Make the projection's rows again from the log; until that is done, the old ones stay and go on.

    A rebuild that is cut off leaves the live tables as they were.

    Raises:
        BeingRebuilt: somebody else is at it.
    """
    async with engine.connect() as connection, alone(connection, projection):
        beside = await Beside.open(connection, projection, read)
        await beside.fill()
        async with connection.begin():
            # Nobody can move a checkpoint now, so this is where all the projections stand.
            await connection.execute(
                text(f'SELECT 1 FROM "{beside.live}".checkpoints ORDER BY projection FOR UPDATE')
            )
            position = await beside.head()
            await beside.search()
            await beside.finish(position)
            await _swap(beside)
    return Rebuilt(projection.name, position, beside.parked)


async def _swap(beside: Beside) -> None:
    live, new, name = beside.live, beside.schema, beside.projection.name
    statements = []
    for table in beside.projection.tables:
        statements += [
            f'DROP TABLE "{live}"."{table.name}"',
            f'ALTER TABLE "{new}"."{table.name}" SET SCHEMA "{live}"',
        ]
    for kept in (CHECKPOINTS.name, PARKED.name):
        statements += [
            f'DELETE FROM "{live}"."{kept}" WHERE projection = \'{name}\'',
            f'INSERT INTO "{live}"."{kept}" SELECT * FROM "{new}"."{kept}"',
        ]
    for statement in statements:
        await beside.connection.execute(text(statement))
    await beside.drop()
