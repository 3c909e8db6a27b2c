"""Members, elements and places of values: reading what the machine has no short way for, and changing."""

from collections.abc import Sequence
from difflib import get_close_matches
from typing import Any, TypeAlias

from .builtins.bound import METHODS
from .builtins.maps import put
from .builtins.positions import position
from .failures import Failure
from .limits import Meter
from .sizes import ENTRY, MAP, list_size, text_size
from .values import List, Map, Range, Value, described, share, type_name

_FEW = 200
_SHORT = 60

Path: TypeAlias = tuple[tuple[bool, Any], ...]
"""The steps from a variable to a place in it: a member (true, its name) or an element (false, a register)."""


def member(meter: Meter, value: Value, name: str) -> Value:
    """`value.name`: an entry, or a method that may be written without parentheses."""
    if isinstance(value, Map):
        if name in value.entries:
            return value.entries[name]
        raise Failure("KeyError", _missing(value, name))
    native = METHODS.get(name, {}).get(value.__class__)
    if native is not None and native.declared.is_property:
        return native.function(meter, value)  # type: ignore[no-any-return]
    raise Failure("TypeError", f"{described(value)} has no {_cut(name)}")


def _missing(value: Map, name: str) -> str:
    known = [key for key in list(value.entries)[:_FEW] if len(key) <= _SHORT]
    near = get_close_matches(name[:_SHORT], known, 1)
    hint = f"; did you mean {near[0]}?" if near else ""
    return f"{described(value)} without {_cut(name)}{hint}"


def _cut(name: str) -> str:
    return name if len(name) <= _SHORT else f"{name[:_SHORT]}…"


def element(meter: Meter, value: Value, index: Value) -> Value:
    """`value[index]`: of lists and text by position, from the end when negative; of maps by key."""
    if isinstance(value, Map):
        if isinstance(index, str):
            meter.spend(len(index) >> 6)
            if index in value.entries:
                return value.entries[index]
            raise Failure("KeyError", _missing(value, index))
        raise Failure("TypeError", f"the key of a Map is a String, not {type_name(index)}")
    if isinstance(value, List | Range | str):
        if index.__class__ is not int:
            raise Failure("TypeError", f"a place in a {type_name(value)} is an int, not {type_name(index)}")
        of: Sequence[Value] = value if isinstance(value, str) else value.items
        return of[position(len(of), index)]
    raise Failure("TypeError", f"{described(value)} has no elements")


def writable(meter: Meter, value: Value) -> Value:
    """*value*, or a copy of it where another place holds it too; a range is spelled out. Charged."""
    if isinstance(value, List):
        if not value.shared:
            return value
        meter.spend(len(value.items) >> 2)
        meter.allocate(list_size(len(value.items)))
        return List([share(item) for item in value.items])
    if isinstance(value, Map):
        if not value.shared:
            return value
        meter.spend(len(value.entries) >> 1)
        meter.allocate(MAP + sum(ENTRY + text_size(key) for key in value.entries))
        return Map({key: share(item) for key, item in value.entries.items()}, value.type_name)
    if isinstance(value, Range):
        meter.allocate(list_size(len(value.items)))
        return List(list(value.items))
    return value


def place(meter: Meter, registers: list[Any], root: int, path: Path) -> Value:
    """The value at *path* of the variable *root*, such that it may be changed in place."""
    value = registers[root] = writable(meter, registers[root])
    for is_member, key in path:
        key = key if is_member else registers[key]
        found = member(meter, value, key) if is_member else element(meter, value, key)
        own = writable(meter, found)
        if own is not found:
            _replace(meter, value, key, own)
        value = own
    return value


def store(meter: Meter, registers: list[Any], root: int, path: Path, value: Value) -> None:
    """Make *value* what is at *path* of the variable *root*. A new name in a Map adds an entry to it."""
    is_member, key = path[-1]
    holder = place(meter, registers, root, path[:-1])
    if is_member and not isinstance(holder, Map):
        raise Failure("TypeError", f"cannot set {key} of {described(holder)}")
    _replace(meter, holder, key if is_member else registers[key], value)


def _replace(meter: Meter, holder: Value, key: Value, value: Value) -> None:
    if isinstance(holder, Map):
        if not isinstance(key, str):
            raise Failure("TypeError", f"the key of a Map is a String, not {type_name(key)}")
        put(meter, holder, key, value)
    elif isinstance(holder, List):
        if key.__class__ is not int:
            raise Failure("TypeError", f"a place in a List is an int, not {type_name(key)}")
        holder.items[position(len(holder.items), key)] = value
    else:
        raise Failure("TypeError", f"{described(holder)} cannot be changed in place")
