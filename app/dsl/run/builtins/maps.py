"""Built-ins of maps and records that call nothing back."""

from ..limits import Meter
from ..sizes import ENTRY, MAP, list_size, text_size
from ..values import List, Map, Value, share
from .native import implements


@implements("Map.len")
def length(meter: Meter, of: Map) -> int:
    return len(of.entries)


@implements("Map.is_empty")
def is_empty(meter: Meter, of: Map) -> bool:
    return not of.entries


@implements("Map.keys")
def keys(meter: Meter, of: Map) -> List:
    meter.allocate(list_size(len(of.entries)))
    return List(list(of.entries))


@implements("Map.values")
def values(meter: Meter, of: Map) -> List:
    meter.allocate(list_size(len(of.entries)))
    return List([share(value) for value in of.entries.values()])


@implements("Map.entries")
def entries(meter: Meter, of: Map) -> List:
    meter.allocate(list_size(len(of.entries)) + len(of.entries) * (MAP + 2 * (ENTRY + TEXT_OF_NAMES)))
    return List([Map({"key": key, "value": share(value)}) for key, value in of.entries.items()])


TEXT_OF_NAMES = text_size("value")


@implements("Map.contains")
def contains(meter: Meter, of: Map, key: str) -> bool:
    meter.spend(len(key) >> 6)
    return key in of.entries


@implements("Map.get")
def get(meter: Meter, of: Map, key: str, default: Value = None) -> Value:
    meter.spend(len(key) >> 6)
    return share(of.entries[key]) if key in of.entries else default


@implements("Map.set")
def set_(meter: Meter, of: Map, key: str, value: Value) -> Map:
    put(meter, of, key, value)
    return of


def put(meter: Meter, of: Map, key: str, value: Value) -> None:
    """Add or replace an entry, charged."""
    meter.spend(len(key) >> 6)
    if key not in of.entries:
        meter.allocate(ENTRY + text_size(key))
    of.entries[key] = value


@implements("Map.remove")
def remove(meter: Meter, of: Map, key: str) -> Value:
    meter.spend(len(key) >> 6)
    return of.entries.pop(key, None)


@implements("Map.merge")
def merge(meter: Meter, of: Map, other: Map) -> Map:
    meter.allocate(_size(of) + _size(other))
    made = {key: share(value) for key, value in of.entries.items()}
    made |= {key: share(value) for key, value in other.entries.items()}
    return Map(made, of.type_name)


def _size(of: Map) -> int:
    return MAP + sum(ENTRY + text_size(key) for key in of.entries)
