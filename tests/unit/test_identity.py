import base64
from collections import Counter
from typing import Any, TypeAlias, get_args

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from app.domain.identity import IDENTITY, MAX_KEYS, Identity, login_key_id
from app.domain.rejections import (
    IdentityExists,
    IdentityTerminatedAlready,
    IdentityUnknown,
    KeyInUse,
    KeyKnownAlready,
    KeyMalformed,
    KeyRevokedAlready,
    KeyUnknown,
    LastOperator,
    PossessionUnproven,
    RoleHeldAlready,
    RoleNotHeld,
    TooManyKeys,
)
from app.errors import SymbiError
from events.base import Event
from events.commands import (
    GrantRole,
    IdentityCommand,
    IssueKey,
    RegisterIdentity,
    RevokeKey,
    RevokeRole,
    RotateKey,
    TerminateIdentity,
)
from events.identifiers import derived_id
from events.identity import (
    AuthFailed,
    AuthSucceeded,
    IdentityEvent,
    IdentityKeyIssued,
    IdentityKeyRevoked,
    IdentityKeyRotated,
    IdentityKind,
    IdentityRegistered,
    IdentityTerminated,
    KeyUse,
    RevocationReason,
    Role,
    RoleGranted,
    RoleRevoked,
)
from tests.support.given import COMMAND_ID, Given, given
from tests.support.keys import TestKey, key

FIRST, SECOND = key("first"), key("second")
LOGIN = "UCFIRY65OQE7DFP5KLNS2PF2LVZMUZYJX4OZIEQ36N2IQANUB5XVZ45L"  # of the seed 01 01 …


def issue(of: TestKey = FIRST, use: KeyUse = KeyUse.COMMAND, **changed: Any) -> IssueKey:
    fields = {"public_key": of.public_key, "use": use, "possession": of.proof("alice", use), **changed}
    return IssueKey(identity_id="alice", **fields)


def rotate(of: TestKey = SECOND, use: KeyUse = KeyUse.COMMAND, **changed: Any) -> RotateKey:
    fields = {"old_key_id": FIRST.key_id, "public_key": of.public_key, "use": use, **changed}
    fields.setdefault("possession", of.proof("alice", use))
    return RotateKey(identity_id="alice", **fields)


def issued(of: TestKey = FIRST, use: KeyUse = KeyUse.COMMAND) -> IdentityKeyIssued:
    return IdentityKeyIssued(
        identity_id="alice",
        key_id=of.key_id,
        public_key=of.public_key,
        use=use,
        possession=of.proof("alice", use),
    )


def revoked(of: TestKey = FIRST) -> IdentityKeyRevoked:
    return IdentityKeyRevoked(identity_id="alice", key_id=of.key_id, reason=RevocationReason.SUPERSEDED)


REGISTERED = IdentityRegistered(
    identity_id="alice", kind=IdentityKind.HUMAN, subject_ref=derived_id("ps", COMMAND_ID)
)
OPERATES = RoleGranted(identity_id="alice", role=Role.OPERATOR)
TERMINATED = IdentityTerminated(identity_id="alice", reason="left")
OPERATOR = (REGISTERED, OPERATES, issued())

HISTORIES: dict[str, tuple[IdentityEvent, ...]] = {
    "absent": (),
    "registered": (REGISTERED,),
    "with a key and a role": OPERATOR,
    "terminated": (*OPERATOR, revoked(), TERMINATED),
}
COMMANDS: dict[type[IdentityCommand], IdentityCommand] = {
    RegisterIdentity: RegisterIdentity(identity_id="alice", kind=IdentityKind.HUMAN),
    IssueKey: issue(SECOND),
    RotateKey: rotate(),
    RevokeKey: RevokeKey(identity_id="alice", key_id=FIRST.key_id),
    TerminateIdentity: TerminateIdentity(identity_id="alice"),
    GrantRole: GrantRole(identity_id="alice", role=Role.OPERATOR),
    RevokeRole: RevokeRole(identity_id="alice", role=Role.OPERATOR),
}

Outcome: TypeAlias = type[SymbiError] | tuple[type[Event], ...]
"""The refusal, or the events."""

