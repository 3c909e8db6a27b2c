"""What values are charged, in bytes: the same on every machine, and at least what they take in CPython.

What holds values is charged `SLOT` for each of them, which covers a number in it.
"""

from collections.abc import Iterable
from typing import Any, Final

from .values import Box, Duration, Function, List, Map, Range, Secret, held

SLOT: Final = 48
LIST: Final = 136
MAP: Final = 320
ENTRY: Final = 150
"""Of a map, beside the text of its key."""
TEXT: Final = 56
SMALL: Final = 112
"""A range, a duration, a function without captures."""
FRAME: Final = 300
_COUNTED_ONCE: Final = 256
"""Text of fewer characters is counted wherever it is held, so that counting needs little room itself."""


def text_size(text: str) -> int:
    return TEXT + len(text) if text.isascii() else TEXT + 24 + 4 * len(text)


def list_size(length: int) -> int:
    return LIST + SLOT * length


def own_size(value: object) -> int:
    """What *value* is charged, without what it holds."""
    match value:
        case str():
            return text_size(value)
        case List():
            return LIST + SLOT * len(value.items)
        case Map():
            return MAP + sum(ENTRY + text_size(key) for key in value.entries)
        case Function():
            return SMALL + SLOT * len(value.captured)
        case Secret():
            return SMALL + sum(SLOT + text_size(str(part)) for part in value.parts)
        case Range() | Duration() | Box():
            return SMALL
    return 0


def live_size(roots: Iterable[Iterable[Any]], most: int) -> tuple[int, int]:
    """What everything that can be reached from *roots* is charged together, and how many values that are.

    Counting ends early once it is more than *most*.
    """
    total, counted = 0, 0
    seen: set[int] = set()
    waiting: list[Any] = []
    for registers in roots:
        before = len(waiting)
        waiting.extend(registers)
        total += FRAME + SLOT * (len(waiting) - before)
    while waiting and total <= most:
        value = waiting.pop()
        counted += 1
        kind = value.__class__
        if kind is str:
            if len(value) >= _COUNTED_ONCE:
                if id(value) in seen:
                    continue
                seen.add(id(value))
            total += text_size(value)
        elif kind in _HOLDERS:
            if id(value) not in seen:
                seen.add(id(value))
                total += own_size(value)
                waiting.extend(held(value))
        else:
            total += own_size(value)
    return total, counted


_HOLDERS: Final = frozenset({List, Map, Function, Box})
