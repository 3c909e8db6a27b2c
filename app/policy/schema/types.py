"""The types of attributes: what JSON has to look like, and what Cedar makes of it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any, TypeAlias

from ..request import EntityRef, Value

MIN_LONG, MAX_LONG = -(2**63), 2**63 - 1


class WrongType(ValueError):
    """The value is not what the schema says; the text says what is wrong with it."""


@dataclass(frozen=True, slots=True)
class BoolType:
    """`true` or `false`."""

    def __str__(self) -> str:
        return "Bool"


@dataclass(frozen=True, slots=True)
class LongType:
    """An integer of 64 bits."""

    def __str__(self) -> str:
        return "Long"


@dataclass(frozen=True, slots=True)
class StringType:
    """A text."""

    def __str__(self) -> str:
        return "String"


@dataclass(frozen=True, slots=True)
class DecimalType:
    """A number with at most four digits after the point, ±922337203685477.5807."""

    def __str__(self) -> str:
        return "decimal"


@dataclass(frozen=True, slots=True)
class EntityIs:
    """An entity of one type; its id in JSON."""

    type: str

    def __str__(self) -> str:
        return self.type


@dataclass(frozen=True, slots=True)
class SetOf:
    """A list whose order and repetitions mean nothing."""

    of: "AttributeType"

    def __str__(self) -> str:
        return f"Set<{self.of}>"


@dataclass(frozen=True, slots=True)
class Attribute:
    """What one attribute holds, whether it may be absent, and what it means."""

    type: "AttributeType"
    required: bool = False
    doc: str = ""


@dataclass(frozen=True, slots=True)
class RecordType:
    """Named attributes; the JSON may hold more."""

    attributes: Mapping[str, Attribute]

    def __str__(self) -> str:
        inner = ", ".join(f"{name}{_mark(one)}: {one.type}" for name, one in self.attributes.items())
        return f"{{{inner}}}"


AttributeType: TypeAlias = BoolType | LongType | StringType | DecimalType | EntityIs | SetOf | RecordType

BOOL, LONG, STRING, DECIMAL = BoolType(), LongType(), StringType(), DecimalType()

NAMES: dict[str, AttributeType] = {
    "Bool": BOOL,
    "Long": LONG,
    "String": STRING,
    "Decimal": DECIMAL,
    "Set<Bool>": SetOf(BOOL),
    "Set<Long>": SetOf(LONG),
    "Set<String>": SetOf(STRING),
}
"""The types that a bundle may give to the arguments of tools."""


def _mark(attribute: Attribute) -> str:
    return "" if attribute.required else "?"


def to_cedar(value: Value, expected: AttributeType) -> Any:
    """*value* as Cedar's JSON has it.

    Only what *expected* says is let through, so no text of a stranger is taken for an entity or a function.

    Raises:
        WrongType: it is something else.
    """
    match expected:
        case BoolType() if isinstance(value, bool):
            return value
        case LongType() if isinstance(value, int) and not isinstance(value, bool):
            if MIN_LONG <= value <= MAX_LONG:
                return value
            raise WrongType(f"{value} has more than 64 bits")
        case StringType() if isinstance(value, str):
            return str(value)
        case DecimalType() if isinstance(value, int | float) and not isinstance(value, bool):
            return {"__extn": {"fn": "decimal", "arg": _decimal(value)}}
        case EntityIs(type=of) if isinstance(value, str):
            return {"__entity": {"type": of, "id": str(value)}}
        case SetOf(of=of) if isinstance(value, Sequence | frozenset | set) and not isinstance(value, str):
            return [to_cedar(item, of) for item in value]
        case RecordType(attributes=attributes) if isinstance(value, Mapping):
            return record_to_cedar(value, attributes)
        case _:
            raise WrongType(f"it is {_name(value)}, and the schema says {expected}")


def record_to_cedar(values: Mapping[str, Value], attributes: Mapping[str, Attribute]) -> dict[str, Any]:
    """The attributes that are declared, as Cedar's JSON; others are left out, and so is null.

    Raises:
        WrongType: one of them has another type, or a required one is absent; the text begins with its path.
    """
    result = {}
    for name, attribute in attributes.items():
        value = values.get(name)
        if value is None:
            if attribute.required:
                raise WrongType(f"{name}: it is absent, and the schema requires it")
            continue
        try:
            result[name] = to_cedar(value, attribute.type)
        except WrongType as error:
            nested = isinstance(attribute.type, RecordType) and isinstance(value, Mapping)
            raise WrongType(f"{name}{'.' if nested else ': '}{error}") from None
    return result


def entities_in(value: Value, expected: AttributeType) -> list[EntityRef]:
    """The entities that a value of the type *expected* names."""
    match expected:
        case EntityIs(type=of):
            return [EntityRef(of, str(value))]
        case SetOf(of=of) if isinstance(value, Sequence | frozenset | set) and isinstance(of, EntityIs):
            return [EntityRef(of.type, str(item)) for item in value]
        case RecordType(attributes=attributes) if isinstance(value, Mapping):
            return [
                ref
                for name, attribute in attributes.items()
                if value.get(name) is not None
                for ref in entities_in(value[name], attribute.type)
            ]
        case _:
            return []


def _decimal(value: int | float) -> str:
    try:
        exact = Decimal(repr(value))
        rounded = exact.quantize(Decimal("0.0001"))
    except InvalidOperation:
        raise WrongType(f"{value} is no decimal") from None
    if rounded != exact:
        raise WrongType(f"{value} has more than four digits after the point")
    if abs(rounded) > Decimal("922337203685477.5807"):
        raise WrongType(f"{value} is too large for a decimal")
    return f"{rounded:f}"


def _name(value: Value) -> str:
    match value:
        case None:
            return "null"
        case bool():
            return "a Bool"
        case int():
            return "a Long"
        case float():
            return "a number with a fraction"
        case str():
            return "a String"
        case Mapping():
            return "a record"
        case _:
            return "a list"
