"""An act waits for people, who grant or deny exactly that act."""

import pytest

from app.domain.approval import APPROVAL, Approval, ApprovalStatus, requested_id
from app.domain.decider import Context
from app.domain.governing import CLOSED_KEPT, Governing
from app.domain.policy_rejections import (
    ApprovalClosed,
    ApprovalExists,
    ApprovalHasExpired,
    ApprovalHasTime,
    ApprovalUnknown,
    ApprovedAlready,
    ApprovesItself,
    ApprovesSomethingElse,
)
from app.errors import Rejected
from events import clock, strict_json
from events.approval import ApprovalDenied, ApprovalEvent, ApprovalExpired, ApprovalGranted, ApprovalRequested
from events.commands import DenyApproval, ExpireApproval, GrantApproval, RequestApproval
from events.commands.approval import ApprovalCommand
from events.policy import AskedFor, EntityName, PrincipalName

SECOND = 1_000_000_000
NOW = 1_800_000_000 * SECOND
DIGEST, OTHER = "sha256:" + "1" * 64, "sha256:" + "2" * 64
ASKED = AskedFor(
    principal=PrincipalName(type="Agent", id="a1"),
    action="call_tool",
    resource=EntityName(type="Tool", id="pay"),
)
REQUEST = RequestApproval(
    agent_id="a1",
    requester="agent/a1",
    barred=["human/owner", "agent/a1"],
    decision_id="d1",
    asked=ASKED,
    act_digest=DIGEST,
    role="finance",
    quorum=2,
    timeout_s=60,
    valid_s=600,
)


def at(seconds: int, actor: str = "human/ann", command: str = "c1") -> Context:
    return Context(command_id=command, actor=actor, now_ns=NOW + seconds * SECOND)


def after(*steps: tuple[ApprovalCommand, Context]) -> tuple[Approval, list[ApprovalEvent]]:
    approval, events = APPROVAL.initial, list[ApprovalEvent]()
    for command, context in steps:
        for event in APPROVAL.decide(approval, command, context):
            approval = APPROVAL.evolve(approval, event)
            events.append(event)
    return approval, events


ID = requested_id("c1")
ASK = (REQUEST, at(0))
GRANT = GrantApproval(approval_id=ID, agent_id="a1", act_digest=DIGEST, reason="seen")
DENY = DenyApproval(approval_id=ID, agent_id="a1", reason="no")
EXPIRE = ExpireApproval(approval_id=ID, agent_id="a1")


def refused(refusal: type[Rejected], *steps: tuple[ApprovalCommand, Context]) -> None:
    before, _ = after(*steps[:-1])
    with pytest.raises(refusal):
        APPROVAL.decide(before, *steps[-1])


def test_a_request_holds_everything_that_whoever_decides_must_see() -> None:
    approval, events = after(ASK)
    assert events == [
        ApprovalRequested(
            approval_id=ID,
            agent_id="a1",
            requester="agent/a1",
            barred=["human/owner"],
            decision_id="d1",
            asked=ASKED,
            act_digest=DIGEST,
            role="finance",
            quorum=2,
            expires_at=clock.to_wire(NOW + 60 * SECOND),
            valid_s=600,
        )
    ]
    assert approval.status is ApprovalStatus.WAITING
    refused(ApprovalExists, ASK, ASK)


def test_it_is_granted_by_the_quorum_and_then_good_for_a_while() -> None:
    approval, (_, first) = after(ASK, (GRANT, at(1)))
    assert isinstance(first, ApprovalGranted)
    assert (first.complete, first.valid_until, first.by) == (False, None, "human/ann")
    assert approval.status is ApprovalStatus.WAITING
    approval, (*_, last) = after(ASK, (GRANT, at(1)), (GRANT, at(2, "human/bob")))
    assert isinstance(last, ApprovalGranted)
    assert (last.complete, last.valid_until) == (True, clock.to_wire(NOW + 602 * SECOND))
    assert approval.status is ApprovalStatus.GRANTED


def test_nobody_grants_twice() -> None:
    refused(ApprovedAlready, ASK, (GRANT, at(1)), (GRANT, at(2)))


@pytest.mark.parametrize("actor", ["agent/a1", "human/owner"])
def test_whoever_asked_and_those_behind_it_never_grant(actor: str) -> None:
    refused(ApprovesItself, ASK, (GRANT, at(1, actor)))


def test_a_grant_is_of_exactly_what_will_run() -> None:
    other = GRANT.model_copy(update={"act_digest": OTHER})
    refused(ApprovesSomethingElse, ASK, (other, at(1)))


def test_one_denial_is_enough() -> None:
    approval, (*_, last) = after(ASK, (GRANT, at(1)), (DENY, at(2, "human/bob")))
    assert last == ApprovalDenied(approval_id=ID, agent_id="a1", by="human/bob", reason="no")
    assert approval.status is ApprovalStatus.DENIED
    refused(ApprovalClosed, ASK, (DENY, at(1)), (GRANT, at(2, "human/bob")))
    refused(ApprovalClosed, ASK, (DENY, at(1)), (EXPIRE, at(99)))


def test_what_is_not_granted_in_time_is_denied_for_good() -> None:
    refused(ApprovalHasTime, ASK, (EXPIRE, at(59)))
    refused(ApprovalHasExpired, ASK, (GRANT, at(60)))
    refused(ApprovalHasExpired, ASK, (DENY, at(61)))
    approval, (*_, last) = after(ASK, (GRANT, at(1)), (EXPIRE, at(60)))
    assert last == ApprovalExpired(approval_id=ID, agent_id="a1", granted=1)
    assert approval.status is ApprovalStatus.EXPIRED
    refused(ApprovalClosed, ASK, (EXPIRE, at(60)), (GRANT, at(61)))


def test_one_that_was_granted_cannot_be_denied_or_expire() -> None:
    granted = (ASK, (GRANT, at(1)), (GRANT, at(2, "human/bob")))
    refused(ApprovalClosed, *granted, (DENY, at(3, "human/eve")))
    refused(ApprovalClosed, *granted, (EXPIRE, at(99)))


def test_there_must_be_one() -> None:
    for command in (GRANT, DENY, EXPIRE):
        refused(ApprovalUnknown, (command, at(0)))


def test_approvals_survive_a_snapshot_and_old_ones_are_forgotten() -> None:
    governing = Governing()
    _, events = after(ASK, (GRANT, at(1)))
    for event in events:
        governing.take(event)
    assert Governing.from_json(strict_json.loads(strict_json.dumps(governing.to_json()))) == governing
    copy = governing.copy()
    governing.take(ApprovalDenied(approval_id=ID, by="human/ann"))
    assert copy.approval(ID).status is ApprovalStatus.WAITING
    requested = next(event for event in events if isinstance(event, ApprovalRequested))
    for number in range(CLOSED_KEPT):
        governing.take(requested.model_copy(update={"approval_id": f"ap{number}"}))
        governing.take(ApprovalExpired(approval_id=f"ap{number}"))
    assert governing.approval(ID).status is ApprovalStatus.ABSENT
    assert len(governing.approvals) == CLOSED_KEPT
    assert governing.approval("ap0").status is ApprovalStatus.EXPIRED
