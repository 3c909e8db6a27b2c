"""Chain and tree over the log, from the leaves as they come; the newest part is remembered for a while."""

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256

from events.merkle import CompactRange

from ..tree import WIDTH, hashes
from ..tree.tiles import HASH

REMEMBERED = 16
"""So many pieces of the log: what the log says of itself comes a little later."""


@dataclass(frozen=True, slots=True)
class Start:
    """Where a log is read from: from nothing, or from a tree and a chain that are still to be proven."""

    size: int
    """A multiple of 256."""
    hashes: Sequence[bytes]
    """The roots of the tree's perfect subtrees, the largest first."""
    chain: bytes


@dataclass(slots=True)
class _Piece:
    first: int
    last: int
    leaves: bytes
    before: list[tuple[bytes, ...]]
    """The tree before each of its tiles, in hashes of whole tiles."""
    links: bytes
    """The chain hash of each of its positions."""

    def root(self, size: int) -> bytes:
        """Of the tree of *size* entries, the last of which lies in this piece."""
        tile, within = (size - self.first) // WIDTH, CompactRange()
        start, end = tile * WIDTH * HASH, (size - self.first + 1) * HASH
        for leaf in hashes(self.leaves[start:end]):
            within.append(leaf)
        whole = CompactRange((self.first - 1) // WIDTH + tile, self.before[tile])
        if within.size < WIDTH:
            return CompactRange(size, [*whole.hashes, *within.hashes]).root()
        whole.append(within.root())
        return whole.root()


class Trunk:
    """Grows by pieces; each begins where the one before ended, and only the last may end within a tile."""

    def __init__(self, start: Start) -> None:
        self._tiles = CompactRange(start.size // WIDTH, start.hashes)
        self._chain = start.chain
        self._pieces: deque[_Piece] = deque(maxlen=REMEMBERED)
        self.size = start.size

    def grow(self, leaves: bytes, tile_roots: Sequence[bytes]) -> None:
        """Add *leaves*; *tile_roots* are the roots over each 256 of them."""
        value, links, before = self._chain, list[bytes](), list[tuple[bytes, ...]]()
        for leaf in hashes(leaves):
            value = sha256(b"\x02" + value + leaf).digest()
            links.append(value)
        for number in range(0, len(links), WIDTH):
            before.append(self._tiles.hashes)
            if number + WIDTH <= len(links):
                self._tiles.append(tile_roots[number // WIDTH])
        self._chain = value
        last = self.size + len(links)
        self._pieces.append(_Piece(self.size + 1, last, leaves, before, b"".join(links)))
        self.size = last

    def root(self, size: int) -> bytes | None:
        """Of the tree of *size* entries; None where that is not remembered."""
        piece = self._at(size)
        return None if piece is None else piece.root(size)

    def chain_hash(self, size: int) -> bytes | None:
        """C_size; None where that is not remembered."""
        piece = self._at(size)
        return None if piece is None else piece.links[(size - piece.first) * HASH :][:HASH]

    def _at(self, size: int) -> _Piece | None:
        return next((piece for piece in reversed(self._pieces) if piece.first <= size <= piece.last), None)
