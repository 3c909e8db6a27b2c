"""The identity: its keys, its roles and its end."""

import base64
import binascii
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import assert_never

from events import signing
from events.commands import (
    GrantRole,
    IdentityCommand,
    IssueKey,
    RegisterIdentity,
    RevokeKey,
    RevokeRole,
    RotateKey,
    TerminateIdentity,
    possession_payload,
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

from .decider import Context, Decider
from .rejections import (
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

MAX_KEYS = 100
"""Valid keys of one identity; its termination revokes them all in one batch."""

_NATS_USER_KEY = re.compile(r"U[A-Z2-7]{55}")


@dataclass(frozen=True, slots=True)
class Identity:
    """One identity, as far as decisions depend on it."""

    identity_id: str = ""
    kind: IdentityKind | None = None
    keys: Mapping[str, KeyUse] = field(default_factory=dict)
    """Its valid keys."""
    revoked: frozenset[str] = frozenset()
    roles: frozenset[Role] = frozenset()
    terminated: bool = False

    @property
    def can_operate(self) -> bool:
        return Role.OPERATOR in self.roles and not self.terminated and KeyUse.COMMAND in self.keys.values()


def decide(identity: Identity, command: IdentityCommand, context: Context) -> Sequence[IdentityEvent]:
    """Answer *command* with the facts it causes, or raise `Rejected`."""
    if isinstance(command, RegisterIdentity):
        return _register(identity, command, context)
    name = command.identity_id
    if identity.kind is None:
        raise IdentityUnknown(identity_id=name)
    if identity.terminated:
        raise IdentityTerminatedAlready(identity_id=name)
    match command:
        case IssueKey() | RotateKey() if len(identity.keys) >= MAX_KEYS:
            raise TooManyKeys(identity_id=name, limit=MAX_KEYS)
        case IssueKey(public_key=public_key, use=use, possession=proof):
            key_id = _check_key(name, public_key, use, proof, context)
            return [
                IdentityKeyIssued(
                    identity_id=name, key_id=key_id, public_key=public_key, use=use, possession=proof
                )
            ]
        case RotateKey(old_key_id=old, public_key=public_key, use=use, possession=proof):
            _require_key(identity, old)
            if identity.keys[old] is not use:
                raise KeyMalformed(use=use, why=f"the old key is for {identity.keys[old]}")
            key_id = _check_key(name, public_key, use, proof, context)
            return [
                IdentityKeyRotated(
                    identity_id=name,
                    old_key_id=old,
                    key_id=key_id,
                    public_key=public_key,
                    use=use,
                    possession=proof,
                )
            ]
        case RevokeKey(key_id=key_id, reason=reason, suspected_since=since):
            _require_key(identity, key_id)
            _not_in_use([key_id], context)
            left = replace(identity, keys={k: u for k, u in identity.keys.items() if k != key_id})
            _keep_an_operator(identity, left, context)
            return [IdentityKeyRevoked(identity_id=name, key_id=key_id, reason=reason, suspected_since=since)]
        case TerminateIdentity(reason=reason):
            _not_in_use(identity.keys, context)
            _keep_an_operator(identity, replace(identity, terminated=True), context)
            revoked = [
                IdentityKeyRevoked(identity_id=name, key_id=key_id, reason=RevocationReason.DECOMMISSIONED)
                for key_id in sorted(identity.keys)
            ]
            return [*revoked, IdentityTerminated(identity_id=name, reason=reason)]
        case GrantRole(role=role):
            if role in identity.roles:
                raise RoleHeldAlready(identity_id=name, role=role)
            return [RoleGranted(identity_id=name, role=role)]
        case RevokeRole(role=role):
            if role not in identity.roles:
                raise RoleNotHeld(identity_id=name, role=role)
            _keep_an_operator(identity, replace(identity, roles=identity.roles - {role}), context)
            return [RoleRevoked(identity_id=name, role=role)]
        case _:
            assert_never(command)


def _register(identity: Identity, command: RegisterIdentity, context: Context) -> list[IdentityEvent]:
    if identity.kind is not None:
        raise IdentityExists(identity_id=command.identity_id)
    registered = IdentityRegistered(
        identity_id=command.identity_id,
        kind=command.kind,
        subject_ref=derived_id("ps", context.command_id),
        display_name=command.display_name,
    )
    roles = sorted(set(command.roles))
    return [registered, *(RoleGranted(identity_id=command.identity_id, role=role) for role in roles)]


def _check_key(name: str, public_key: str, use: KeyUse, proof: str, context: Context) -> str:
    """The key's id, after its form, its novelty and its possession are checked."""
    if use is KeyUse.LOGIN:
        if not _NATS_USER_KEY.fullmatch(public_key) or not _checksum_fits(public_key):
            raise KeyMalformed(use=use, why="it is not a NATS user key (U and 55 more characters, checksum)")
        key_id = login_key_id(public_key)
    else:
        raw = _raw_key(public_key, use)
        key_id = signing.key_id(raw)
        payload = possession_payload(name, use, public_key)
        if not signing.verify(signing.provider(), raw, signing.POSSESSION_TYPE, payload, proof):
            raise PossessionUnproven()
    if key_id in context.known_keys:
        raise KeyKnownAlready(key_id=key_id)
    return key_id


def login_key_id(public_key: str) -> str:
    """The id under which a NATS user key is registered."""
    return f"nats:{public_key}"


def _checksum_fits(public_key: str) -> bool:
    """NATS keys end with the CRC-16 (XMODEM) of what goes before; a server refuses any other."""
    decoded = base64.b32decode(public_key)  # 56 characters are 35 bytes exactly
    return binascii.crc_hqx(decoded[:-2], 0) == int.from_bytes(decoded[-2:], "little")


def _raw_key(public_key: str, use: KeyUse) -> bytes:
    try:
        raw = base64.b64decode(public_key, validate=True)
    except ValueError:
        raise KeyMalformed(use=use, why="it is not base64") from None
    if len(raw) != 32:
        raise KeyMalformed(use=use, why=f"it has {len(raw)} bytes, and an Ed25519 key has 32")
    return raw


def _require_key(identity: Identity, key_id: str) -> None:
    if key_id in identity.revoked:
        raise KeyRevokedAlready(key_id=key_id)
    if key_id not in identity.keys:
        raise KeyUnknown(identity_id=identity.identity_id, key_id=key_id)


def _not_in_use(key_ids: Iterable[str], context: Context) -> None:
    for key_id in key_ids:
        if key_id in context.deciding_keys:
            raise KeyInUse(key_id=key_id)


def _keep_an_operator(now: Identity, then: Identity, context: Context) -> None:
    if now.can_operate and not then.can_operate and context.other_operators == 0:
        raise LastOperator(identity_id=now.identity_id)


def evolve(identity: Identity, event: IdentityEvent) -> Identity:
    """Fold one fact into *identity*; never raises, never looks outside."""
    match event:
        case IdentityRegistered(identity_id=name, kind=kind):
            return replace(identity, identity_id=name, kind=kind)
        case (
            IdentityKeyIssued(identity_id=name, key_id=key_id, use=use)
            | IdentityKeyRotated(identity_id=name, key_id=key_id, use=use)
        ):
            return replace(identity, identity_id=name, keys={**identity.keys, key_id: use})
        case IdentityKeyRevoked(key_id=key_id):
            keys = {k: use for k, use in identity.keys.items() if k != key_id}
            return replace(identity, keys=keys, revoked=identity.revoked | {key_id})
        case IdentityTerminated():
            return replace(identity, terminated=True)
        case RoleGranted(role=role):
            return replace(identity, roles=identity.roles | {role})
        case RoleRevoked(role=role):
            return replace(identity, roles=identity.roles - {role})
        case AuthSucceeded() | AuthFailed():
            return identity
        case _:
            assert_never(event)


IDENTITY: Decider[Identity, IdentityCommand, IdentityEvent] = Decider(Identity(), decide, evolve)
