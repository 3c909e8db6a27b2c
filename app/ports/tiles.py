"""Where the tiles of the log's tree are kept, outside the broker."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Protocol

from ..audit.tree import Tile
from ..errors import Corrupt


class TileMissing(Corrupt):
    """The tile {path} is not in the store, or is shorter than it must be."""


class TileStore(Protocol):
    """Tiles and bundles of entries by their place in the tree.

    Every method raises `Unavailable` when the store does not answer.
    """

    async def store(self, tiles: Sequence[tuple[Tile, bytes]]) -> None:
        """Keep *tiles* durably, in place of what was kept under their names.

        After `Unavailable`, each of them may be kept, as a whole, or not.
        """
        ...

    async def read(self, tiles: Iterable[Tile]) -> Mapping[Tile, bytes]:
        """What these tiles hold; for a partial one that was forgotten, the head of the full one.

        Raises:
            TileMissing: there is none, or it is shorter.
        """
        ...

    async def forget_partial(self, full: Iterable[Tile]) -> None:
        """Forget the partial tiles that were kept in the place of these, which are kept and full."""
        ...
