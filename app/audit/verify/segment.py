"""One file of events of a bundle, held to the entries and the tiles beside it."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from events.codec import Raw
from events.merkle import leaf_hash
from events.merkle import root as root_of

from ..bundle.record import MalformedRecord, from_line
from ..bundle.scope import IDENTITIES, Scope, is_of_identities
from ..tree import ENTRIES, WIDTH, MalformedBundle, Tile, hashes, tile_of, unpack_entries
from ..tree.tiles import HASH
from .examined import Examined
from .examiner import Examiner, Rules
from .problems import Code, Problems

_IDENTITIES = IDENTITIES.encode()


@dataclass(frozen=True, slots=True)
class Segment:
    """Which piece of a bundle: the positions of one file of events, and the tiles that they lie in."""

    first: int
    last: int
    size: int
    """Of the bundle's tree."""
    scope: Scope

    def tiles(self) -> range:
        """The indices of its tiles of the lowest level."""
        return range((self.first - 1) // WIDTH, (self.last - 1) // WIDTH + 1)

    @property
    def low(self) -> int:
        """The first position in its first tile."""
        return self.tiles()[0] * WIDTH + 1

    @property
    def high(self) -> int:
        """The last position in its last tile."""
        return min(self.size, (self.tiles()[-1] + 1) * WIDTH)


class Messages:
    """The lines of one file of events, asked for by position."""

    def __init__(self, lines: Iterator[bytes], problems: Problems) -> None:
        self._lines = lines
        self._problems = problems
        self._ahead: Raw | None = None

    def at(self, seq: int) -> Raw | None:
        """The message at *seq*; None where there is none, or the line in its place is none."""
        while True:
            raw = self._ahead
            if raw is None:
                line = next(self._lines, b"")
                if not line:
                    return None
                try:
                    raw = from_line(line)
                except MalformedRecord as error:
                    self._problems.add(Code.MALFORMED, seq, error.message)
                    return None
            self._ahead = raw if raw.seq > seq else None
            if raw.seq >= seq:
                return raw if raw.seq == seq else None
            self._problems.add(Code.CHECKPOINT_MISMATCH, raw.seq, "the event is where it does not belong")

    def end(self, last: int) -> None:
        """Nothing may come after *last*."""
        if self._ahead is not None or next(self._lines, b""):
            self._problems.add(Code.CHECKPOINT_MISMATCH, last, "more events follow than the tree has here")


class _Holding:
    """Holds the messages of a segment to its tree."""

    def __init__(
        self,
        segment: Segment,
        lines: Iterator[bytes] | None,
        tile: Callable[[Tile], bytes | None],
        rules: Rules,
    ) -> None:
        self._segment = segment
        self._tile = tile
        self.into = Examined(segment.low)
        self._problems = self.into.problems
        self._messages = Messages(lines, self._problems) if lines is not None else None
        self._examiner = Examiner(rules, self.into)

    def run(self) -> None:
        leaves: list[bytes] = []
        for index in self._segment.tiles():
            leaves += self._one_tile(index)
        if self._messages is not None:
            self._messages.end(self._segment.last)
        self.into.leaves = b"".join(leaves)

    def _one_tile(self, index: int) -> list[bytes]:
        """The leaves of one tile, as far as they are known."""
        kept, entries = self._kept(index), self._entries(index)
        into, made = self.into, list[bytes]()
        for seq in range(index * WIDTH + 1, min(self._segment.size, (index + 1) * WIDTH) + 1):
            entry = self._entry(seq, entries[(seq - 1) % WIDTH] if entries else None)
            made.append(leaf_hash(entry) if entry else b"")
            into.stored.append(stored_at(entry) if entry else 0)
            if entry and entry.startswith(_IDENTITIES, 22) and is_of_identities(subject_of(entry)):
                into.identities.append((seq, made[-1]))
        if kept and made != kept:
            self._tell(index, made, kept)
        leaves = kept or made
        if b"" in leaves:
            return leaves[: leaves.index(b"")]
        if len(leaves) == WIDTH:
            into.tile_roots.append(root_of(leaves))
        return leaves

    def _entry(self, seq: int, entry: bytes | None) -> bytes | None:
        """The entry at *seq*, the bundle's where it has one; a message that belongs here is looked at."""
        segment = self._segment
        wanted = self._messages is not None and segment.first <= seq <= segment.last
        if wanted and (entry is None or self._disclosed(entry)):
            return self._message(seq, entry)
        if entry and int.from_bytes(entry[4:12], "big") != seq:
            self._problems.add(Code.CHECKPOINT_MISMATCH, seq, "the entry names another position")
        return entry

    def _disclosed(self, entry: bytes) -> bool:
        scope = self._segment.scope
        return scope.agent is None or scope.holds(subject_of(entry))

    def _message(self, seq: int, entry: bytes | None) -> bytes | None:
        """Look at the message at *seq*; its entry, or that of the bundle where there is one."""
        raw = self._messages.at(seq) if self._messages is not None else None
        made = self._examiner.take(raw) if raw is not None else None
        if entry is None:
            return made
        if raw is None:
            self._problems.add(Code.CHECKPOINT_MISMATCH, seq, "the tree has an event that the bundle lacks")
        elif made != entry:
            self._problems.add(Code.CHECKPOINT_MISMATCH, seq, "the event is another than the tree has")
        return entry

    def _kept(self, index: int) -> list[bytes]:
        tile = tile_of(0, index, self._segment.size)
        content = self._tile(tile)
        if content is None:
            self.into.missing.append(tile.path)
        elif len(content) != tile.width * HASH:
            self._problems.add(Code.MALFORMED, index * WIDTH + 1, f"{tile.path} has {len(content)} bytes")
        else:
            return hashes(content)
        return []

    def _entries(self, index: int) -> list[bytes]:
        tile = tile_of(ENTRIES, index, self._segment.size)
        content = self._tile(tile)
        if content is None:
            self.into.missing.append(tile.path)
            return []
        try:
            entries = unpack_entries(content)
        except MalformedBundle as error:
            self._problems.add(Code.MALFORMED, index * WIDTH + 1, f"{tile.path}: {error.message}")
            return []
        if len(entries) != tile.width:
            self._problems.add(Code.MALFORMED, index * WIDTH + 1, f"{tile.path} has {len(entries)} entries")
            return []
        return entries

    def _tell(self, index: int, made: list[bytes], kept: list[bytes]) -> None:
        """Say which entries are not those of the tile."""
        for at, (one, other) in enumerate(zip(made, kept, strict=True)):
            if one and one != other:
                seq = index * WIDTH + at + 1
                self._problems.add(Code.CHECKPOINT_MISMATCH, seq, "the entry is another than the tree has")


def examine(
    segment: Segment, lines: Iterator[bytes] | None, tile: Callable[[Tile], bytes | None], rules: Rules
) -> Examined:
    """Look at every message of *segment*, and hold it to the tree.

    The leaves are those of the tiles, as far as they are there: where a message or an entry is another, that
    is a problem at its position, and whatever else is in the tree stays proven. *lines* is None where the
    file of events is missing.
    """
    holding = _Holding(segment, lines, tile, rules)
    holding.run()
    return holding.into


def subject_of(entry: bytes) -> str:
    """The subject in an entry of the tree."""
    return entry[22 : 22 + int.from_bytes(entry[20:22], "big")].decode("utf-8", "surrogateescape")


def stored_at(entry: bytes) -> int:
    """The broker's time in an entry of the tree."""
    return int.from_bytes(entry[12:20], "big")
