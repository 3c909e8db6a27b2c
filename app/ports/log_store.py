"""What keeps the log: how it is set up, what it still holds, and what somebody asks of it."""

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from typing import Any, Protocol


@dataclass(frozen=True, slots=True)
class Holdings:
    """The store of the log at one moment."""

    settings: Mapping[str, Any]
    """As the store names them, without what it notes for itself."""
    made_at: str
    """When the store was made; another time is another store."""
    first_seq: int
    """The first position that it has; 1 as long as nothing was removed."""
    last_seq: int
    removed: int
    """How many positions between them it has no longer."""


@dataclass(frozen=True, slots=True)
class Act:
    """Somebody asked a store to change, remove or copy out what it keeps."""

    what: str
    """`update`, `delete`, `purge`, `message delete`, `create`, `restore`, `snapshot`."""
    store: str
    login: str
    """Whose login it was: the public half of its key."""
    refused: str
    """Why the store did not do it; empty where it did."""
    id: str


class LogStore(Protocol):
    """The store of the log, watched from outside the log."""

    async def look(self) -> Holdings | None:
        """How it is now; None where it is gone.

        Raises:
            Unavailable: it does not answer.
        """
        ...

    async def gaps(self) -> list[tuple[int, int]]:
        """What was removed between the ends: the first position of each gap, and the one that comes next.

        Raises:
            Unavailable: it does not answer.
        """
        ...

    def acts(self) -> AsyncIterator[Act | None]:
        """Every act from now on, refused ones too; None where something changed and nobody says who asked."""
        ...
