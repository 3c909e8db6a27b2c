"""Where events live: the one thing that is ever written."""

import re
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from events.codec import Raw
from events.identifiers import EVENT_SUBJECTS

from ..errors import Conflict, Corrupt, Invalid, Unavailable


class WrongRevision(Conflict):
    """{boundary}: expected last sequence {expected}, found {found}."""


class TooLarge(Invalid):
    """An event of {size} bytes is larger than the {limit} bytes that the log accepts."""


class TooMany(Invalid):
    """A decision of {count} events is larger than the {limit} that the log appends at once."""


class IdTaken(Invalid):
    """The event id {event_id} is in the log already, with other content; a new event needs a new id."""


class NotASubject(Invalid):
    """{subject!r} cannot be where events are: it is `symbi.evt` and further tokens, separated by dots."""


class LogUnavailable(Unavailable):
    """The event log does not answer: {cause}. Nothing is known about what was being written."""


class PositionMissing(Corrupt):
    """Position {expected} is missing from the log: {found} comes next. Compare with a mirror or an export."""


class LogShorter(Corrupt):
    """The log ends at {last}, but position {after} was there before. Restore it before writing again."""


@dataclass(frozen=True, slots=True)
class Draft:
    """One signed event, ready to be appended."""

    event_id: str
    subject: str
    payload: bytes
    signature: str
    key: str


@dataclass(frozen=True, slots=True)
class Expectation:
    """The decision was made on the state as of *last_seq*, the boundary's last position (0: nothing yet)."""

    boundary: str
    """A subject filter: `symbi.evt.<agent>.>`."""
    last_seq: int


class EventLog(Protocol):
    """An append-only sequence of signed events, numbered from 1 without gaps.

    Every method raises `LogUnavailable` when the store does not answer; `follow` waits for it instead.
    """

    async def append(self, drafts: Sequence[Draft], expected: Expectation | None = None) -> list[int]:
        """Append *drafts*, all or none, durably, and return their positions.

        Appends that wait at the same time may share a write; one that fails never fails another.
        Appending the same drafts again appends nothing and returns their old positions: with the same
        expectation at any time, without one within the store's window for duplicates (two minutes).
        So does the log itself when it did not hear whether it had stored them. After `LogUnavailable`
        they may have been stored, or may be still.

        Raises:
            WrongRevision: something else was appended inside the boundary after `expected.last_seq`.
            IdTaken: an event id was used before with other content, or without the rest of *drafts*.
            TooLarge, TooMany: the log's limits are exceeded; nothing was appended.
            NotASubject: a subject or the boundary is malformed; nothing was appended.
        """
        ...

    def read(self, boundary: str, *, after: int = 0) -> AsyncIterator[Raw]:
        """What lies inside *boundary* after that position, in order, up to now.

        Everything is in it whose position anybody had been told when the first item was asked for.
        """
        ...

    async def newest(self, boundary: str) -> Raw | None:
        """The newest of what lies inside *boundary*, which may be one subject; None when there is nothing."""
        ...

    def read_all(self, *, after: int = 0, batch: int = 1000) -> AsyncIterator[Sequence[Raw]]:
        """Everything after that position, in order, in batches of at most *batch*, up to now.

        Raises:
            PositionMissing: the positions are not contiguous.
            LogShorter: the log ends before *after*.
        """
        ...

    def follow(self, *, after: int = 0, batch: int = 1000) -> AsyncIterator[Sequence[Raw]]:
        """Everything after that position, then whatever arrives, for ever; batches never wait to fill.

        A follower may be as slow as it likes: nothing is lost, and little is kept for it in memory.
        It outlives an absence of the store, and raises `LogUnavailable` only when that is final.

        Raises:
            PositionMissing, LogShorter: as for `read_all`.
        """
        ...

    async def last_seq(self) -> int:
        """The position of the newest event; 0 when there is none."""
        ...


def inside(boundary: str, subject: str) -> bool:
    """Whether *subject* matches the filter *boundary*: `*` is any one token, a final `>` the rest."""
    if boundary.endswith(".>") and "*" not in boundary:
        return subject.startswith(boundary[:-1])
    wanted, tokens = boundary.split("."), subject.split(".")
    if wanted[-1] == ">":
        wanted.pop()
        if len(tokens) <= len(wanted):
            return False
    elif len(tokens) != len(wanted):
        return False
    return all(want in ("*", token) for want, token in zip(wanted, tokens, strict=False))


_SUBJECT = re.compile(rf"{re.escape(EVENT_SUBJECTS)}(?:\.[^\s.*>]+)+")
_FILTER = re.compile(rf"{re.escape(EVENT_SUBJECTS)}(?:\.(?:\*|[^\s.*>]+))*(?:\.>)?")


def check_subjects(drafts: Sequence[Draft], expected: Expectation | None) -> None:
    """Refuse, with `NotASubject`, a subject or a boundary that the log cannot have."""
    for draft in drafts:
        if _SUBJECT.fullmatch(draft.subject) is None:
            raise NotASubject(subject=draft.subject)
    if expected is not None and _FILTER.fullmatch(expected.boundary) is None:
        raise NotASubject(subject=expected.boundary)
