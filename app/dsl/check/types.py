"""What the checker knows of a value: its type, as far as the text says.

`ANY` fits everywhere, and everything fits it; so does whatever grows beyond `LARGEST` parts, which keeps the
time that a comparison takes in bounds whatever a definition says.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final, TypeAlias

LARGEST: Final = 60
"""Parts of one type that are remembered."""


@dataclass(frozen=True, slots=True)
class Scalar:
    """A type without parts: `String`, `int`, `any`, …"""

    name: str
    size: int = field(default=1, init=False, compare=False, repr=False)

    def __str__(self) -> str:
        return self.name


@dataclass(frozen=True, slots=True)
class ListOf:
    """`List<item>`."""

    item: "Type"
    size: int = field(compare=False, repr=False)

    def __str__(self) -> str:
        return "List" if self.item == ANY else f"List<{self.item}>"


@dataclass(frozen=True, slots=True)
class MapOf:
    """`Map<String, value>`."""

    value: "Type"
    size: int = field(compare=False, repr=False)

    def __str__(self) -> str:
        return "Map" if self.value == ANY else f"Map<String, {self.value}>"


@dataclass(frozen=True, slots=True)
class OptionOf:
    """A value of the type, or null."""

    item: "Type"
    size: int = field(compare=False, repr=False)

    def __str__(self) -> str:
        return f"Option<{self.item}>"


@dataclass(frozen=True, slots=True)
class Declared:
    """A record of a declared type, by its name."""

    name: str
    size: int = field(default=1, init=False, compare=False, repr=False)

    def __str__(self) -> str:
        return self.name


@dataclass(frozen=True, slots=True)
class Shape:
    """A Map that a text in braces made: these entries are in it, and no others."""

    fields: tuple[tuple[str, "Type"], ...]
    size: int = field(compare=False, repr=False)

    def get(self, name: str) -> "Type | None":
        return next((of for known, of in self.fields if known == name), None)

    def __str__(self) -> str:
        shown = ", ".join(f"{name}: {of}" for name, of in self.fields[:4])
        return f"{{ {shown}{', …' if len(self.fields) > 4 else ''} }}" if self.fields else "Map"


@dataclass(frozen=True, slots=True)
class FunctionOf:
    """A function or a lambda."""

    parameters: tuple["Type", ...]
    result: "Type"
    size: int = field(compare=False, repr=False)

    def __str__(self) -> str:
        return f"Function<{', '.join(str(part) for part in (*self.parameters, self.result))}>"


Type: TypeAlias = Scalar | ListOf | MapOf | OptionOf | Declared | Shape | FunctionOf

ANY: Final = Scalar("any")
NEVER: Final = Scalar("never")
"""Of what does not come back: `error(…)`."""
NULL: Final = Scalar("null")
STRING: Final = Scalar("String")
INT: Final = Scalar("int")
FLOAT: Final = Scalar("float")
BOOL: Final = Scalar("bool")
DURATION: Final = Scalar("Duration")
SECRET: Final = Scalar("Secret")

NUMBERS: Final = frozenset({INT, FLOAT})
LOOSE: Final = frozenset({ANY, NEVER})
"""What nothing can be said against."""


def list_of(item: Type) -> Type:
    return ListOf(item, item.size + 1) if item.size < LARGEST else LIST


def map_of(value: Type) -> Type:
    return MapOf(value, value.size + 1) if value.size < LARGEST else MAP


def option_of(item: Type) -> Type:
    if item in LOOSE or item == NULL or isinstance(item, OptionOf):
        return item
    return OptionOf(item, item.size + 1) if item.size < LARGEST else ANY


def shape_of(fields: Iterable[tuple[str, Type]]) -> Type:
    """The last of several fields of the same name counts."""
    made = tuple(dict(fields).items())
    size = 1 + sum(of.size for _, of in made)
    return Shape(made, size) if size <= LARGEST else MAP


def function_of(parameters: Iterable[Type], result: Type) -> Type:
    made = tuple(parameters)
    size = 1 + result.size + sum(of.size for of in made)
    return FunctionOf(made, result, size) if size <= LARGEST else ANY


LIST: Final = ListOf(ANY, 2)
MAP: Final = MapOf(ANY, 2)


def loosened(of: Type) -> Type:
    """The type of what a name holds that changes: entries come and go, and null is not what it stays."""
    match of:
        case Shape():
            return MAP
        case ListOf():
            return list_of(loosened(of.item))
        case OptionOf():
            return option_of(loosened(of.item))
    return ANY if of == NULL else of


def without_null(of: Type) -> Type:
    return of.item if isinstance(of, OptionOf) else of


def joined(first: Type, second: Type) -> Type:
    """The type of what is of the one or of the other."""
    if first == second or second == NEVER:
        return first
    if first == NEVER:
        return second
    if first == NULL or second == NULL:
        return option_of(second if first == NULL else first)
    if isinstance(first, OptionOf) or isinstance(second, OptionOf):
        return option_of(joined(without_null(first), without_null(second)))
    if first in NUMBERS and second in NUMBERS:
        return FLOAT
    if isinstance(first, ListOf) and isinstance(second, ListOf):
        return list_of(joined(first.item, second.item))
    if isinstance(first, MapOf | Shape) and isinstance(second, MapOf | Shape):
        return MAP
    return ANY


def value_of_entries(of: Shape) -> Type:
    """The type of any of the values in it."""
    found: Type = NEVER
    for _, value in of.fields:
        found = joined(found, value)
    return ANY if found == NEVER else found
