"""The values of the language: null, bool, int, float and String as themselves, and the classes below.

A List, Map or record is a value: what one name holds is never changed through another name. They are copied
only when one that is *shared* (held by two places) is about to be changed.
"""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Final, TypeAlias

if TYPE_CHECKING:
    from .code import Code

LEAST_INT: Final = -(2**63)
LARGEST_INT: Final = 2**63 - 1


class List:
    """A List. *items* may be changed in place only while it is not *shared*."""

    __slots__ = ("items", "shared")

    def __init__(self, items: list["Value"]) -> None:
        self.items, self.shared = items, False


class Map:
    """A Map, in the order in which keys were added; with a *type_name*, a record of that type."""

    __slots__ = ("entries", "shared", "type_name")

    def __init__(self, entries: dict[str, "Value"], type_name: str | None = None) -> None:
        self.entries, self.shared, self.type_name = entries, False, type_name


class Range:
    """The List of the integers that *items* goes through, not yet spelled out."""

    __slots__ = ("items",)

    def __init__(self, items: range) -> None:
        self.items = items


class Duration:
    """A length of time, in milliseconds."""

    __slots__ = ("ms",)

    def __init__(self, ms: int) -> None:
        self.ms = ms


class SecretRef:
    """One secret of the vault, or the *entry* of it."""

    __slots__ = ("entry", "path")

    def __init__(self, path: str, entry: str | None = None) -> None:
        self.path, self.entry = path, entry


class Secret:
    """Text that only whoever carries out a call may know: *parts* in a row, some of them still in the vault.

    The body can hand it on, and put text around it; there is nothing else that it can do with it.
    """

    __slots__ = ("parts",)

    def __init__(self, parts: tuple[str | SecretRef, ...]) -> None:
        self.parts = parts


class Function:
    """A lambda with what it captured, or a function of the definition."""

    __slots__ = ("captured", "code")

    def __init__(self, code: "Code", captured: tuple["Value | Box", ...]) -> None:
        self.code, self.captured = code, captured


class Box:
    """A variable that a lambda captured and that is assigned to: both see the same one. Never a value."""

    __slots__ = ("content",)

    def __init__(self, content: "Value") -> None:
        self.content = content


Value: TypeAlias = bool | int | float | str | List | Map | Range | Duration | Secret | Function | None

CONTAINERS: Final[frozenset[Any]] = frozenset({List, Map})
_NAMES: dict[type, str] = {
    type(None): "null",
    bool: "bool",
    int: "int",
    float: "float",
    str: "String",
    List: "List",
    Range: "List",
    Duration: "Duration",
    Secret: "Secret",
    Function: "Function",
}


def type_name(value: Value) -> str:
    """The name of its type, as the language has it."""
    if value.__class__ is Map:
        assert isinstance(value, Map)
        return value.type_name or "Map"
    return _NAMES[value.__class__]


def described(value: Value) -> str:
    """*value* as the subject of a sentence: `null`, `an int`, `a List`."""
    name = type_name(value)
    return name if value is None else f"{'an' if name[0] in 'aeiouAEIO' else 'a'} {name}"


def share(value: Value) -> Value:
    """The same *value*, which a second place is about to hold."""
    if value.__class__ in CONTAINERS:
        value.shared = True  # type: ignore[union-attr]
    return value


def held(value: Value | Box) -> Iterator[Value | Box]:
    """What *value* holds directly."""
    match value:
        case List():
            yield from value.items
        case Map():
            yield from value.entries.values()
        case Function():
            yield from value.captured
        case Box():
            yield value.content
