"""Built-ins of text."""

import re
from collections.abc import Sequence

from ..failures import Failure
from ..json_text import json_text, parsed
from ..limits import Meter
from ..sizes import SLOT, SMALL, TEXT, list_size, text_size
from ..text import joined_secret, to_text
from ..values import List, Secret, Value
from .native import implements
from .positions import bounds

_LARGEST_CHARACTER = 4
_PLACE = re.compile(r"\{\{|\}\}|\{(\d{0,4})\}|[{}]")


@implements("String.len")
def length(meter: Meter, text: str) -> int:
    return len(text)


@implements("String.is_empty")
def is_empty(meter: Meter, text: str) -> bool:
    return not text


@implements("String.upper")
def upper(meter: Meter, text: str) -> str:
    # One character may become three.
    meter.allocate(text_size(text) * (1 if text.isascii() else 3))
    return text.upper()


@implements("String.lower")
def lower(meter: Meter, text: str) -> str:
    meter.allocate(text_size(text) * (1 if text.isascii() else 3))
    return text.lower()


@implements("String.trim")
def trim(meter: Meter, text: str) -> str:
    meter.allocate(text_size(text))
    return text.strip()


@implements("String.contains")
def contains(meter: Meter, text: str, part: str) -> bool:
    return part in text


@implements("String.starts_with")
def starts_with(meter: Meter, text: str, part: str) -> bool:
    meter.spend(len(part) >> 6)
    return text.startswith(part)


@implements("String.ends_with")
def ends_with(meter: Meter, text: str, part: str) -> bool:
    meter.spend(len(part) >> 6)
    return text.endswith(part)


@implements("String.index_of")
def index_of(meter: Meter, text: str, part: str) -> int | None:
    found = text.find(part)
    return None if found < 0 else found


@implements("String.count")
def count(meter: Meter, text: str, part: str) -> int:
    return text.count(_not_empty(part))


def _not_empty(part: str) -> str:
    if not part:
        raise Failure("ValueError", "it cannot be empty text")
    return part


@implements("String.split")
def split(meter: Meter, text: str, separator: str | None = None) -> List:
    if separator is None:
        _room_for_parts(meter, text, len(text) // 2 + 1)
        return List(list(text.split()))
    _room_for_parts(meter, text, text.count(_not_empty(separator)) + 1)
    return List(list(text.split(separator)))


@implements("String.lines")
def lines(meter: Meter, text: str) -> List:
    _room_for_parts(meter, text, text.count("\n") + text.count("\r") + 1)
    return List([*_LINE_END.split(text)] if text else [])


_LINE_END = re.compile(r"\r\n|\n|\r")


@implements("String.chars")
def chars(meter: Meter, text: str) -> List:
    _room_for_parts(meter, text, len(text))
    return List(list(text))


def _room_for_parts(meter: Meter, text: str, parts: int) -> None:
    """Take the memory of that many parts that have all characters of *text* between them."""
    characters = len(text) if text.isascii() else _LARGEST_CHARACTER * len(text) + 24 * parts
    meter.allocate(list_size(parts) + TEXT * parts + characters)


@implements("String.replace")
def replace(meter: Meter, text: str, old: str, new: str) -> str:
    found = text.count(_not_empty(old))
    wide = 1 if text.isascii() and new.isascii() else _LARGEST_CHARACTER
    meter.allocate(TEXT + 24 + wide * (len(text) + found * max(0, len(new) - len(old))))
    return text.replace(old, new)


@implements("String.slice")
def slice_(meter: Meter, text: str, start: int, end: int | None = None) -> str:
    first, last = bounds(len(text), start, end)
    meter.allocate(TEXT + 24 + (1 if text.isascii() else _LARGEST_CHARACTER) * max(0, last - first))
    return text[first:last]


@implements("String.repeat")
def repeat(meter: Meter, text: str, times: int) -> str:
    if times < 0:
        raise Failure("ValueError", f"cannot repeat {times} times")
    meter.allocate(TEXT + 24 + (1 if text.isascii() else _LARGEST_CHARACTER) * len(text) * times)
    return text * times


@implements("String.pad_start")
def pad_start(meter: Meter, text: str, width: int, fill: str = " ") -> str:
    return _filling(meter, text, width, fill) + text


@implements("String.pad_end")
def pad_end(meter: Meter, text: str, width: int, fill: str = " ") -> str:
    return text + _filling(meter, text, width, fill)


def _filling(meter: Meter, text: str, width: int, fill: str) -> str:
    if len(fill) != 1:
        raise Failure("ValueError", "what it is filled up with must be one character")
    missing = max(0, width - len(text))
    wide = 1 if text.isascii() and fill.isascii() else _LARGEST_CHARACTER
    meter.allocate(2 * (TEXT + 24) + wide * (2 * missing + len(text)))
    return fill * missing


@implements("String.reverse")
def reverse(meter: Meter, text: str) -> str:
    meter.allocate(text_size(text))
    return text[::-1]


@implements("format")
@implements("String.format")
def format_(meter: Meter, template: str, *values: Value) -> str | Secret:
    """A secret among the values makes a secret of the whole."""
    parts = _parts(meter, template, values)
    # A place costs about as much as a few instructions.
    meter.spend((len(template) >> 4) + 4 * len(parts))
    for part in parts:
        meter.allocate(text_size(part) if isinstance(part, str) else SMALL + SLOT * len(part.parts))
    if any(isinstance(part, Secret) for part in parts):
        return joined_secret(*parts)
    return "".join(part for part in parts if isinstance(part, str))


def _parts(meter: Meter, template: str, values: Sequence[Value]) -> list[str | Secret]:
    parts: list[str | Secret] = []
    behind, following = 0, 0
    for place in _PLACE.finditer(template):
        meter.allocate(SLOT + TEXT + place.start() - behind)
        parts.append(template[behind : place.start()])
        behind = place.end()
        if place[0] in ("{{", "}}"):
            parts.append(place[0][0])
            continue
        if place[1] is None:
            raise Failure(
                "ValueError", f"a {place[0]} that is not doubled, at {place.start()} of the template"
            )
        number = int(place[1]) if place[1] else following
        following += not place[1]
        if number >= len(values):
            raise Failure(
                "ValueError", f"the template has a place for value {number}; there are {len(values)}"
            )
        value = values[number]
        parts.append(value if isinstance(value, Secret) else to_text(meter, value))
    parts.append(template[behind:])
    return parts


@implements("to_string")
@implements("any.to_string")
def to_string(meter: Meter, value: Value) -> str:
    return to_text(meter, value)


@implements("to_json")
@implements("any.to_json")
def to_json(meter: Meter, value: Value) -> str:
    return json_text(meter, value)


@implements("parse_json")
@implements("String.parse_json")
def parse_json(meter: Meter, text: str) -> Value:
    return parsed(meter, text)
