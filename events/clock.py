"""Times on the wire: RFC 3339 in UTC with nanoseconds."""

import re
from datetime import UTC, datetime
from functools import lru_cache

_RFC3339 = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?Z", re.ASCII)


def to_wire(ns: int) -> str:
    """`2026-11-21T10:00:00.123456789Z` for nanoseconds since the epoch."""
    seconds, fraction = divmod(ns, 1_000_000_000)
    return f"{_text(seconds)}.{fraction:09d}Z"


def from_wire(text: str) -> int:
    """Nanoseconds since the epoch.

    Raises:
        ValueError: *text* is not RFC 3339 in UTC (`Z`) with at most nine decimals, or no such time exists.
    """
    match = _RFC3339.fullmatch(text)
    if match is None:
        raise ValueError(f"{text!r} is not a time like 2026-11-21T10:00:00.123456789Z")
    return _seconds(match[1]) * 1_000_000_000 + int((match[2] or "0").ljust(9, "0"))


# Kept, because what is read or written together mostly shares its seconds.


@lru_cache(maxsize=4096)
def _text(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat().removesuffix("+00:00")


@lru_cache(maxsize=4096)
def _seconds(text: str) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp())
