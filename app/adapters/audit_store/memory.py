"""The audit store in memory, for tests and for trying things out; it ends with the process."""

from collections.abc import AsyncIterator, Iterable, Mapping, Sequence

from ...audit.notes import Note
from ...audit.sealing import Sealed
from ...audit.tree import Tile
from ...ports.checkpoints import CheckpointTaken
from ...ports.tiles import TileMissing
from .tiles import head


class MemoryTiles:
    """`app.ports.tiles.TileStore` in one process."""

    def __init__(self) -> None:
        self.kept: dict[Tile, bytes] = {}

    async def store(self, tiles: Sequence[tuple[Tile, bytes]]) -> None:
        """See `TileStore.store`."""
        self.kept.update(tiles)

    async def read(self, tiles: Iterable[Tile]) -> Mapping[Tile, bytes]:
        """See `TileStore.read`."""
        return {tile: self.read_one(tile) for tile in tiles}

    def read_one(self, tile: Tile) -> bytes:
        """What *tile* holds; the errors are those of `TileStore.read`."""
        for stored in (tile, tile.full):
            if stored in self.kept:
                return head(self.kept[stored], tile)
        raise TileMissing(path=tile.path)

    async def forget_partial(self, full: Iterable[Tile]) -> None:
        """See `TileStore.forget_partial`."""
        places = {(tile.level, tile.index) for tile in full}
        for tile in [tile for tile in self.kept if tile != tile.full and (tile.level, tile.index) in places]:
            del self.kept[tile]


class MemoryCheckpoints:
    """`app.ports.checkpoints.CheckpointStore` in one process."""

    def __init__(self) -> None:
        self.kept: list[Sealed] = []

    async def newest(self) -> Sealed | None:
        """See `CheckpointStore.newest`."""
        return self.kept[-1] if self.kept else None

    async def append(self, sealed: Sealed, *, after: int | None) -> None:
        """See `CheckpointStore.append`."""
        found = self.kept[-1].size if self.kept else None
        if found != after:
            raise CheckpointTaken(found=found, expected=after)
        self.kept.append(sealed)

    async def cosigned(self, sealed: Sealed) -> None:
        """See `CheckpointStore.cosigned`."""
        lines = Note.parse(sealed.note).signatures
        self.kept = [one.with_lines(lines) if one.size == sealed.size else one for one in self.kept]

    async def read(self, *, after: int = 0) -> AsyncIterator[Sealed]:
        """See `CheckpointStore.read`."""
        for sealed in list(self.kept):
            if sealed.size > after:
                yield sealed
