"""Trees as tiles: what they hold, that they go on where they were left, and what can be proven from them."""

import hashlib
from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.audit.tree import (
    ENTRIES,
    EdgeMissing,
    Growth,
    MalformedBundle,
    MalformedProof,
    Tile,
    TlogProof,
    consistency,
    edge,
    edge_of,
    hashes,
    inclusion,
    pack_entries,
    tile_of,
    tree,
    unpack_entries,
    verify_consistency,
    verify_inclusion,
)
from events.merkle import CompactRange, leaf_hash, node_hash, root
from tests.unit.test_merkle import LEAVES, ROOTS

Tiles = dict[Tile, bytes]


def entry(number: int) -> bytes:
    return f"entry {number}".encode()


def leaf(number: int) -> bytes:
    return leaf_hash(entry(number))


def grown(size: int, growth: Growth | None = None) -> tuple[Growth, Tiles]:
    """A tree of *size* entries, gone on with from *growth*, and what it gave away."""
    growth = growth or Growth()
    tiles: Tiles = {}
    for number in range(growth.size, size):
        growth.append(entry(number), leaf(number))
        tiles.update(growth.completed())
    tiles.update(growth.partial())
    return growth, tiles


def defined_root(leaves: Sequence[bytes]) -> bytes:
    """RFC 6962, 2.1: MTH."""
    if len(leaves) < 2:
        return leaves[0] if leaves else hashlib.sha256(b"").digest()
    split = 1 << (len(leaves) - 1).bit_length() - 1
    return node_hash(defined_root(leaves[:split]), defined_root(leaves[split:]))


def defined_path(index: int, leaves: Sequence[bytes]) -> list[bytes]:
    """RFC 6962, 2.1.1: PATH."""
    if len(leaves) < 2:
        return []
    split = 1 << (len(leaves) - 1).bit_length() - 1
    if index < split:
        return [*defined_path(index, leaves[:split]), defined_root(leaves[split:])]
    return [*defined_path(index - split, leaves[split:]), defined_root(leaves[:split])]


def defined_subproof(old: int, leaves: Sequence[bytes], *, whole: bool = True) -> list[bytes]:
    """RFC 6962, 2.1.2: SUBPROOF; with *whole*, PROOF."""
    if old == len(leaves):
        return [] if whole else [defined_root(leaves)]
    split = 1 << (len(leaves) - 1).bit_length() - 1
    if old <= split:
        return [*defined_subproof(old, leaves[:split], whole=whole), defined_root(leaves[split:])]
    return [*defined_subproof(old - split, leaves[split:], whole=False), defined_root(leaves[:split])]


HEXED = {
    (0, 8): ["96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
             "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
             "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4"],
    (5, 8): ["bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
             "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
             "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7"],
    (2, 3): ["fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125"],
    (1, 5): ["6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
             "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
             "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b"],
}  # fmt: skip
"""Inclusion proofs (index, size) that implementations of Certificate Transparency test with."""

HEXED_CONSISTENCY = {
    (1, 1): [],
    (1, 8): ["96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
             "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
             "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4"],
    (6, 8): ["0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a",
             "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
             "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7"],
    (2, 5): ["5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
             "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b"],
}  # fmt: skip
"""The same for consistency (old size, new size)."""


def published(size: int) -> Tiles:
    growth = Growth()
    for one in LEAVES[:size]:
        growth.append(one, leaf_hash(one))
    assert growth.root().hex() == ROOTS[size - 1]
    return dict(growth.partial())


@pytest.mark.parametrize(("place", "proof"), HEXED.items())
def test_the_published_inclusion_proofs_are_made_and_verify(place: tuple[int, int], proof: list[str]) -> None:
    index, size = place
    made = inclusion(index, size).make(published(size))
    assert [one.hex() for one in made] == proof
    expected = bytes.fromhex(ROOTS[size - 1])
    assert verify_inclusion(index, size, leaf_hash(LEAVES[index]), made, expected)


