"""Recorded history, decided again under another bundle: what would have come out differently."""

from collections import Counter, defaultdict
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from events.policy import Outcome, PolicyDecision

from ..decision import Decision, Deny
from ..engine.engine import Engine
from ..recording import Withheld, requested
from ..request import Attributes, Request
from .cases import conditions_of

EXAMPLES = 5
"""Of each kind of flip."""

NOTHING_PERMITS = "(no policy permits it)"
FAILED = "(it could not be decided)"


class Flip(StrEnum):
    """How a decision would change."""

    DENIED = "allowed → denied"
    ALLOWED = "denied → allowed"
    BOUND = "other conditions"
    """Allowed as before, under other conditions."""


@dataclass(frozen=True, slots=True)
class Example:
    """One decision that would flip."""

    seq: int
    """Its position in the log."""
    decision_id: str
    principal: str
    action: str
    resource: str
    before: str
    """What was decided, in words."""
    after: str


@dataclass(slots=True)
class Group:
    """Decisions that would flip in the same way for the same reason."""

    flip: Flip
    because: tuple[str, ...]
    """The policies that deny now, or denied then; of other conditions, those that set them now."""
    count: int = 0
    agents: Counter[str] = field(default_factory=Counter)
    actions: Counter[str] = field(default_factory=Counter)
    examples: list[Example] = field(default_factory=list)


@dataclass(slots=True)
class Undecidable:
    """Decisions that cannot be made again, because what they rested on is not known any more."""

    count: int = 0
    seqs: list[int] = field(default_factory=list)
    """The first of them."""


@dataclass
class Report:
    """What a replay found."""

    digest: str
    """Of the bundle that the history was decided under again."""
    first_seq: int = 0
    last_seq: int = 0
    decided: int = 0
    same: int = 0
    groups: dict[tuple[Flip, tuple[str, ...]], Group] = field(default_factory=dict)
    by_agent: Counter[str] = field(default_factory=Counter)
    by_action: Counter[str] = field(default_factory=Counter)
    by_policy: Counter[str] = field(default_factory=Counter)
    undecidable: defaultdict[str, Undecidable] = field(default_factory=lambda: defaultdict(Undecidable))
    """By why."""
    before: Counter[str] = field(default_factory=Counter)
    """How many of the recorded decisions were made under which bundle."""

    @property
    def flipped(self) -> int:
        return sum(group.count for group in self.groups.values())

    def to_json(self) -> dict[str, Any]:
        """Counts, groups with examples, and what could not be decided; the largest groups first."""
        groups = sorted(self.groups.values(), key=lambda group: (-group.count, group.flip, group.because))
        return {
            "digest": self.digest,
            "from": self.first_seq,
            "to": self.last_seq,
            "decided": self.decided,
            "same": self.same,
            "flipped": self.flipped,
            "undecidable": sum(one.count for one in self.undecidable.values()),
            "decided_before_by": dict(self.before.most_common()),
            "by_agent": dict(self.by_agent.most_common()),
            "by_action": dict(self.by_action.most_common()),
            "by_policy": dict(self.by_policy.most_common()),
            "flips": [
                {
                    "flip": group.flip.value,
                    "because": list(group.because),
                    "count": group.count,
                    "agents": dict(group.agents.most_common()),
                    "actions": dict(group.actions.most_common()),
                    "examples": [
                        {name: getattr(example, name) for name in Example.__slots__}
                        for example in group.examples
                    ],
                }
                for group in groups
            ],
            "not_decidable": [
                {"why": why, "count": one.count, "positions": one.seqs}
                for why, one in sorted(self.undecidable.items(), key=lambda item: -item[1].count)
            ],
        }


class Replay:
    """Decides recorded requests again, in the order of the log.

    The engine's entities have to be as they were at each decision: fold what the log says of them
    (`Knowing`) up to a decision's position before it is taken.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self.report = Report(engine.bundle.digest)

    def take(self, seq: int, event: PolicyDecision, content: Attributes | None = None) -> None:
        """Decide again what was recorded at position *seq*; *content* is what the blob store has of it."""
        report = self.report
        report.first_seq = report.first_seq or seq
        report.last_seq = seq
        report.before[event.digest or "(none)"] += event.count
        try:
            request = self._request(event, content)
            after = self._engine.decide(request)
        except (Withheld, ValueError) as error:
            self._undecided(seq, event, _why(error))
            return
        again = isinstance(after, Deny) and event.outcome is Outcome.DENIED and after.reason == event.reason
        if isinstance(after, Deny) and after.error and "is not known" in after.reason and not again:
            self._undecided(seq, event, after.reason.removeprefix("it could not be decided: "))
            return
        report.decided += event.count
        flip = _flip(event, after)
        if flip is None:
            report.same += event.count
        else:
            self._flipped(seq, event, flip, after)

    def _request(self, event: PolicyDecision, content: Attributes | None) -> Request:
        try:
            return requested(event.asked, content)
        except Withheld:
            # What no policy reads need not be there.
            given = dict(content or {})
            missing = [name for name in event.asked.withheld if name not in given]
            request = requested(event.asked, {**given, **dict.fromkeys(missing)})
            if not self._engine.reads(request, missing):
                return request
            raise

    def _undecided(self, seq: int, event: PolicyDecision, why: str) -> None:
        known = self.report.undecidable[why]
        known.count += event.count
        if len(known.seqs) < EXAMPLES:
            known.seqs.append(seq)

    def _flipped(self, seq: int, event: PolicyDecision, flip: Flip, after: Decision) -> None:
        report, asked = self.report, event.asked
        because = _because(event, flip, after)
        group = report.groups.setdefault((flip, because), Group(flip, because))
        principal = f"{asked.principal.type}/{asked.principal.id}"
        group.count += event.count
        group.agents[principal] += event.count
        group.actions[asked.action] += event.count
        report.by_agent[principal] += event.count
        report.by_action[asked.action] += event.count
        for policy in because:
            report.by_policy[policy] += event.count
        if len(group.examples) < EXAMPLES:
            resource = f"{asked.resource.type}/{asked.resource.id}"
            group.examples.append(
                Example(
                    seq,
                    event.decision_id,
                    principal,
                    asked.action,
                    resource,
                    _words(event.outcome is Outcome.DENIED, event.reason, event.conditions),
                    _words(isinstance(after, Deny), getattr(after, "reason", ""), conditions_of(after)),
                )
            )


def _flip(event: PolicyDecision, after: Decision) -> Flip | None:
    was_denied, is_denied = event.outcome is Outcome.DENIED, isinstance(after, Deny)
    if was_denied is not is_denied:
        return Flip.DENIED if is_denied else Flip.ALLOWED
    if is_denied or sorted(event.conditions) == conditions_of(after):
        return None
    return Flip.BOUND


def _because(event: PolicyDecision, flip: Flip, after: Decision) -> tuple[str, ...]:
    if flip is Flip.ALLOWED:
        return tuple(event.policies) or ((FAILED,) if event.error else (NOTHING_PERMITS,))
    if isinstance(after, Deny):
        return after.grounds.policies or ((FAILED,) if after.error else (NOTHING_PERMITS,))
    return after.grounds.policies


def _words(denied: bool, reason: str, conditions: list[str]) -> str:
    if denied:
        return f"denied: {reason}"
    return f"allowed under {'; '.join(conditions)}" if conditions else "allowed"


def _why(error: Exception) -> str:
    if isinstance(error, Withheld):
        return f"the content is not there any more: {error}"
    return f"it is of a version that this one does not know: {error}"
