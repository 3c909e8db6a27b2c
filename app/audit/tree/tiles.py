"""Tiles: a log's tree as files of 256 hashes, and its entries in bundles of as many (c2sp.org/tlog-tiles)."""

import re
import struct
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from ...errors import Invalid

WIDTH = 256
"""Hashes in a full tile, and entries in a full bundle."""
HEIGHT = 8
"""Levels of the tree that a tile spans."""
HASH = 32
ENTRIES = -1
"""The level of bundles of entries, which have their place among the tiles."""
MAX_ENTRY = 65_535

_PATH = re.compile(r"tile/(entries|0|[1-9]\d?)/((?:x\d{3}/)*\d{3})(?:\.p/([1-9]\d{0,2}))?", re.ASCII)


class MalformedBundle(Invalid):
    """This is no bundle of entries: {reason}."""


@dataclass(frozen=True, slots=True, order=True)
class Tile:
    """The *index*-th tile of a level; one that is not full yet has less than 256 hashes."""

    level: int
    index: int
    width: int = WIDTH

    @property
    def path(self) -> str:
        """`tile/0/x001/x234/067`, with `.p/<width>` where it is partial."""
        groups = [f"{self.index % 1000:03}"]
        rest = self.index // 1000
        while rest:
            groups.insert(0, f"x{rest % 1000:03}")
            rest //= 1000
        level = "entries" if self.level == ENTRIES else str(self.level)
        partial = "" if self.width == WIDTH else f".p/{self.width}"
        return f"tile/{level}/{'/'.join(groups)}{partial}"

    @classmethod
    def parse(cls, path: str) -> "Tile":
        """The tile of that path. Raises `ValueError` where no tile has it."""
        match = _PATH.fullmatch(path)
        if match is None:
            raise ValueError(f"{path!r:.80} is no path of a tile")
        level = ENTRIES if match[1] == "entries" else int(match[1])
        tile = cls(level, int(match[2].replace("/", "").replace("x", "")), int(match[3] or WIDTH))
        if tile.path != path or level > 63 or tile.width > WIDTH:
            raise ValueError(f"{path!r:.80} is no path of a tile")
        return tile

    @property
    def full(self) -> "Tile":
        """The same tile when it has become full."""
        return Tile(self.level, self.index)


def tile_of(level: int, index: int, size: int) -> Tile:
    """The *index*-th tile of *level*, as wide as it is in the tree of *size* entries.

    Raises:
        ValueError: that tree has no such tile.
    """
    width = min(WIDTH, (size >> (HEIGHT * max(level, 0))) - index * WIDTH)
    if width < 1:
        raise ValueError(f"the tree of {size} entries has no tile {index} at level {level}")
    return Tile(level, index, width)


def edge(size: int) -> Iterator[Tile]:
    """The partial tiles of the tree of *size* entries, at its right edge; the bundle of entries first."""
    level = 0
    while size >> (HEIGHT * level):
        width = (size >> (HEIGHT * level)) % WIDTH
        if width:
            index = size >> (HEIGHT * (level + 1))
            if level == 0:
                yield Tile(ENTRIES, index, width)
            yield Tile(level, index, width)
        level += 1


def hashes(tile: bytes) -> list[bytes]:
    """The hashes that lie in a tile."""
    return [tile[start : start + HASH] for start in range(0, len(tile), HASH)]


def pack_entries(entries: Iterable[bytes]) -> bytes:
    """A bundle of entries: each after its length, a big-endian u16.

    Raises:
        ValueError: an entry has more than 65,535 bytes.
    """
    parts = []
    for entry in entries:
        if len(entry) > MAX_ENTRY:
            raise ValueError(f"an entry of {len(entry)} bytes is longer than a bundle can hold")
        parts.append(struct.pack(">H", len(entry)))
        parts.append(entry)
    return b"".join(parts)


def unpack_entries(bundle: bytes) -> list[bytes]:
    """The entries in a bundle. Raises `MalformedBundle`."""
    entries, start = [], 0
    while start < len(bundle):
        end = start + 2 + int.from_bytes(bundle[start : start + 2], "big")
        if end > len(bundle) or start + 2 > len(bundle):
            raise MalformedBundle(reason="it ends within an entry")
        entries.append(bundle[start + 2 : end])
        start = end
    return entries