@pytest.mark.parametrize(("sizes", "proof"), HEXED_CONSISTENCY.items())
def test_the_published_consistency_proofs_are_made_and_verify(
    sizes: tuple[int, int], proof: list[str]
) -> None:
    old, new = sizes
    made = consistency(old, new).make(published(new))
    assert [one.hex() for one in made] == proof
    old_root, new_root = (bytes.fromhex(ROOTS[size - 1]) for size in sizes)
    assert verify_consistency(old, new, made, old_root, new_root)


def test_every_proof_in_small_trees_is_the_defined_one_and_verifies() -> None:
    for size in range(1, 20):
        _, tiles = grown(size)
        leaves = [leaf(number) for number in range(size)]
        for index in range(size):
            proof = inclusion(index, size).make(tiles)
            assert proof == defined_path(index, leaves)
            assert verify_inclusion(index, size, leaf(index), proof, root(leaves))
        for old in range(1, size + 1):
            proof = consistency(old, size).make(tiles)
            assert proof == defined_subproof(old, leaves)
            assert verify_consistency(old, size, proof, root(leaves[:old]), root(leaves))


SIZES = st.integers(1, 300) | st.sampled_from([255, 256, 257, 511, 512, 513, 65_535, 65_536, 65_793, 70_000])
_, LARGE = grown(70_000)
LARGE_LEAVES = [leaf(number) for number in range(70_000)]


def tiles_for(size: int) -> Tiles:
    """The tiles of a smaller tree: cut from those of the large one."""
    tiles: Tiles = {}
    for tile, content in LARGE.items():
        if tile.level >= 0:
            width = min(256, (size >> (8 * tile.level)) - tile.index * 256)
            if width > 0:
                tiles[Tile(tile.level, tile.index, width)] = content[: width * 32]
    return tiles


@given(SIZES, st.data())
@settings(max_examples=25)
def test_proofs_in_larger_trees_verify_and_need_few_tiles(size: int, data: st.DataObject) -> None:
    index = data.draw(st.integers(0, size - 1))
    tiles, leaves = tiles_for(size), LARGE_LEAVES[:size]
    plan = inclusion(index, size)
    assert len(plan.tiles()) <= 6
    proof = plan.make({tile: tiles[tile] for tile in plan.tiles()})
    assert proof == defined_path(index, leaves)
    assert verify_inclusion(index, size, leaves[index], proof, root(leaves))
    old = data.draw(st.integers(1, size))
    proof = consistency(old, size).make(tiles)
    assert proof == defined_subproof(old, leaves)
    assert tree(size).make(tiles) == [root(leaves)]
    assert CompactRange(size, edge_of(size).make(tiles)).root() == root(leaves)


@given(st.integers(2, 40), st.data())
def test_a_changed_proof_shows_nothing(size: int, data: st.DataObject) -> None:
    index = data.draw(st.integers(0, size - 1))
    _, tiles = grown(size)
    good = inclusion(index, size).make(tiles)
    whole = root(leaf(number) for number in range(size))
    at = data.draw(st.integers(0, len(good) - 1))
    for bad in (
        [*good[:at], bytes(32), *good[at + 1 :]],
        [*good[:at], *good[at + 1 :]],
        [*good, good[at]],
        [*good[:at], good[at], *good[at:]],
    ):
        assert not verify_inclusion(index, size, leaf(index), bad, whole)
    assert not verify_inclusion(index, size, leaf(index + 1), good, whole)
    assert not verify_inclusion((index + 1) % size, size, leaf(index), good, whole)
    assert not verify_inclusion(index, size, leaf(index), good, bytes(32))
    assert not verify_inclusion(size, size, leaf(index), good, whole)
    assert not verify_inclusion(-1, size, leaf(index), good, whole)


