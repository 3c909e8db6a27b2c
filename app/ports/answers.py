"""The first answers to commands, so that an honest retry gets the same one again."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class StoredAnswer:
    """What a command asked and what it was answered."""

    command_id: str
    digest: str
    """`sha256:` over the request's bytes."""
    principal: str
    received_at_ns: int
    """When it was first received, in nanoseconds since the epoch."""
    seq: int | None
    """The position of its last event; none where it was refused."""
    answer: bytes
    request: bytes
    """Encrypted by the caller."""


class AnswerStore(Protocol):
    """Keeps each command's first answer until it is pruned.

    Every method raises `Unavailable` when the store does not answer.
    """

    async def save_many(self, answers: Sequence[StoredAnswer]) -> None:
        """Store *answers* durably; an answer that is there already stays as it is."""
        ...

    async def find(self, command_id: str) -> StoredAnswer | None:
        """The answer to this command, if it was ever answered."""
        ...

    async def since(self, received_at_ns: int) -> list[StoredAnswer]:
        """The answers to commands received at that time or later, oldest first."""
        ...

    async def prune(self, before_ns: int) -> int:
        """Forget the answers to commands received before that time; returns how many."""
        ...
