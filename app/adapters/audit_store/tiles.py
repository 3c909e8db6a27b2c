"""Tiles as files, named as c2sp.org/tlog-tiles names them: any web server can offer the directory."""

import asyncio
import shutil
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from ...audit.tree import ENTRIES, Tile, pack_entries, unpack_entries
from ...audit.tree.tiles import HASH
from ...ports.tiles import TileMissing
from .. import durable_files
from .errors import translated


class DirectoryTiles:
    """`app.ports.tiles.TileStore` below one directory. Files are left to a thread."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory

    async def store(self, tiles: Sequence[tuple[Tile, bytes]]) -> None:
        """See `TileStore.store`."""
        await asyncio.to_thread(self._store, list(tiles))

    async def read(self, tiles: Iterable[Tile]) -> Mapping[Tile, bytes]:
        """See `TileStore.read`."""
        return await asyncio.to_thread(lambda: {tile: self.read_one(tile) for tile in tiles})

    async def forget_partial(self, full: Iterable[Tile]) -> None:
        """See `TileStore.forget_partial`."""
        await asyncio.to_thread(self._forget_partial, list(full))

    def read_one(self, tile: Tile) -> bytes:
        """What *tile* holds, read where this is called; the errors are those of `TileStore.read`."""
        with translated(self._directory):
            for stored in (tile, tile.full):
                try:
                    return head(self._path(stored).read_bytes(), tile)
                except (FileNotFoundError, NotADirectoryError):
                    continue
        raise TileMissing(path=tile.path)

    def _store(self, tiles: Sequence[tuple[Tile, bytes]]) -> None:
        with translated(self._directory):
            durable_files.replace_all({self._path(tile): content for tile, content in tiles})

    def _forget_partial(self, full: Sequence[Tile]) -> None:
        with translated(self._directory):
            for tile in full:
                shutil.rmtree(self._path(tile).with_name(f"{self._path(tile).name}.p"), ignore_errors=True)

    def _path(self, tile: Tile) -> Path:
        return self._directory / tile.path


def head(content: bytes, tile: Tile) -> bytes:
    """As much of *content* as *tile* has. Raises `TileMissing` where it is less."""
    if tile.level == ENTRIES:
        entries = unpack_entries(content)
        cut, whole = pack_entries(entries[: tile.width]), len(entries) >= tile.width
    else:
        cut, whole = content[: tile.width * HASH], len(content) >= tile.width * HASH
    if not whole:
        raise TileMissing(path=tile.path)
    return cut
