"""What an operator may choose about scheduling."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from ..breaker import BreakerPolicy
from ..error_handling import ErrorPolicy


class Strategy(StrEnum):
    """Which of the nodes with room gets a task."""

    FIRST_FIT = "first_fit"
    """The first that has room, the least loaded first, so that load is even."""
    BEST_FIT = "best_fit"
    """The fullest that has room, so that large tasks find room on the others."""
    PRIORITY = "priority"
    """As first fit, and a share of each node is kept for critical tasks."""


@dataclass(frozen=True, slots=True)
class Tuning:
    """The settings of one pool."""

    strategy: Strategy = Strategy.FIRST_FIT
    reserved_permille: int = 200
    """Under `priority`: how much of each node's cores, memory and places is kept for critical tasks."""
    critical_from: int = 100
    """The priority from which on a task is critical; real-time tasks always are."""
    weights: Mapping[str, int] = field(default_factory=dict)
    """Tenant → how many times a plain tenant's share is its due."""
    missing_tier_after_ms: int = 5_000
    """How long a task waits for a first node with its sandbox tier before it is refused."""
    failures_kept: int = 200_000
    """So many failed tasks are remembered, as many as those who decide remember of all that have ended: one
    that is forgotten here cannot be tried again there."""
    errors: ErrorPolicy = field(default_factory=ErrorPolicy)
    breaker: BreakerPolicy = field(default_factory=BreakerPolicy)
    """Of the nodes."""
