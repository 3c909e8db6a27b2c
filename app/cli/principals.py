"""How identities, their roles and their keys are shown."""

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from events.personal import Sealed, open_sealed
from projections.identities import IdentityRow, KeyRow, RoleRow

from .output import Column, record
from .tables import moment, state

if TYPE_CHECKING:
    from events.personal import DataKeys

ERASED = "(erased)"


def display_name(row: IdentityRow, keys: "DataKeys") -> str | None:
    """The name in clear, or that it was erased."""
    if row.display_name is None:
        return None
    sealed = Sealed.model_validate(row.display_name)
    name = open_sealed(sealed, row.event_id, "data.display_name", keys)
    return name if isinstance(name, str) else ERASED


def as_json(row: IdentityRow, roles: Iterable[str], keys: "DataKeys") -> dict[str, Any]:
    fields = record(row, times=("registered_at", "terminated_at"))
    return {**fields, "display_name": display_name(row, keys), "roles": sorted(roles)}


def key_as_json(row: KeyRow) -> dict[str, Any]:
    return {**record(row, times=("issued_at", "revoked_at")), "valid": row.revoked_seq is None}


def role_as_json(row: RoleRow) -> dict[str, Any]:
    return record(row, times=("granted_at", "revoked_at"))


def by_identity(rows: Iterable[RoleRow]) -> dict[str, list[str]]:
    """The roles of each identity."""
    found: dict[str, list[str]] = {}
    for row in rows:
        found.setdefault(row.identity, []).append(row.role)
    return found


def columns(roles: Mapping[str, list[str]], names: Mapping[str, str | None]) -> list[Column]:
    return [
        Column("Identity", lambda row: row.id),
        Column("Kind", lambda row: row.kind),
        Column("State", lambda row: state(row.state)),
        Column("Roles", lambda row: ", ".join(roles.get(row.id, []))),
        Column("Name", lambda row: names.get(row.id), needed=False),
        Column("Registered", lambda row: moment(row.registered_at), needed=False),
    ]


KEYS = [
    Column("Key", lambda row: row.id),
    Column("Identity", lambda row: row.identity),
    Column("Use", lambda row: row.use),
    Column("Valid", lambda row: "yes" if row.revoked_seq is None else f"no, {row.revocation_reason}"),
    Column("Issued", lambda row: moment(row.issued_at), needed=False),
    Column("Positions", lambda row: f"{row.issued_seq + 1} to {_last(row)}", needed=False),
    Column("Replaces", lambda row: row.replaces, needed=False),
]


def _last(row: KeyRow) -> str:
    return "now" if row.revoked_seq is None else str(row.revoked_seq - 1)
