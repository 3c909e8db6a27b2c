"""Who may log in to NATS: the components of the runtime, and every identity with a login key."""

from collections.abc import Iterable
from typing import Literal

from events.identity import KeyUse, Role

from ..adapters.nats_permissions import NatsUser
from ..domain.identity import Identity
from ..embedded.data_dir import DataDir
from ..embedded.nats_logins import login
from ..policy.roles import node_principal

OPERATOR = "operator"
NATS_KEY = "nats:"
"""How the ids of login keys begin."""


def founding_users(data: DataDir, node: str) -> list[NatsUser]:
    """The logins that exist from the first start on; their seeds are made where they are missing."""
    worker = node_principal(node)
    return [
        NatsUser("admin", login(data, "admin").public_nkey, "admin"),
        NatsUser("gateway", login(data, "gateway").public_nkey, "gateway"),
        NatsUser("projector", login(data, "projector").public_nkey, "projector"),
        NatsUser("scheduler", login(data, "scheduler").public_nkey, "scheduler"),
        NatsUser(worker, login(data, worker).public_nkey, "worker"),
        NatsUser(OPERATOR, login(data, OPERATOR).public_nkey, "principal", reader=True),
    ]


def users_of(identities: Iterable[Identity], founders: Iterable[NatsUser]) -> list[NatsUser]:
    """The founders, and every identity that the log gives a login to; there the log alone says which.

    Each valid login key of an identity is let in: a new one can be handed out before the old one ends.
    """
    users = {user.name: [user] for user in founders}
    for identity in identities:
        name = identity.identity_id
        if all(not key.startswith(NATS_KEY) for key in (*identity.keys, *identity.revoked)):
            continue  # the log never gave it a login: a component's lies in the data directory alone
        users.pop(name, None)
        logins = [key.removeprefix(NATS_KEY) for key, use in identity.keys.items() if use is KeyUse.LOGIN]
        if logins and not identity.terminated:
            is_worker = Role.WORKER in identity.roles
            reads = bool(identity.roles & {Role.OPERATOR, Role.VIEWER, Role.AGENT_OWNER})
            kind: Literal["worker", "principal"] = "worker" if is_worker else "principal"
            users[name] = [NatsUser(name, nkey, kind, reader=reads) for nkey in logins]
    return _distinct(user for each in users.values() for user in each)


def _distinct(users: Iterable[NatsUser]) -> list[NatsUser]:
    """Without those whose key somebody before them has: the server would refuse them all."""
    by_key: dict[str, NatsUser] = {}
    for user in users:
        by_key.setdefault(user.public_nkey, user)
    return list(by_key.values())
