"""The approval: an act waits for people, who grant or deny exactly that act."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import assert_never

from events import clock
from events.approval import (
    ApprovalDenied,
    ApprovalEvent,
    ApprovalExpired,
    ApprovalGranted,
    ApprovalRequested,
)
from events.commands.approval import (
    ApprovalCommand,
    DenyApproval,
    ExpireApproval,
    GrantApproval,
    RequestApproval,
)
from events.identifiers import derived_id

from .decider import Context, Decider
from .policy_rejections import (
    ApprovalClosed,
    ApprovalExists,
    ApprovalHasExpired,
    ApprovalHasTime,
    ApprovalUnknown,
    ApprovedAlready,
    ApprovesItself,
    ApprovesSomethingElse,
)

SECOND_NS = 1_000_000_000


class ApprovalStatus(StrEnum):
    """Where an approval stands; `absent` is before it was requested."""

    ABSENT = "absent"
    WAITING = "waiting"
    GRANTED = "granted"
    DENIED = "denied"
    EXPIRED = "expired"


@dataclass(frozen=True, slots=True)
class Approval:
    """One approval, as far as decisions depend on it."""

    approval_id: str = ""
    status: ApprovalStatus = ApprovalStatus.ABSENT
    agent_id: str | None = None
    act_digest: str = ""
    barred: frozenset[str] = frozenset()
    """Who must not decide it: whoever asked for it, and those behind them."""
    quorum: int = 1
    granted_by: frozenset[str] = frozenset()
    expires_at: str = ""
    valid_s: int = 0


def decide(approval: Approval, command: ApprovalCommand, context: Context) -> Sequence[ApprovalEvent]:
    """Answer *command* with the facts it causes, or raise `Rejected`.

    That who grants or denies holds the role that is asked for, policy has decided before (`approve`).
    """
    if isinstance(command, RequestApproval):
        return [_request(approval, command, context)]
    name = command.approval_id
    if approval.status is ApprovalStatus.ABSENT:
        raise ApprovalUnknown(approval_id=name)
    if approval.status is not ApprovalStatus.WAITING:
        raise ApprovalClosed(approval_id=name, status=approval.status)
    over = context.now_ns >= clock.from_wire(approval.expires_at)
    match command:
        case GrantApproval() | DenyApproval() if over:
            raise ApprovalHasExpired(approval_id=name, expires_at=approval.expires_at)
        case GrantApproval(act_digest=digest, reason=reason):
            if context.actor in approval.barred:
                raise ApprovesItself(approval_id=name, actor=context.actor)
            if context.actor in approval.granted_by:
                raise ApprovedAlready(approval_id=name, actor=context.actor)
            if digest != approval.act_digest:
                raise ApprovesSomethingElse(approval_id=name, expected=approval.act_digest, given=digest)
            complete = len(approval.granted_by) + 1 >= approval.quorum
            until = clock.to_wire(context.now_ns + approval.valid_s * SECOND_NS) if complete else None
            return [
                ApprovalGranted(
                    approval_id=name,
                    agent_id=approval.agent_id,
                    by=context.actor,
                    act_digest=digest,
                    reason=reason,
                    complete=complete,
                    valid_until=until,
                )
            ]
        case DenyApproval(reason=reason):
            # Whoever asked may take it back.
            return [
                ApprovalDenied(approval_id=name, agent_id=approval.agent_id, by=context.actor, reason=reason)
            ]
        case ExpireApproval():
            if not over:
                raise ApprovalHasTime(approval_id=name, expires_at=approval.expires_at)
            granted = len(approval.granted_by)
            return [ApprovalExpired(approval_id=name, agent_id=approval.agent_id, granted=granted)]
        case _:
            assert_never(command)


def _request(approval: Approval, command: RequestApproval, context: Context) -> ApprovalRequested:
    approval_id = requested_id(context.command_id)
    if approval.status is not ApprovalStatus.ABSENT:
        raise ApprovalExists(approval_id=approval_id)
    return ApprovalRequested(
        approval_id=approval_id,
        agent_id=command.agent_id,
        requester=command.requester,
        barred=sorted(set(command.barred) - {command.requester}),
        decision_id=command.decision_id,
        asked=command.asked,
        act_digest=command.act_digest,
        role=command.role,
        quorum=command.quorum,
        scope=command.scope,
        expires_at=clock.to_wire(context.now_ns + command.timeout_s * SECOND_NS),
        valid_s=command.valid_s,
        policies=command.policies,
        reasons=command.reasons,
    )


def requested_id(command_id: str) -> str:
    """The id of the approval that a request makes."""
    return derived_id("ap", command_id)


def evolve(approval: Approval, event: ApprovalEvent) -> Approval:
    """Fold one fact into *approval*; never raises, never looks outside."""
    match event:
        case ApprovalRequested():
            return Approval(
                event.approval_id,
                ApprovalStatus.WAITING,
                event.agent_id,
                event.act_digest,
                frozenset({event.requester, *event.barred}),
                event.quorum,
                frozenset(),
                event.expires_at,
                event.valid_s,
            )
        case ApprovalGranted(by=by, complete=complete):
            status = ApprovalStatus.GRANTED if complete else approval.status
            return replace(approval, granted_by=approval.granted_by | {by}, status=status)
        case ApprovalDenied():
            return replace(approval, status=ApprovalStatus.DENIED)
        case ApprovalExpired():
            return replace(approval, status=ApprovalStatus.EXPIRED)
        case _:
            assert_never(event)


APPROVAL: Decider[Approval, ApprovalCommand, ApprovalEvent] = Decider(Approval(), decide, evolve)
