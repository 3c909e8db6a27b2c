"""The tree gives RFC 6962's published hashes, and the same root however it was grown."""

import hashlib
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from events.merkle import EMPTY_ROOT, CompactRange, leaf_hash, node_hash, root

LEAVES = [
    bytes.fromhex(text)
    for text in (
        "",
        "00",
        "10",
        "2021",
        "3031",
        "40414243",
        "5051525354555657",
        "606162636465666768696a6b6c6d6e6f",
    )
]
"""The leaves that implementations of Certificate Transparency test with."""

ROOTS = [
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]
"""The roots of the first one to eight of them."""

hashes = st.binary(min_size=32, max_size=32)


@pytest.mark.parametrize("size", range(1, 9))
def test_the_published_roots(size: int) -> None:
    assert root(leaf_hash(leaf) for leaf in LEAVES[:size]).hex() == ROOTS[size - 1]


def test_the_published_hashes() -> None:
    assert EMPTY_ROOT.hex() == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    assert root([]) == EMPTY_ROOT
    assert leaf_hash(b"").hex() == "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d"
    assert leaf_hash(b"L123456").hex() == "395aa064aa4c29f7010acfe3f25db9485bbd4b91897b6ad7ad547639252b4d56"
    assert (
        node_hash(b"N123", b"N456").hex()
        == "aa217fe888e47007fa15edab33c2b492a722cb106c64667fc2b044444de66bbb"
    )


def merkle_tree_hash(leaves: Sequence[bytes]) -> bytes:
    """RFC 6962's own definition, from the top down."""
    if len(leaves) < 2:
        return leaves[0] if leaves else hashlib.sha256(b"").digest()
    split = 1 << (len(leaves) - 1).bit_length() - 1
    return node_hash(merkle_tree_hash(leaves[:split]), merkle_tree_hash(leaves[split:]))


@given(st.lists(hashes, max_size=70))
def test_growing_gives_the_defined_root_at_every_size(leaves: list[bytes]) -> None:
    tree = CompactRange()
    for size, leaf in enumerate(leaves):
        assert tree.root() == merkle_tree_hash(leaves[:size])
        tree.append(leaf)
    assert tree.root() == merkle_tree_hash(leaves)
    assert len(tree.hashes) == tree.size.bit_count()


@given(st.lists(hashes, max_size=40), st.data())
def test_a_tree_goes_on_where_it_was_kept(leaves: list[bytes], data: st.DataObject) -> None:
    pause = data.draw(st.integers(0, len(leaves)))
    tree = CompactRange()
    for leaf in leaves[:pause]:
        tree.append(leaf)
    kept = CompactRange(tree.size, tree.hashes)
    for leaf in leaves[pause:]:
        kept.append(leaf)
    assert (kept.size, kept.root()) == (len(leaves), root(leaves))


@pytest.mark.parametrize(
    ("size", "hashes"), [(-1, [b"." * 32]), (1, []), (2, [b"." * 32] * 2), (1, [b"short"]), (0, [b"." * 32])]
)
def test_hashes_that_are_no_tree_of_that_size_are_refused(size: int, hashes: list[bytes]) -> None:
    with pytest.raises(ValueError, match="is not these"):
        CompactRange(size, hashes)
