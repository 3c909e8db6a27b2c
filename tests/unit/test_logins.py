"""Who is let in by the broker, as the log says."""

from app.adapters.nats_permissions import NatsUser, render_users
from app.bootstrap.logins import users_of
from app.domain.identity import Identity
from events.identity import IdentityKind, KeyUse, Role

GATEWAY = NatsUser("gateway", "U" + "A" * 55, "gateway")
FIRST, SECOND = "U" + "B" * 55, "U" + "C" * 55


def identity(*logins: str, revoked: frozenset[str] = frozenset(), terminated: bool = False) -> Identity:
    keys = {f"nats:{nkey}": KeyUse.LOGIN for nkey in logins}
    roles = frozenset({Role.VIEWER})
    return Identity("ann", IdentityKind.HUMAN, keys, revoked, roles, terminated)


def let_in(one: Identity) -> set[str]:
    return {user.public_nkey for user in users_of([one], [GATEWAY])} - {GATEWAY.public_nkey}


def test_every_valid_login_key_of_an_identity_is_let_in() -> None:
    ann = identity(FIRST, SECOND)
    assert let_in(ann) == {FIRST, SECOND}
    rendered = render_users(users_of([ann], [GATEWAY]))
    assert rendered.count("# ann: principal, reads the log") == 2


def test_a_login_key_that_is_revoked_or_whose_identity_is_gone_is_not() -> None:
    assert let_in(identity(SECOND, revoked=frozenset({f"nats:{FIRST}"}))) == {SECOND}
    assert let_in(identity(FIRST, terminated=True)) == set()
    assert let_in(identity()) == set()


def test_a_founder_whose_login_the_log_knows_is_let_in_as_the_log_says() -> None:
    founder = NatsUser("ann", FIRST, "principal")
    assert {user.public_nkey for user in users_of([identity(SECOND)], [founder])} == {SECOND}
