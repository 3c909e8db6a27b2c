"""Conditions as policies write them: `@condition("require_approval:finance:2:24h; audit:full")`."""

import re
from collections.abc import Callable, Iterable
from difflib import get_close_matches
from enum import StrEnum
from typing import TypeVar, assert_never

from events.agent_config import DataClass, SandboxTier

from ..dsl.tree import SECONDS
from .conditions import (
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

T = TypeVar("T", bound=StrEnum)

WINDOWS = {"second": 1, "minute": 60, "hour": 3600, "day": 86_400, "week": 604_800, "month": 2_592_000}
"""Words for windows, in seconds; a month is 30 days."""

TIERS = {"docker": SandboxTier.DOCKER, "tier1": SandboxTier.DOCKER, "gvisor": SandboxTier.GVISOR,
         "tier2": SandboxTier.GVISOR}  # fmt: skip

_DURATION = re.compile(r"(\d{1,9})\.?([a-z]+)")
_SIZE = re.compile(r"(\d{1,15})\s*(|B|KB|MB|GB|KiB|MiB|GiB)", re.IGNORECASE)
_BYTES = {"": 1, "b": 1, "kb": 10**3, "mb": 10**6, "gb": 10**9, "kib": 2**10, "mib": 2**20, "gib": 2**30}
_PER = re.compile(r"[a-z][a-z0-9_.]{0,63}")
_SETS = ("alert_on", "include", "tags")
_ROLE = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}")


class BadCondition(ValueError):
    """This is no condition; the text says why, and names what was meant."""


def parse_all(text: str) -> tuple[Condition, ...]:
    """The conditions in *text*, which `;` separates. Raises `BadCondition`."""
    return tuple(parse(part.strip()) for part in text.split(";"))


def parse(text: str) -> Condition:
    """The one condition that *text* is. Raises `BadCondition`."""
    name, colon, rest = text.partition(":")
    reader = _READERS.get(name)
    if reader is None:
        raise BadCondition(f"{name!r} is no condition{nearest(name, _READERS)}")
    if not colon or not rest:
        raise BadCondition(f"{name} says nothing: write {_FORMS[name]}")
    try:
        return reader(rest)
    except (BadCondition, ValueError) as error:
        raise BadCondition(f"{text}: {error}; write {_FORMS[name]}") from None


def lenient(text: str) -> tuple[Condition, ...]:
    """As `parse_all`, but what is not known is kept as `Unknown`, which denies when it is reached."""
    found: list[Condition] = []
    for part in text.split(";"):
        try:
            found.append(parse(part.strip()))
        except BadCondition:
            found.append(Unknown(part.strip()))
    return tuple(found)


def write(condition: Condition) -> str:
    """What `parse` reads as *condition*."""
    match condition:
        case RequireApproval(role=role, quorum=quorum, timeout_s=timeout, scope=scope, valid_s=valid):
            return f"require_approval:{role}:{quorum}:{timeout}s:{scope}:{valid}s"
        case Redact(classes=classes):
            return f"redact:{','.join(sorted(classes))}"
        case RateLimit(count=count, window_s=window, per=per):
            return f"rate_limit:{count}/{window}s/{per}"
        case MinTier(tier=tier):
            return f"min_tier:{tier}"
        case MaxTier(tier=tier):
            return f"max_tier:{tier}"
        case Audit():
            return _write_audit(condition)
        case Sandbox(network=network):
            return f"sandbox:{network}"
        case Budget(unit=unit, amount=amount, window_s=window, per=per):
            return f"budget:{unit}:{amount}/{window}s/{per}"
        case TimeLimit(milliseconds=milliseconds, whole_run=whole):
            return f"{'total_time_limit' if whole else 'time_limit'}:{milliseconds}ms"
        case RetryLimit(attempts=attempts):
            return f"retry_limit:{attempts}"
        case CircuitBreaker(failures=failures, cooldown_s=cooldown):
            return f"circuit_breaker:{failures}:{cooldown}s"
        case Unknown(text=text):
            return text
        case _:
            assert_never(condition)


def _write_audit(audit: Audit) -> str:
    parts = [f"audit:{audit.level}"]
    if audit.retention_days is not None:
        parts.append(f"retention_days={audit.retention_days}")
    for name in _SETS:
        if values := getattr(audit, name):
            parts.append(f"{name}={','.join(sorted(values))}")
    if audit.severity:
        parts.append(f"severity={audit.severity}")
    return ":".join(parts)


def write_all(conditions: Iterable[Condition]) -> str:
    return "; ".join(map(write, conditions))


def seconds(text: str) -> int:
    """`30s`, `5m`, `24h`, `7d`, `5.minutes`. Raises `BadCondition`."""
    found = _DURATION.fullmatch(text.strip())
    if found is None or found[2] not in SECONDS or int(found[1]) == 0:
        raise BadCondition(f"{text!r} is no duration such as 30s, 5m, 24h or 7d")
    return int(found[1]) * SECONDS[found[2]]


