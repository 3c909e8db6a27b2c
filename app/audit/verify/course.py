"""Reads a log in order: whatever needs more than one message to be checked."""

import base64
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

from ..notes import Checkpoint, MalformedNote, Note, parse_lines
from .evidence import Evidence, Witnessed
from .examined import AttestedEvent, Examined, SealedEvent
from .problems import Code, Problems
from .producers import Producers
from .revisions import Revisions
from .times import Times
from .trunk import Start, Trunk

Stamped = Callable[[bytes, bytes], int | None]
"""The time of a token (RFC 3161) over those bytes, in nanoseconds; None where it proves nothing."""


@dataclass(slots=True)
class Counts:
    """How much was checked."""

    events: int = 0
    signatures: int = 0
    leaves: int = 0
    """In the tree; as many links has the chain."""
    checkpoints: int = 0
    cosignatures: int = 0
    sealed: int = 0
    """What the log records of its own checkpoints, chain hashes too."""


class Course:
    """One reading of a log."""

    def __init__(
        self,
        first: int,
        start: Start,
        evidence: Evidence,
        producers: Producers | None,
        times: Times,
        problems: Problems,
        stamped: Stamped,
    ) -> None:
        """Messages are there from position *first* on; the tree begins with *start*, which lies before it.

        Without *producers*, of an agent's events alone, statements are not held to the log.
        """
        self.problems = problems
        self.counts = Counts()
        self.revisions = Revisions(from_beginning=first == 1, problems=problems)
        self.trunk = Trunk(start)
        self._evidence = evidence
        self._waiting = deque(one for one in evidence.in_order() if one.size > start.size)
        self._producers = producers
        self._times = times
        self._stamped = stamped
        self._proven = self._proven_outside = start.size
        """The size of the newest checkpoint that agrees with the log, and of the newest held outside."""
        self.chain_proven = start.size == 0
        """Whether the chain at the start is known to be the right one."""
        self.identities: list[tuple[int, bytes]] = []
        self.doubtful: list[tuple[int, str]] = []

    def take(self, piece: Examined) -> None:
        """Read the next piece, which begins where the last one ended."""
        self.problems.take(piece.problems)
        self.counts.events += piece.events
        self.counts.signatures += piece.signatures
        self.identities += piece.identities
        self.doubtful += piece.doubtful
        self.trunk.grow(piece.leaves, piece.tile_roots)
        self.counts.leaves += piece.size
        while self._waiting and self._waiting[0].size <= self.trunk.size:
            one = self._waiting.popleft()
            self.compare(one, matches=self.trunk.root(one.size) == one.root)
        wrong = self.revisions.take(piece.runs)
        if self._producers is not None:
            self._producers.take(piece, wrong)
        self._time(piece)

    def compare(self, one: Witnessed, *, matches: bool) -> None:
        """The log agrees with a checkpoint, or does not."""
        self.counts.checkpoints += 1
        self.counts.cosignatures += len(one.cosigners)
        one.matches = matches
        if matches:
            self._proven = max(self._proven, one.size)
            if one.held:
                self._proven_outside = max(self._proven_outside, one.size)
            return
        # Who rewrote the log can have sealed it anew: what was held outside says up to where it is good.
        good = self._proven_outside if one.held else self._proven
        where = "held outside" if one.held else "in the bundle"
        detail = f"the checkpoint of {one.size} events {where} is about another history"
        self.problems.add(Code.CHECKPOINT_MISMATCH, min(good + 1, one.size), detail, one.size)

    def _time(self, piece: Examined) -> None:
        """Check each time against what lies before it."""
        start, late = 0, deque(piece.late)
        for seq, time_ns in self._over(piece):
            upto = seq - piece.first + 1
            self._times.stored(piece.first + start, piece.stored[start:upto])
            while late and late[0][0] <= seq:
                self._times.claimed(*late.popleft())
            self._times.over(time_ns)
            start = upto
        self._times.stored(piece.first + start, piece.stored[start:])
        for seq, time_ns in late:
            self._times.claimed(seq, time_ns)

    def _over(self, piece: Examined) -> list[tuple[int, int]]:
        """Positions that hold what was signed at a time, and that time: it is over for all that follows."""
        over = [(event.seq, event.time_ns) for event in piece.sealed if self._sealed(event)]
        for event in piece.attested:
            time_ns = self._attested(event)
            if time_ns is not None:
                over.append((event.seq, time_ns))
        return sorted(over)

    def _sealed(self, event: SealedEvent) -> bool:
        """Hold a checkpoint that the log records to the log; False where it does not agree."""
        root, chain_hash = self.trunk.root(event.size), self.trunk.chain_hash(event.size)
        if root is None or chain_hash is None:
            return True  # longer ago than is remembered
        self.counts.sealed += 1
        same = (event.root, event.chain_hash) == (root.hex(), chain_hash.hex())
        if not same:
            detail = f"the log records another root or chain hash of its first {event.size} events"
            self.problems.add(Code.CHECKPOINT_MISMATCH, event.seq, detail)
        self.chain_proven |= same
        return same and self._is_signed(event)

    def _is_signed(self, event: SealedEvent) -> bool:
        try:
            note = Note.parse(event.note.encode("utf-8", "surrogatepass"))
            checkpoint = Checkpoint.parse(note.text)
        except MalformedNote as error:
            self.problems.add(Code.MALFORMED, event.seq, error.message)
            return False
        if (checkpoint.size, checkpoint.root.hex()) != (event.size, event.root):
            self.problems.add(Code.MALFORMED, event.seq, "the note is about another checkpoint")
            return False
        return self._evidence.believed(note, checkpoint) is not None

    def _attested(self, event: AttestedEvent) -> int | None:
        """When an outsider signed what *event* records; None where that proves nothing."""
        root = self.trunk.root(event.size)
        if root is not None and root.hex() != event.root:
            detail = f"an outsider signed another history of {event.size} events"
            self.problems.add(Code.INCONSISTENT, event.seq, detail)
        found = self._evidence.find(event.size, event.root)
        if found is None:
            return None
        if event.by_witness:
            return self._cosigned(found, event.proof)
        return self._stamped_at(found, event.proof)

    def _cosigned(self, found: Witnessed, text: str) -> int | None:
        try:
            (line,) = parse_lines(text.removesuffix("\n") + "\n")
        except (MalformedNote, ValueError):
            return None
        time_s = self._evidence.cosigned(found, line)
        return None if time_s is None else time_s * 1_000_000_000

    def _stamped_at(self, found: Witnessed, token: str) -> int | None:
        try:
            return self._stamped(base64.b64decode(token, validate=True), found.stamped_bytes())
        except ValueError:
            return None
