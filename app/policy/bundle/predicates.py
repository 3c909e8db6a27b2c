"""Conditions that Cedar cannot hold: expressions of the definition language, by name."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol, TypeAlias

from ..request import Value

Path: TypeAlias = tuple[str, ...]

ANY_PLACE = "*"


@dataclass(frozen=True, slots=True)
class Bound:
    """What one name in an expression stands for."""

    source: str
    """`context`, `principal`, `resource`; `input:NAME` of the task; `argument:PLACE:NAME` of the call."""
    reads: tuple[Path, ...] = ((),)
    """What is looked at below it; the empty path is all of it. Nothing else is given to the expression."""


@dataclass(frozen=True, slots=True)
class Predicate:
    """Something about a request that is true or false."""

    expression: str = "true"
    """As the definition language writes it."""
    bindings: Mapping[str, Bound] = field(default_factory=dict)
    equals: tuple[tuple[str, Value], ...] = ()
    """Arguments that must be exactly these: by place from 0, or `*` for an argument at any place."""
    definitions: str = ""
    """The functions and types that the expression uses, as a definition."""

    def bind(self, source: Callable[[str], Value]) -> dict[str, Value]:
        """The names of the expression and their values, where *source* says what a source holds."""
        return {name: cut(source(bound.source), bound.reads) for name, bound in self.bindings.items()}

    def to_json(self) -> dict[str, Any]:
        return {
            "expression": self.expression,
            "bindings": {
                name: [bound.source, *map(list, bound.reads)] for name, bound in self.bindings.items()
            },
            "equals": [list(pair) for pair in self.equals],
            "definitions": self.definitions,
        }

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> "Predicate":
        bindings = {
            name: Bound(source, tuple(tuple(path) for path in reads))
            for name, (source, *reads) in document["bindings"].items()
        }
        equals = tuple((place, value) for place, value in document["equals"])
        return cls(document["expression"], bindings, equals, document["definitions"])


class PredicateFailed(ValueError):
    """The expression could not be evaluated, or is neither true nor false; the text says why."""


class Evaluate(Protocol):
    """Evaluates expressions: purely, with bounded time and memory."""

    def __call__(self, predicate: Predicate, bindings: Mapping[str, Value]) -> bool:
        """Whether the expression of *predicate* is true. Raises `PredicateFailed`."""
        ...


def cut(value: Value, reads: tuple[Path, ...]) -> Value:
    """*value* with only what is read of it."""
    if () in reads or not isinstance(value, Mapping):
        return value
    below: dict[str, list[Path]] = {}
    for path in reads:
        below.setdefault(path[0], []).append(path[1:])
    return {name: cut(value[name], tuple(paths)) for name, paths in below.items() if name in value}
