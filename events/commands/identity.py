"""Commands about one identity, its keys and its roles."""

from typing import TypeAlias

from pydantic import Field

from ..identifiers import Token
from ..identity import IdentityKind, KeyUse, RevocationReason, Role
from .base import Command, asked_as


@asked_as("identity.register")
class RegisterIdentity(Command):
    """Make a principal known, with its roles; its keys follow by `identity.issue_key`."""

    identity_id: Token
    kind: IdentityKind
    display_name: str | None = Field(None, max_length=200)
    """Personal: encrypted before it is recorded."""
    roles: list[Role] = Field(default_factory=list)


@asked_as("identity.issue_key")
class IssueKey(Command):
    """Let a public key speak for the identity."""

    identity_id: Token
    public_key: str
    use: KeyUse
    possession: str = ""
    """The key's signature over `possession_payload(...)`; not asked of login keys."""


@asked_as("identity.rotate_key")
class RotateKey(Command):
    """Let a new key take over from an old one, which stays valid until it is revoked."""

    identity_id: Token
    old_key_id: str
    public_key: str
    use: KeyUse
    possession: str = ""


@asked_as("identity.revoke_key")
class RevokeKey(Command):
    """End a key's validity at this position of the log."""

    identity_id: Token
    key_id: str
    reason: RevocationReason = RevocationReason.SUPERSEDED
    suspected_since: int | None = Field(None, ge=1)


@asked_as("identity.terminate")
class TerminateIdentity(Command):
    """Let the identity act no more."""

    identity_id: Token
    reason: str = Field("", max_length=1000)


@asked_as("identity.grant_role")
class GrantRole(Command):
    """Give the identity what a role allows."""

    identity_id: Token
    role: Role


@asked_as("identity.revoke_role")
class RevokeRole(Command):
    """Take a role back."""

    identity_id: Token
    role: Role


IdentityCommand: TypeAlias = (
    RegisterIdentity | IssueKey | RotateKey | RevokeKey | TerminateIdentity | GrantRole | RevokeRole
)
