"""What is kept for auditors outside the broker: the tree of the log, and its checkpoints."""

from .checkpoints import FileCheckpoints
from .errors import AuditStoreUnavailable
from .memory import MemoryCheckpoints, MemoryTiles
from .tiles import DirectoryTiles

__all__ = [
    "AuditStoreUnavailable",
    "DirectoryTiles",
    "FileCheckpoints",
    "MemoryCheckpoints",
    "MemoryTiles",
]
