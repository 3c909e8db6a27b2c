"""Times and durations as people write them."""

import re
from datetime import datetime, timedelta

from ..errors import Invalid

_UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0, "w": 7 * 86400.0}
_DURATION = re.compile(r"(\d+(?:\.\d+)?)\s*(ms|s|m|h|d|w)?")


class BadDuration(Invalid):
    """{given!r} is not a duration; write a number of seconds, or 500ms, 30s, 5m, 2h, 1d."""


class BadTime(Invalid):
    """{given!r} is not a time; write 2026-11-21T10:00:00Z, 2026-11-21, or 10m for ten minutes ago."""


def seconds(text: str) -> float:
    """A duration in seconds. Raises `BadDuration`."""
    match = _DURATION.fullmatch(text.strip())
    if match is None:
        raise BadDuration(given=text)
    return float(match[1]) * _UNITS[match[2] or "s"]


def nanoseconds(text: str, now: datetime) -> int:
    """A time in nanoseconds since the epoch; a bare duration is that long before *now*.

    A time without a zone is local.

    Raises:
        BadTime: it is neither.
    """
    if _DURATION.fullmatch(text.strip()):
        at = now - timedelta(seconds=seconds(text))
    else:
        try:
            at = datetime.fromisoformat(text.strip())
        except ValueError:
            raise BadTime(given=text) from None
    return int(at.timestamp() * 1_000_000) * 1000


def short(duration_s: float) -> str:
    """`250 ms`, `2.5 s`, `12 s`, `3 min`, `2 h`, `5 d`."""
    for size, unit in ((86400.0, "d"), (3600.0, "h"), (60.0, "min")):
        if duration_s >= 2 * size:
            return f"{duration_s / size:.0f} {unit}"
    if duration_s < 1:
        return f"{duration_s * 1000:.0f} ms"
    return f"{duration_s:.0f} s" if duration_s >= 10 else f"{duration_s:.1f} s"
