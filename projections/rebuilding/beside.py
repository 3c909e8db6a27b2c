"""A projection's rows made anew in a schema beside the live one, up to where the log is read."""

from typing import Any

from sqlalchemy import Connection, text
from sqlalchemy.ext.asyncio import AsyncConnection

from ..checkpoints import lock, move
from ..parking import ParkedRow
from ..projection import Projection
from ..schema import CHECKPOINTS, METADATA, PARKED
from .reading import Read, feed_beside

LAST_STEP = 1000
"""So many events, or fewer, are left to be applied in the last step, which must see the live tables still."""


class Beside:
    """Tables of the same names as the live ones, which `search` makes unqualified names mean.

    They are filled in many short transactions, since rows that one long transaction changes again and again
    would become ever slower to find.
    """

    def __init__(
        self, connection: AsyncConnection, projection: Projection[Any], read: Read, live: str
    ) -> None:
        self.connection = connection
        self.projection = projection
        self.live = live
        """The schema that holds the live tables."""
        self.schema = f"rebuild_{projection.name}"
        self.position = 0
        self.parked: list[ParkedRow] = []
        self._read = read

    @classmethod
    async def open(cls, connection: AsyncConnection, projection: Projection[Any], read: Read) -> "Beside":
        """Empty tables; those that somebody left behind who was cut off are dropped."""
        async with connection.begin():
            live = str(await connection.scalar(text("SELECT current_schema()")))
            beside = cls(connection, projection, read, live)
            await beside.drop()
            await connection.execute(text(f'CREATE SCHEMA "{beside.schema}"'))
            await beside.search()
            await connection.run_sync(_create_tables, projection)
        return beside

    async def search(self) -> None:
        """Until the transaction ends, unqualified names mean these tables."""
        await self.connection.execute(text(f'SET LOCAL search_path TO "{self.schema}", "{self.live}"'))

    async def fill(self) -> None:
        """Apply all but the last step of the log, while the live projection goes on."""
        while (head := await self._head_by_now()) - self.position > LAST_STEP:
            async for batch in self._read(self.position, head):
                async with self.connection.begin():
                    await self.search()
                    fed = await feed_beside(self.connection, self.projection, batch, self.position)
                self.parked += fed.parked
                self.position = batch[-1].seq
            async with self.connection.begin():
                await self.search()
                await self._reached(head)
        async with self.connection.begin():
            await self.search()
            for table in self.projection.tables:
                await self.connection.execute(text(f'ANALYZE "{table.name}"'))

    async def finish(self, position: int) -> None:
        """Apply the rest up to *position* inside the caller's transaction, which is searching here."""
        async for batch in self._read(self.position, position):
            fed = await feed_beside(self.connection, self.projection, batch, self.position)
            self.parked += fed.parked
            self.position = batch[-1].seq
        await self._reached(position)

    async def _reached(self, position: int) -> None:
        # What the log does not hold, its reader has reported; the projection has seen all there is.
        await lock(self.connection, [self.projection])
        await move(self.connection, [self.projection.name], position)
        self.position = position

    async def head(self) -> int:
        """How far the live projections are, as the caller's transaction sees it."""
        found = await self.connection.scalar(
            text(f'SELECT coalesce(max(position), 0) FROM "{self.live}".checkpoints')
        )
        return int(found or 0)

    async def drop(self) -> None:
        """Drop the tables that are still here."""
        await self.connection.execute(text(f'DROP SCHEMA IF EXISTS "{self.schema}" CASCADE'))

    async def _head_by_now(self) -> int:
        async with self.connection.begin():
            return await self.head()


def _create_tables(connection: Connection, projection: Projection[Any]) -> None:
    # Without the check, since tables of these names are seen further down the search path.
    METADATA.create_all(connection, tables=[CHECKPOINTS, PARKED, *projection.tables], checkfirst=False)
