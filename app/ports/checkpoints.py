"""Where the log's checkpoints are kept, outside the broker: what was signed once is never contradicted."""

from collections.abc import AsyncIterator
from typing import Protocol

from ..audit.sealing import Sealed
from ..errors import Conflict, Corrupt


class CheckpointTaken(Conflict):
    """The newest checkpoint is of {found} events and not of {expected}: somebody else seals this log too."""


class CheckpointDamaged(Corrupt):
    """What is kept of checkpoints in {place} cannot be read: {reason}."""


class CheckpointStore(Protocol):
    """Every checkpoint that was signed, the smallest first.

    Every method raises `Unavailable` when the store does not answer, and `CheckpointDamaged` where what it
    holds cannot be read.
    """

    async def newest(self) -> Sealed | None:
        """The largest checkpoint, with all the signatures that were added; None when there is none."""
        ...

    async def append(self, sealed: Sealed, *, after: int | None) -> None:
        """Keep *sealed* durably as the newest; *after* is the size of the one before, None for the first.

        After `Unavailable` it may be kept or not: `newest` tells.

        Raises:
            CheckpointTaken: the newest one is another; nothing was kept.
        """
        ...

    async def cosigned(self, sealed: Sealed) -> None:
        """Keep a checkpoint that is kept already with the signatures that it has now."""
        ...

    def read(self, *, after: int = 0) -> AsyncIterator[Sealed]:
        """Those of more than *after* events; one that was cosigned late may come again, out of order."""
        ...
