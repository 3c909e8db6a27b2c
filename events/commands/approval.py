"""Commands about what waits for people."""

from typing import Literal, TypeAlias

from pydantic import Field

from ..content import Digest
from ..identifiers import Token
from ..policy import AskedFor
from .base import Command, asked_as


@asked_as("approval.request")
class RequestApproval(Command):
    """Let an act wait for people. An enforcement point's. Its id derives from the command's."""

    agent_id: Token | None = None
    requester: str = Field(max_length=128)
    barred: list[str] = Field(default_factory=list, max_length=16)
    decision_id: Token
    asked: AskedFor
    act_digest: Digest
    role: Token
    quorum: int = Field(1, ge=1, le=100)
    scope: Literal["act", "run"] = "act"
    timeout_s: int = Field(86_400, ge=1, le=366 * 86_400)
    valid_s: int = Field(86_400, ge=1, le=366 * 86_400)
    policies: list[str] = Field(default_factory=list, max_length=100)
    reasons: list[str] = Field(default_factory=list, max_length=100)


class _OfApproval(Command):
    approval_id: Token
    agent_id: Token | None = None
    """The agent that waits, as `approval.requested` names it: its history holds the approval."""


@asked_as("approval.grant")
class GrantApproval(_OfApproval):
    """Let the act happen, as far as you are asked."""

    act_digest: Digest
    """Of what you have seen; it must be that of what will run."""
    reason: str = Field("", max_length=1000)


@asked_as("approval.deny")
class DenyApproval(_OfApproval):
    """Let the act not happen."""

    reason: str = Field("", max_length=1000)


@asked_as("approval.expire")
class ExpireApproval(_OfApproval):
    """Say that its time is over. The runtime's own."""


ApprovalCommand: TypeAlias = RequestApproval | GrantApproval | DenyApproval | ExpireApproval
