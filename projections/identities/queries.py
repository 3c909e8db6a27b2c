"""What can be asked about identities, their keys and their roles."""

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from ..paging import Page
from .tables import IDENTITIES, KEYS, ROLES, IdentityRow, KeyRow, RoleRow


async def identities(
    connection: AsyncConnection,
    page: Page = Page(),
    *,
    kind: str | None = None,
    state: str | None = None,
    tenant: str | None = None,
) -> list[IdentityRow]:
    """The identities that fit every filter given, by `first_seq`."""
    wanted = {"kind": kind, "state": state, "tenant": tenant}
    query = select(IDENTITIES).where(*(IDENTITIES.c[k] == v for k, v in wanted.items() if v is not None))
    found = await connection.execute(page.of(query, IDENTITIES.c.first_seq))
    return [IdentityRow(*row) for row in found]


async def identity(connection: AsyncConnection, identity_id: str) -> IdentityRow | None:
    """The identity of this id."""
    query = select(IDENTITIES).where(IDENTITIES.c.id == identity_id)
    row = (await connection.execute(query)).one_or_none()
    return IdentityRow(*row) if row else None


async def keys(
    connection: AsyncConnection,
    page: Page = Page(),
    *,
    identity: str | None = None,
    use: str | None = None,
    valid: bool | None = None,
) -> list[KeyRow]:
    """The keys that fit every filter given, by `issued_seq`; *valid* ones are not revoked."""
    wanted = {"identity": identity, "use": use}
    query = select(KEYS).where(*(KEYS.c[k] == v for k, v in wanted.items() if v is not None))
    if valid is not None:
        query = query.where(KEYS.c.revoked_seq.is_(None) if valid else KEYS.c.revoked_seq.is_not(None))
    return [KeyRow(*row) for row in await connection.execute(page.of(query, KEYS.c.issued_seq))]


async def key(connection: AsyncConnection, key_id: str) -> KeyRow | None:
    """The key of this id."""
    row = (await connection.execute(select(KEYS).where(KEYS.c.id == key_id))).one_or_none()
    return KeyRow(*row) if row else None


async def roles(
    connection: AsyncConnection, identity_id: str | None = None, *, held: bool = True
) -> list[RoleRow]:
    """The roles of one identity, or of all: those *held* now, or those held ever."""
    query = select(ROLES).order_by(ROLES.c.identity, ROLES.c.role)
    if identity_id is not None:
        query = query.where(ROLES.c.identity == identity_id)
    if held:
        query = query.where(ROLES.c.revoked_seq.is_(None))
    return [RoleRow(*row) for row in await connection.execute(query)]