OUTCOMES: dict[str, dict[type[IdentityCommand], Outcome]] = {
    "absent": {
        **dict.fromkeys(COMMANDS, IdentityUnknown),
        RegisterIdentity: (IdentityRegistered,),
    },
    "registered": {
        RegisterIdentity: IdentityExists,
        IssueKey: (IdentityKeyIssued,),
        RotateKey: KeyUnknown,
        RevokeKey: KeyUnknown,
        TerminateIdentity: (IdentityTerminated,),
        GrantRole: (RoleGranted,),
        RevokeRole: RoleNotHeld,
    },
    "with a key and a role": {
        RegisterIdentity: IdentityExists,
        IssueKey: (IdentityKeyIssued,),
        RotateKey: (IdentityKeyRotated,),
        RevokeKey: (IdentityKeyRevoked,),
        TerminateIdentity: (IdentityKeyRevoked, IdentityTerminated),
        GrantRole: RoleHeldAlready,
        RevokeRole: (RoleRevoked,),
    },
    "terminated": {
        **dict.fromkeys(COMMANDS, IdentityTerminatedAlready),
        RegisterIdentity: IdentityExists,
    },
}


def one_of_two(*history: IdentityEvent) -> Given[Identity, IdentityCommand, IdentityEvent]:
    """An identity beside another operator."""
    return given(IDENTITY, *history).under(other_operators=1)


def test_the_table_holds_every_command_in_every_state() -> None:
    assert set(COMMANDS) == set(get_args(IdentityCommand))
    assert set(OUTCOMES) == set(HISTORIES)
    assert all(set(row) == set(COMMANDS) for row in OUTCOMES.values())


@pytest.mark.parametrize("state", HISTORIES)
def test_in_each_state_each_command_does_this_or_is_refused_by_name(state: str) -> None:
    before = one_of_two(*HISTORIES[state])
    for command_type, outcome in OUTCOMES[state].items():
        answer = before.when(COMMANDS[command_type])
        if isinstance(outcome, tuple):
            assert tuple(map(type, answer.events)) == outcome, command_type
        else:
            answer.then_raises(outcome)


def test_an_identity_is_registered_under_a_pseudonym_with_its_roles() -> None:
    register = RegisterIdentity(
        identity_id="alice",
        kind=IdentityKind.HUMAN,
        display_name="Alice A.",
        roles=[Role.VIEWER, Role.OPERATOR, Role.VIEWER],
    )
    given(IDENTITY).when(register).then(
        REGISTERED.model_copy(update={"display_name": "Alice A."}),
        OPERATES,
        RoleGranted(identity_id="alice", role=Role.VIEWER),
    )


def test_an_ended_identity_is_not_registered_again() -> None:
    given(IDENTITY, *HISTORIES["terminated"]).when(COMMANDS[RegisterIdentity]).then_raises(IdentityExists)


def test_reading_that_somebody_proved_or_failed_to_prove_who_they_are_changes_nothing() -> None:
    before = given(IDENTITY, *OPERATOR).state
    when = "2026-11-21T10:00:00Z"
    for reading in (
        AuthSucceeded(identity_id="alice", key_id=FIRST.key_id, use=KeyUse.COMMAND),
        AuthFailed(source="alice", refusals={"KeyUnknown": 2}, first_at=when, last_at=when),
    ):
        assert IDENTITY.evolve(before, reading) == before


# Keys


@pytest.mark.parametrize("use", [use for use in KeyUse if use is not KeyUse.LOGIN])
def test_a_key_is_issued_to_whoever_proves_to_hold_it(use: KeyUse) -> None:
    answer = given(IDENTITY, REGISTERED).when(issue(use=use))
    answer.then(issued(use=use))
    assert answer.state.keys == {FIRST.key_id: use}


@pytest.mark.parametrize(
    "proof",
    [
        "",
        "no base64",
        FIRST.proof("mallory", KeyUse.COMMAND),
        FIRST.proof("alice", KeyUse.EVENT),
        SECOND.proof("alice", KeyUse.COMMAND),
        FIRST.signing.sign("application/json", b"{}"),
        FIRST.proof("alice", KeyUse.COMMAND)[:-8],
    ],
    ids=["none", "garbage", "another identity", "another use", "another key", "another text", "cut short"],
)
@pytest.mark.parametrize("how", ["issue", "rotate"])
def test_a_key_that_nobody_is_shown_to_hold_is_refused(how: str, proof: str) -> None:
    if how == "issue":
        given(IDENTITY, REGISTERED).when(issue(possession=proof)).then_raises(PossessionUnproven)
    else:
        swapped = rotate(FIRST, old_key_id=SECOND.key_id, possession=proof)
        given(IDENTITY, REGISTERED, issued(SECOND)).when(swapped).then_raises(PossessionUnproven)


def _on_another_curve() -> bytes:
    point = ec.derive_private_key(7, ec.SECP256R1()).public_key()
    return point.public_bytes(Encoding.X962, PublicFormat.CompressedPoint)


