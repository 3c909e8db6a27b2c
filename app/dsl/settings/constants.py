"""What an expression says when it is a constant, as the value of a setting has to be."""

from typing import NamedTuple, TypeAlias

from pydantic import JsonValue

from ..source import Span
from ..tree import (
    ArrayLiteral,
    BoolLiteral,
    DurationLiteral,
    DurationUnit,
    Expression,
    FloatLiteral,
    Identifier,
    IntLiteral,
    NullLiteral,
    RecordLiteral,
    StringLiteral,
    Unary,
    VaultRef,
)

LARGEST = 2**53 - 1
"""The largest number of a setting: what every reader of JSON holds exactly."""


class Duration(NamedTuple):
    """A length of time as it is written."""

    amount: int
    unit: DurationUnit
    seconds: int


class Word(str):
    """A bare name in the place of a text: `store markdown`."""

    __slots__ = ()


Constant: TypeAlias = str | int | float | bool | Duration | list["Constant"] | dict[str, "Constant"] | None


class NotConstant(ValueError):
    """The expression has to be computed, or says one thing twice."""

    def __init__(self, message: str, span: Span) -> None:
        self.message, self.span = message, span
        super().__init__(message)


def constant(node: Expression) -> Constant:
    """The value of *node*. Raises `NotConstant` where only a run could say."""
    match node:
        case StringLiteral() | BoolLiteral():
            return node.value
        case IntLiteral() | FloatLiteral():
            if not -LARGEST <= node.value <= LARGEST:
                raise NotConstant("the number is too large", node.span)
            return node.value
        case NullLiteral():
            return None
        case DurationLiteral():
            return Duration(node.amount, node.unit, node.seconds)
        case Identifier():
            return Word(node.name)
        case VaultRef(entry=None):
            return f"vault://{node.path}"
        case Unary(operator="-", operand=IntLiteral() | FloatLiteral() as operand):
            value = constant(operand)
            assert isinstance(value, int | float)
            return -value
        case ArrayLiteral():
            return [constant(item) for item in node.items]
        case RecordLiteral(type_name=None):
            return _record(node)
    raise NotConstant("a setting is a constant: nothing is computed here", node.span)


def _record(node: RecordLiteral) -> dict[str, Constant]:
    found: dict[str, Constant] = {}
    for field in node.fields:
        if field.name in found:
            raise NotConstant(f"`{field.name}` is given twice", field.name_span)
        found[field.name] = constant(field.value)
    return found


def plain(value: Constant) -> JsonValue:
    """*value* as JSON: a duration as it is written, a bare name as text."""
    match value:
        case Duration():
            dot = "." if value.unit in ("seconds", "minutes", "hours") else ""
            return f"{value.amount}{dot}{value.unit}"
        case str():
            return str(value)
        case list():
            return [plain(item) for item in value]
        case dict():
            return {name: plain(item) for name, item in value.items()}
    return value


def described(value: Constant) -> str:
    """What sort of value it is, for a message."""
    match value:
        case Duration():
            return "a duration"
        case bool():
            return f"`{'true' if value else 'false'}`"
        case None:
            return "`null`"
        case Word():
            return f"`{value}`"
        case str():
            return f'"{value}"' if len(value) <= 40 else "a long text"
        case int() | float():
            return f"`{value}`"
        case list():
            return "a list"
        case dict():
            return "a record"
