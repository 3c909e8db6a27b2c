"""The tables of identities, their keys and their roles."""

from typing import Any, NamedTuple

from sqlalchemy import BigInteger, Column, Index, Table, Text
from sqlalchemy.dialects.postgresql import JSONB

from ..schema import METADATA

IDENTITIES = Table(
    "identities",
    METADATA,
    Column("id", Text, primary_key=True),
    Column("kind", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("tenant", Text, nullable=False),
    Column("subject_ref", Text, nullable=False),
    # Ciphertext, with the event whose id it is bound to; queries decrypt.
    Column("display_name", JSONB),
    Column("event_id", Text, nullable=False),
    Column("registered_at", BigInteger, nullable=False),
    Column("terminated_at", BigInteger),
    Column("first_seq", BigInteger, nullable=False),
    Column("last_seq", BigInteger, nullable=False),
)

KEYS = Table(
    "keys",
    METADATA,
    Column("id", Text, primary_key=True),
    Column("identity", Text, nullable=False),
    Column("use", Text, nullable=False),
    Column("public_key", Text, nullable=False),
    Column("replaces", Text),
    Column("issued_seq", BigInteger, nullable=False),
    Column("issued_at", BigInteger, nullable=False),
    Column("revoked_seq", BigInteger),
    Column("revoked_at", BigInteger),
    Column("revocation_reason", Text),
    Column("suspected_since", BigInteger),
    Index("keys_identity", "identity"),
)

ROLES = Table(
    "roles",
    METADATA,
    Column("identity", Text, primary_key=True),
    Column("role", Text, primary_key=True),
    Column("granted_seq", BigInteger, nullable=False),
    Column("granted_at", BigInteger, nullable=False),
    Column("granted_by", Text, nullable=False),
    Column("revoked_seq", BigInteger),
    Column("revoked_at", BigInteger),
    Column("revoked_by", Text),
)


class IdentityRow(NamedTuple):
    """One identity; times are nanoseconds since the epoch."""

    id: str
    kind: str
    state: str
    """`active` or `terminated`."""
    reason: str
    tenant: str
    subject_ref: str
    display_name: Any
    """As recorded: a `Sealed`; `events.personal.open_sealed` opens it with `event_id` and the path
    `data.display_name`."""
    event_id: str
    """The event that registered it."""
    registered_at: int
    terminated_at: int | None
    first_seq: int
    last_seq: int


class KeyRow(NamedTuple):
    """One key; it is valid at the positions between `issued_seq` and `revoked_seq`, both excluded."""

    id: str
    identity: str
    use: str
    public_key: str
    replaces: str | None
    """The key that it took over from."""
    issued_seq: int
    issued_at: int
    revoked_seq: int | None
    revoked_at: int | None
    revocation_reason: str | None
    suspected_since: int | None
    """The position since which events under a compromised key are in doubt."""


class RoleRow(NamedTuple):
    """What became of one role of one identity, last; it is held while nothing revoked it."""

    identity: str
    role: str
    granted_seq: int
    granted_at: int
    granted_by: str
    revoked_seq: int | None
    revoked_at: int | None
    revoked_by: str | None