@pytest.mark.parametrize(
    ("public_key", "why"),
    [
        ("", "0 bytes"),
        (base64.b64encode(b"k" * 31).decode(), "31 bytes"),
        (base64.b64encode(b"k" * 64).decode(), "64 bytes"),
        (base64.b64encode(_on_another_curve()).decode(), "33 bytes"),
        ("not base64!", "not base64"),
        (FIRST.public_key + "\n", "not base64"),
        ("schlüssel", "not base64"),
        (FIRST.signing.public_key.hex(), "48 bytes"),
        (LOGIN, "42 bytes"),
    ],
    ids=["empty", "short", "long", "P-256", "garbage", "new line", "not ASCII", "hex", "login key"],
)
def test_a_key_of_another_form_is_refused_with_the_reason(public_key: str, why: str) -> None:
    refusal = given(IDENTITY, REGISTERED).when(issue(public_key=public_key)).then_raises(KeyMalformed)
    assert why in refusal.message


def test_a_key_under_which_anybody_can_sign_is_refused() -> None:
    neutral = (1).to_bytes(32, "little")
    signs_everything = base64.b64encode(neutral + bytes(32)).decode()
    weak = issue(public_key=base64.b64encode(neutral).decode(), possession=signs_everything)
    given(IDENTITY, REGISTERED).when(weak).then_raises(PossessionUnproven)


def test_a_key_is_issued_once_whoever_held_it() -> None:
    for command in (issue(SECOND), rotate(SECOND)):
        given(IDENTITY, *OPERATOR).under(known_keys={SECOND.key_id}).when(command).then_raises(
            KeyKnownAlready, key_id=SECOND.key_id
        )


def test_a_revoked_key_is_not_issued_again() -> None:
    known = {FIRST.key_id}
    given(IDENTITY, *OPERATOR, revoked()).under(known_keys=known).when(issue()).then_raises(KeyKnownAlready)


def test_a_login_key_needs_no_proof() -> None:
    answer = given(IDENTITY, REGISTERED).when(issue(use=KeyUse.LOGIN, public_key=LOGIN, possession=""))
    key_id = login_key_id(LOGIN)
    answer.then(IdentityKeyIssued(identity_id="alice", key_id=key_id, public_key=LOGIN, use=KeyUse.LOGIN))
    given(IDENTITY, REGISTERED).under(known_keys={key_id}).when(
        issue(use=KeyUse.LOGIN, public_key=LOGIN)
    ).then_raises(KeyKnownAlready)


@pytest.mark.parametrize(
    "public_key",
    [
        "",
        "U" + "A" * 55,
        LOGIN[:-1],
        LOGIN + "A",
        LOGIN.lower(),
        "A" + LOGIN[1:],
        LOGIN[:-1] + "1",
        FIRST.public_key,
    ],
    ids=["empty", "a wrong checksum", "short", "long", "lower case", "an account's", "not base32", "Ed25519"],
)
def test_a_login_key_is_a_nats_user_key(public_key: str) -> None:
    login = issue(use=KeyUse.LOGIN, public_key=public_key)
    given(IDENTITY, REGISTERED).when(login).then_raises(KeyMalformed, use=KeyUse.LOGIN)


def test_after_a_rotation_both_keys_are_valid_until_the_old_one_is_revoked() -> None:
    rotated = given(IDENTITY, *OPERATOR).when(rotate())
    rotated.then(
        IdentityKeyRotated(
            identity_id="alice",
            old_key_id=FIRST.key_id,
            key_id=SECOND.key_id,
            public_key=SECOND.public_key,
            use=KeyUse.COMMAND,
            possession=SECOND.proof("alice", KeyUse.COMMAND),
        )
    )
    assert set(rotated.state.keys) == {FIRST.key_id, SECOND.key_id}
    left = given(IDENTITY, state=rotated.state).when(COMMANDS[RevokeKey]).state
    assert (set(left.keys), left.revoked) == ({SECOND.key_id}, frozenset({FIRST.key_id}))


@pytest.mark.parametrize("command", [IssueKey, RotateKey])
def test_an_identity_has_only_so_many_valid_keys_at_once(command: type[IdentityCommand]) -> None:
    others = [issued().model_copy(update={"key_id": f"k{number}"}) for number in range(MAX_KEYS - 2)]
    one_less: tuple[IdentityEvent, ...] = (*OPERATOR, *others)
    assert len(given(IDENTITY, *one_less).when(COMMANDS[command]).state.keys) == MAX_KEYS
    third = issued(key("third"))
    full = given(IDENTITY, *one_less, third)
    full.when(COMMANDS[command]).then_raises(TooManyKeys, identity_id="alice", limit=MAX_KEYS)
    revoked_one = given(IDENTITY, *one_less, third, revoked(key("third")))
    assert len(revoked_one.when(COMMANDS[command]).events) == 1