def per_window(text: str) -> tuple[int, int, str]:
    """`1000/hour`, `5/30s/tenant`: how many, in how many seconds, whose. Raises `BadCondition`."""
    count, *rest = (part.strip() for part in text.split("/"))
    if not rest:
        raise BadCondition(f"{text!r} names no window")
    if len(rest) > 2:
        raise BadCondition(f"{text!r} has more than three parts")
    unit, per = rest[0], rest[1] if len(rest) > 1 else "principal"
    if not _PER.fullmatch(per):
        raise BadCondition(f"{per!r} is no attribute by which acts are counted")
    return number(count), WINDOWS.get(unit) or WINDOWS.get(unit.removesuffix("s")) or seconds(unit), per


def milliseconds(text: str) -> int:
    """`500ms`, or what `seconds` reads. Raises `BadCondition`."""
    digits = text.strip().removesuffix("ms")
    return number(digits) if text.strip().endswith("ms") else seconds(text) * 1000


def number(text: str) -> int:
    """A positive integer. Raises `BadCondition`."""
    digits = text.strip().replace("_", "")
    if not digits.isascii() or not digits.isdigit() or not 0 < int(digits) < 2**53:
        raise BadCondition(f"{text.strip()!r} is no positive whole number")
    return int(digits)


def size(text: str) -> int:
    """`10MB`, `512 KiB`: how many bytes. Raises `BadCondition`."""
    found = _SIZE.fullmatch(text.strip())
    if found is None:
        raise BadCondition(f"{text!r} is no size such as 10MB or 512KiB")
    return int(found[1]) * _BYTES[found[2].lower()]


def tier(text: str) -> SandboxTier:
    """`gvisor`, `Tier2`. Raises `BadCondition`."""
    found = TIERS.get(text.strip().lower())
    if found is None:
        raise BadCondition(f"{text!r} is no sandbox tier; there are docker (tier1) and gvisor (tier2)")
    return found


def nearest(name: str, known: Iterable[str]) -> str:
    """`; did you mean …?`, or which there are."""
    names = sorted(known)
    close = get_close_matches(name, names, 1)
    return f"; did you mean {close[0]}?" if close else f"; there are {', '.join(names)}"


def _term(of: type[T], text: str) -> T:
    try:
        return of(text.strip())
    except ValueError:
        raise BadCondition(f"{text!r} is none of {', '.join(sorted(of))}") from None


def _approval(text: str) -> Condition:
    role, quorum, timeout, scope, valid, *more = [*text.split(":"), "", "", "", ""]
    if any(more):
        raise BadCondition("it has more than five parts")
    if not _ROLE.fullmatch(role):
        raise BadCondition(f"{role!r} is no role")
    return RequireApproval(
        role,
        number(quorum) if quorum else 1,
        seconds(timeout) if timeout else 86_400,
        _term(ApprovalScope, scope) if scope else ApprovalScope.ACT,
        seconds(valid) if valid else 86_400,
    )


def _budget(text: str) -> Condition:
    unit, _, rest = text.partition(":")
    return Budget(_term(BudgetUnit, unit), *per_window(rest))


def _breaker(text: str) -> Condition:
    failures, _, cooldown = text.partition(":")
    return CircuitBreaker(number(failures), seconds(cooldown) if cooldown else 60)


def _audit(text: str) -> Condition:
    level, _, rest = text.partition(":")
    days, severity = None, ""
    sets: dict[str, frozenset[str]] = {}
    for part in filter(None, rest.split(":")):
        name, _, value = part.partition("=")
        if name == "retention_days":
            days = number(value)
        elif name == "severity":
            severity = value
        elif name in _SETS:
            sets[name] = frozenset(filter(None, value.split(",")))
        else:
            raise BadCondition(f"{name!r} is none of {', '.join(_SETS)}, retention_days, severity")
    return Audit(_term(AuditLevel, level), days, severity=severity, **sets)


_READERS: dict[str, Callable[[str], Condition]] = {
    "require_approval": _approval,
    "redact": lambda text: Redact(frozenset(_term(DataClass, part) for part in text.split(","))),
    "rate_limit": lambda text: RateLimit(*per_window(text)),
    "min_tier": lambda text: MinTier(tier(text)),
    "max_tier": lambda text: MaxTier(tier(text)),
    "audit": _audit,
    "sandbox": lambda text: Sandbox(_term(Network, text)),
    "budget": _budget,
    "time_limit": lambda text: TimeLimit(milliseconds(text)),
    "total_time_limit": lambda text: TimeLimit(milliseconds(text), True),
    "retry_limit": lambda text: RetryLimit(0 if text.strip() == "0" else number(text)),
    "circuit_breaker": _breaker,
}

_FORMS = {
    "require_approval": "require_approval:ROLE[:QUORUM[:TIMEOUT[:act|run[:VALID]]]]",
    "redact": "redact:CLASS[,CLASS]",
    "rate_limit": "rate_limit:COUNT/WINDOW[/PER]",
    "min_tier": "min_tier:docker|gvisor",
    "max_tier": "max_tier:docker|gvisor",
    "audit": "audit:decision|metadata|full[:retention_days=N][:tags=A,B][:include=A][:alert_on=A]",
    "sandbox": "sandbox:none|allow_list|open",
    "budget": "budget:UNIT:AMOUNT/WINDOW[/PER]",
    "time_limit": "time_limit:DURATION",
    "total_time_limit": "total_time_limit:DURATION",
    "retry_limit": "retry_limit:COUNT",
    "circuit_breaker": "circuit_breaker:FAILURES[:COOLDOWN]",
}
