"""A log whose checkpoints witnesses are asked about, with its tree and the forks of it."""

from app.audit.notes import Checkpoint, Cosigner, Note, NoteSigner
from app.audit.tree import Growth, Tile, consistency
from app.audit.witnessing import AddCheckpoint
from events.merkle import leaf_hash
from events.signing import SigningKey

ORIGIN = "log.example/a"
LOG = NoteSigner(ORIGIN, SigningKey.from_seed(b"l" * 32))
WITNESS = Cosigner("witness.example/w", SigningKey.from_seed(b"w" * 32))


class WitnessedLog:
    """A tree of made-up entries; another *history* is another tree from its first entry on."""

    def __init__(self, history: str = "", signer: NoteSigner = LOG) -> None:
        self._history = history
        self._signer = signer
        self._growth = Growth()
        self._roots = [self._growth.root()]
        self.tiles: dict[Tile, bytes] = {}
        for number in range(300):
            entry = f"{history} {number}".encode()
            self._growth.append(entry, leaf_hash(entry))
            self.tiles.update(self._growth.completed())
            self._roots.append(self._growth.root())
        self.tiles.update(self._growth.partial())

    def note(self, size: int, root: bytes | None = None) -> bytes:
        """The signed checkpoint of *size* entries."""
        text = Checkpoint(self._signer.name, size, self._roots[size] if root is None else root).text
        return Note(text, (self._signer.sign(text),)).to_bytes()

    def proof(self, old: int, new: int) -> tuple[bytes, ...]:
        """That the tree of *new* entries begins with that of *old*."""
        plan = consistency(old, new)
        return tuple(plan.make({tile: self._tile(tile) for tile in plan.tiles()}))

    def asking(self, old: int, new: int) -> bytes:
        """The request to go on from *old* to *new*, as it should be."""
        return AddCheckpoint(old, self.proof(old, new), self.note(new)).to_bytes()

    def _tile(self, tile: Tile) -> bytes:
        whole = next(content for kept, content in self.tiles.items() if kept.full == tile.full)
        return whole[: tile.width * 32]