def test_an_identity_with_all_its_keys_can_still_be_terminated() -> None:
    others = [issued().model_copy(update={"key_id": f"k{number}"}) for number in range(MAX_KEYS - 1)]
    answer = one_of_two(*OPERATOR, *others).when(TerminateIdentity(identity_id="alice"))
    assert Counter(map(type, answer.events)) == {IdentityKeyRevoked: MAX_KEYS, IdentityTerminated: 1}


def test_a_key_does_not_change_its_use_by_rotation() -> None:
    given(IDENTITY, *OPERATOR).when(rotate(use=KeyUse.EVENT)).then_raises(KeyMalformed, use=KeyUse.EVENT)


@pytest.mark.parametrize(
    "command",
    [rotate(), COMMANDS[RevokeKey]],
    ids=["rotate", "revoke"],
)
def test_a_revoked_key_is_done_with(command: IdentityCommand) -> None:
    given(IDENTITY, *OPERATOR, revoked()).when(command).then_raises(KeyRevokedAlready, key_id=FIRST.key_id)


def test_a_compromised_key_is_revoked_with_the_position_of_the_first_doubt() -> None:
    revoke = RevokeKey(
        identity_id="alice", key_id=FIRST.key_id, reason=RevocationReason.COMPROMISED, suspected_since=9
    )
    one_of_two(*OPERATOR).when(revoke).then(
        IdentityKeyRevoked(
            identity_id="alice",
            key_id=FIRST.key_id,
            reason=RevocationReason.COMPROMISED,
            suspected_since=9,
        )
    )


def test_terminating_an_identity_revokes_every_key_it_has() -> None:
    history = (*OPERATOR, issued(SECOND, KeyUse.EVENT))
    terminated = one_of_two(*history).when(TerminateIdentity(identity_id="alice", reason="left"))
    first, second = sorted([FIRST.key_id, SECOND.key_id])
    gone = RevocationReason.DECOMMISSIONED
    terminated.then(
        IdentityKeyRevoked(identity_id="alice", key_id=first, reason=gone),
        IdentityKeyRevoked(identity_id="alice", key_id=second, reason=gone),
        TERMINATED,
    )
    assert not terminated.state.keys


# The last operator

WAYS_OUT = [COMMANDS[RevokeKey], COMMANDS[RevokeRole], COMMANDS[TerminateIdentity]]


@pytest.mark.parametrize("way_out", WAYS_OUT, ids=lambda command: command.name)
def test_the_last_operator_cannot_be_removed(way_out: IdentityCommand) -> None:
    given(IDENTITY, *OPERATOR).when(way_out).then_raises(LastOperator, identity_id="alice")


@pytest.mark.parametrize("way_out", WAYS_OUT, ids=lambda command: command.name)
def test_an_operator_beside_another_one_can(way_out: IdentityCommand) -> None:
    assert not one_of_two(*OPERATOR).when(way_out).state.can_operate


def test_the_last_operator_may_part_with_one_of_two_command_keys() -> None:
    left = given(IDENTITY, *OPERATOR, issued(SECOND)).when(COMMANDS[RevokeKey]).state
    assert left.can_operate


def test_a_key_of_another_use_does_not_make_an_operator() -> None:
    history = (REGISTERED, OPERATES, issued(FIRST), issued(SECOND, KeyUse.EVENT))
    given(IDENTITY, *history).when(COMMANDS[RevokeKey]).then_raises(LastOperator)


def test_whoever_cannot_operate_anyway_may_go() -> None:
    for history in ((REGISTERED, issued()), (REGISTERED, OPERATES)):
        gone = given(IDENTITY, *history).when(COMMANDS[TerminateIdentity]).state
        assert gone.terminated


def test_the_key_that_signs_the_decision_is_not_revoked_by_it() -> None:
    holder = given(IDENTITY, REGISTERED, issued()).under(deciding_keys={FIRST.key_id}, other_operators=1)
    holder.when(RevokeKey(identity_id="alice", key_id=FIRST.key_id)).then_raises(KeyInUse)
    holder.when(TerminateIdentity(identity_id="alice")).then_raises(KeyInUse)
