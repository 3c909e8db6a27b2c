"""What waits for people: an act that policy allows only with their approval."""

from typing import Literal, TypeAlias

from pydantic import Field

from .base import Event, recorded_as
from .content import Digest
from .identifiers import Token
from .policy import AskedFor


@recorded_as("approval.requested", aggregate="approval")
class ApprovalRequested(Event):
    """An act waits until enough people grant it, one denies it or its time is over."""

    approval_id: Token
    agent_id: Token | None = None
    """The agent that waits, where one does."""
    requester: str = Field(max_length=128)
    """Who asked: `agent/a-1`."""
    barred: list[str] = Field(default_factory=list)
    """Who else must not approve it: for whom the requester acts, who owns it."""
    decision_id: Token
    """The decision that allowed the act under this condition."""
    asked: AskedFor
    act_digest: Digest
    """Of exactly what will run: the request with all its content. Nothing else runs under this approval."""
    role: Token
    """Whose approval is asked for."""
    quorum: int = Field(1, ge=1, le=100)
    scope: Literal["act", "run"] = "act"
    """Whether it is good for this act only, or for all like it until the task has ended."""
    expires_at: str
    """When it counts as denied: RFC 3339 in UTC."""
    valid_s: int = Field(86_400, ge=1)
    """How long a grant is good for."""
    policies: list[str] = Field(default_factory=list)
    """The policies that ask for it."""
    reasons: list[str] = Field(default_factory=list)


@recorded_as("approval.granted", aggregate="approval")
class ApprovalGranted(Event):
    """Somebody granted it; with the last one that was needed the act may happen."""

    approval_id: Token
    agent_id: Token | None = None
    by: str = Field(max_length=128)
    act_digest: Digest
    """Of what was granted: what they saw."""
    reason: str = Field("", max_length=1000)
    complete: bool
    """Whether it was the last one that was needed."""
    valid_until: str | None = None
    """Until when the act may happen, once it is complete: RFC 3339 in UTC."""


@recorded_as("approval.denied", aggregate="approval")
class ApprovalDenied(Event):
    """Somebody denied it; the act does not happen."""

    approval_id: Token
    agent_id: Token | None = None
    by: str = Field(max_length=128)
    reason: str = Field("", max_length=1000)


@recorded_as("approval.expired", aggregate="approval")
class ApprovalExpired(Event):
    """Its time is over without enough grants; the act does not happen."""

    approval_id: Token
    agent_id: Token | None = None
    granted: int = Field(0, ge=0)
    """How many had granted it."""


ApprovalEvent: TypeAlias = ApprovalRequested | ApprovalGranted | ApprovalDenied | ApprovalExpired
