"""Every tile of a bundle must be the one that the tiles below it and the newest checkpoint make it."""

from functools import lru_cache

from events.merkle import root as root_of

from ...audit.tree import WIDTH, hashes, tile_of
from ...audit.tree.tiles import HASH, HEIGHT
from ...audit.verify.examined import Examined
from ...audit.verify.problems import Code
from ...audit.verify.report import Report
from ...ports.bundles import BundleReader
from .files import tile_in


class TileLinks:
    """Holds each full tile to its hash in the tile above."""

    def __init__(self, bundle: BundleReader, size: int, report: Report) -> None:
        self._size = size
        self._report = report

        @lru_cache(maxsize=8)
        def read(level: int, index: int) -> list[bytes] | None:
            content = tile_in(bundle, tile_of(level, index, size))
            good = content is not None and len(content) == tile_of(level, index, size).width * HASH
            return hashes(content) if good and content is not None else None

        self._read = read

    def check(self, piece: Examined) -> None:
        """Hold the full tiles of a piece to the level above."""
        first = (piece.first - 1) // WIDTH
        for number, root in enumerate(piece.tile_roots):
            self._hold(1, first + number, root)

    def check_above(self) -> None:
        """Hold the tiles of the higher levels to those above them."""
        level = 1
        while count := self._size >> HEIGHT * level:
            for index in range((count + WIDTH - 1) // WIDTH):
                kept = self._read(level, index)
                if kept is None:
                    path = tile_of(level, index, self._size).path
                    self._report.leave_out("files", f"{path} is missing or has another length")
                elif len(kept) == WIDTH:
                    self._hold(level + 1, index, root_of(kept))
            level += 1

    def _hold(self, level: int, index: int, root: bytes) -> None:
        above = self._read(level, index // WIDTH)
        if above is not None and above[index % WIDTH] != root:
            path = tile_of(level, index // WIDTH, self._size).path
            self._report.problems.add(Code.MALFORMED, 0, f"{path} is not made of the tiles below it")
