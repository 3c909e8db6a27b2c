"""Trusted time: what an authority says to have seen, and when (RFC 3161)."""

from collections.abc import Sequence
from typing import Protocol

from ..audit.verify.course import Stamped
from ..errors import Corrupt, Invalid, Unavailable


class TimestampRefused(Unavailable):
    """The timestamp authority {authority} gives no token: {reason}."""


class TokenRejected(Corrupt):
    """The timestamp is not to be believed: {reason}."""


class MalformedRoots(Invalid):
    """The certificates of timestamp authorities cannot be read: {reason}."""


class TimestampAuthority(Protocol):
    """An authority that stamps what it is given."""

    name: str
    """For file names: letters, digits, `-` and `_`."""

    async def stamp(self, content: bytes) -> bytes:
        """Its token over *content* (a TimeStampResp in DER), verified.

        Raises:
            TimestampRefused: it does not answer, or not as it should.
        """
        ...


class TokenReader(Protocol):
    """Reads tokens without any network."""

    def __call__(self, roots: Sequence[bytes]) -> Stamped:
        """What verifies tokens of the authorities under these roots (PEM).

        Raises:
            MalformedRoots: one of them is no certificate.
        """
        ...
