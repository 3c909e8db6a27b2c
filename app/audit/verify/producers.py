"""Producer statements held to the log: what the broker acknowledged to a key must be there."""

from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from events.merkle import root as root_of

from .examined import Examined, Produced, Statement
from .problems import Code, Problems

MAX_PENDING = 1_000_000
"""Events of one key without a statement about them; a statement comes every second."""

_LEAF = 32


@dataclass(slots=True)
class _Key:
    """One key as far as the log was read."""

    pending: Produced = field(default_factory=Produced)
    """What no statement covers yet."""
    n: int | None = None
    """Of its last statement; None before the first that was seen."""
    prev: str = ""
    stated: int = 0
    """The last position that its statements cover."""
    dropped: int = 0
    """The last position that was forgotten, because no statement came."""
    copied: int = 0
    """Of the last copy outside the log that was compared."""


class Producers:
    """The statements of every key, in the order of the log. Memory is for what is not stated yet."""

    def __init__(self, first: int, problems: Problems, copies: Mapping[str, Iterable[Statement]]) -> None:
        """The log is read from position *first* on; *copies* are statements kept outside it, by key."""
        self._first = first
        self._problems = problems
        self._copies = {key: iter(statements) for key, statements in copies.items()}
        self._keys: dict[str, _Key] = {}
        self.checked = 0
        """Statements that were held to the events that they cover."""
        self.partial = 0
        """Statements about events before the first position, of which not all could be seen."""

    def take(self, examined: Examined, wrong: set[int]) -> None:
        """Take the next piece of the log; events at *wrong* positions were recorded again."""
        for key_id, produced in examined.produced.items():
            self._add(self._key(key_id), produced, wrong)
        for statement in examined.statements:
            if statement.seq not in wrong:
                self._state(statement)

    def finish(self, last: int, log_size: int, as_of_ns: int) -> None:
        """The log was read up to position *last*, and ended at *log_size* at that time."""
        for copies in self._copies.values():
            for copy in copies:
                if copy.time_ns <= as_of_ns:
                    self._unseen(copy, last, log_size)

    def tails(self) -> list[tuple[str, int, int]]:
        """Each key with events behind its last statement: the first of them, and how many."""
        return [
            (key_id, key.pending.seqs[0], len(key.pending.seqs))
            for key_id, key in self._keys.items()
            if key.pending.seqs
        ]

    def _key(self, key_id: str) -> _Key:
        return self._keys.setdefault(key_id, _Key())

    def _add(self, key: _Key, produced: Produced, wrong: set[int]) -> None:
        if wrong and not wrong.isdisjoint(produced.seqs):
            for at, seq in enumerate(produced.seqs):
                if seq not in wrong:
                    key.pending.seqs.append(seq)
                    key.pending.leaves += produced.leaves[at * _LEAF : (at + 1) * _LEAF]
        else:
            key.pending.seqs.extend(produced.seqs)
            key.pending.leaves += produced.leaves
        if (excess := len(key.pending.seqs) - MAX_PENDING) > 0:
            key.dropped = key.pending.seqs[excess - 1]
            self._forget(key, excess)

    def _state(self, said: Statement) -> None:
        """A statement in the log."""
        key = self._key(said.key_id)
        if key.n is None and self._first > 1:
            key.n, key.prev = said.n - 1, said.prev  # what came before is not here
        self._compare_copy(said)
        follows = (said.n, said.prev) == ((key.n or 0) + 1, key.prev)
        if not follows:
            detail = f"statement {said.n} of {said.key_id} does not follow {key.n or 0}"
            self._problems.add(Code.PRODUCER_GAP, said.seq, detail)
            if said.n <= (key.n or 0):
                return  # it was there before: somebody recorded it again
        if said.last >= said.seq:
            self._problems.add(Code.PRODUCER_GAP, said.seq, "a statement covers what came after it")
        self._cover(key, said, since=key.stated + 1 if follows else said.first)
        key.n, key.prev, key.stated = said.n, said.digest, said.last

    def _cover(self, key: _Key, said: Statement, *, since: int) -> None:
        """Hold a statement to the key's events from *since* on, which are then done with."""
        self._forget(key, bisect_left(key.pending.seqs, since))
        seqs, leaves = key.pending.seqs, key.pending.leaves
        upto = bisect_right(seqs, said.last)
        if said.first < self._first or said.first <= key.dropped:
            self.partial += 1
        else:
            stated = [bytes(leaves[at * _LEAF : (at + 1) * _LEAF]) for at in range(upto)]
            there = (seqs[0], seqs[upto - 1]) if upto else (0, 0)
            self.checked += 1
            if (*there, upto, root_of(stated).hex()) != (said.first, said.last, said.count, said.root):
                self._problems.add(Code.PRODUCER_GAP, *self._where(seqs[:upto], said))
        self._forget(key, upto)

    def _where(self, seqs: "array[int]", said: Statement) -> tuple[int, str, int]:
        """Where the events of a statement are not what it says, as closely as that can be said."""
        lack = said.count - len(seqs)
        detail = f"statement {said.n} of {said.key_id}: {said.count} events, and {len(seqs)} are there"
        if lack > 0 and (not seqs or seqs[-1] < said.last):
            return (seqs[-1] + 1 if seqs else said.first), detail, said.last
        return said.first, detail, said.last

    def _forget(self, key: _Key, count: int) -> None:
        del key.pending.seqs[:count]
        del key.pending.leaves[: count * _LEAF]

    def _compare_copy(self, said: Statement) -> None:
        """Hold a statement in the log to its copy, as far as there are copies."""
        key = self._key(said.key_id)
        while key.copied < said.n and (copy := next(self._copies.get(said.key_id, iter(())), None)):
            key.copied = copy.n
            if copy.n < said.n and copy.n > (key.n or 0):
                detail = f"statement {copy.n} of {copy.key_id} is outside the log and not in it"
                self._problems.add(Code.PRODUCER_GAP, max(copy.first, 1), detail, copy.last)
            if copy.n == said.n and copy.digest != said.digest:
                detail = f"statement {said.n} of {said.key_id} is another outside the log"
                self._problems.add(Code.PRODUCER_GAP, said.seq, detail)

    def _unseen(self, copy: Statement, last: int, log_size: int) -> None:
        """A copy of a statement that the log, as far as it was read, does not hold."""
        key = self._key(copy.key_id)
        if (key.n is not None and copy.n <= key.n) or copy.last < self._first:
            return
        if copy.last > log_size:
            detail = f"statement {copy.n} of {copy.key_id} covers events up to {copy.last}"
            self._problems.add(Code.PRODUCER_GAP, log_size + 1, detail, copy.last)
        elif last < log_size:
            return  # it may lie behind what was read
        else:
            self._cover(key, copy, since=copy.first)
            detail = f"statement {copy.n} of {copy.key_id} is outside the log and not in it"
            self._problems.add(Code.PRODUCER_GAP, log_size + 1, detail)
        key.n, key.prev, key.stated = copy.n, copy.digest, copy.last
