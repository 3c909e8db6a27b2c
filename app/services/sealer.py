"""The sealer: reads the log in order, keeps its tree, and signs checkpoints that never contradict each other.

What must be durable before what, and what a crash leaves:

1. The tiles of the tree of *n* events are kept. A crash after that leaves tiles that no checkpoint covers;
   they are written again, with other bytes where the log's unacknowledged tail was lost.
2. From the tiles as they are kept it is proven that this tree begins with that of the newest checkpoint.
3. The checkpoint of *n* events is signed and kept. A crash before it is kept loses a signature that nobody
   saw; a crash after it leaves the newest checkpoint, from which the next start goes on.
4. Only what is kept is shown to anybody: the log, the witnesses, PostgreSQL. A crash leaves that to the next
   start, which shows the same bytes.

So whatever was shown is kept, and whatever is signed begins with all that was kept.
"""

from collections.abc import Iterable, Sequence
from contextlib import suppress

from events.codec import Raw
from events.signing import Provider

from ..audit.notes import NoteSigner, VerifierKey
from ..audit.sealing import Ledger, Link, NotOurCheckpoint, Sealed, check_own, link_of, seal
from ..audit.tree import WIDTH, Growth, Tile, consistency, edge, hashes, tile_of
from ..errors import Corrupt, SymbiError, Unavailable
from ..ports.checkpoints import CheckpointStore, CheckpointTaken
from ..ports.tiles import TileStore

KEEP_FROM = 64
"""So many full tiles are kept at once, at the latest; more would only fill the memory."""


class HistoryReplaced(Corrupt):
    """The log holds another event at position {seq} than was sealed there. Nothing more is sealed."""


class Sealer:
    """Seals one log. What it finds wrong ends it: every later call raises the same error.

    Errors of the stores are `Unavailable` and end nothing: the same call may be made again.
    """

    def __init__(
        self,
        ledger: Ledger,
        last: Sealed | None,
        signer: NoteSigner,
        tiles: TileStore,
        checkpoints: CheckpointStore,
    ) -> None:
        """As `start` makes it."""
        self._ledger = ledger
        self._last = last
        self._signer = signer
        self._tiles = tiles
        self._checkpoints = checkpoints
        self._unkept: list[tuple[Tile, bytes]] = []
        self._uncertain = False
        """The newest checkpoint may have been kept although the store did not say so."""
        self._halted: SymbiError | None = None

    @classmethod
    async def start(
        cls,
        signer: NoteSigner,
        tiles: TileStore,
        checkpoints: CheckpointStore,
        using: Provider,
        *,
        earlier: Iterable[VerifierKey] = (),
    ) -> "Sealer":
        """Go on from the newest checkpoint that is kept; *earlier* are keys that signed for this log before.

        Raises:
            NotOurCheckpoint, NoteRejected, EdgeMissing, TileMissing: what is kept does not fit together.
        """
        last = await checkpoints.newest()
        if last is None:
            return cls(Ledger(signer.name), None, signer, tiles, checkpoints)
        check_own(last, signer.name, [signer.verifier, *earlier], using)
        growth = Growth.resume(last.size, await tiles.read(edge(last.size)))
        if growth.root() != last.root:
            raise NotOurCheckpoint(reason=f"the tiles that are kept are not those of its {last.size} events")
        return cls(Ledger(signer.name, growth, last.chain_hash), last, signer, tiles, checkpoints)

    @property
    def size(self) -> int:
        """The position of the newest event that was taken."""
        return self._ledger.size

    @property
    def newest(self) -> Sealed | None:
        """The newest checkpoint; it is kept, and may be shown."""
        return self._last

    @property
    def unsealed(self) -> int:
        """Events since the newest checkpoint, those of the log about itself left out."""
        return self._ledger.unsealed

    async def recognise(self, raw: Raw) -> None:
        """Return where *raw* is the event that was sealed at its position; a start compares the newest one.

        Raises:
            HistoryReplaced: it is another. Nothing more is sealed.
            Unavailable: the tiles cannot be read.
        """
        self._check()
        index, within = divmod(raw.seq - 1, WIDTH)
        tile = tile_of(0, index, self.size)
        kept = (await self._tiles.read([tile]))[tile]
        if hashes(kept)[within] != link_of(raw, b"", after=raw.seq - 1).leaf:
            raise self._halt(HistoryReplaced(seq=raw.seq))

    def take(self, raws: Sequence[Raw]) -> list[Link]:
        """Take the next events of the log; nothing is kept of them yet.

        Raises:
            SequenceGap, SequenceBackwards, Unsealable: one of them is wrong; nothing more is sealed.
        """
        self._check()
        try:
            links = [self._ledger.take(raw) for raw in raws]
        except Corrupt as wrong:
            raise self._halt(wrong) from None
        self._unkept += self._ledger.growth.completed()
        return links

    async def keep(self) -> None:
        """Keep the tiles that are full, once there are many: called between seals, memory stays small.

        Raises:
            Unavailable: they are not kept; the next call tries again.
        """
        self._check()
        if len(self._unkept) >= KEEP_FROM:
            await self._tiles.store(self._unkept)
            self._unkept.clear()

    async def seal(self) -> Sealed | None:
        """The checkpoint of everything that was taken: kept, and to be shown. None where nothing was.

        Where nothing was taken since the newest one, that one.

        Raises:
            Unavailable: a store does not answer; perhaps there is a checkpoint, and nobody may see it yet.
            HistoryForked, CheckpointTaken, TileMissing: somebody else wrote here; nothing more is sealed.
        """
        self._check()
        try:
            return await self._seal()
        except (Corrupt, CheckpointTaken) as wrong:
            raise self._halt(wrong) from None

    async def _seal(self) -> Sealed | None:
        await self._learn_newest()
        last = self._last
        if self.size == (last.size if last else 0):
            self._ledger.unsealed = 0
            return last
        # 1. The tiles. An error leaves some of them kept; they are kept again, and no checkpoint covers them.
        await self._tiles.store([*self._unkept, *self._ledger.growth.partial()])
        self._unkept.clear()
        # 2. The proof, from what the store gives back and not from memory: it is what others will read.
        plan = consistency(last.size if last else 0, self.size)
        proof = plan.make(await self._tiles.read(plan.tiles()))
        sealed = seal(self._ledger, last, proof, self._signer)
        # 3. The checkpoint. Nobody has seen it before this is done; after an error it may be kept or not.
        self._uncertain = True
        await self._checkpoints.append(sealed, after=last.size if last else None)
        self._uncertain = False
        self._last = sealed
        self._ledger.unsealed = 0
        if last is not None:
            await self._forget_partial(last.size)
        return sealed

    async def _learn_newest(self) -> None:
        """After an error, see what was kept: in place of a checkpoint that is kept none is ever signed."""
        if self._uncertain:
            self._last = await self._checkpoints.newest()
            self._uncertain = False

    async def _forget_partial(self, size: int) -> None:
        """What was partial in the tree of *size* events, and has become full, is needed as a whole only."""
        full = [tile.full for tile in edge(size) if self.size >> 8 * (max(tile.level, 0) + 1) > tile.index]
        with suppress(Unavailable):  # they do no harm
            await self._tiles.forget_partial(full)

    def _check(self) -> None:
        if self._halted is not None:
            raise self._halted

    def _halt(self, wrong: SymbiError) -> SymbiError:
        self._halted = wrong
        return wrong