@given(st.integers(2, 40), st.data())
def test_a_changed_consistency_proof_shows_nothing(size: int, data: st.DataObject) -> None:
    old = data.draw(st.integers(1, size - 1))
    leaves = [leaf(number) for number in range(size)]
    good = defined_subproof(old, leaves)
    before, after = root(leaves[:old]), root(leaves)
    assert verify_consistency(old, size, good, before, after)
    at = data.draw(st.integers(0, len(good) - 1))
    for bad in ([*good[:at], bytes(32), *good[at + 1 :]], [*good[:at], *good[at + 1 :]], [*good, good[at]]):
        assert not verify_consistency(old, size, bad, before, after)
    assert not verify_consistency(old, size, good, bytes(32), after)
    assert not verify_consistency(old, size, good, before, bytes(32))
    assert not verify_consistency(size, old, good, after, before)
    assert not verify_consistency(size, size, [], before, after)
    assert not verify_consistency(0, size, good, before, after)


def test_a_tree_of_70000_has_the_tiles_of_the_specification() -> None:
    hashed = [tile for tile in LARGE if tile.level >= 0]
    assert sum(tile.level == 0 and tile.width == 256 for tile in hashed) == 273
    assert {tile for tile in hashed if tile.width < 256} == {Tile(0, 273, 112), Tile(1, 1, 17), Tile(2, 0, 1)}
    assert {tile for tile in hashed if tile.level and tile.width == 256} == {Tile(1, 0)}
    assert set(edge(256)) == {Tile(1, 0, 1)}
    for tile, content in LARGE.items():
        expected = LARGE_LEAVES[tile.index * 256 : tile.index * 256 + tile.width]
        if tile.level == 0:
            assert hashes(content) == expected
        elif tile.level == ENTRIES:
            assert [leaf_hash(one) for one in unpack_entries(content)] == expected
        else:
            below = [LARGE[Tile(tile.level - 1, tile.index * 256 + at)] for at in range(tile.width)]
            assert hashes(content) == [root(hashes(one)) for one in below]


@pytest.mark.parametrize(
    ("tile", "path"),
    [
        (Tile(0, 1_234_067), "tile/0/x001/x234/067"),
        (Tile(0, 0), "tile/0/000"),
        (Tile(3, 999, 1), "tile/3/999.p/1"),
        (Tile(63, 1000, 255), "tile/63/x001/000.p/255"),
        (Tile(ENTRIES, 1_234_067, 8), "tile/entries/x001/x234/067.p/8"),
    ],
)
def test_a_tile_has_the_path_of_the_specification(tile: Tile, path: str) -> None:
    assert tile.path == path
    assert Tile.parse(path) == tile


@pytest.mark.parametrize(
    "path",
    [
        "tile/0/1",
        "tile/00/001",
        "tile/64/001",
        "tile/-1/001",
        "tile/0/x000/001",
        "tile/0/001/002",
        "tile/0/x001",
        "tile/0/001.p/0",
        "tile/0/001.p/01",
        "tile/0/001.p/256",
        "tile/0/001.p/300",
        "tile/0/001/",
        "tile/0/٠٠١",
        "../tile/0/001",
        "tile/data/001",
    ],
)
def test_another_spelling_is_no_path_of_a_tile(path: str) -> None:
    with pytest.raises(ValueError, match="no path of a tile"):
        Tile.parse(path)


def test_a_tree_has_only_its_own_tiles() -> None:
    assert tile_of(0, 0, 256) == Tile(0, 0)
    assert tile_of(0, 1, 257) == Tile(0, 1, 1)
    for level, index in ((0, 1), (1, 1), (2, 0)):
        with pytest.raises(ValueError, match="has no tile"):
            tile_of(level, index, 256)


@given(st.integers(0, 1100), st.integers(0, 600))
def test_a_tree_goes_on_from_its_stored_edge_as_if_it_had_never_stopped(pause: int, more: int) -> None:
    before, stored = grown(pause)
    resumed = Growth.resume(pause, {tile: stored[tile] for tile in edge(pause)})
    assert (resumed.size, resumed.root()) == (pause, before.root())
    resumed, after = grown(pause + more, resumed)
    unbroken, whole = grown(pause + more)
    assert resumed.root() == unbroken.root()
    assert after == {tile: whole[tile] for tile in after}
    assert dict(resumed.partial()) == dict(unbroken.partial())


