"""Decision state as of one position of the log, so that a start does not replay history without end."""

from dataclasses import dataclass
from typing import Protocol

KEPT = 3
"""How many snapshots a store keeps."""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The state after the event at *seq*, signed and bound to the log that it was folded from."""

    fold_version: int
    """The version of the code that folded it."""
    seq: int
    chain_hash: bytes
    leaf: bytes
    body: bytes
    signature: str
    key: str


class SnapshotStore(Protocol):
    """Keeps the newest snapshots. Nothing in it is trusted before its signature is verified.

    Every method raises `Unavailable` when the store does not answer.
    """

    async def save(self, snapshot: Snapshot) -> None:
        """Store *snapshot* durably, over one of the same position and fold version; forget old ones."""
        ...

    async def newest(self) -> Snapshot | None:
        """The snapshot of the highest position; of two at one position, the one of the newer fold."""
        ...
