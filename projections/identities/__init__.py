"""Who may act, with which keys, and in which roles?"""

from .project import IdentityProjection
from .queries import identities, identity, key, keys, roles
from .tables import IDENTITIES, KEYS, ROLES, IdentityRow, KeyRow, RoleRow

__all__ = [
    "IDENTITIES",
    "KEYS",
    "ROLES",
    "IdentityProjection",
    "IdentityRow",
    "KeyRow",
    "RoleRow",
    "identities",
    "identity",
    "key",
    "keys",
    "roles",
]