@pytest.mark.parametrize("size", [1, 255, 257, 70_000])
def test_a_tree_does_not_go_on_from_another_edge(size: int) -> None:
    _, stored = grown(size) if size < 1000 else (None, LARGE)
    for tile in edge(size):
        good = {one: stored[one] for one in edge(size)}
        for bad in (good[tile][:-1], good[tile] + b"x", b""):
            with pytest.raises(EdgeMissing):
                Growth.resume(size, {**good, tile: bad})
        del good[tile]
        with pytest.raises(EdgeMissing):
            Growth.resume(size, good)


def test_a_growing_tree_keeps_its_edge_only() -> None:
    growth = Growth()
    for number in range(3000):
        growth.append(entry(number), leaf(number))
        growth.completed()
    assert growth.completed() == []
    assert [tile for tile, _ in growth.partial()] == [
        Tile(ENTRIES, 11, 184),
        Tile(0, 11, 184),
        Tile(1, 0, 11),
    ]


@given(st.lists(st.binary(max_size=300), max_size=20))
def test_a_bundle_gives_its_entries_back(entries: list[bytes]) -> None:
    assert unpack_entries(pack_entries(entries)) == entries


def test_a_bundle_is_length_and_entry_after_length_and_entry() -> None:
    assert pack_entries([b"ab", b"", b"c" * 256]) == b"\0\2ab" + b"\0\0" + b"\1\0" + b"c" * 256
    with pytest.raises(ValueError, match="longer than a bundle"):
        pack_entries([bytes(65_536)])


@pytest.mark.parametrize("raw", [b"\0", b"\0\1", b"\0\2a", b"\0\1ab", b"\0\1a\0"])
def test_a_bundle_that_ends_too_early_is_refused(raw: bytes) -> None:
    with pytest.raises(MalformedBundle):
        unpack_entries(raw)


def test_there_is_no_proof_of_what_is_not_there() -> None:
    for index, size in ((0, 0), (5, 5), (-1, 5)):
        with pytest.raises(ValueError, match="no leaf"):
            inclusion(index, size)
    with pytest.raises(ValueError, match="does not begin"):
        consistency(6, 5)
    assert consistency(0, 5).spans == consistency(5, 5).spans == tree(0).spans == ()


PROOF = TlogProof(7, (b"a" * 32, b"b" * 32), b"origin\n8\nroot\n\n- sig\n", b"extra")


@pytest.mark.parametrize("proof", [PROOF, TlogProof(0, (), b"note\n"), TlogProof(1, (b"x" * 32,), b"", b"")])
def test_a_proof_file_gives_back_what_it_holds(proof: TlogProof) -> None:
    assert TlogProof.parse(proof.to_bytes()) == proof


def test_a_proof_file_is_laid_out_line_by_line() -> None:
    assert PROOF.to_bytes().decode().split("\n") == [
        "c2sp.org/tlog-proof@v1",
        "extra ZXh0cmE=",
        "index 7",
        "YWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWE=",
        "YmJiYmJiYmJiYmJiYmJiYmJiYmJiYmJiYmJiYmJiYmI=",
        "",
        "origin",
        "8",
        "root",
        "",
        "- sig",
        "",
    ]


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"c2sp.org/tlog-proof@v1\nindex 1\n",
        b"c2sp.org/tlog-proof@v2\nindex 1\n\nnote",
        b"c2sp.org/tlog-proof@v1\n\nnote",
        b"c2sp.org/tlog-proof@v1\nindex 01\n\nnote",
        b"c2sp.org/tlog-proof@v1\nindex -1\n\nnote",
        b"c2sp.org/tlog-proof@v1\nindex 1\nextra AA==\n\nnote",
        b"c2sp.org/tlog-proof@v1\nextra A\nindex 1\n\nnote",
        b"c2sp.org/tlog-proof@v1\nindex 1\nAAAA\n\nnote",
        b"c2sp.org/tlog-proof@v1\nindex 1\n\xff\n\nnote",
    ],
)
def test_what_is_no_proof_file_is_refused(raw: bytes) -> None:
    with pytest.raises(MalformedProof):
        TlogProof.parse(raw)
