"""What a verification finds wrong, by codes that stay."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import StrEnum


class Code(StrEnum):
    """What is wrong."""

    BAD_SIGNATURE = "bad_signature"
    """The bytes are not what the key signed: an event was edited."""
    CHECKPOINT_MISMATCH = "checkpoint_mismatch"
    """The log is not what a checkpoint says: edited and signed again, deleted, inserted, reordered, cut."""
    PRODUCER_GAP = "producer_gap"
    """Events are missing that the broker had acknowledged to whoever made them."""
    INCONSISTENT = "inconsistent"
    """Two checkpoints of one log contradict each other: there are two histories."""
    KEY_NOT_VALID = "key_not_valid_at_position"
    """The key is unknown, revoked, not registered yet, or for another use."""
    TIME_OUT_OF_BOUNDS = "time_out_of_bounds"
    """The event says to be older or newer than it can be."""
    UNSIGNED = "unsigned"
    UNDECODABLE = "undecodable"
    """It is signed, and no event of a known shape."""
    KEY_MISMATCH = "key_mismatch"
    """The payload names another key than the one that signed it."""
    SUBJECT_MISMATCH = "subject_mismatch"
    """It lies where events of another kind or agent are."""
    WRONG_SIGNER = "wrong_signer"
    """The key may sign events, and not this one."""
    WRONG_REVISION = "wrong_revision"
    """It is not the next event of its boundary: one is missing, or it was recorded again."""
    MALFORMED = "malformed"
    """A file of the bundle is not what the bundle or its format says."""


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong, and where."""

    code: Code
    seq: int
    """The position in the log; 0 for what has none."""
    detail: str
    last: int | None = None
    """Where it cannot be said more exactly: somewhere from *seq* to here."""


LIMIT = 1000


@dataclass(slots=True)
class Problems:
    """Problems as they are found: all are counted, so many of each code are kept."""

    limit: int = LIMIT
    counts: Counter[Code] = field(default_factory=Counter)
    kept: list[Problem] = field(default_factory=list)

    def add(self, code: Code, seq: int, detail: str, last: int | None = None) -> None:
        """Count one, and keep it while there is room."""
        self.counts[code] += 1
        if self.counts[code] <= self.limit:
            self.kept.append(Problem(code, seq, detail, last))

    def take(self, other: "Problems") -> None:
        """Add those of *other*, which was kept with the same limit."""
        for problem in other.kept:
            if self.counts[problem.code] < self.limit:
                self.kept.append(problem)
            self.counts[problem.code] += 1
        self.counts.update(other.counts - Counter(problem.code for problem in other.kept))

    def in_order(self) -> Iterable[Problem]:
        """By position."""
        return sorted(self.kept, key=lambda problem: (problem.seq, problem.code))

    def __bool__(self) -> bool:
        return bool(self.counts)
