"""Built-ins that call functions of the body back; generators, so that the body may wait in such a call."""

from collections.abc import Callable
from typing import Any

from ..failures import Failure
from ..limits import Meter
from ..operators import NUMBERS, less
from ..sizes import ENTRY, LIST, SLOT, list_size, text_size
from ..values import Duration, List, Map, Range, Value, share, type_name
from .lists import length
from .native import Calls, implements

Items = List | Range


def _result(held: list[Value]) -> List:
    """A new list that is counted while it grows."""
    made = List([])
    held.append(made)
    return made


def _truth(value: Value, of: str) -> bool:
    if not isinstance(value, bool):
        raise Failure("TypeError", f"what {of} calls must give a bool, not {type_name(value)}")
    return value


@implements("List.map")
def map_(meter: Meter, held: list[Value], items: Items, change: Value) -> Calls:
    made = _result(held)
    for item in items.items:
        value = yield change, (share(item),)
        meter.allocate(SLOT)
        made.items.append(value)
    return made


@implements("List.flat_map")
def flat_map(meter: Meter, held: list[Value], items: Items, change: Value) -> Calls:
    made = _result(held)
    for item in items.items:
        value = yield change, (share(item),)
        if not isinstance(value, List | Range):
            raise Failure("TypeError", f"what flat_map calls must give a List, not {type_name(value)}")
        meter.allocate(SLOT * len(value.items))
        made.items.extend(map(share, value.items))
    return made


@implements("List.filter")
def filter_(meter: Meter, held: list[Value], items: Items, keep: Value) -> Calls:
    made = _result(held)
    for item in items.items:
        if _truth((yield keep, (share(item),)), "filter"):
            meter.allocate(SLOT)
            made.items.append(item)
    return made


_NONE: Any = object()


@implements("List.reduce")
def reduce(meter: Meter, held: list[Value], items: Items, join: Value, start: Value = _NONE) -> Calls:
    steps = iter(items.items)
    if start is _NONE:
        start = share(next(steps, _NONE))
        if start is _NONE:
            raise Failure("ValueError", "there is nothing to reduce, and no start")
    held.append(start)
    for item in steps:
        held[-1] = yield join, (share(held[-1]), share(item))
    return held[-1]


@implements("List.fold")
def fold(meter: Meter, held: list[Value], items: Items, start: Value, join: Value) -> Calls:
    return (yield from reduce(meter, held, items, join, start))


@implements("List.each")
def each(meter: Meter, held: list[Value], items: Items, act: Value) -> Calls:
    for item in items.items:
        yield act, (share(item),)
    return None


@implements("List.any")
def any_(meter: Meter, held: list[Value], items: Items, test: Value = None) -> Calls:
    for item in items.items:
        meter.spend(1)
        found = item if test is None else (yield test, (share(item),))
        if _truth(found, "any"):
            return True
    return False


@implements("List.all")
def all_(meter: Meter, held: list[Value], items: Items, test: Value = None) -> Calls:
    for item in items.items:
        meter.spend(1)
        found = item if test is None else (yield test, (share(item),))
        if not _truth(found, "all"):
            return False
    return True


@implements("List.count")
def count(meter: Meter, held: list[Value], items: Items, test: Value = None) -> Calls:
    if test is None:
        return length(meter, items)
    found = 0
    for item in items.items:
        found += _truth((yield test, (share(item),)), "count")
    return found


@implements("List.find")
def find(meter: Meter, held: list[Value], items: Items, test: Value) -> Calls:
    for item in items.items:
        if _truth((yield test, (share(item),)), "find"):
            return item
    return None


@implements("List.min_by")
def min_by(meter: Meter, held: list[Value], items: Items, key: Value) -> Calls:
    return (yield from _best(meter, held, items, key, less))


@implements("List.max_by")
def max_by(meter: Meter, held: list[Value], items: Items, key: Value) -> Calls:
    return (yield from _best(meter, held, items, key, lambda meter, one, other: less(meter, other, one)))


def _best(
    meter: Meter, held: list[Value], items: Items, key: Value, better: Callable[[Meter, Value, Value], bool]
) -> Calls:
    best: Value = None
    for place, item in enumerate(items.items):
        found = yield key, (share(item),)
        if place == 0 or better(meter, found, held[-1]):
            best = item
            held.append(found)
            del held[:-1]
    return best


@implements("List.sort")
def sort(meter: Meter, held: list[Value], items: Items, key: Value = None) -> Calls:
    meter.allocate(3 * list_size(len(items.items)))
    keys = list(items.items)
    if key is not None:
        held.append(List(keys))
        for place, item in enumerate(items.items):
            keys[place] = yield key, (share(item),)
    sortable = _sortable(meter, keys)
    places = sorted(range(len(sortable)), key=sortable.__getitem__)
    return List([share(items.items[place]) for place in places])


def _sortable(meter: Meter, keys: list[Value]) -> list[Any]:
    """What Python orders as the language does. Raises `Failure` unless all keys are of one kind."""
    kinds = {("number" if key.__class__ in NUMBERS else type_name(key)) for key in keys}
    if kinds <= {"number"}:
        return keys
    if kinds == {"String"}:
        longest = max(len(key) for key in keys if isinstance(key, str))
        meter.spend((longest >> 8) * len(keys) * len(keys).bit_length())
        return keys
    if kinds == {"Duration"}:
        return [key.ms for key in keys if isinstance(key, Duration)]
    raise Failure("TypeError", f"cannot sort by {' and '.join(sorted(kinds))}")


@implements("List.group_by")
def group_by(meter: Meter, held: list[Value], items: Items, key: Value) -> Calls:
    groups: dict[str, Value] = {}
    held.append(Map(groups))
    for item in items.items:
        name = _group((yield key, (share(item),)))
        meter.spend(len(name) >> 6)
        group = groups.get(name)
        if not isinstance(group, List):
            meter.allocate(ENTRY + LIST + text_size(name))
            group = groups[name] = List([])
        meter.allocate(SLOT)
        group.items.append(item)
    return Map(groups)


def _group(key: Value) -> str:
    match key:
        case str():
            return key
        case bool():
            return "true" if key else "false"
        case int():
            return str(key)
    raise Failure("TypeError", f"cannot group by {type_name(key)}")


@implements("Map.filter")
def filter_map(meter: Meter, held: list[Value], map_of: Map, keep: Value) -> Calls:
    made: dict[str, Value] = {}
    held.append(Map(made))
    for key, value in map_of.entries.items():
        if _truth((yield keep, (key, share(value))), "filter"):
            meter.allocate(ENTRY + text_size(key))
            made[key] = value
    return Map(made)


@implements("Map.map_values")
def map_values(meter: Meter, held: list[Value], map_of: Map, change: Value) -> Calls:
    made: dict[str, Value] = {}
    held.append(Map(made))
    for key, value in map_of.entries.items():
        found = yield change, (share(value),)
        meter.allocate(ENTRY + text_size(key))
        made[key] = found
    return Map(made)
