"""Rate limits and budgets hold over processes and restarts."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.policy.conditions import Audit, AuditLevel, Budget, BudgetUnit, Condition, RateLimit
from app.policy.decision import AllowWithConditions, Grounds
from app.policy.limits import Limits, Uncounted, counted_for
from app.policy.recording import recorded
from app.policy.request import Action, EntityRef, Principal, PrincipalKind, Request
from events.policy import PolicyDecision

SECOND = 1_000_000_000
NOW = 1_800_000_000 * SECOND
RATE = RateLimit(3, 60, "principal", "rate")
CALL = Request(Principal(PrincipalKind.AGENT, "a1"), Action.CALL_TOOL, EntityRef("Tool", "t"), tenant="acme")
ASK = Request(CALL.principal, Action.INVOKE_MODEL, EntityRef("Model", "m"), {"tokens": 400, "cents": 2})


class Process:
    """One of several that decide; what each records, the others fold."""

    def __init__(self, name: str = "p") -> None:
        self.limits = Limits()
        self.events: list[tuple[PolicyDecision, int]] = []
        self._name = name

    def ask(self, request: Request, *conditions: Condition, at: float = 0.0) -> bool:
        now = NOW + int(at * SECOND)
        if self.limits.exceeded(conditions, request, now) is not None:
            return False
        decision_id = f"{self._name}-{len(self.events)}"
        taken = self.limits.take(decision_id, conditions, request, now)
        decision = AllowWithConditions(conditions, Grounds("sha256:" + "0" * 64))
        self.events.append((recorded(request, decision, decision_id, limits=taken), now))
        return True

    def hear(self, other: "Process") -> None:
        for event, at in other.events:
            self.limits.fold(event, at)


def test_no_more_than_the_limit_within_the_window() -> None:
    process = Process()
    assert [process.ask(CALL, RATE, at=second) for second in (0, 1, 2, 3)] == [True, True, True, False]
    assert not process.ask(CALL, RATE, at=59)
    assert process.ask(CALL, RATE, at=62)


def test_what_is_exceeded_says_whose_how_much_and_when_to_try_again() -> None:
    process = Process()
    for _ in range(3):
        process.ask(CALL, RATE)
    exceeded = process.limits.exceeded([RATE], CALL, NOW + 10 * SECOND)
    assert exceeded is not None
    assert exceeded.reason == 'Agent::"a1" has used 3 of 3 in 60 s (rate); try again in 51 s'
    assert not process.ask(CALL, RATE, at=10 + exceeded.retry_after_s - 0.01)
    assert process.ask(CALL, RATE, at=10 + exceeded.retry_after_s)


def test_each_counts_what_is_its_own() -> None:
    process = Process()
    other = replace(CALL, principal=Principal(PrincipalKind.AGENT, "a2"))
    tenants = RateLimit(4, 60, "tenant", "tenants")
    assert all(process.ask(CALL, RATE, tenants) for _ in range(3))
    assert not process.ask(CALL, RATE, tenants)
    assert process.ask(other, RATE, tenants)
    assert not process.ask(other, RATE, tenants), "the tenant has used up its own"
    assert process.ask(replace(other, tenant="free"), RATE, tenants)
    assert process.ask(CALL, replace(RATE, bucket="another")), "another policy counts for itself"


def test_other_processes_and_later_starts_know_what_was_recorded() -> None:
    one, two = Process("one"), Process("two")
    assert one.ask(CALL, RATE)
    two.hear(one)
    assert [two.ask(CALL, RATE, at=1) for _ in range(3)] == [True, True, False]
    one.hear(two)
    one.hear(two)
    one.hear(one)
    assert not one.ask(CALL, RATE, at=2), "and nothing is counted twice"
    restarted = Process("three")
    for process in (two, one):
        restarted.hear(process)
    assert not restarted.ask(CALL, RATE, at=30)
    assert restarted.ask(CALL, RATE, at=61)


def test_a_budget_counts_what_may_be_used_and_then_what_was() -> None:
    budget = Budget(BudgetUnit.TOKENS, 1000, 3600, "principal", "tokens")
    process, other = Process("p"), Process("q")
    assert [process.ask(ASK, budget) for _ in range(3)] == [True, True, False]
    process.limits.settle("p-0", {BudgetUnit.TOKENS: 100})
    assert process.ask(ASK, budget)
    process.limits.settle("p-1", {BudgetUnit.CENTS: 0})
    assert not process.ask(ASK, budget)
    other.hear(process)
    other.limits.settle("p-0", {BudgetUnit.TOKENS: 100})
    assert other.limits.exceeded([budget], ASK, NOW) is not None
    other.limits.settle("p-2", {BudgetUnit.TOKENS: 0})
    assert other.limits.exceeded([budget], ASK, NOW) is None


@pytest.mark.parametrize(
    ("unit", "request_", "times"),
    [
        (BudgetUnit.CALLS, CALL, 5),
        (BudgetUnit.CENTS, ASK, 2),
        (
            BudgetUnit.CPU_SECONDS,
            Request(
                CALL.principal,
                Action.RUN_CODE,
                EntityRef("Code", "c"),
                {"cpu_millis": 500, "execution_timeout_s": 3},
            ),
            2,
        ),
    ],
)
def test_every_unit_of_a_budget_is_counted(unit: BudgetUnit, request_: Request, times: int) -> None:
    process, budget = Process(), Budget(unit, 5, 60, "principal", "b")
    assert [process.ask(request_, budget) for _ in range(times + 1)] == [True] * times + [False]


def test_who_does_not_say_what_is_counted_is_not_let_through() -> None:
    limits = Limits()
    silent = Request(CALL.principal, Action.INVOKE_MODEL, EntityRef("Model", "m"))
    with pytest.raises(Uncounted, match="how many"):
        limits.exceeded([Budget(BudgetUnit.TOKENS, 9, 60)], silent, NOW)
    for per, context in (("user", {}), ("user", {"user": {"role": "x"}}), ("flag", {"flag": True})):
        with pytest.raises(Uncounted):
            limits.take("d", [RateLimit(1, 60, per)], replace(CALL, context=context), NOW)
    assert len(limits) == 0


def test_whose_acts_are_counted_together() -> None:
    request = replace(CALL, context={"user": {"id": "ann"}, "recipient": "bob"})
    assert counted_for("principal", request) == 'Agent::"a1"'
    assert counted_for("tenant", request) == "acme"
    assert counted_for("resource", request) == 'Tool::"t"'
    assert counted_for("user", request) == "ann"
    assert counted_for("user.id", request) == "ann"
    assert counted_for("recipient", request) == "bob"


def test_conditions_of_other_kinds_are_not_counted() -> None:
    process = Process()
    assert process.ask(CALL, Audit(AuditLevel.FULL))
    assert len(process.limits) == 0


def test_what_has_left_its_window_is_forgotten() -> None:
    process = Process()
    process.ask(CALL, RATE)
    process.limits.forget(NOW + 30 * SECOND)
    assert len(process.limits) == 1
    process.limits.forget(NOW + 62 * SECOND)
    assert len(process.limits) == 0


def test_a_late_event_of_another_process_is_counted_where_it_belongs() -> None:
    one, two = Process("one"), Process("two")
    one.ask(CALL, RATE, at=0)
    two.ask(CALL, RATE, at=30)
    two.hear(one)
    assert two.ask(CALL, RATE, at=31)
    assert not two.ask(CALL, RATE, at=32)
    assert two.ask(CALL, RATE, at=62), "the late one has left first"


@given(st.lists(st.floats(0, 40), max_size=60), st.integers(1, 6), st.sampled_from([1, 7, 60]))
def test_within_no_window_more_is_let_through_than_the_limit(
    gaps: list[float], count: int, window: int
) -> None:
    process, limit = Process(), RateLimit(count, window, "principal", "r")
    at, through = 0.0, list[float]()
    for gap in gaps:
        at += gap
        before = [one for one in through if at - one < window]
        if process.ask(CALL, limit, at=at):
            through.append(at)
            assert len(before) < count
        else:
            early = [one for one in through if at - one <= window * (1 + 1 / 60) + 1e-6]
            assert len(early) >= count, "refused no more than a sixtieth too early"
