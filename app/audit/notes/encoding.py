"""Bytes and numbers as lines of text, each with one spelling only."""

import base64
import binascii
import re

MAX_SIZE = 2**63 - 1
"""The largest size of a tree, and the last second since the epoch, that a line may hold."""

_DECIMAL = re.compile(r"0|[1-9][0-9]{0,18}", re.ASCII)


def to_base64(raw: bytes) -> str:
    """Standard base64 with padding (RFC 4648, 4)."""
    return base64.b64encode(raw).decode()


def from_base64(text: str) -> bytes:
    """The bytes that `to_base64` spells *text*.

    Raises:
        ValueError: it is no base64, or another spelling of the same bytes.
    """
    try:
        raw = binascii.a2b_base64(text.encode("ascii"))
    except (UnicodeEncodeError, binascii.Error):
        raise ValueError(f"{text!r:.80} is not base64") from None
    if to_base64(raw) != text:
        raise ValueError(f"{text!r:.80} is not base64 as it is written here")
    return raw


def hash_of(line: str) -> bytes:
    """The SHA-256 hash on a line. Raises `ValueError` where the line holds something else."""
    raw = from_base64(line)
    if len(raw) != 32:
        raise ValueError(f"{line!r:.80} is not a hash: it has {len(raw)} bytes")
    return raw


def decimal(text: str) -> int:
    """A number from 0 to `MAX_SIZE`, without sign or leading zeros. Raises `ValueError` for anything else."""
    if _DECIMAL.fullmatch(text) is None or int(text) > MAX_SIZE:
        raise ValueError(f"{text!r:.40} is not a number as it is written here")
    return int(text)
