"""How events are shown, and which of them are asked for."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import orjson

from events.codec import Fact
from projections.history import EventRow
from projections.quarantine import QuarantineRow

from ..errors import Corrupt, Invalid
from .output import Column, record
from .tables import moment


class Invisible(Corrupt):
    """The event {seq} is in quarantine: {code}, {detail}. `symbi events quarantine` shows it."""


class NothingToShow(Invalid):
    """--limit 0 shows nothing of what was; add --follow to see what happens from now on, or give a number."""


def row_of(fact: Fact) -> EventRow:
    """A verified event in the shape in which the projection keeps it."""
    envelope = fact.envelope
    name, _, version = envelope.type.removeprefix("symbi.").rpartition(".v")
    return EventRow(
        seq=fact.seq,
        id=envelope.id,
        type=name,
        version=int(version),
        tenant=envelope.tenant,
        agent=envelope.agent,
        aggregate=envelope.aggregate,
        aggregate_id=envelope.aggregate_id,
        revision=envelope.revision,
        actor=envelope.actor,
        on_behalf_of=envelope.onbehalfof,
        actor_key=envelope.actorkey,
        command=envelope.command,
        correlation_id=envelope.correlationid,
        causation_id=envelope.causationid,
        time=envelope.time_ns,
        stored_at=fact.stored_at,
        data=envelope.data,
    )


def as_json(row: EventRow) -> dict[str, Any]:
    return record(row, times=("time", "stored_at"))


def quarantined_as_json(row: QuarantineRow) -> dict[str, Any]:
    return {**record(row, times=("stored_at",)), "payload": row.payload.decode("utf-8", "replace")}


STATEMENT = "log.producer.acknowledged"


@dataclass(frozen=True)
class Wanted:
    """Which events are asked for: of one agent, of these types (`agent.spawned`, `task.*`)."""

    agent: str | None = None
    types: Sequence[str] = ()
    statements: bool = True
    """False leaves out what the log says about itself every second, unless its type is asked for."""

    def __contains__(self, row: EventRow) -> bool:
        if self.agent is not None and row.agent != self.agent:
            return False
        if self.types:
            return any(_named(row.type, wanted) for wanted in self.types)
        return self.statements or row.type != STATEMENT


def _named(name: str, wanted: str) -> bool:
    return name.startswith(wanted[:-1]) if wanted.endswith("*") else name == wanted


def summary(row: EventRow) -> str:
    """What the event says beside whom it is about, on one line."""
    known = {"agent_id", "task_id", "node_id", "identity_id", "config", "work", "limits", "definition_digest"}
    said = {
        name: value for name, value in row.data.items() if name not in known and value not in ("", [], {})
    }
    return orjson.dumps(said).decode()[1:-1].replace('"', "")


COLUMNS = [
    Column("Seq", lambda row: row.seq, right=True),
    Column("When", lambda row: moment(row.time)),
    Column("Event", lambda row: row.type),
    Column("About", lambda row: f"{row.aggregate}/{row.aggregate_id}"),
    Column("Says", lambda row: summary(row)[:80], needed=False),
    Column("Who", lambda row: row.actor, needed=False),
]

QUARANTINED = [
    Column("Seq", lambda row: row.seq, right=True),
    Column("Stored", lambda row: moment(row.stored_at)),
    Column("Why", lambda row: row.code),
    Column("Detail", lambda row: row.detail),
    Column("Subject", lambda row: row.subject, needed=False),
]
