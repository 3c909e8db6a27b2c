"""Events that a projection could not take, and the subjects that stopped there.

After such an event the later ones of its subject are held back too. So a row is right as of some position,
instead of wrong in a way that nobody knows, and everything else goes on. A rebuild, once the cause is mended,
brings the subject up to date.
"""

from collections.abc import Mapping
from typing import NamedTuple

from sqlalchemy import bindparam, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from events.codec import Bad, Fact

from .schema import PARKED
from .storable import storable_text


class ParkedRow(NamedTuple):
    """A subject that stopped in one projection, and the event it stopped at."""

    projection: str
    subject: str
    seq: int
    event_id: str
    type: str
    error: str
    at: int
    """When the broker stored the event, in nanoseconds since the epoch."""
    held: int
    """How many later events of the subject are held back."""
    last_seq: int
    """The position of the newest event of the subject."""


def parked_row(projection: str, subject: str, item: Fact | Bad, error: Exception) -> ParkedRow:
    """What is recorded when *item* makes *projection* raise *error*."""
    event_id, kind = (item.envelope.id, item.envelope.type) if isinstance(item, Fact) else ("", item.code)
    why = storable_text(f"{type(error).__name__}: {error}")[:2000]
    return ParkedRow(projection, subject, item.seq, event_id, kind, why, item.raw.stored_at, 0, item.seq)


async def park(connection: AsyncConnection, row: ParkedRow) -> None:
    """Stop a subject here."""
    await connection.execute(insert(PARKED).values(**row._asdict()))


async def stopped_subjects(connection: AsyncConnection, projection: str) -> set[str]:
    """The subjects that stopped in this projection."""
    found = await connection.scalars(select(PARKED.c.subject).where(PARKED.c.projection == projection))
    return set(found)


async def hold_back(connection: AsyncConnection, projection: str, held: Mapping[str, list[int]]) -> None:
    """Count the positions of later events, by subject."""
    if held:
        statement = (
            update(PARKED)
            .where(PARKED.c.projection == projection, PARKED.c.subject == bindparam("whose"))
            .values(held=PARKED.c.held + bindparam("more"), last_seq=bindparam("newest"))
        )
        counts = [{"whose": name, "more": len(seqs), "newest": seqs[-1]} for name, seqs in held.items()]
        await connection.execute(statement, counts)


async def parked(
    connection: AsyncConnection, *, projection: str | None = None, limit: int = 1000
) -> list[ParkedRow]:
    """The subjects that stopped, newest first."""
    query = select(PARKED).order_by(PARKED.c.seq.desc(), PARKED.c.projection).limit(limit)
    if projection is not None:
        query = query.where(PARKED.c.projection == projection)
    return [ParkedRow(*row) for row in await connection.execute(query)]
