"""Commands about which policies are in force, and who overstepped them."""

from typing import Any, TypeAlias

from pydantic import Field

from ..content import Digest
from ..identifiers import Token
from .base import Command, asked_as


class _OfSet(Command):
    policy_id: Token = "main"
    """Which set of policies; a runtime has one."""


@asked_as("policy.register")
class RegisterPolicy(_OfSet):
    """Make a bundle known, checked again by whoever takes this."""

    digest: Digest
    bundle: dict[str, Any]
    """`bundle` and `places`, as `symbi policy apply` sends them."""


class _OfBundle(_OfSet):
    digest: Digest
    reason: str = Field("", max_length=1000)


@asked_as("policy.activate")
class ActivatePolicy(_OfBundle):
    """Let every enforcement point decide under a registered bundle."""


@asked_as("policy.retire")
class RetirePolicy(_OfBundle):
    """Let a bundle be activated no more; retiring the active one denies everything."""


@asked_as("policy.rollback")
class RollBackPolicy(_OfSet):
    """Go back to the bundle that was active before the active one."""

    reason: str = Field("", max_length=1000)


@asked_as("policy.violate")
class RecordViolation(Command):
    """Record that an agent did what is marked as grave, and suspend it. An enforcement point's."""

    agent_id: Token
    decision_id: Token
    policies: list[str] = Field(max_length=100)
    reason: str = Field(max_length=2000)


ToBundles: TypeAlias = RegisterPolicy | ActivatePolicy | RetirePolicy | RollBackPolicy
"""What changes which policies are in force."""

PolicyCommand: TypeAlias = RegisterPolicy | ActivatePolicy | RetirePolicy | RollBackPolicy | RecordViolation
