"""Patterns of `match` and `if let`."""

from collections.abc import Callable
from typing import Any

from ...tree import (
    BindingPattern,
    ConstructorPattern,
    DurationLiteral,
    FieldPattern,
    LiteralPattern,
    LiteralValue,
    NullLiteral,
    Pattern,
    RecordPattern,
    Unary,
    WildcardPattern,
)
from ..code import Block
from ..limits import Meter
from ..opcodes import BRANCH_FITS, BRANCH_TEST, KEEP, MEMBER_KEPT
from ..shapes import resolved
from ..values import Duration, Map, Value, type_name
from .builder import Builder
from .errors import CompileError

_NAMED = frozenset({"String", "int", "float", "bool", "List", "Map", "Duration", "Function", "Error"})

Test = Callable[[Meter, Any], bool]


def pattern(b: Builder, node: Pattern, subject: int, miss: Block, *, is_let: bool = False) -> None:
    """Go on where the value in register *subject* fits, its names declared; go to *miss* where it does not.

    The name alone in an `if let` fits what is not null.
    """
    match node:
        case WildcardPattern():
            pass
        case LiteralPattern():
            fits = b.block()
            b.end(BRANCH_FITS, subject, literal_value(node.value), (fits, miss), node.span)
            b.begin(fits)
        case BindingPattern(name="None"):
            _test(b, _is_null, subject, miss, node)
        case BindingPattern():
            if is_let:
                _test(b, _is_something, subject, miss, node)
            b.declare(node.name, b.emit(KEEP, b.temporary(), subject, None, node.span), node.span)
        case ConstructorPattern():
            _constructor(b, node, subject, miss)
        case RecordPattern():
            _record(b, node, subject, miss)


def _test(b: Builder, test: Test, subject: int, miss: Block, node: Pattern) -> None:
    fits = b.block()
    b.end(BRANCH_TEST, subject, test, (fits, miss), node.span)
    b.begin(fits)


def _constructor(b: Builder, node: ConstructorPattern, subject: int, miss: Block) -> None:
    if len(node.arguments) != 1:
        raise CompileError(f"{node.name}(…) holds one pattern", node.span)
    if node.name == "Some":
        _test(b, _is_something, subject, miss, node)
    else:
        name = resolved(b.definition.types, node.name)
        if name not in _NAMED and name not in b.definition.types:
            raise CompileError(f"there is no type {node.name}", node.span)
        _test(b, _is_a(name), subject, miss, node)
    pattern(b, node.arguments[0], subject, miss)


def _record(b: Builder, node: RecordPattern, subject: int, miss: Block) -> None:
    _test(b, _is_a(resolved(b.definition.types, node.name)), subject, miss, node)
    for field in node.fields:
        _test(b, _has(field.name), subject, miss, node)
        held = b.emit(MEMBER_KEPT, b.temporary(), subject, field.name, field.span)
        pattern(b, _inner(field), held, miss)


def _inner(field: FieldPattern) -> Pattern:
    return field.pattern or BindingPattern(field.name, span=field.span)


def literal_value(node: LiteralValue | Unary) -> Value:
    """The value of a literal."""
    match node:
        case NullLiteral():
            return None
        case DurationLiteral():
            return Duration(node.seconds * 1000)
        case Unary():
            # The grammar allows a minus before a number, and nothing else.
            return -node.operand.value  # type: ignore[union-attr,operator]
    return node.value


def _is_null(meter: Meter, subject: Any) -> bool:
    return subject is None


def _is_something(meter: Meter, subject: Any) -> bool:
    return subject is not None


def _is_a(name: str) -> Test:
    return lambda meter, subject: type_name(subject) == name


def _has(name: str) -> Test:
    return lambda meter, subject: isinstance(subject, Map) and name in subject.entries
