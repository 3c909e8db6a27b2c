"""What a verification found: a verdict, what was checked, what was not, and each problem."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from typing import Any

from .problems import Problems


class Verdict(StrEnum):
    """What can be said in one word."""

    VALID = "valid"
    """Everything was checked that had to be, and nothing is wrong."""
    BROKEN = "broken"
    """Something is wrong."""
    INCOMPLETE = "incomplete"
    """Nothing is wrong, and something that had to be checked could not be."""

    @property
    def exit_code(self) -> int:
        return {Verdict.VALID: 0, Verdict.BROKEN: 5, Verdict.INCOMPLETE: 6}[self]


@dataclass(frozen=True, slots=True)
class Unchecked:
    """Something that was not checked, and why."""

    check: str
    why: str
    needed: bool = True
    """Whether the verdict is incomplete without it."""


@dataclass(frozen=True, slots=True)
class Doubt:
    """Events under a key that somebody else may have had by then; they are proven, and to be looked at."""

    key_id: str
    first: int
    last: int
    count: int


@dataclass(frozen=True, slots=True)
class Tail:
    """A key's events that no statement covers: on a log that goes on, the next one will."""

    key_id: str
    first: int
    count: int


@dataclass(slots=True)
class Report:
    """The outcome of one verification."""

    subject: Mapping[str, Any]
    """What was verified: the log's origin, the range, the size."""
    trust: Mapping[str, str] = field(default_factory=dict)
    """Whose word each kind of key was taken for: `pinned` by the auditor, or `bundle`."""
    checked: Counter[str] = field(default_factory=Counter)
    """How much of what was checked."""
    unchecked: list[Unchecked] = field(default_factory=list)
    problems: Problems = field(default_factory=Problems)
    doubts: list[Doubt] = field(default_factory=list)
    tails: list[Tail] = field(default_factory=list)
    """`tail_unproven`: no error."""
    took_s: float = 0.0

    @property
    def verdict(self) -> Verdict:
        if self.problems:
            return Verdict.BROKEN
        return Verdict.INCOMPLETE if any(one.needed for one in self.unchecked) else Verdict.VALID

    def leave_out(self, check: str, why: str, *, needed: bool = True) -> None:
        """Something was not checked."""
        one = Unchecked(check, why, needed)
        if one not in self.unchecked:
            self.unchecked.append(one)

    def document(self) -> dict[str, Any]:
        """For programs. The names stay."""
        return {
            "verdict": self.verdict.value,
            "subject": dict(self.subject),
            "trust": dict(self.trust),
            "checked": dict(self.checked),
            "not_checked": [asdict(one) for one in self.unchecked],
            "problems": [asdict(problem) for problem in self.problems.in_order()],
            "problem_counts": {code.value: count for code, count in sorted(self.problems.counts.items())},
            "doubtful": [asdict(doubt) for doubt in self.doubts],
            "tail_unproven": [asdict(tail) for tail in self.tails],
            "took_s": round(self.took_s, 3),
        }
