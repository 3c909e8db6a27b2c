"""What an allowed act is bound to: the enforcement point carries it out, or the act does not happen."""

from dataclasses import dataclass
from enum import StrEnum
from typing import TypeAlias

from events.agent_config import DataClass, SandboxTier


class AuditLevel(StrEnum):
    """How much of the act is recorded."""

    DECISION = "decision"
    """That it was allowed."""
    METADATA = "metadata"
    """Also what it was about: sizes, classes, digests."""
    FULL = "full"
    """Also the content, encrypted in the blob store."""


class Network(StrEnum):
    """What a sandbox may reach."""

    NONE = "none"
    ALLOW_LIST = "allow_list"
    OPEN = "open"


class ApprovalScope(StrEnum):
    """What one approval is good for."""

    ACT = "act"
    """This one act, with exactly these inputs."""
    RUN = "run"
    """The same kind of act, on the same resource, until the task that asked has ended."""


@dataclass(frozen=True, slots=True)
class RequireApproval:
    """That many holders of a role, none of them the requester, must grant it before the time is over."""

    role: str
    quorum: int = 1
    timeout_s: int = 86_400
    """How long it may wait for them."""
    scope: ApprovalScope = ApprovalScope.ACT
    valid_s: int = 86_400
    """How long a grant is good for."""


@dataclass(frozen=True, slots=True)
class Redact:
    """Data of these classes is taken out before it is handed on."""

    classes: frozenset[DataClass]


@dataclass(frozen=True, slots=True)
class RateLimit:
    """At most that often within the window, counted over all processes and restarts."""

    count: int
    window_s: int
    per: str = "principal"
    """Whose acts are counted together: `principal`, `tenant`, `resource`, or an attribute of the context."""
    bucket: str = ""
    """What is counted together: the acts that this policy binds, by its id."""


@dataclass(frozen=True, slots=True)
class MinTier:
    """The sandbox is at least as strict."""

    tier: SandboxTier


@dataclass(frozen=True, slots=True)
class MaxTier:
    """The sandbox is at most as strict; a stricter one that is demanded elsewhere denies."""

    tier: SandboxTier


@dataclass(frozen=True, slots=True)
class Audit:
    """The act is recorded this fully, even if it would not be recorded otherwise."""

    level: AuditLevel
    retention_days: int | None = None
    """How long what is recorded outside the log is kept at least."""
    tags: frozenset[str] = frozenset()
    """Which obligations it serves: `hipaa`, `gdpr`."""
    include: frozenset[str] = frozenset()
    """What the record of the decision holds beside what it always does: `inputs`, `outputs`, `user`."""
    alert_on: frozenset[str] = frozenset()
    """What raises an alert: `deny`, `allow`, `error`, `failure`."""
    severity: str = ""
    """Under which the record is written, where it is not the usual one."""


@dataclass(frozen=True, slots=True)
class Sandbox:
    """The sandbox reaches no more of the network than this."""

    network: Network


class BudgetUnit(StrEnum):
    """What a budget is counted in."""

    TOKENS = "tokens"
    CENTS = "cents"
    CALLS = "calls"
    CPU_SECONDS = "cpu_seconds"


@dataclass(frozen=True, slots=True)
class Budget:
    """What is used stays below an amount within the window; what would pass it is denied."""

    unit: BudgetUnit
    amount: int
    window_s: int
    per: str = "principal"
    bucket: str = ""


@dataclass(frozen=True, slots=True)
class TimeLimit:
    """The act, or all acts of its run together, end within the time; later they are stopped."""

    milliseconds: int
    whole_run: bool = False


@dataclass(frozen=True, slots=True)
class RetryLimit:
    """A failed act is tried again at most that often."""

    attempts: int
    """Beyond the first."""


@dataclass(frozen=True, slots=True)
class CircuitBreaker:
    """After that many failures in a row the act is refused for a while."""

    failures: int
    cooldown_s: int


@dataclass(frozen=True, slots=True)
class Unknown:
    """What a bundle of a newer version asks for, and this one cannot carry out: it denies."""

    text: str


Condition: TypeAlias = (
    RequireApproval
    | Redact
    | RateLimit
    | MinTier
    | MaxTier
    | Audit
    | Sandbox
    | Budget
    | TimeLimit
    | RetryLimit
    | CircuitBreaker
    | Unknown
)
