"""Snapshots of the decision state, in PostgreSQL."""

from sqlalchemy import delete, select, tuple_
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncEngine

from projections.schema import SNAPSHOTS

from ...ports.snapshots import KEPT, Snapshot
from .errors import guard

_NEWEST_FIRST = (SNAPSHOTS.c.seq.desc(), SNAPSHOTS.c.fold_version.desc())
_KEY = (SNAPSHOTS.c.seq, SNAPSHOTS.c.fold_version)


class PostgresSnapshots:
    """A `SnapshotStore`."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def save(self, snapshot: Snapshot) -> None:
        row = {name: getattr(snapshot, name) for name in Snapshot.__slots__}
        kept = select(*_KEY).order_by(*_NEWEST_FIRST).limit(KEPT)
        with guard():
            async with self._engine.begin() as connection:
                await connection.execute(
                    insert(SNAPSHOTS).values(row).on_conflict_do_update(index_elements=_KEY, set_=row)
                )
                await connection.execute(delete(SNAPSHOTS).where(tuple_(*_KEY).not_in(kept)))

    async def newest(self) -> Snapshot | None:
        columns = [SNAPSHOTS.c[name] for name in Snapshot.__slots__]
        with guard():
            async with self._engine.connect() as connection:
                found = await connection.execute(select(*columns).order_by(*_NEWEST_FIRST).limit(1))
                row = found.one_or_none()
        return Snapshot(*row) if row else None
