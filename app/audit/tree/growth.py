"""A tree that grows, one entry after the other, and gives away its tiles as they fill."""

from collections.abc import Mapping

from events.merkle import EMPTY_ROOT, CompactRange
from events.merkle import root as root_of

from ...errors import Corrupt
from .tiles import (
    ENTRIES,
    HASH,
    HEIGHT,
    WIDTH,
    MalformedBundle,
    Tile,
    edge,
    hashes,
    pack_entries,
    unpack_entries,
)


class EdgeMissing(Corrupt):
    """The tree of {size} entries cannot go on: {path} is missing, or is not what belongs there."""


class Growth:
    """A tree of any size, of which only the right edge is kept: less than 256 hashes for each level.

    What it completes is to be taken with `completed`, or it is kept too.
    """

    def __init__(self) -> None:
        self._size = 0
        self._levels: list[bytearray] = [bytearray()]
        self._entries: list[bytes] = []
        self._completed: list[tuple[Tile, bytes]] = []

    @classmethod
    def resume(cls, size: int, tiles: Mapping[Tile, bytes]) -> "Growth":
        """The tree of *size* entries, from the partial tiles at its edge: those that `edge(size)` names.

        Whether it is the right tree is for the caller to see from `root`.

        Raises:
            EdgeMissing: a tile is missing, or has another length than it must have.
        """
        growth = cls()
        growth._size = size
        for tile in edge(size):
            stored = tiles.get(tile)
            if tile.level == ENTRIES:
                try:
                    growth._entries = unpack_entries(stored or b"")
                except MalformedBundle:
                    stored = None
                good = stored is not None and len(growth._entries) == tile.width
            else:
                good = stored is not None and len(stored) == tile.width * HASH
            if not good or stored is None:
                raise EdgeMissing(size=size, path=tile.path)
            if tile.level >= 0:
                growth._level(tile.level)[:] = stored
        return growth

    @property
    def size(self) -> int:
        """How many entries the tree has."""
        return self._size

    def append(self, entry: bytes, leaf: bytes) -> None:
        """Add *entry*, whose leaf hash is *leaf*."""
        lowest = self._levels[0]
        lowest += leaf
        self._entries.append(entry)
        self._size += 1
        if len(self._entries) == WIDTH:
            index = (self._size >> HEIGHT) - 1
            self._completed.append((Tile(ENTRIES, index), pack_entries(self._entries)))
            self._entries.clear()
            self._fill(0, index)

    def _fill(self, level: int, index: int) -> None:
        """The tile of *level* is full: it becomes one hash of the level above."""
        full = bytes(self._levels[level])
        self._levels[level].clear()
        self._completed.append((Tile(level, index), full))
        above = self._level(level + 1)
        above += root_of(hashes(full))
        if len(above) == WIDTH * HASH:
            self._fill(level + 1, index >> HEIGHT)

    def _level(self, level: int) -> bytearray:
        while len(self._levels) <= level:
            self._levels.append(bytearray())
        return self._levels[level]

    def completed(self) -> list[tuple[Tile, bytes]]:
        """The tiles and bundles that became full since this was last asked; each is told once."""
        completed, self._completed = self._completed, []
        return completed

    def partial(self) -> list[tuple[Tile, bytes]]:
        """The tiles and the bundle at the right edge, as they are now."""
        return [
            (tile, pack_entries(self._entries) if tile.level == ENTRIES else bytes(self._levels[tile.level]))
            for tile in edge(self._size)
        ]

    def root(self) -> bytes:
        """The root of the tree as it is now."""
        if not self._size:
            return EMPTY_ROOT
        perfect: list[bytes] = []
        # The perfect subtrees of the whole are those of each level's edge, the highest level first.
        for level in reversed(self._levels):
            within = CompactRange()
            for one in hashes(bytes(level)):
                within.append(one)
            perfect += within.hashes
        return CompactRange(self._size, perfect).root()
