"""The circuit breaker: what fails again and again is left alone for a while, then tried once."""

from dataclasses import dataclass, replace
from enum import StrEnum


class BreakerState(StrEnum):
    """Whether there is a way through."""

    CLOSED = "closed"
    """All is well; failures in a row are counted."""
    OPEN = "open"
    """Nothing gets through until its time is over."""
    HALF_OPEN = "half_open"
    """One trial is under way, and what comes of it decides."""


@dataclass(frozen=True, slots=True)
class BreakerPolicy:
    """When a breaker opens, and for how long."""

    failures: int = 5
    """In a row."""
    cooldown_ns: int = 30_000_000_000
    """How long it stays open the first time; twice as long after each trial that fails."""
    longest_ns: int = 600_000_000_000


@dataclass(frozen=True, slots=True)
class Breaker:
    """One breaker, of a tool or a node; what time it is comes as an argument, in nanoseconds."""

    state: BreakerState = BreakerState.CLOSED
    failures: int = 0
    until_ns: int = 0
    """When a trial may begin."""
    opened: int = 0
    """How often it has opened since all was well."""

    def allows(self, now_ns: int) -> bool:
        """Whether something may be tried now."""
        return self.state is BreakerState.CLOSED or (
            self.state is BreakerState.OPEN and now_ns >= self.until_ns
        )

    def tried(self) -> "Breaker":
        """After something that was allowed has begun: of an open breaker it is the one trial."""
        return self if self.state is BreakerState.CLOSED else replace(self, state=BreakerState.HALF_OPEN)

    def succeeded(self) -> "Breaker":
        """After something went well: closed, whatever was before."""
        return CLOSED

    def failed(self, policy: BreakerPolicy, now_ns: int) -> "Breaker":
        """After something went wrong; a failure of what began before it opened changes nothing."""
        if self.state is BreakerState.OPEN:
            return self
        failures = self.failures + 1
        if self.state is BreakerState.CLOSED and failures < policy.failures:
            return replace(self, failures=failures)
        cooldown = min(policy.cooldown_ns << min(self.opened, 32), policy.longest_ns)
        return Breaker(BreakerState.OPEN, failures, now_ns + cooldown, self.opened + 1)


CLOSED = Breaker()
