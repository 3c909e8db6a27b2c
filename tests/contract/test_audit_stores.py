"""What every store of tiles and of checkpoints promises: a directory, memory."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from app.adapters.audit_store import (
    AuditStoreUnavailable,
    DirectoryTiles,
    FileCheckpoints,
    MemoryCheckpoints,
    MemoryTiles,
)
from app.audit.notes import Checkpoint, Cosigner, Note, NoteSigner
from app.audit.sealing import Sealed
from app.audit.tree import Tile, pack_entries
from app.ports.checkpoints import CheckpointDamaged, CheckpointStore, CheckpointTaken
from app.ports.tiles import TileMissing, TileStore
from events.signing import SigningKey

SIGNER = NoteSigner("log.example", SigningKey.from_seed(b"s" * 32))
WITNESSES = [Cosigner(f"w{n}.example", SigningKey.from_seed(bytes([n]) * 32)) for n in range(2)]


def hashes(count: int, seed: int = 0) -> bytes:
    return b"".join((seed * 1000 + number).to_bytes(32, "big") for number in range(count))


def checkpoint(size: int) -> Sealed:
    text = Checkpoint("log.example", size, hashes(1, size)).text
    return Sealed(size, hashes(1, size), hashes(1, -size % 97), Note(text, (SIGNER.sign(text),)).to_bytes())


def cosigned(sealed: Sealed, *witnesses: Cosigner) -> Sealed:
    text = Note.parse(sealed.note).text
    return sealed.with_lines(witness.sign(text, 1_790_000_000) for witness in witnesses)


@pytest.fixture(params=["directory", "memory"])
def tiles(request: pytest.FixtureRequest, tmp_path: Path) -> TileStore:
    return DirectoryTiles(tmp_path / "audit") if request.param == "directory" else MemoryTiles()


@pytest.fixture(params=["files", "memory"])
def reopen(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[[], CheckpointStore]:
    """Opens the same store, as another process would; memory there is only one of."""
    if request.param == "files":
        return lambda: FileCheckpoints(tmp_path / "audit")
    memory = MemoryCheckpoints()
    return lambda: memory


async def test_tiles_come_back_as_they_were_stored(tiles: TileStore) -> None:
    stored = {
        Tile(0, 1_234_067): hashes(256),
        Tile(0, 5, 7): hashes(7, 5),
        Tile(3, 0, 1): hashes(1, 3),
        Tile(-1, 5, 2): pack_entries([b"one", b"two"]),
    }
    await tiles.store(list(stored.items()))
    assert dict(await tiles.read(stored)) == stored
    assert await tiles.read([]) == {}


async def test_a_tile_that_is_not_there_is_missing(tiles: TileStore) -> None:
    await tiles.store([(Tile(0, 1, 7), hashes(7)), (Tile(0, 2), hashes(255))])
    for tile in (Tile(0, 0), Tile(0, 1), Tile(0, 1, 6), Tile(0, 1, 8), Tile(1, 1, 7), Tile(0, 2)):
        with pytest.raises(TileMissing) as missing:
            await tiles.read([tile])
        assert missing.value.facts == {"path": tile.path}


async def test_storing_again_replaces(tiles: TileStore) -> None:
    for seed in (1, 2):
        await tiles.store([(Tile(0, 0, 7), hashes(7, seed))])
        assert (await tiles.read([Tile(0, 0, 7)]))[Tile(0, 0, 7)] == hashes(7, seed)


async def test_the_head_of_a_full_tile_does_for_a_partial_one(tiles: TileStore) -> None:
    entries = [b"entry %d" % number for number in range(256)]
    await tiles.store([(Tile(0, 0, 7), hashes(7)), (Tile(-1, 0, 7), pack_entries(entries[:7]))])
    await tiles.store([(Tile(0, 0), hashes(256)), (Tile(-1, 0), pack_entries(entries))])
    await tiles.forget_partial([Tile(0, 0), Tile(-1, 0), Tile(4, 4)])
    wanted = [Tile(0, 0, 7), Tile(-1, 0, 9), Tile(0, 0)]
    assert list((await tiles.read(wanted)).values()) == [hashes(7), pack_entries(entries[:9]), hashes(256)]


async def test_partial_tiles_are_forgotten_in_their_place_only(tiles: TileStore) -> None:
    for tile in (Tile(0, 0, 7), Tile(0, 0, 8), Tile(0, 1, 8), Tile(1, 0, 8)):
        await tiles.store([(tile, hashes(tile.width))])
    await tiles.forget_partial([Tile(0, 0)])
    assert len(await tiles.read([Tile(0, 1, 8), Tile(1, 0, 8)])) == 2
    for width in (7, 8):
        with pytest.raises(TileMissing):
            await tiles.read([Tile(0, 0, width)])


async def test_checkpoints_come_back_in_order(reopen: Callable[[], CheckpointStore]) -> None:
    store = reopen()
    assert await store.newest() is None
    assert [one async for one in store.read()] == []
    before = None
    for size in (1, 5, 1200):
        await store.append(checkpoint(size), after=before)
        before = size
        assert await store.newest() == checkpoint(size)
        assert await reopen().newest() == checkpoint(size)
    assert [one async for one in reopen().read()] == [checkpoint(1), checkpoint(5), checkpoint(1200)]
    assert [one async for one in reopen().read(after=5)] == [checkpoint(1200)]


@pytest.mark.parametrize("after", [None, 1, 4, 6])
async def test_a_checkpoint_follows_the_newest_one_or_is_refused(
    reopen: Callable[[], CheckpointStore], after: int | None
) -> None:
    store, other = reopen(), reopen()
    await store.append(checkpoint(1), after=None)
    assert await other.newest() == checkpoint(1)
    await store.append(checkpoint(5), after=1)
    with pytest.raises(CheckpointTaken):
        await other.append(checkpoint(7), after=after)
    assert await reopen().newest() == checkpoint(5)


async def test_cosignatures_are_added_whenever_they_come(reopen: Callable[[], CheckpointStore]) -> None:
    store, (one, other) = reopen(), WITNESSES
    for size, before in ((1, None), (2, 1), (3, 2)):
        await store.append(checkpoint(size), after=before)
    await store.cosigned(cosigned(checkpoint(2), one))
    await store.cosigned(cosigned(checkpoint(3), one))
    await store.cosigned(cosigned(checkpoint(3), other))
    both = cosigned(checkpoint(3), one, other)
    assert await store.newest() == await reopen().newest() == both
    assert [each async for each in reopen().read()] == [checkpoint(1), cosigned(checkpoint(2), one), both]
    await store.append(checkpoint(4), after=3)
    assert await reopen().newest() == checkpoint(4)


async def test_a_large_history_of_checkpoints_is_read_from_its_end(
    reopen: Callable[[], CheckpointStore],
) -> None:
    store = reopen()
    before = None
    for size in range(1, 200):
        await store.append(checkpoint(size), after=before)
        before = size
    assert await reopen().newest() == checkpoint(199)
    assert [one.size async for one in reopen().read()] == list(range(1, 200))


@pytest.mark.parametrize("torn", [1, 100, -1])
async def test_half_a_line_is_what_a_crash_left_and_does_not_count(tmp_path: Path, torn: int) -> None:
    store, path = FileCheckpoints(tmp_path), tmp_path / "checkpoints.jsonl"
    await store.append(checkpoint(1), after=None)
    whole = path.stat().st_size
    await store.append(checkpoint(2), after=1)
    os.truncate(path, whole + torn if torn > 0 else path.stat().st_size + torn)
    assert await FileCheckpoints(tmp_path).newest() == checkpoint(1)
    again = FileCheckpoints(tmp_path)
    await again.append(checkpoint(3), after=1)
    assert [one.size async for one in again.read()] == [1, 3]


async def test_a_damaged_line_is_reported(tmp_path: Path) -> None:
    store = FileCheckpoints(tmp_path)
    await store.append(checkpoint(1), after=None)
    (tmp_path / "checkpoints.jsonl").write_bytes(b'{"size":1}\n')
    with pytest.raises(CheckpointDamaged):
        await FileCheckpoints(tmp_path).newest()


async def test_the_directory_is_one_that_any_web_server_can_offer(tmp_path: Path) -> None:
    await DirectoryTiles(tmp_path).store([(Tile(0, 1_234_067), hashes(256)), (Tile(2, 0, 9), hashes(9))])
    await FileCheckpoints(tmp_path).append(checkpoint(5), after=None)
    assert (tmp_path / "tile/0/x001/x234/067").read_bytes() == hashes(256)
    assert (tmp_path / "tile/2/000.p/9").read_bytes() == hashes(9)
    assert (tmp_path / "checkpoint").read_bytes() == checkpoint(5).note


async def test_an_error_of_the_file_system_is_unavailable(tmp_path: Path) -> None:
    (tmp_path / "audit").write_bytes(b"a file")
    with pytest.raises(AuditStoreUnavailable):
        await DirectoryTiles(tmp_path / "audit").store([(Tile(0, 0), hashes(256))])
    with pytest.raises(AuditStoreUnavailable):
        await FileCheckpoints(tmp_path / "audit").newest()


async def test_a_line_that_could_not_be_synced_is_not_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = FileCheckpoints(tmp_path)
    await store.append(checkpoint(1), after=None)

    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr("os.fsync", full)
        with pytest.raises(AuditStoreUnavailable, match="No space left"):
            await store.append(checkpoint(2), after=1)
    assert await store.newest() == await FileCheckpoints(tmp_path).newest() == checkpoint(1)
