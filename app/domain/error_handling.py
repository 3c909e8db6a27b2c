"""What is done about a task that failed: the agent error handler, as a function of the failure alone."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum


class Remedy(StrEnum):
    """What is done about a failure."""

    RETRY = "retry"
    """It is tried again, after a while."""
    RESTART = "restart"
    """It is tried again at once, from its beginning."""
    FAIL_OVER = "fail_over"
    """It is tried again on another node."""
    SUSPEND = "suspend"
    """Its agent is stopped until somebody has looked at it."""
    TERMINATE = "terminate"
    """Its agent is ended for good."""
    ESCALATE = "escalate"
    """Trying again mends nothing: a person must look at it."""


REMEDIES: Mapping[str, Remedy] = {
    "diverged": Remedy.RESTART,
    "internal": Remedy.FAIL_OVER,
    "not_started": Remedy.FAIL_OVER,
    "no_sandbox": Remedy.FAIL_OVER,
    "image_missing": Remedy.FAIL_OVER,
    "refused": Remedy.ESCALATE,
    "invalid": Remedy.ESCALATE,
    "policy_violation": Remedy.SUSPEND,
    "sandbox_escape": Remedy.TERMINATE,
}
"""By the short code of the failure; what is not named here is tried again."""

NEEDS_ANOTHER_NODE = frozenset({"no_sandbox", "image_missing"})
"""Failures that another try on the same machine cannot mend."""

OF_THE_NODE = frozenset({"no_sandbox", "internal"})
"""Failures that speak against the node rather than the task; they are what its circuit breaker counts."""


@dataclass(frozen=True, slots=True)
class Backoff:
    """How long to wait before another try: twice as long each time, up to a bound, less a random part."""

    first_ms: int = 1_000
    longest_ms: int = 300_000

    def delay_ms(self, tries: int, seed: str) -> int:
        """Before the try after *tries* that failed: between half the wait and all of it, drawn by *seed*.

        The same seed always draws the same, so that whoever decides again decides the same; different
        tasks that failed together are not tried together.
        """
        whole = min(self.first_ms << min(max(tries - 1, 0), 40), self.longest_ms)
        drawn = int.from_bytes(hashlib.sha256(f"{seed}/{tries}".encode()).digest()[:8], "big")
        return whole - whole // 2 + drawn % (whole // 2 + 1)


@dataclass(frozen=True, slots=True)
class ErrorPolicy:
    """What is done about which failure."""

    remedies: Mapping[str, Remedy] = field(default_factory=lambda: REMEDIES)
    otherwise: Remedy = Remedy.RETRY
    backoff: Backoff = Backoff()
    losses: int = 3
    """How often a task is tried again because its node was lost, beyond the retries it asked for."""

    def remedy(self, reason: str) -> Remedy:
        """What is done about a failure with this short code."""
        return self.remedies.get(reason, self.otherwise)


@dataclass(frozen=True, slots=True)
class Failure:
    """A task that ended badly, as far as it matters what is done about it."""

    task_id: str
    reason: str
    tries: int
    """How many of its tries have failed, from 1."""
    max_retries: int
    """How many more than the first it asked for."""
    elsewhere: bool
    """Whether a node other than the one it failed on could take it."""
    now_ns: int
    deadline_ns: int = 0
    """0 for none."""


@dataclass(frozen=True, slots=True)
class Again:
    """It is tried again."""

    at_ns: int
    reason: str
    elsewhere: bool = False
    """On another node than the one it failed on, as long as there is one."""


@dataclass(frozen=True, slots=True)
class GivenUp:
    """It is not tried again."""

    reason: str
    dead_letter: bool
    """Whether it waits for a person: it asked for retries, or a person must look at it."""
    remedy: Remedy
    """What is done about its agent, where that is to suspend or to terminate it."""


def respond(failure: Failure, policy: ErrorPolicy) -> Again | GivenUp:
    """What is done about *failure*."""
    remedy, reason, tries = policy.remedy(failure.reason), failure.reason, failure.tries
    asked = failure.max_retries > 0
    if remedy in (Remedy.SUSPEND, Remedy.TERMINATE):
        return GivenUp(f"given up: {reason}", asked, remedy)
    if remedy is Remedy.ESCALATE or (reason in NEEDS_ANOTHER_NODE and not failure.elsewhere):
        return GivenUp(f"gave up after {_tries(tries)}: {reason}", asked, Remedy.ESCALATE)
    if tries > failure.max_retries:
        return GivenUp(f"gave up after {_tries(tries)}: {reason}", asked, remedy)
    wait = 0 if remedy is Remedy.RESTART else policy.backoff.delay_ms(tries, failure.task_id)
    at = failure.now_ns + wait * 1_000_000
    if failure.deadline_ns and at >= failure.deadline_ns:
        return GivenUp(f"its deadline comes before another try: {reason}", asked, remedy)
    return Again(at, f"retry after: {reason}", remedy is Remedy.FAIL_OVER and failure.elsewhere)


@dataclass(frozen=True, slots=True)
class Lost:
    """A task whose node was lost while it had the task."""

    losses: int
    """How often that has happened to it, this time included."""
    max_retries: int


def respond_to_loss(lost: Lost, why: str, policy: ErrorPolicy) -> Again | GivenUp:
    """What is done about a task that lost its node: the loss is nobody's failure, up to a number of times."""
    if lost.losses <= policy.losses + lost.max_retries:
        return Again(0, why)
    return GivenUp(f"{why}, {lost.losses} times over", False, Remedy.ESCALATE)


def _tries(count: int) -> str:
    return "1 try" if count == 1 else f"{count} tries"
