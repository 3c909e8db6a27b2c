"""How projections are shown."""

from dataclasses import asdict
from typing import Any

from projections.checkpoints import Checkpoint
from projections.parking import ParkedRow
from projections.rebuilding import Verification

from ..errors import Corrupt
from .output import Column, record
from .tables import moment


class Differs(Corrupt):
    """These projections are not what the log gives: {names}. Mend them: symbi projections rebuild {names}"""


def as_json(row: Checkpoint, head: int) -> dict[str, Any]:
    return {**record(row), "lag": max(0, head - row.position)}


def parked_as_json(row: ParkedRow) -> dict[str, Any]:
    return record(row, times=("at",))


def verification_as_json(found: Verification) -> dict[str, Any]:
    return {"equal": found.equal, "digest": found.digest, **asdict(found)}


def _verified(row: dict[str, Any]) -> str:
    return f"at {row['verified_position']}" if row["verified_position"] is not None else "never"


COLUMNS = [
    Column("Projection", lambda row: row["projection"]),
    Column("Position", lambda row: row["position"], right=True),
    Column("Lag", lambda row: row["lag"], right=True),
    Column("Parked", lambda row: row["parked"], right=True),
    Column("Version", lambda row: row["version"], needed=False, right=True),
    Column("Verified", _verified, needed=False),
]

PARKED = [
    Column("Projection", lambda row: row.projection),
    Column("Subject", lambda row: row.subject),
    Column("Seq", lambda row: row.seq, right=True),
    Column("Event", lambda row: row.type),
    Column("Error", lambda row: row.error),
    Column("Held", lambda row: row.held, right=True, needed=False),
    Column("Since", lambda row: moment(row.at), needed=False),
]
