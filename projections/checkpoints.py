"""Where each projection has got to."""

from collections.abc import Sequence
from typing import Any, NamedTuple

from sqlalchemy import func, select, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from .projection import Projection
from .rows import driver
from .schema import CHECKPOINTS, PARKED

# In the order of their names, so that two who lock several wait for each other in a line. The log has it
# all, so a commit need not wait for the disk: a crash that loses the newest rows loses their positions too.
_LOCK = text(
    "SELECT projection, version, position, parked, verified_digest, verified_position,"
    " set_config('synchronous_commit', 'off', true)"
    " FROM checkpoints WHERE projection = ANY(:names) ORDER BY projection FOR UPDATE"
)
_MOVE = "UPDATE checkpoints SET position = $1 WHERE projection = ANY($2::text[])"


class Checkpoint(NamedTuple):
    """How far one projection is."""

    projection: str
    version: int
    """The version of the code that wrote its rows."""
    position: int
    """It has seen everything up to this position of the log."""
    parked: int
    """How many subjects stopped at an event that it could not take."""
    verified_digest: str | None
    """The digest that its tables and their rebuild had in common, when last verified."""
    verified_position: int | None


async def positions(connection: AsyncConnection) -> list[Checkpoint]:
    """The checkpoint of every projection, by name."""
    found = await connection.execute(select(CHECKPOINTS).order_by(CHECKPOINTS.c.projection))
    return [Checkpoint(*row) for row in found]


async def lock(connection: AsyncConnection, projections: Sequence[Projection[Any]]) -> dict[str, Checkpoint]:
    """The checkpoints of *projections*, which nobody else can move before the transaction ends.

    A projection without one begins before the first event.
    """
    names = [projection.name for projection in projections]
    found = await _locked(connection, names)
    if len(found) < len(names):
        beginnings = [_beginning(projection) for projection in projections]
        await connection.execute(insert(CHECKPOINTS).values(beginnings).on_conflict_do_nothing())
        found = await _locked(connection, names)
    return found


async def move(connection: AsyncConnection, names: Sequence[str], position: int) -> None:
    """The projections of these names have seen everything up to *position*."""
    await (await driver(connection)).execute(_MOVE, position, names)


async def count_parked(connection: AsyncConnection, name: str) -> None:
    """Bring the number of a projection's parked subjects up to date."""
    parked = select(func.count()).where(PARKED.c.projection == name).scalar_subquery()
    await connection.execute(
        update(CHECKPOINTS).where(CHECKPOINTS.c.projection == name).values(parked=parked)
    )


async def _locked(connection: AsyncConnection, names: Sequence[str]) -> dict[str, Checkpoint]:
    found = await connection.execute(_LOCK, {"names": names})
    return {row[0]: Checkpoint(*row[:-1]) for row in found}


def _beginning(projection: Projection[Any]) -> dict[str, Any]:
    return {"projection": projection.name, "version": projection.version, "position": 0, "parked": 0}
