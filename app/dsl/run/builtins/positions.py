"""Places in a list or in text."""

from ..failures import Failure


def bounds(length: int, start: int, end: int | None) -> tuple[int, int]:
    """The places that a slice goes from and up to; negative ones count from the end."""
    first, last, _ = slice(start, end).indices(length)
    return first, last


def position(length: int, index: int) -> int:
    """*index* counted from the start. Raises `Failure` where there is no such place."""
    if not -length <= index < length:
        raise Failure("IndexError", f"there is no place {index}; there are {length}")
    return index % length
