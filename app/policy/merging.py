"""Several policies bind one act: the strictest of each kind holds.

| condition | kept |
|---|---|
| require_approval | each role: the largest quorum, the shortest times, the narrowest scope |
| redact | all classes |
| rate_limit, budget | all: each policy counts what it binds |
| min_tier, sandbox | the strictest; min_tier above max_tier denies |
| max_tier | the lowest |
| audit | the fullest level, the longest retention, all tags, inclusions and alerts |
| time_limit, total_time_limit, retry_limit | the smallest |
| circuit_breaker | the fewest failures, the longest cooldown |
"""

from collections.abc import Iterable
from dataclasses import replace

from events.agent_config import SandboxTier

from .conditions import (
    ApprovalScope,
    Audit,
    AuditLevel,
    Budget,
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

TIERS = (SandboxTier.DOCKER, SandboxTier.GVISOR)
"""From the loosest to the strictest."""
LEVELS = tuple(AuditLevel)
NETWORKS = tuple(Network)
"""From the strictest to the loosest."""
SCOPES = tuple(ApprovalScope)
SEVERITIES = ("critical", "error", "warning", "info", "debug")


class Contradiction(ValueError):
    """No act can meet both conditions; the text names them."""


def merge(conditions: Iterable[Condition]) -> tuple[Condition, ...]:
    """The strictest of each kind, in a stable order.

    Raises:
        Contradiction: a tier is asked for that is stricter than the strictest allowed.
    """
    kept: dict[tuple[object, ...], Condition] = {}
    for condition in conditions:
        key = _key(condition)
        known = kept.get(key)
        kept[key] = condition if known is None else _stricter(known, condition)
    low, high = kept.get(("MinTier",)), kept.get(("MaxTier",))
    if isinstance(low, MinTier) and isinstance(high, MaxTier) and _rank(low.tier) > _rank(high.tier):
        raise Contradiction(f"the sandbox must be at least {low.tier} and at most {high.tier}")
    return tuple(kept[key] for key in sorted(kept, key=str))


def _key(condition: Condition) -> tuple[object, ...]:
    """What makes two conditions two of a kind."""
    kind = type(condition).__name__
    match condition:
        case RequireApproval(role=role):
            return kind, role
        case RateLimit(window_s=window, per=per, bucket=bucket):
            return kind, bucket, f"{window:012d}", per
        case Budget(unit=unit, window_s=window, per=per, bucket=bucket):
            return kind, bucket, unit, f"{window:012d}", per
        case TimeLimit(whole_run=whole):
            return kind, whole
        case Unknown(text=text):
            return kind, text
        case _:
            return (kind,)


def _stricter(one: Condition, other: Condition) -> Condition:
    match one, other:
        case RequireApproval(), RequireApproval():
            scope = min(one.scope, other.scope, key=SCOPES.index)
            return RequireApproval(
                one.role,
                max(one.quorum, other.quorum),
                min(one.timeout_s, other.timeout_s),
                scope,
                min(one.valid_s, other.valid_s),
            )
        case Redact(), Redact():
            return Redact(one.classes | other.classes)
        case RateLimit(), RateLimit():
            return one if one.count <= other.count else other
        case Budget(), Budget():
            return one if one.amount <= other.amount else other
        case MinTier(), MinTier():
            return max(one, other, key=lambda of: _rank(of.tier))
        case MaxTier(), MaxTier():
            return min(one, other, key=lambda of: _rank(of.tier))
        case Sandbox(), Sandbox():
            return min(one, other, key=lambda of: NETWORKS.index(of.network))
        case Audit(), Audit():
            return _fuller(one, other)
        case TimeLimit(), TimeLimit():
            return replace(one, milliseconds=min(one.milliseconds, other.milliseconds))
        case RetryLimit(), RetryLimit():
            return RetryLimit(min(one.attempts, other.attempts))
        case CircuitBreaker(), CircuitBreaker():
            return CircuitBreaker(min(one.failures, other.failures), max(one.cooldown_s, other.cooldown_s))
        case Unknown(), _:
            return one
        case _:
            raise AssertionError(f"{one} and {other} are of two kinds")


def _fuller(one: Audit, other: Audit) -> Audit:
    days = [days for days in (one.retention_days, other.retention_days) if days is not None]
    return Audit(
        max(one.level, other.level, key=LEVELS.index),
        max(days, default=None),
        one.tags | other.tags,
        one.include | other.include,
        one.alert_on | other.alert_on,
        min(filter(None, (one.severity, other.severity)), key=_severity, default=""),
    )


def _severity(name: str) -> int:
    """The gravest first; what is not known is not grave."""
    return SEVERITIES.index(name) if name in SEVERITIES else len(SEVERITIES)


def _rank(tier: SandboxTier) -> int:
    return TIERS.index(tier)
