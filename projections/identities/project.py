"""Who may act, with which keys, and in which roles?"""

from collections.abc import Sequence

from sqlalchemy.ext.asyncio import AsyncConnection

from events.base import Event
from events.codec import Fact
from events.identity import (
    IdentityKeyIssued,
    IdentityKeyRevoked,
    IdentityKeyRotated,
    IdentityRegistered,
    IdentityTerminated,
    RoleGranted,
    RoleRevoked,
)

from ..projection import Projection
from ..rows import Rows
from .fold import Identities
from .tables import IDENTITIES, KEYS, ROLES, IdentityRow, KeyRow, RoleRow

_identities = Rows(IDENTITIES, IdentityRow)
_keys = Rows(KEYS, KeyRow)
_roles = Rows(ROLES, RoleRow)

_CONCERNS: frozenset[type[Event]] = frozenset(
    {
        IdentityRegistered,
        IdentityKeyIssued,
        IdentityKeyRotated,
        IdentityKeyRevoked,
        IdentityTerminated,
        RoleGranted,
        RoleRevoked,
    }
)


class IdentityProjection(Projection[Fact]):
    """Identities, keys and roles."""

    name = "identities"
    version = 1
    tables = (IDENTITIES, KEYS, ROLES)
    reads = Fact

    def subject(self, item: Fact) -> str:
        return item.envelope.subject

    async def apply(self, connection: AsyncConnection, items: Sequence[Fact]) -> None:
        mine = [fact for fact in items if type(fact.event) in _CONCERNS]
        names = {fact.envelope.aggregate_id for fact in mine}
        known = Identities(
            await _identities.load(connection, "id", names),
            await _keys.load(connection, "identity", names),
            await _roles.load(connection, "identity", names),
        )
        for fact in mine:
            known.fold(fact)
        await _identities.upsert(connection, known.identities.values())
        await _keys.upsert(connection, known.keys.values())
        await _roles.upsert(connection, known.roles.values())
