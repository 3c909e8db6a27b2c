"""Who may act: identities, their keys and their roles."""

from typing import TypeAlias

from pydantic import Field

from .base import Event, Term, recorded_as
from .identifiers import Token
from .personal import Personal


class IdentityKind(Term):
    """What sort of principal it is."""

    HUMAN = "human"
    SERVICE = "service"
    AGENT = "agent"
    COMPONENT = "component"


class KeyUse(Term):
    """What a key signs; a key has one use."""

    EVENT = "event"
    COMMAND = "command"
    CHECKPOINT = "checkpoint"
    WITNESS = "witness"
    ALERT = "alert"
    LOGIN = "login"
    """Logs in to NATS; never signs anything of ours."""


class Role(Term):
    """What a principal may command, until policies say it."""

    OPERATOR = "operator"
    AGENT_OWNER = "agent_owner"
    VIEWER = "viewer"
    SCHEDULER = "scheduler"
    WORKER = "worker"


class RevocationReason(Term):
    """Why a key is valid no more."""

    SUPERSEDED = "superseded"
    COMPROMISED = "compromised"
    DECOMMISSIONED = "decommissioned"


@recorded_as("identity.registered", aggregate="identity")
class IdentityRegistered(Event):
    """Somebody or something that may act was made known, under a pseudonymous id."""

    identity_id: Token
    kind: IdentityKind
    subject_ref: Token
    """Random; names whose data key encrypts the personal fields."""
    display_name: Personal[str] | None = None


@recorded_as("identity.key.issued", aggregate="identity")
class IdentityKeyIssued(Event):
    """A public key speaks for the identity from the next position of the log on."""

    identity_id: Token
    key_id: str
    public_key: str
    """Base64 of the 32 raw bytes; for `login`, the NATS user key (`U…`)."""
    use: KeyUse
    possession: str = ""
    """The key's own signature over who it is for: proof that somebody holds it."""


@recorded_as("identity.key.rotated", aggregate="identity")
class IdentityKeyRotated(Event):
    """A new key took over from an old one, which stays valid until it is revoked."""

    identity_id: Token
    old_key_id: str
    key_id: str
    public_key: str
    use: KeyUse
    possession: str = ""


@recorded_as("identity.key.revoked", aggregate="identity")
class IdentityKeyRevoked(Event):
    """The key is valid for nothing after this position."""

    identity_id: Token
    key_id: str
    reason: RevocationReason
    suspected_since: int | None = None
    """The position since which events under a compromised key are in doubt."""


@recorded_as("identity.terminated", aggregate="identity")
class IdentityTerminated(Event):
    """The identity may act no more; its keys are revoked with it."""

    identity_id: Token
    reason: str


@recorded_as("role.granted", aggregate="identity")
class RoleGranted(Event):
    """The identity may from now on do what the role allows."""

    identity_id: Token
    role: Role


@recorded_as("role.revoked", aggregate="identity")
class RoleRevoked(Event):
    """The role's rights ended."""

    identity_id: Token
    role: Role


@recorded_as("auth.succeeded", aggregate="identity", asserts_nothing=True)
class AuthSucceeded(Event):
    """A principal was seen to prove who it is, for the first time under this key and process."""

    identity_id: Token
    key_id: str
    use: KeyUse


@recorded_as("auth.failed", aggregate="identity", asserts_nothing=True)
class AuthFailed(Event):
    """What one source was refused within one second, counted by reason."""

    source: Token
    """The principal that the subject names."""
    refusals: dict[str, int]
    """Error code → how often."""
    first_at: str
    last_at: str
    """Of the first and the last of them: RFC 3339 in UTC."""
    example: str = Field("", max_length=500)
    """The message of one of them."""

    def about(self) -> str:
        return self.source


IdentityEvent: TypeAlias = (
    IdentityRegistered
    | IdentityKeyIssued
    | IdentityKeyRotated
    | IdentityKeyRevoked
    | IdentityTerminated
    | RoleGranted
    | RoleRevoked
    | AuthSucceeded
    | AuthFailed
)
