"""What a declared type asks of a value while a body runs.

Null fits every type, since no type says that it may be missing; a name that is not declared asks for nothing.
"""

from collections.abc import Mapping
from typing import Final, TypeAlias

from ..tree import GenericType, NamedType, Type
from .builtins.native import CLASSES
from .failures import Failure
from .json_text import MAX_DEPTH
from .values import Duration, List, Map, Value, type_name

Types: TypeAlias = Mapping[str, Type | Mapping[str, Type]]
"""The types of a definition by name: the fields of a record, or what an alias stands for."""

_SAME: Final = {"Array": "List"}
_KNOWN: Final = ("null", "bool", "int", "float", "String", "List", "Map", "Duration", "Secret", "Function")
_ANYTHING: Final = NamedType("any")
_DEEPEST: Final = 32
"""Aliases and options that are looked through in a row."""
_OPTIONS: Final = ("Option", "Maybe")
"""`Option<T>` is T or null, as every type is: it says so, and only the checker minds."""


def resolved(types: Types, name: str) -> str:
    """The name of the type that *name* stands for, when it is the alias of a plain one."""
    found = _followed(types, NamedType(name))
    return found.name if isinstance(found, NamedType) else name


def _followed(types: Types, of: Type) -> Type:
    """*of*, or what it is an alias or an option of; what leads back to itself asks for nothing."""
    for _ in range(_DEEPEST):
        if isinstance(of, GenericType) and of.name in _OPTIONS:
            of = of.arguments[0]
            continue
        found = types.get(of.name)
        if not isinstance(found, NamedType | GenericType):
            return of
        of = found
    return _ANYTHING


class Shape:
    """What can be asked of a value at once, without looking into it: its class, and a record's type."""

    __slots__ = ("_classes", "_name", "_record", "fits")

    def __init__(self, name: str, classes: tuple[type, ...], record: bool) -> None:
        self._name, self._classes, self._record = name, frozenset(classes), record
        self.fits: frozenset[type] = frozenset() if record else self._classes
        """Classes whose values fit for certain."""

    def check(self, value: Value, what: str) -> None:
        """Raise `Failure` unless *value*, which is *what*, fits."""
        fits = value is None or value.__class__ in self._classes
        if fits and self._record and isinstance(value, Map):
            fits = value.type_name in (None, self._name)
        if fits:
            return
        raise Failure("TypeError", f"{what} must be of type {self._name}, not {type_name(value)}")


def shape(types: Types, of: Type) -> Shape | None:
    """The shape of a type; none of one that asks for nothing."""
    of = _followed(types, of)
    name = _SAME.get(of.name, of.name)
    if isinstance(types.get(of.name), Mapping):
        return Shape(of.name, (Map,), record=True)
    return Shape(name, CLASSES[name], record=False) if name in _KNOWN else None


class Misfit(ValueError):
    """A value does not fit its type; the text says where and why."""


def conform(types: Types, of: Type, value: Value, at: str, _depth: int = 1) -> Value:
    """*value* as one of that type, looked into: ints become floats and maps records where the type says so.

    *at* is what a message calls it. It is meant for what comes from outside, which is a tree.

    Raises:
        Misfit: it is not of that type; a record that has not exactly the fields of its type.
    """
    of = _followed(types, of)
    name = _SAME.get(of.name, of.name)
    if value is None or _depth > MAX_DEPTH:
        return value
    fields = types.get(of.name)
    if isinstance(fields, Mapping):
        return _record(types, of.name, fields, value, at, _depth)
    if name not in _KNOWN:
        return value
    if name == "float" and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    if name == "Duration" and isinstance(value, int) and not isinstance(value, bool):
        return Duration(value)
    if value.__class__ not in CLASSES[name]:
        raise Misfit(f"{at} must be of type {name}, not {type_name(value)}")
    if isinstance(of, GenericType):
        return _elements(types, of, value, at, _depth)
    return value


def _record(types: Types, name: str, fields: Mapping[str, Type], value: Value, at: str, depth: int) -> Value:
    if not isinstance(value, Map) or value.type_name not in (None, name):
        raise Misfit(f"{at} must be of type {name}, not {type_name(value)}")
    missing = [field for field in fields if field not in value.entries]
    unknown = [field for field in value.entries if field not in fields]
    if missing or unknown:
        wrong = f"it lacks {', '.join(missing)}" if missing else f"it has {', '.join(unknown[:5])}"
        raise Misfit(f"{at} must be of type {name}, with {', '.join(fields)}: {wrong}")
    made = {
        field: conform(types, of, value.entries[field], f"{at}.{field}", depth + 1)
        for field, of in fields.items()
    }
    return Map(made, name)


def _elements(types: Types, of: GenericType, value: Value, at: str, depth: int) -> Value:
    """What a List holds is of its first type, what a Map holds of its last."""
    if isinstance(value, List):
        return List(
            [
                conform(types, of.arguments[0], item, f"{at}[{place}]", depth + 1)
                for place, item in enumerate(value.items)
            ]
        )
    if isinstance(value, Map):
        made = {
            key: conform(types, of.arguments[-1], item, f'{at}["{key}"]', depth + 1)
            for key, item in value.entries.items()
        }
        return Map(made, value.type_name)
    return value
