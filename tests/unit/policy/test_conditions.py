import pytest

from app.policy.condition_text import BadCondition, lenient, parse, parse_all, write, write_all
from app.policy.conditions import (
    ApprovalScope,
    Audit,
    AuditLevel,
    Budget,
    BudgetUnit,
    CircuitBreaker,
    Condition,
    MaxTier,
    MinTier,
    Network,
    RateLimit,
    Redact,
    RequireApproval,
    RetryLimit,
    Sandbox,
    TimeLimit,
    Unknown,
)
from app.policy.merging import Contradiction, merge
from events.agent_config import DataClass, SandboxTier

WRITTEN: list[tuple[str, Condition]] = [
    ("require_approval:finance", RequireApproval("finance", 1, 86_400)),
    ("require_approval:finance:2:24h:run", RequireApproval("finance", 2, 86_400, ApprovalScope.RUN)),
    ("redact:pii,phi", Redact(frozenset({DataClass.PII, DataClass.PHI}))),
    ("rate_limit:1000/hour", RateLimit(1000, 3600)),
    ("rate_limit:5/30s", RateLimit(5, 30)),
    ("rate_limit:10/minute/tenant", RateLimit(10, 60, "tenant")),
    ("min_tier:tier2", MinTier(SandboxTier.GVISOR)),
    ("max_tier:docker", MaxTier(SandboxTier.DOCKER)),
    ("audit:full", Audit(AuditLevel.FULL)),
    (
        "audit:metadata:retention_days=365:tags=hipaa,sox:include=inputs:alert_on=deny",
        Audit(
            AuditLevel.METADATA,
            365,
            frozenset({"hipaa", "sox"}),
            frozenset({"inputs"}),
            frozenset({"deny"}),
        ),
    ),
    ("sandbox:none", Sandbox(Network.NONE)),
    ("budget:tokens:200_000/day", Budget(BudgetUnit.TOKENS, 200_000, 86_400)),
    ("time_limit:30s", TimeLimit(30_000)),
    ("time_limit:500ms", TimeLimit(500)),
    ("total_time_limit:10m", TimeLimit(600_000, whole_run=True)),
    ("retry_limit:3", RetryLimit(3)),
    ("retry_limit:0", RetryLimit(0)),
    ("circuit_breaker:5:2m", CircuitBreaker(5, 120)),
    ("circuit_breaker:5", CircuitBreaker(5, 60)),
]


@pytest.mark.parametrize(("text", "condition"), WRITTEN)
def test_a_condition_is_read_and_written_back(text: str, condition: Condition) -> None:
    assert parse(text) == condition
    assert parse(write(condition)) == condition


def test_several_conditions_stand_in_one_text() -> None:
    assert parse_all("audit:full; retry_limit:3") == (Audit(AuditLevel.FULL), RetryLimit(3))
    every = tuple(condition for _, condition in WRITTEN)
    assert parse_all(write_all(every)) == every


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("rat_limit:3/minute", "did you mean rate_limit?"),
        ("rate_limit", "write rate_limit:COUNT/WINDOW"),
        ("rate_limit:many/minute", "no positive whole number"),
        ("rate_limit:0/minute", "no positive whole number"),
        ("rate_limit:3", "names no window"),
        ("rate_limit:3/fortnight", "no duration"),
        ("require_approval:no role", "is no role"),
        ("require_approval:a:1:1h:act:1h:x", "more than five parts"),
        ("rate_limit:3/minute/x/y", "more than three parts"),
        ("rate_limit:3/minute/a b", "no attribute"),
        ("redact:birthdays", "none of confidential"),
        ("min_tier:firecracker", "there are docker (tier1) and gvisor (tier2)"),
        ("budget:apples:3/day", "none of calls"),
        ("audit:loud", "none of decision"),
        ("audit:full:keep=3", "none of alert_on"),
        ("time_limit:0s", "no duration"),
        ("", "is no condition"),
    ],
)
def test_what_is_no_condition_is_refused_with_what_was_meant(text: str, says: str) -> None:
    with pytest.raises(BadCondition) as error:
        parse(text)
    assert says in str(error.value)


def test_a_condition_of_a_newer_version_is_kept_as_unknown() -> None:
    assert lenient("audit:full; teleport:home") == (Audit(AuditLevel.FULL), Unknown("teleport:home"))


@pytest.mark.parametrize(
    ("several", "kept"),
    [
        (["require_approval:a:1:1h", "require_approval:a:2:2h:run"], ["require_approval:a:2:1h"]),
        (["require_approval:a", "require_approval:b"], ["require_approval:a", "require_approval:b"]),
        (["redact:pii", "redact:phi"], ["redact:pii,phi"]),
        (["rate_limit:5/minute", "rate_limit:3/minute"], ["rate_limit:3/60s"]),
        (["rate_limit:5/minute", "rate_limit:9/hour"], ["rate_limit:5/60s", "rate_limit:9/3600s"]),
        (["budget:cents:9/day", "budget:cents:3/day"], ["budget:cents:3/day"]),
        (["budget:cents:9/day", "budget:tokens:5/day"], ["budget:cents:9/day", "budget:tokens:5/day"]),
        (["min_tier:docker", "min_tier:gvisor"], ["min_tier:gvisor"]),
        (["max_tier:docker", "max_tier:gvisor"], ["max_tier:docker"]),
        (["sandbox:open", "sandbox:none", "sandbox:allow_list"], ["sandbox:none"]),
        (["time_limit:9s", "time_limit:3s", "total_time_limit:5s"], ["time_limit:3s", "total_time_limit:5s"]),
        (["retry_limit:9", "retry_limit:3"], ["retry_limit:3"]),
        (["circuit_breaker:9:10s", "circuit_breaker:3:5s"], ["circuit_breaker:3:10s"]),
        (
            ["audit:decision:retention_days=9:tags=a", "audit:full:tags=b:alert_on=deny", "audit:metadata"],
            ["audit:full:retention_days=9:tags=a,b:alert_on=deny"],
        ),
    ],
)  # fmt: skip
def test_the_strictest_of_each_kind_is_kept(several: list[str], kept: list[str]) -> None:
    conditions = [parse(text) for text in several]
    assert set(merge(conditions)) == {parse(text) for text in kept}
    assert merge(conditions) == merge(reversed(conditions)), "the order must not matter"


def test_a_tier_that_must_be_both_stricter_and_looser_is_a_contradiction() -> None:
    with pytest.raises(Contradiction, match="at least gvisor and at most docker"):
        merge([parse("min_tier:gvisor"), parse("max_tier:docker")])
