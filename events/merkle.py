"""The Merkle tree over the log: RFC 6962's hashes, grown one leaf at a time."""

import hashlib
from collections.abc import Iterable, Sequence

EMPTY_ROOT = hashlib.sha256(b"").digest()
"""The root of a tree without leaves."""


def leaf_hash(entry: bytes) -> bytes:
    """SHA-256(0x00 || *entry*) (RFC 6962, 2.1): 32 bytes."""
    return hashlib.sha256(b"\x00" + entry).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """SHA-256(0x01 || *left* || *right*) (RFC 6962, 2.1): 32 bytes."""
    return hashlib.sha256(b"\x01" + left + right).digest()


def root(leaves: Iterable[bytes]) -> bytes:
    """The root of the tree over these leaf hashes, in this order."""
    tree = CompactRange()
    for leaf in leaves:
        tree.append(leaf)
    return tree.root()


class CompactRange:
    """A tree of any size, kept as the roots of its perfect subtrees: one hash for each bit set in its size.

    `CompactRange(tree.size, tree.hashes)` goes on where *tree* stands, in another process too.
    """

    def __init__(self, size: int = 0, hashes: Sequence[bytes] = ()) -> None:
        """Raises `ValueError` when that many hashes cannot be those of a tree of that *size*."""
        if size < 0 or len(hashes) != size.bit_count() or any(len(one) != 32 for one in hashes):
            raise ValueError(f"a tree of {size} leaves is not these {len(hashes)} hashes")
        self._size = size
        self._hashes = list(hashes)

    @property
    def size(self) -> int:
        """How many leaves the tree has."""
        return self._size

    @property
    def hashes(self) -> tuple[bytes, ...]:
        """The roots of its perfect subtrees, the largest first."""
        return tuple(self._hashes)

    def append(self, leaf: bytes) -> None:
        """Add one leaf, given by its hash."""
        merged = leaf
        # Each trailing one bit of the size is a perfect subtree that the new leaf completes to a larger one.
        size = self._size
        while size & 1:
            merged = node_hash(self._hashes.pop(), merged)
            size >>= 1
        self._hashes.append(merged)
        self._size += 1

    def root(self) -> bytes:
        """The root of the tree as it is now: 32 bytes."""
        if not self._hashes:
            return EMPTY_ROOT
        merged = self._hashes[-1]
        for one in reversed(self._hashes[:-1]):
            merged = node_hash(one, merged)
        return merged
