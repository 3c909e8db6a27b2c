"""What lies in the log and cannot be believed: no signature, no valid key, no known shape."""

from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

from sqlalchemy import BigInteger, Column, Index, LargeBinary, Table, Text, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from events.codec import Bad

from .paging import Page
from .projection import Projection
from .rows import Rows
from .schema import METADATA
from .storable import storable_text

QUARANTINE = Table(
    "quarantine",
    METADATA,
    Column("seq", BigInteger, primary_key=True, autoincrement=False),
    Column("stored_at", BigInteger, nullable=False),
    Column("subject", Text, nullable=False),
    Column("code", Text, nullable=False),
    Column("detail", Text, nullable=False),
    Column("payload", LargeBinary, nullable=False),
    Column("signature", Text, nullable=False),
    Column("key", Text, nullable=False),
    Index("quarantine_code", "code"),
)


class QuarantineRow(NamedTuple):
    """One message that no projection was shown; `stored_at` is nanoseconds since the epoch."""

    seq: int
    stored_at: int
    subject: str
    """The NATS subject."""
    code: str
    detail: str
    payload: bytes
    signature: str
    key: str


_quarantine = Rows(QUARANTINE, QuarantineRow)


class Quarantine(Projection[Bad]):
    """Messages that did not verify."""

    name = "quarantine"
    version = 1
    tables = (QUARANTINE,)
    reads = Bad

    def subject(self, item: Bad) -> str:
        return f"event/{item.seq}"

    async def apply(self, connection: AsyncConnection, items: Sequence[Bad]) -> None:
        await _quarantine.upsert(connection, [_row(bad) for bad in items])


def _row(bad: Bad) -> QuarantineRow:
    raw = bad.raw
    return QuarantineRow(
        seq=raw.seq,
        stored_at=raw.stored_at,
        subject=storable_text(raw.subject),
        code=bad.code,
        detail=storable_text(bad.detail),
        payload=raw.payload,
        signature=storable_text(raw.signature),
        key=storable_text(raw.key),
    )


async def quarantined(
    connection: AsyncConnection, page: Page = Page(), *, code: str | None = None
) -> list[QuarantineRow]:
    """The messages in quarantine, by `seq`."""
    query = select(QUARANTINE)
    if code is not None:
        query = query.where(QUARANTINE.c.code == code)
    found = await connection.execute(page.of(query, QUARANTINE.c.seq))
    return [QuarantineRow(*row) for row in found]


async def quarantine_counts(connection: AsyncConnection) -> Counter[str]:
    """How many messages are in quarantine for each reason."""
    query = select(QUARANTINE.c.code, func.count()).group_by(QUARANTINE.c.code)
    return Counter({code: count for code, count in await connection.execute(query)})
