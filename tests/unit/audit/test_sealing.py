"""Sealing takes the log in order, restarts without a second history, and stops at what is wrong."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.adapters.audit_store import MemoryCheckpoints, MemoryTiles
from app.audit.notes import Checkpoint, NoteRejected, NoteSigner, open_note
from app.audit.sealing import (
    HistoryForked,
    Ledger,
    NotOurCheckpoint,
    Rhythm,
    Sealed,
    SequenceBackwards,
    SequenceGap,
    Unsealable,
    seal,
)
from app.audit.tree import EdgeMissing, Tile, inclusion, unpack_entries, verify_inclusion
from app.ports.checkpoints import CheckpointTaken
from app.ports.tiles import TileMissing
from app.services.sealer import HistoryReplaced, Sealer
from events import chain
from events.codec import Raw
from events.signing import SigningKey, provider
from tests.support.plain_log import ORIGIN, chain_of, entry_of, plain, plain_log, root_of

SIGNER = NoteSigner(ORIGIN, SigningKey.from_seed(b"s" * 32))
PROVIDER = provider()


class Kept:
    """What survives a restart of the sealer."""

    def __init__(self) -> None:
        self.tiles = MemoryTiles()
        self.checkpoints = MemoryCheckpoints()

    async def start(self) -> Sealer:
        return await Sealer.start(SIGNER, self.tiles, self.checkpoints, PROVIDER)


async def sealed(log: list[Raw], kept: Kept | None = None) -> tuple[Sealer, Sealed]:
    sealer = await (kept or Kept()).start()
    sealer.take(log[sealer.size :])
    checkpoint = await sealer.seal()
    assert checkpoint is not None
    return sealer, checkpoint


async def test_a_checkpoint_says_what_the_log_holds() -> None:
    log = plain_log(300)
    sealer, checkpoint = await sealed(log)
    assert (checkpoint.size, checkpoint.root, checkpoint.chain_hash) == (300, root_of(log), chain_of(log))
    opened = open_note(checkpoint.note, [SIGNER.verifier], PROVIDER)
    assert Checkpoint.parse(opened.text) == Checkpoint(ORIGIN, 300, root_of(log))
    event = checkpoint.event()
    assert (event.size, event.root, event.chain_hash) == (300, root_of(log).hex(), chain_of(log).hex())
    assert event.note.encode() == checkpoint.note
    assert sealer.newest == checkpoint


async def test_each_event_gets_its_link_of_the_chain() -> None:
    log = plain_log(5)
    links = (await Kept().start()).take(log)
    for upto, (raw, link) in enumerate(zip(log, links, strict=True), start=1):
        assert (link.seq, link.entry, link.leaf) == (raw.seq, entry_of(raw), chain.leaf(entry_of(raw)))
        assert link.chain_hash == chain_of(log[:upto])


@given(st.lists(st.integers(0, 400), min_size=1, max_size=6), st.sets(st.integers(0, 5)))
@settings(max_examples=25)
def test_restarts_make_no_second_history(batches: list[int], restarts: set[int]) -> None:
    async def run() -> None:
        log, kept = plain_log(sum(batches)), Kept()
        sealer = await kept.start()
        for number, count in enumerate(batches):
            if number in restarts:
                # What was taken and not sealed is forgotten, and read again.
                sealer.take(log[sealer.size : sealer.size + 3])
                sealer = await kept.start()
            sealer.take(log[sealer.size : sealer.size + count])
            await sealer.keep()
            checkpoint = await sealer.seal()
            if sealer.size:
                assert checkpoint is not None
                upto = log[: sealer.size]
                assert (checkpoint.root, checkpoint.chain_hash) == (root_of(upto), chain_of(upto))
        unbroken = Kept()
        if sealer.size:
            await sealed(log[: sealer.size], unbroken)
        assert unbroken.tiles.kept.items() <= kept.tiles.kept.items()

    asyncio.run(run())


async def test_what_is_kept_proves_each_event() -> None:
    log, kept = plain_log(600), Kept()
    sealer = await kept.start()
    for start in range(0, 600, 77):
        sealer.take(log[start : start + 77])
        await sealer.seal()
    for index in (0, 255, 256, 599):
        plan = inclusion(index, 600)
        proof = plan.make(await kept.tiles.read(plan.tiles()))
        assert verify_inclusion(index, 600, chain.leaf(entry_of(log[index])), proof, root_of(log))
    bundle = unpack_entries(kept.tiles.read_one(Tile(-1, 1)))
    assert bundle == [entry_of(raw) for raw in log[256:512]]


async def test_partial_tiles_are_forgotten_when_they_are_full() -> None:
    log, kept = plain_log(600), Kept()
    sealer = await kept.start()
    for start in range(0, 600, 50):
        sealer.take(log[start : start + 50])
        await sealer.seal()
        size = sealer.size
        assert Tile(0, size // 256, size % 256) in kept.tiles.kept
    assert {tile.index for tile in kept.tiles.kept if tile.level == 0 and tile.width < 256} == {2}


@pytest.mark.parametrize(
    ("then", "error"),
    [
        (plain(5), SequenceGap),
        (plain(3), SequenceBackwards),
        (plain(1), SequenceBackwards),
        (replace(plain(4), stored_at=0), Unsealable),
        (replace(plain(4), subject="s" * 65_500), Unsealable),
        (replace(plain(4), subject="s" * 70_000), Unsealable),
    ],
)
async def test_what_is_not_the_next_event_halts_the_sealer_for_good(
    then: Raw, error: type[Exception]
) -> None:
    sealer, checkpoint = await sealed(plain_log(3))
    with pytest.raises(error):
        sealer.take([then])
    with pytest.raises(error):
        sealer.take([plain(4)])
    for again in (sealer.keep, sealer.seal):
        with pytest.raises(error):
            await again()
    assert sealer.newest == checkpoint


def test_a_ledger_takes_nothing_of_what_it_refuses() -> None:
    ledger = Ledger(ORIGIN)
    ledger.take(plain(1))
    before = (ledger.size, ledger.chain_hash, ledger.growth.root())
    with pytest.raises(SequenceGap):
        ledger.take(plain(3))
    assert (ledger.size, ledger.chain_hash, ledger.growth.root()) == before


async def test_nothing_new_is_no_new_checkpoint() -> None:
    kept = Kept()
    assert await (await kept.start()).seal() is None
    sealer, first = await sealed(plain_log(10), kept)
    assert await sealer.seal() == first
    assert kept.checkpoints.kept == [first]


async def test_a_start_recognises_the_log_that_it_sealed() -> None:
    log, kept = plain_log(257), Kept()
    await sealed(log, kept)
    sealer = await kept.start()
    for seq in (257, 256, 1):
        await sealer.recognise(log[seq - 1])
    with pytest.raises(HistoryReplaced) as replaced:
        await sealer.recognise(plain(257, "another"))
    assert replaced.value.facts == {"seq": 257}
    with pytest.raises(HistoryReplaced):
        await sealer.seal()


async def test_a_log_that_is_another_is_never_signed() -> None:
    kept = Kept()
    _, first = await sealed(plain_log(300), kept)
    other = Ledger(ORIGIN)
    for raw in plain_log(400, "another"):
        other.take(raw)
    plan = inclusion(0, 1)
    for proof in ([], [bytes(32)], plan.make({})):
        with pytest.raises(HistoryForked):
            seal(other, first, proof, SIGNER)


class Damaging(MemoryTiles):
    """Keeps as many bytes as it was given, and others."""

    async def store(self, tiles: Sequence[tuple[Tile, bytes]]) -> None:
        await super().store([(tile, bytes(len(content))) for tile, content in tiles if tile.level >= 0])


async def test_a_tree_that_is_not_kept_as_it_was_given_is_not_signed() -> None:
    log, kept = plain_log(600), Kept()
    _, first = await sealed(log[:300], kept)
    damaging = Damaging()
    damaging.kept = dict(kept.tiles.kept)
    sealer = await Sealer.start(SIGNER, damaging, kept.checkpoints, PROVIDER)
    sealer.take(log[300:])
    with pytest.raises(HistoryForked):
        await sealer.seal()
    assert kept.checkpoints.kept == [first]


async def test_a_start_refuses_what_does_not_fit_together() -> None:
    kept = Kept()
    _, checkpoint = await sealed(plain_log(300), kept)
    tile = Tile(0, 1, 44)
    for content, error in ((bytes(44 * 32), NotOurCheckpoint), (bytes(43 * 32), TileMissing)):
        good, kept.tiles.kept[tile] = kept.tiles.kept[tile], content
        with pytest.raises(error):
            await kept.start()
        kept.tiles.kept[tile] = good
    kept.tiles.kept[tile] = kept.tiles.kept[tile] + bytes(32)
    for wrong, refusal in (
        (replace(checkpoint, size=299), NotOurCheckpoint),
        (replace(checkpoint, root=bytes(32)), NotOurCheckpoint),
        (replace(checkpoint, note=checkpoint.note.replace(b"300", b"301")), NoteRejected),
    ):
        kept.checkpoints.kept = [wrong]
        with pytest.raises(refusal):
            await kept.start()
    kept.checkpoints.kept = [checkpoint]
    del kept.tiles.kept[Tile(1, 0, 1)]
    with pytest.raises((TileMissing, EdgeMissing)):
        await kept.start()


async def test_another_key_goes_on_only_where_the_earlier_one_is_known() -> None:
    log, kept = plain_log(20), Kept()
    await sealed(log[:10], kept)
    new = NoteSigner(ORIGIN, SigningKey.from_seed(b"n" * 32))
    with pytest.raises(NoteRejected):
        await Sealer.start(new, kept.tiles, kept.checkpoints, PROVIDER)
    sealer = await Sealer.start(new, kept.tiles, kept.checkpoints, PROVIDER, earlier=[SIGNER.verifier])
    sealer.take(log[10:])
    checkpoint = await sealer.seal()
    assert checkpoint is not None
    assert open_note(checkpoint.note, [new.verifier], PROVIDER)


async def test_two_sealers_of_one_log_do_not_overtake_each_other() -> None:
    log, kept = plain_log(20), Kept()
    one, other = await kept.start(), await kept.start()
    one.take(log[:10])
    other.take(log)
    await one.seal()
    with pytest.raises(CheckpointTaken):
        await other.seal()
    assert [checkpoint.size for checkpoint in kept.checkpoints.kept] == [10]


async def test_the_log_speaking_of_itself_is_no_reason_to_seal() -> None:
    sealer, _ = await sealed(plain_log(3))
    sealer.take([replace(plain(4), subject="symbi.evt._.log.sealer.checkpoint.sealed")])
    assert sealer.unsealed == 0
    sealer.take([plain(5)])
    assert sealer.unsealed == 1
    await sealer.seal()
    assert sealer.unsealed == 0


def test_it_is_time_every_second_under_load_and_every_minute_without() -> None:
    rhythm = Rhythm()
    assert rhythm.due(1.0, unsealed=1)
    assert not rhythm.due(0.9, unsealed=1_000_000)
    assert not rhythm.due(59.9, unsealed=0)
    assert rhythm.due(60.0, unsealed=0)
