"""When two values are the same value."""

from collections.abc import Iterable, Iterator, Sequence
from functools import partial
from typing import Any, Final

from .failures import Failure
from .json_text import MAX_DEPTH
from .limits import Meter
from .values import CONTAINERS, Duration, Function, List, Map, Range, Secret, Value, described

_NUMBERS: Final = frozenset({int, float})
_PLAIN: Final = frozenset({type(None), bool, int, float, str})
_STEPS: Final = 3
"""What it costs to compare two elements."""


def equals(meter: Meter, left: Value, right: Value) -> bool:
    """Whether they are the same: numbers by value, lists by element, maps by key whatever the order.

    Values of different types are not; a record is not a map, nor a record of another type. Charged by what is
    gone through. Raises `Failure` for secrets and functions.
    """
    pairs: list[Iterator[tuple[Any, Any]]] = [iter(((left, right),))]
    seen: set[tuple[int, int]] = set()
    while pairs:
        pair = next(pairs[-1], None)
        if pair is None:
            pairs.pop()
            continue
        one: Any
        other: Any
        one, other = pair
        if one.__class__ in CONTAINERS and one.shared:
            # Held by several places: gone through once, or nested sharing would take for ever.
            both = id(one), id(other)
            if one is other or both in seen:
                continue
            seen.add(both)
        below = _compare(meter, one, other)
        if below is None:
            return False
        if below:
            pairs.append(iter(below))
    return True


def _compare(meter: Meter, one: Any, other: Any) -> Iterable[tuple[Any, Any]] | None:
    """None where they differ; else the pairs of what they hold, which must be the same too."""
    kind = one.__class__
    if kind in _PLAIN:
        if kind is str:
            meter.spend(len(one) >> 6)
        return () if _same_plain(one, other) else None
    if kind is Map:
        return _entries(meter, one, other) if other.__class__ is Map else None
    if isinstance(one, List | Range):
        return _elements(meter, one, other) if isinstance(other, List | Range) else None
    if isinstance(one, Duration) and isinstance(other, Duration):
        return () if one.ms == other.ms else None
    if isinstance(one, Secret | Function):
        raise Failure("TypeError", f"{described(one)} cannot be compared")
    return None


def _entries(meter: Meter, one: Map, other: Map) -> Iterable[tuple[Any, Any]] | None:
    if one.type_name != other.type_name or len(one.entries) != len(other.entries):
        return None
    meter.spend(2 + _STEPS * len(one.entries))
    if one.entries.keys() != other.entries.keys():
        return None
    return ((item, other.entries[key]) for key, item in one.entries.items())


def _elements(meter: Meter, one: List | Range, other: List | Range) -> Iterable[tuple[Any, Any]] | None:
    if len(one.items) != len(other.items):
        return None
    if isinstance(one, Range) and isinstance(other, Range):
        return () if one.items == other.items else None
    # Taken before: a range may be far longer than the fuel is.
    meter.spend(2 + _STEPS * len(one.items))
    return zip(one.items, other.items, strict=True)


def _same_plain(one: Any, other: Any) -> bool:
    """Of null, bool, int, float or text and anything."""
    if one.__class__ is other.__class__:
        return bool(one == other)
    return one.__class__ in _NUMBERS and other.__class__ in _NUMBERS and bool(one == other)


def finds(meter: Meter, items: Sequence[Any], wanted: Value) -> int | None:
    """Where in *items* the first that equals *wanted* is. Charged by what is gone through."""
    if isinstance(items, range):
        return items.index(int(wanted)) if isinstance(wanted, int | float) and wanted in items else None
    same = partial(_same_plain if _is_short(wanted) else partial(equals, meter), wanted)
    meter.spend(len(items) >> 1)
    return next((place for place, item in enumerate(items) if same(item)), None)


def _is_short(value: Value) -> bool:
    return value.__class__ in _PLAIN and not (isinstance(value, str) and len(value) > _SHORT)


_SHORT: Final = 256


class Identities:
    """Gives values numbers, equal ones the same. Each is gone through once, however often it is held."""

    def __init__(self, meter: Meter) -> None:
        self._meter = meter
        self._numbers: dict[Any, int] = {}
        self._known: dict[int, int] = {}

    def number(self, value: Value, _depth: int = 1) -> int:
        """The number of *value*. Raises `Failure` for secrets, functions and what is nested too deep."""
        known = self._known.get(id(value)) if value.__class__ in CONTAINERS else None
        if known is None:
            self._meter.spend(_STEPS)
            self._meter.allocate(_ROOM)
            key = self._key(value, _depth)
            known = self._numbers.setdefault(key, len(self._numbers))
            if value.__class__ in CONTAINERS:
                self._known[id(value)] = known
        return known

    def _key(self, value: Value, depth: int) -> Any:
        if isinstance(value, str | bool | int | float | None):
            return isinstance(value, bool), value
        if depth > MAX_DEPTH:
            raise Failure("ValueError", f"nested more than {MAX_DEPTH} deep")
        match value:
            case List() | Range():
                self._meter.allocate(_ROOM * len(value.items))
                return "List", tuple(self.number(item, depth + 1) for item in value.items)
            case Map():
                self._meter.allocate(_ROOM * len(value.entries))
                members = ((key, self.number(item, depth + 1)) for key, item in value.entries.items())
                return "Map", value.type_name, frozenset(members)
            case Duration():
                return "Duration", value.ms
        raise Failure("TypeError", f"{described(value)} cannot be compared")


_ROOM: Final = 200
"""Bytes for one number that is given."""
