"""Sealing: events in order become entries, leaves, links, tiles and checkpoints to be signed."""

from .ledger import Ledger, Link, SequenceBackwards, SequenceGap, Unsealable, link_of
from .rhythm import Rhythm
from .sealed import HistoryForked, NotOurCheckpoint, Sealed, check_own, seal

__all__ = [
    "HistoryForked",
    "Ledger",
    "Link",
    "NotOurCheckpoint",
    "Rhythm",
    "Sealed",
    "SequenceBackwards",
    "SequenceGap",
    "Unsealable",
    "check_own",
    "link_of",
    "seal",
]
