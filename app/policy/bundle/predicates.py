"""Conditions that Cedar cannot hold: expressions of the definition language, by name."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from ..request import Value


@dataclass(frozen=True, slots=True)
class Predicate:
    """One expression, and what the names in it stand for."""

    expression: str
    """As the definition language writes it; it is true or false."""
    bindings: Mapping[str, str]
    """Name → where its value comes from: `principal`, `resource` or a path of the context."""
    attributes: frozenset[str] = frozenset()
    """The attributes of principal and resource that it reads."""

    def to_json(self) -> dict[str, Any]:
        return {
            "expression": self.expression,
            "bindings": dict(self.bindings),
            "attributes": sorted(self.attributes),
        }

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> "Predicate":
        return cls(document["expression"], document["bindings"], frozenset(document["attributes"]))


class PredicateFailed(ValueError):
    """The expression could not be evaluated, or is neither true nor false; the text says why."""


class Evaluate(Protocol):
    """Evaluates expressions: purely, with bounded time and memory."""

    def __call__(self, predicate: Predicate, bindings: Mapping[str, Value]) -> bool:
        """Whether *predicate* holds. Raises `PredicateFailed`."""
        ...
