"""Witnesses: where one keeps what it cosigned, and how one is asked."""

from dataclasses import dataclass
from typing import Protocol

from ..audit.witnessing import Answer
from ..errors import Corrupt, Unavailable


class WitnessStateDamaged(Corrupt):
    """What the witness keeps about {origin} cannot be gone on from: {reason}. It cosigns nothing."""


class WitnessSilent(Unavailable):
    """The witness at {url} does not answer: {reason}."""


class WitnessState(Protocol):
    """The newest checkpoint of each log that a witness cosigned, as a signed note. It is used by one process.

    Methods raise `Unavailable` when the store does not answer.
    """

    def load(self, origin: str) -> bytes | None:
        """The note of the log *origin*; None where there is none."""
        ...

    def save(self, origin: str, note: bytes) -> None:
        """Keep *note* in place of the one before, durably; after an error either is there, as a whole."""
        ...


@dataclass(frozen=True, slots=True)
class Reply:
    """What a witness answered."""

    status: int
    content_type: str
    body: bytes


class WitnessLine(Protocol):
    """The way to one witness."""

    async def add_checkpoint(self, body: bytes) -> Reply:
        """Ask it to cosign.

        Raises:
            WitnessSilent: there is no answer within the time that a witness has.
        """
        ...


class Cosigns(Protocol):
    """Answers those who ask a witness; from several threads at once."""

    def add_checkpoint(self, body: bytes) -> Answer:
        """Cosign what *body* asks for, or say why not. Raises `SymbiError` where it cannot do either."""
        ...

    def newest(self, origin_hash: str) -> Answer:
        """What was cosigned last for the log whose origin has that SHA-256, in hex."""
        ...
