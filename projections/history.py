"""What happened: every verified event, to be found by agent, type, time or correlation."""

from collections.abc import Collection, Sequence
from typing import Any, NamedTuple

import orjson
from sqlalchemy import BigInteger, Column, ColumnElement, Index, Integer, Table, Text, or_, select
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.ext.asyncio import AsyncConnection

from events.codec import Fact

from .paging import Page
from .projection import Projection
from .rows import driver
from .schema import METADATA

EVENTS = Table(
    "events_index",
    METADATA,
    Column("seq", BigInteger, primary_key=True, autoincrement=False),
    Column("id", Text, nullable=False),
    Column("type", Text, nullable=False),
    Column("version", Integer, nullable=False),
    Column("tenant", Text, nullable=False),
    Column("agent", Text),
    Column("aggregate", Text, nullable=False),
    Column("aggregate_id", Text, nullable=False),
    Column("revision", BigInteger),
    Column("actor", Text, nullable=False),
    Column("on_behalf_of", Text),
    Column("actor_key", Text, nullable=False),
    Column("command", Text),
    Column("correlation_id", Text, nullable=False),
    Column("causation_id", Text),
    Column("time", BigInteger, nullable=False),
    Column("stored_at", BigInteger, nullable=False),
    # As recorded: personal fields stay ciphertext.
    Column("data", JSONB, nullable=False),
)
# Hashes take ids of any length, and events arrive in about the order of their times.
Index("events_index_id", EVENTS.c.id, postgresql_using="hash")
Index("events_index_correlation_id", EVENTS.c.correlation_id, postgresql_using="hash")
Index("events_index_agent", EVENTS.c.agent, EVENTS.c.seq, postgresql_where=EVENTS.c.agent.is_not(None))
Index("events_index_aggregate_id", EVENTS.c.aggregate_id, EVENTS.c.seq)
Index("events_index_type", EVENTS.c.type, EVENTS.c.seq)
Index("events_index_time", EVENTS.c.time, postgresql_using="brin")


class EventRow(NamedTuple):
    """One event; times are nanoseconds since the epoch."""

    seq: int
    id: str
    type: str
    """Its name: `agent.spawned`."""
    version: int
    tenant: str
    agent: str | None
    aggregate: str
    aggregate_id: str
    revision: int | None
    actor: str
    on_behalf_of: str | None
    actor_key: str
    command: str | None
    """The proof of who asked, as recorded: a `CommandProof` as JSON."""
    correlation_id: str
    causation_id: str | None
    time: int
    stored_at: int
    data: dict[str, Any]


class History(Projection[Fact]):
    """An index of all events."""

    name = "history"
    version = 1
    tables = (EVENTS,)
    reads = Fact

    def subject(self, item: Fact) -> str:
        return f"event/{item.seq}"

    async def apply(self, connection: AsyncConnection, items: Sequence[Fact]) -> None:
        records = [_record(fact) for fact in items]
        await (await driver(connection)).copy_records_to_table(
            EVENTS.name, records=records, columns=EventRow._fields
        )


def _record(fact: Fact) -> tuple[Any, ...]:
    envelope = fact.envelope
    aggregate, _, aggregate_id = envelope.subject.partition("/")
    name, _, version = envelope.type.removeprefix("symbi.").rpartition(".v")
    return (
        fact.seq,
        envelope.id,
        name,
        int(version),
        envelope.tenant,
        envelope.agent,
        aggregate,
        aggregate_id,
        envelope.revision,
        envelope.actor,
        envelope.onbehalfof,
        envelope.actorkey,
        envelope.command,
        envelope.correlationid,
        envelope.causationid,
        envelope.time_ns,
        fact.stored_at,
        orjson.dumps(envelope.data).decode(),
    )


async def events(
    connection: AsyncConnection,
    page: Page = Page(),
    *,
    agent: str | None = None,
    types: Collection[str] | None = None,
    subject: str | None = None,
    actor: str | None = None,
    tenant: str | None = None,
    correlation_id: str | None = None,
    causation_id: str | None = None,
    since: int | None = None,
    until: int | None = None,
) -> list[EventRow]:
    """The events that fit every filter given, by `seq`.

    *types* are names (`agent.spawned`) or all names below one (`task.*`); *subject* is `task/<id>`;
    the time of an event is at or after *since* and before *until*.
    """
    aggregate, _, aggregate_id = subject.partition("/") if subject else (None, "", None)
    wanted = {
        "agent": agent,
        "aggregate": aggregate,
        "aggregate_id": aggregate_id,
        "actor": actor,
        "tenant": tenant,
        "correlation_id": correlation_id,
        "causation_id": causation_id,
    }
    query = select(EVENTS).where(*(EVENTS.c[k] == v for k, v in wanted.items() if v is not None))
    if types is not None:
        query = query.where(_named(types))
    if since is not None:
        query = query.where(EVENTS.c.time >= since)
    if until is not None:
        query = query.where(EVENTS.c.time < until)
    return [EventRow(*row) for row in await connection.execute(page.of(query, EVENTS.c.seq))]


async def event(connection: AsyncConnection, seq_or_id: int | str) -> EventRow | None:
    """The event at this position of the log, or of this id."""
    column = EVENTS.c.seq if isinstance(seq_or_id, int) else EVENTS.c.id
    row = (await connection.execute(select(EVENTS).where(column == seq_or_id))).one_or_none()
    return EventRow(*row) if row else None


def _named(types: Collection[str]) -> ColumnElement[bool]:
    exact = [name for name in types if not name.endswith("*")]
    below = [name.removesuffix("*") for name in types if name.endswith("*")]
    named = EVENTS.c.type.in_(exact)
    return or_(named, *(EVENTS.c.type.startswith(prefix, autoescape=True) for prefix in below))
