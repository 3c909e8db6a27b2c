"""Expressions of the definition language: what they read, and in Cedar's words where it has them."""

from collections.abc import Container, Iterable, Mapping
from typing import TypeAlias

from ...dsl.tree import (
    ArrayLiteral,
    Binary,
    BoolLiteral,
    Call,
    Expression,
    Identifier,
    IntLiteral,
    Lambda,
    Member,
    Node,
    RecordLiteral,
    StringLiteral,
    Unary,
    children,
    walk,
)
from ..schema.types import MAX_LONG
from .drafting import quote
from .predicates import Path

Reads: TypeAlias = dict[str, set[Path]]

_CEDAR = {"||": "||", "&&": "&&", "==": "==", "!=": "!=", "<": "<", ">": ">", "<=": "<=", ">=": ">="}
_CEDAR |= {"+": "+", "-": "-", "*": "*"}


def reads(expression: Expression, names: Iterable[str]) -> Reads:
    """Those of *names* that *expression* uses, and the paths below each that it looks at."""
    found: Reads = {}
    _read(expression, frozenset(names), found)
    return found


def needs(expression: Expression, functions: Container[str]) -> bool:
    """Whether it calls one of *functions*, or makes a record of a declared type."""
    return any(
        (isinstance(node, Call) and isinstance(node.callee, Identifier) and node.callee.name in functions)
        or (isinstance(node, RecordLiteral) and node.type_name is not None)
        for node in walk(expression)
    )


def to_cedar(expression: Expression, names: Mapping[str, str]) -> str | None:
    """The same in Cedar, where *names* says how it calls things; none where Cedar has no words for it.

    The types are not looked at: what does not fit the schema, Cedar's validation refuses.
    """
    match expression:
        case BoolLiteral(value=value):
            return "true" if value else "false"
        case IntLiteral(value=number) if number <= MAX_LONG:
            return str(number)
        case StringLiteral(value=text):
            return quote(text)
        case Identifier(name=name):
            return names.get(name)
        case Member(object=of, name=name):
            base = to_cedar(of, names)
            return None if base is None else f"{base}[{quote(name)}]"
        case Unary(operator=operator, operand=operand):
            inner = to_cedar(operand, names)
            return None if inner is None else f"{'-' if operator == '-' else '!'}({inner})"
        case Binary(operator="in", left=left, right=ArrayLiteral(items=items)):
            item, listed = to_cedar(left, names), [to_cedar(one, names) for one in items]
            if item is None or None in listed:
                return None
            return f"[{', '.join(one for one in listed if one is not None)}].contains({item})"
        case Binary(operator=operator, left=left, right=right) if operator in _CEDAR:
            one, other = to_cedar(left, names), to_cedar(right, names)
            if one is None or other is None:
                return None
            return f"({one}) {_CEDAR[operator]} ({other})"
        case _:
            return None


def _read(node: Node, names: frozenset[str], found: Reads) -> None:
    match node:
        case Identifier(name=name):
            if name in names:
                found.setdefault(name, set()).add(())
        case Member():
            root, path = _path(node)
            if isinstance(root, Identifier):
                if root.name in names:
                    found.setdefault(root.name, set()).add(path)
            else:
                _read(root, names, found)
        case Call(callee=callee, arguments=arguments):
            # The callee is a function's name, or a method of the value before the last point.
            if isinstance(callee, Member):
                _read(callee.object, names, found)
            elif not isinstance(callee, Identifier):
                _read(callee, names, found)
            for argument in arguments:
                _read(argument.value, names, found)
        case Lambda(parameters=parameters, body=body):
            _read(body, names - set(parameters), found)
        case _:
            for below in children(node):
                _read(below, names, found)


def _path(node: Expression) -> tuple[Expression, Path]:
    names: list[str] = []
    while isinstance(node, Member):
        names.append(node.name)
        node = node.object
    return node, tuple(reversed(names))
