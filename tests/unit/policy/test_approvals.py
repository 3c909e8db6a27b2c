"""What people have granted lets exactly that happen, and only once unless they granted more."""

from dataclasses import replace

from app.domain.approval import APPROVAL, Approval, requested_id
from app.domain.decider import Context
from app.policy.approvals import Approvals, Cleared
from app.policy.conditions import ApprovalScope, RequireApproval
from app.policy.decision import AllowWithConditions, Grounds
from app.policy.recording import act_digest, asked_for, recorded
from app.policy.request import Action, EntityRef, Principal, PrincipalKind, Request
from events.commands import DenyApproval, ExpireApproval, GrantApproval, RequestApproval
from events.commands.approval import ApprovalCommand

SECOND = 1_000_000_000
NOW = 1_800_000_000 * SECOND
FINANCE = RequireApproval("finance", timeout_s=60, valid_s=600)
PAY = Request(
    Principal(PrincipalKind.AGENT, "a1"),
    Action.CALL_TOOL,
    EntityRef("Tool", "pay"),
    {"task": "t1", "arguments": {"amount": 10}},
)
MORE = replace(PAY, context={"task": "t1", "arguments": {"amount": 11}})
LATER = replace(PAY, context={"task": "t2", "arguments": {"amount": 10}})


class Office:
    """Requests approvals, lets people decide them, and folds what comes of it."""

    def __init__(self) -> None:
        self.approvals = Approvals()
        self._states: dict[str, Approval] = {}
        self._count = 0

    def request(self, request: Request, condition: RequireApproval) -> str:
        self._count += 1
        command = f"c{self._count}"
        name = requested_id(command)
        self._do(
            name,
            RequestApproval(
                requester="agent/a1",
                decision_id="d",
                asked=asked_for(request),
                act_digest=act_digest(request),
                role=condition.role,
                quorum=condition.quorum,
                scope=condition.scope.value,
                timeout_s=condition.timeout_s,
                valid_s=condition.valid_s,
            ),
            command=command,
        )
        return name

    def grant(self, name: str, request: Request = PAY, by: str = "human/ann") -> None:
        self._do(name, GrantApproval(approval_id=name, act_digest=act_digest(request)), by=by)

    def deny(self, name: str) -> None:
        self._do(name, DenyApproval(approval_id=name))

    def expire(self, name: str) -> None:
        self._do(name, ExpireApproval(approval_id=name), at=99)

    def act(self, request: Request, *approvals: str) -> None:
        decision = AllowWithConditions((FINANCE,), Grounds())
        self.approvals.take(recorded(request, decision, "d2", approvals=approvals))

    def cleared(self, request: Request = PAY, *conditions: RequireApproval, at: int = 1) -> Cleared:
        return self.approvals.cleared(conditions or (FINANCE,), request, NOW + at * SECOND)

    def _do(
        self,
        name: str,
        asked: ApprovalCommand,
        *,
        by: str = "human/ann",
        at: int = 0,
        command: str = "other",
    ) -> None:
        state = self._states.get(name) or APPROVAL.initial
        context = Context(command_id=command, actor=by, now_ns=NOW + at * SECOND)
        for event in APPROVAL.decide(state, asked, context):
            state = APPROVAL.evolve(state, event)
            self.approvals.take(event)
        self._states[name] = state


def test_an_act_waits_until_it_is_granted() -> None:
    office = Office()
    assert office.cleared() == Cleared((), (), (FINANCE,))
    name = office.request(PAY, FINANCE)
    assert office.cleared() == Cleared((), (name,), ())
    assert not office.cleared().complete
    office.grant(name)
    assert office.cleared() == Cleared((name,), (), ())
    assert office.cleared().complete


def test_what_needs_no_approval_is_clear() -> None:
    assert Approvals().cleared((), PAY, NOW).complete


def test_a_grant_is_for_exactly_that_act() -> None:
    office = Office()
    office.grant(office.request(PAY, FINANCE))
    assert office.cleared(MORE).missing == (FINANCE,)
    assert office.cleared(LATER).missing == (FINANCE,)
    assert office.cleared(replace(PAY, tenant="other")).missing == (FINANCE,)


def test_a_grant_for_one_act_is_used_up_by_it() -> None:
    office = Office()
    name = office.request(PAY, FINANCE)
    office.grant(name)
    office.act(PAY, name)
    assert office.cleared().missing == (FINANCE,)


def test_a_grant_for_a_run_covers_acts_like_it_until_the_run_is_over() -> None:
    office, wide = Office(), replace(FINANCE, scope=ApprovalScope.RUN)
    name = office.request(PAY, wide)
    office.grant(name)
    office.act(PAY, name)
    assert office.cleared(PAY, wide).complete
    assert office.cleared(MORE, wide).complete
    assert office.cleared(LATER, wide).missing == (wide,), "another task"
    assert office.cleared(replace(PAY, resource=EntityRef("Tool", "x")), wide).missing == (wide,)


def test_the_quorum_has_to_be_reached() -> None:
    office, two = Office(), replace(FINANCE, quorum=2)
    name = office.request(PAY, two)
    office.grant(name)
    assert office.cleared(PAY, two).waiting == (name,)
    office.grant(name, by="human/bob")
    assert office.cleared(PAY, two).complete


def test_a_grant_by_fewer_than_asked_for_now_is_not_enough() -> None:
    office = Office()
    office.grant(office.request(PAY, FINANCE))
    assert office.cleared(PAY, replace(FINANCE, quorum=2)).missing


def test_every_role_that_is_asked_for_has_to_grant_it() -> None:
    office, legal = Office(), replace(FINANCE, role="legal")
    name = office.request(PAY, FINANCE)
    office.grant(name)
    assert office.cleared(PAY, FINANCE, legal) == Cleared((name,), (), (legal,))


def test_what_is_denied_or_over_clears_nothing() -> None:
    office = Office()
    office.deny(office.request(PAY, FINANCE))
    assert office.cleared().missing == (FINANCE,)
    name = office.request(PAY, FINANCE)
    assert office.cleared(at=59).waiting == (name,)
    assert office.cleared(at=60).missing == (FINANCE,), "before somebody says that it is over"
    office.expire(name)
    assert office.cleared().missing == (FINANCE,)


def test_a_grant_is_good_for_a_while() -> None:
    office = Office()
    name = office.request(PAY, FINANCE)
    office.grant(name)
    assert office.cleared(at=599).granted == (name,)
    assert office.cleared(at=600).missing == (FINANCE,)
    office.approvals.forget(NOW + 599 * SECOND)
    assert len(office.approvals) == 1
    office.approvals.forget(NOW + 600 * SECOND)
    assert len(office.approvals) == 0
