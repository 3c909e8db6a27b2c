"""The tree over the log: its tiles, its growth, and proofs from them."""

from .growth import EdgeMissing, Growth
from .proof_file import MalformedProof, TlogProof
from .proofs import Plan, consistency, edge_of, inclusion, tree, verify_consistency, verify_inclusion
from .tiles import (
    ENTRIES,
    MAX_ENTRY,
    WIDTH,
    MalformedBundle,
    Tile,
    edge,
    hashes,
    pack_entries,
    tile_of,
    unpack_entries,
)

__all__ = [
    "ENTRIES",
    "MAX_ENTRY",
    "WIDTH",
    "EdgeMissing",
    "Growth",
    "MalformedBundle",
    "MalformedProof",
    "Plan",
    "Tile",
    "TlogProof",
    "consistency",
    "edge",
    "edge_of",
    "hashes",
    "inclusion",
    "pack_entries",
    "tile_of",
    "tree",
    "unpack_entries",
    "verify_consistency",
    "verify_inclusion",
]
