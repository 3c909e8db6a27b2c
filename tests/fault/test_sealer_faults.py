"""Every write of the sealer fails, stored or not, and the process dies at each: never are there two views."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.adapters.audit_store import MemoryCheckpoints, MemoryTiles
from app.audit.notes import Checkpoint, NoteSigner, open_note
from app.audit.sealing import Sealed
from app.audit.tree import Tile
from app.errors import Corrupt, Unavailable
from app.services.sealer import Sealer
from events.codec import Raw
from events.signing import SigningKey, provider
from tests.support.plain_log import ORIGIN, chain_of, plain_log, root_of

SIGNER = NoteSigner(ORIGIN, SigningKey.from_seed(b"s" * 32))
PROVIDER = provider()

How = Literal["not stored", "half stored", "stored anyway"]
HOWS: tuple[How, ...] = ("not stored", "half stored", "stored anyway")


class Lost(Unavailable):
    """The store did not answer."""


class Killed(BaseException):
    """The process is no more."""


class Faults:
    """Lets the writes that are named fail, counted from 1."""

    def __init__(self, failing: Mapping[int, tuple[How, type[BaseException]]]) -> None:
        self._failing = failing
        self.writes = 0

    async def write(self, *parts: Callable[[], Awaitable[None]]) -> None:
        """Make the writes that are the parts of one."""
        self.writes += 1
        how, error = self._failing.get(self.writes, (None, None))
        done = {"not stored": 0, "half stored": len(parts) // 2}.get(how or "", len(parts))
        for part in parts[:done]:
            await part()
        if error is not None:
            raise error()


class FaultyTiles(MemoryTiles):
    def __init__(self, faults: Faults, kept: dict[Tile, bytes]) -> None:
        super().__init__()
        self.kept = kept
        self._faults = faults

    async def store(self, tiles: Sequence[tuple[Tile, bytes]]) -> None:
        one_by_one = [lambda tile=tile: super(FaultyTiles, self).store([tile]) for tile in tiles]
        await self._faults.write(*one_by_one)


class FaultyCheckpoints(MemoryCheckpoints):
    def __init__(self, faults: Faults, kept: list[Sealed]) -> None:
        super().__init__()
        self.kept = kept
        self._faults = faults

    async def append(self, sealed: Sealed, *, after: int | None) -> None:
        await self._faults.write(lambda: super(FaultyCheckpoints, self).append(sealed, after=after))


class World:
    """A log, what is kept of it, and everything that anybody was ever shown."""

    def __init__(self, log: list[Raw], faults: Faults) -> None:
        self.log = log
        self.tiles = FaultyTiles(faults, {})
        self.checkpoints = FaultyCheckpoints(faults, [])
        self.shown: list[Sealed] = []

    async def start(self) -> Sealer:
        sealer = await Sealer.start(SIGNER, self.tiles, self.checkpoints, PROVIDER)
        if sealer.newest is not None:
            self.shown.append(sealer.newest)
            await sealer.recognise(self.log[sealer.size - 1])
        return sealer

    async def seal_all(self, step: int) -> None:
        """Seal the log in steps, as a reactor would: again after an error, anew after a crash."""
        sealer = await self.start()
        while True:
            try:
                sealer.take(self.log[sealer.size : sealer.size + step])
                await sealer.keep()
                checkpoint = await sealer.seal()
            except Lost:
                continue
            except Killed:
                sealer = await self.start()
                continue
            if checkpoint is not None:
                self.shown.append(checkpoint)
            if sealer.size == len(self.log):
                return

    def check(self) -> None:
        """Hold what was shown and kept to the one history that there is."""
        assert self.shown[-1].size == len(self.log)
        for sealed in (*self.shown, *self.checkpoints.kept):
            upto = self.log[: sealed.size]
            text = open_note(sealed.note, [SIGNER.verifier], PROVIDER).text
            assert Checkpoint.parse(text) == Checkpoint(ORIGIN, sealed.size, root_of(upto))
            assert sealed.chain_hash == chain_of(upto)
        sizes = [sealed.size for sealed in self.checkpoints.kept]
        assert sizes == sorted(set(sizes))


LOG = plain_log(300)
STEP = 60
WRITES = 10
"""Of five checkpoints: the tiles, and the checkpoint itself."""


def test_the_writes_are_these() -> None:
    faults = Faults({})
    world = World(LOG, faults)
    asyncio.run(world.seal_all(STEP))
    world.check()
    assert faults.writes == WRITES


@pytest.mark.parametrize("error", [Lost, Killed])
@pytest.mark.parametrize("how", HOWS)
@pytest.mark.parametrize("write", range(1, WRITES + 1))
def test_each_write_fails(write: int, how: How, error: type[BaseException]) -> None:
    world = World(LOG, Faults({write: (how, error)}))
    asyncio.run(world.seal_all(STEP))
    world.check()


@pytest.mark.parametrize("error", [Lost, Killed])
@pytest.mark.parametrize("first", HOWS)
@pytest.mark.parametrize("then", HOWS)
def test_each_write_fails_and_the_next_one_too(first: How, then: How, error: type[BaseException]) -> None:
    for write in range(1, WRITES + 1):
        world = World(LOG, Faults({write: (first, error), write + 1: (then, Lost)}))
        asyncio.run(world.seal_all(STEP))
        world.check()


@given(
    st.dictionaries(
        st.integers(1, 30), st.tuples(st.sampled_from(HOWS), st.sampled_from([Lost, Killed])), max_size=12
    ),
    st.integers(40, 150),
)
def test_whatever_fails_there_is_one_history(
    failing: dict[int, tuple[How, type[BaseException]]], step: int
) -> None:
    world = World(LOG, Faults(failing))
    asyncio.run(world.seal_all(step))
    world.check()


@pytest.mark.parametrize("write", range(1, WRITES + 1))
@pytest.mark.parametrize("how", HOWS)
def test_what_the_log_loses_behind_the_last_checkpoint_may_come_otherwise(write: int, how: How) -> None:
    """The sealer had read and kept messages that the broker never acknowledged, and then lost."""
    world = World(LOG, Faults({write: (how, Killed)}))

    async def until_killed(sealer: Sealer) -> None:
        while True:
            sealer.take(world.log[sealer.size : sealer.size + STEP])
            world.shown += filter(None, [await sealer.seal()])

    async def run() -> None:
        with pytest.raises(Killed):
            await until_killed(await world.start())
        kept = world.checkpoints.kept[-1].size if world.checkpoints.kept else 0
        world.log = [*LOG[:kept], *plain_log(320, "came instead")[kept:]]
        await world.seal_all(STEP)

    asyncio.run(run())
    world.check()


@pytest.mark.parametrize("lost", [1, 60, 119])
def test_a_log_that_lost_what_was_sealed_is_not_gone_on_with(lost: int) -> None:
    world = World(LOG, Faults({}))

    async def run() -> None:
        sealer = await world.start()
        sealer.take(LOG[:120])
        await sealer.seal()
        before = list(world.checkpoints.kept)
        world.log = [*LOG[:lost], *plain_log(320, "came instead")[lost:]]
        with pytest.raises(Corrupt):
            await world.seal_all(STEP)
        assert world.checkpoints.kept == before

    asyncio.run(run())
