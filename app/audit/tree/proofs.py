"""Proofs that an entry is in a tree, and that one tree begins like another (RFC 9162, 2.1.3 and 2.1.4)."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from events.merkle import CompactRange, node_hash

from .tiles import HASH, HEIGHT, WIDTH, Tile, hashes, tile_of

Span = tuple[int, int]
"""Consecutive leaves: the first one, and the one after the last."""


@dataclass(frozen=True, slots=True)
class Plan:
    """A proof to be made: of which leaves each of its hashes is the root, in the tree of *size* entries."""

    size: int
    spans: tuple[Span, ...]

    def tiles(self) -> list[Tile]:
        """The tiles that `make` needs; for a tree of ten million entries not more than six."""
        return sorted({_place(height, index, self.size)[0] for height, index in self._perfect()})

    def make(self, tiles: Mapping[Tile, bytes]) -> list[bytes]:
        """The hashes of the proof, in its order.

        Raises:
            KeyError: a tile is missing.
        """
        return [_root(span, self.size, tiles) for span in self.spans]

    def _perfect(self) -> Iterator[tuple[int, int]]:
        for span in self.spans:
            yield from _perfect(span)


def inclusion(index: int, size: int) -> Plan:
    """The proof that the leaf at *index* is in the tree of *size* entries.

    Raises:
        ValueError: that tree has no such leaf.
    """
    if not 0 <= index < size:
        raise ValueError(f"the tree of {size} entries has no leaf {index}")
    spans: list[Span] = []
    low, high = 0, size
    while high - low > 1:
        split = low + _split(high - low)
        if index < split:
            spans.append((split, high))
            high = split
        else:
            spans.append((low, split))
            low = split
    return Plan(size, tuple(reversed(spans)))


def consistency(old: int, new: int) -> Plan:
    """The proof that the tree of *new* entries begins with that of *old* ones; empty for 0 and for equals.

    Raises:
        ValueError: the old tree is the larger one.
    """
    if not 0 <= old <= new:
        raise ValueError(f"a tree of {new} entries does not begin with one of {old}")
    spans: list[Span] = []
    low, high, whole = 0, new, True
    while 0 < old < high:
        split = low + _split(high - low)
        if old <= split:
            spans.append((split, high))
            high = split
        else:
            spans.append((low, split))
            low, whole = split, False
    if spans and not whole:
        spans.append((low, high))
    return Plan(new, tuple(reversed(spans)))


def tree(size: int) -> Plan:
    """The root of the tree of *size* entries, as one hash; size 0 has no plan, its root is known."""
    return Plan(size, ((0, size),) if size else ())


def edge_of(size: int) -> Plan:
    """The roots of its perfect subtrees, the largest first: what a `CompactRange` goes on from."""
    return Plan(size, tuple((i << h, (i + 1) << h) for h, i in _perfect((0, size))))


def verify_inclusion(index: int, size: int, leaf: bytes, proof: Sequence[bytes], root: bytes) -> bool:
    """Whether *proof* shows that *leaf* is at *index* in the tree of *size* entries with that *root*."""
    if not 0 <= index < size or len(leaf) != HASH:
        return False
    fn, sn, at = index, size - 1, leaf
    for one in proof:
        if sn == 0:
            return False
        if fn & 1 or fn == sn:
            at = node_hash(one, at)
            while not fn & 1 and fn:
                fn, sn = fn >> 1, sn >> 1
        else:
            at = node_hash(at, one)
        fn, sn = fn >> 1, sn >> 1
    return sn == 0 and at == root


def verify_consistency(old: int, new: int, proof: Sequence[bytes], old_root: bytes, new_root: bytes) -> bool:
    """Whether *proof* shows that the tree of *new* entries begins with that of *old* ones.

    Nothing shows that of the empty tree, with which every tree begins: false for *old* 0.
    """
    if not 0 < old <= new or len(old_root) != HASH:
        return False
    if old == new:
        return not proof and old_root == new_root
    if not proof:
        return False
    path = list(proof) if old & (old - 1) else [old_root, *proof]
    fn, sn = old - 1, new - 1
    while fn & 1:
        fn, sn = fn >> 1, sn >> 1
    fr = sr = path[0]
    for one in path[1:]:
        if sn == 0:
            return False
        if fn & 1 or fn == sn:
            fr, sr = node_hash(one, fr), node_hash(one, sr)
            while not fn & 1 and fn:
                fn, sn = fn >> 1, sn >> 1
        else:
            sr = node_hash(sr, one)
        fn, sn = fn >> 1, sn >> 1
    return sn == 0 and fr == old_root and sr == new_root


def _split(count: int) -> int:
    """The largest power of two below *count*."""
    return 1 << (count - 1).bit_length() - 1


def _perfect(span: Span) -> Iterator[tuple[int, int]]:
    """The perfect subtrees of a span that begins where a tree can: height and index, the largest first."""
    low, high = span
    while low < high:
        height = (high - low).bit_length() - 1
        yield height, low >> height
        low += 1 << height


def _place(height: int, index: int, size: int) -> tuple[Tile, int, int]:
    """Where the subtree of *height* lies: its tile there, and the first and last of the hashes below it."""
    level, within = divmod(height, HEIGHT)
    first = index << within
    tile = tile_of(level, first // WIDTH, size)
    start = first % WIDTH
    return tile, start, start + (1 << within)


def _root(span: Span, size: int, tiles: Mapping[Tile, bytes]) -> bytes:
    """The root over the leaves of *span*."""
    roots = []
    for height, index in _perfect(span):
        tile, start, end = _place(height, index, size)
        below = CompactRange()
        for one in hashes(tiles[tile][start * HASH : end * HASH]):
            below.append(one)
        roots.append(below.root())
    merged = roots.pop()
    for one in reversed(roots):
        merged = node_hash(one, merged)
    return merged
