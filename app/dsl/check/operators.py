"""The types of operators."""

from ..source import Span
from ..tree import Binary, Expression, Unary
from .body import Body
from .types import (
    ANY,
    BOOL,
    DURATION,
    FLOAT,
    INT,
    LOOSE,
    NEVER,
    NULL,
    NUMBERS,
    SECRET,
    STRING,
    Declared,
    FunctionOf,
    ListOf,
    MapOf,
    Scalar,
    Shape,
    Type,
    joined,
    list_of,
    without_null,
)

TEXTUAL = frozenset({STRING, INT, FLOAT, BOOL, NULL, DURATION})
"""What `+` puts beside text."""

_VERBS = {"+": "added", "-": "subtracted", "*": "multiplied", "/": "divided", "%": "divided"}


def binary(body: Body, node: Binary, wanted: Type) -> Type:
    operator = node.operator
    left = body.value(node.left)
    right = body.value(node.right)
    if operator in ("&&", "||"):
        expect_bool(body, node.left, left, operator)
        expect_bool(body, node.right, right, operator)
        return BOOL
    if operator in ("==", "!="):
        return _equality(body, node, left, right)
    if operator == "in":
        return _membership(body, node, left, right)
    if operator in ("<", ">", "<=", ">="):
        return _order(body, node, left, right)
    of = combined(operator, left, right)
    if of is None:
        _unfit(body, node, left, right)
        return ANY
    return of


def unary(body: Body, node: Unary, wanted: Type) -> Type:
    of = body.value(node.operand)
    if node.operator != "-":
        expect_bool(body, node.operand, of, node.operator)
        return BOOL
    plain = without_null(of)
    if plain in LOOSE or plain in NUMBERS or plain == DURATION:
        return plain
    body.report.error(
        "wrong-operand",
        f"`{of}` cannot be negated",
        node.operand.span,
        f"this is `{of}`",
        help="use a number",
    )
    return ANY


def expect_bool(body: Body, node: Expression, of: Type, where: str) -> None:
    """Report a condition that is no `bool`."""
    if body.records.fits(of, BOOL):
        return
    body.report.error(
        "wrong-type",
        f"`{where}` needs a `bool`",
        node.span,
        f"this is `{of}`",
        help=_test_of(of),
    )


def _test_of(of: Type) -> str:
    """What somebody may have meant who takes a value for a condition."""
    match of:
        case ListOf() | MapOf() | Shape():
            return "write `!….is_empty()` to ask whether there is something in it"
        case Scalar(name="String"):
            return 'compare it: `… != ""`'
        case Scalar(name="int" | "float"):
            return "compare it: `… != 0`"
    return "compare it with something"


def combined(operator: str, first: Type, second: Type) -> Type | None:
    """What `+`, `-`, `*`, `/` or `%` make of values of these types; None where they fail."""
    left, right = without_null(first), without_null(second)
    if operator == "+":
        return _sum(left, right)
    if left in LOOSE or right in LOOSE:
        return _loosely(operator, left, right)
    if left in NUMBERS and right in NUMBERS:
        return FLOAT if operator == "/" else joined(left, right)
    if left == DURATION and right == DURATION:
        return {"-": DURATION, "%": DURATION, "/": FLOAT}.get(operator)
    if left == DURATION and right in NUMBERS:
        return DURATION if operator in ("*", "/") else None
    if left in NUMBERS and right == DURATION:
        return DURATION if operator == "*" else None
    return None


def _sum(left: Type, right: Type) -> Type | None:
    if NEVER in (left, right):
        return NEVER
    if STRING in (left, right):
        other = right if left == STRING else left
        if other == SECRET:
            return SECRET
        return STRING if other in TEXTUAL else ANY if other == ANY else None
    if SECRET in (left, right):
        other = right if left == SECRET else left
        return SECRET if other in TEXTUAL or other in (SECRET, ANY) else None
    if left == ANY or right == ANY:
        return ANY if _may_add(right if left == ANY else left) else None
    if left in NUMBERS and right in NUMBERS:
        return joined(left, right)
    if isinstance(left, ListOf) and isinstance(right, ListOf):
        return list_of(joined(left.item, right.item))
    return DURATION if left == right == DURATION else None


def _may_add(of: Type) -> bool:
    return not isinstance(of, MapOf | Shape | Declared | FunctionOf)


def _loosely(operator: str, left: Type, right: Type) -> Type | None:
    """Where nothing is known of one side."""
    if NEVER in (left, right):
        return NEVER
    known = right if left == ANY else left
    if known in (ANY, DURATION) or known in NUMBERS:
        return ANY
    return None


def _unfit(body: Body, node: Binary, left: Type, right: Type) -> None:
    text = node.operator == "+" and STRING in (left, right)
    body.report.error(
        "wrong-operand",
        f"`{left}` and `{right}` cannot be {_VERBS[node.operator]}",
        node.span,
        f"`{left}` {node.operator} `{right}`",
        help="write `….to_json()` to make text of it" if text else "",
    )


def _equality(body: Body, node: Binary, left: Type, right: Type) -> Type:
    for side, of in ((node.left, left), (node.right, right)):
        if of == SECRET or isinstance(of, FunctionOf):
            _incomparable(body, side.span, of)
            return BOOL
    if not comparable(left, right):
        body.report.error(
            "wrong-operand",
            f"a `{left}` is never equal to a `{right}`",
            node.span,
            f"`{left}` {node.operator} `{right}`",
            help=_converted(left, right),
        )
    return BOOL


def comparable(first: Type, second: Type) -> bool:
    """Whether two values of these types may be equal."""
    if first == NULL or second == NULL:
        return True
    left, right = without_null(first), without_null(second)
    if left in LOOSE or right in LOOSE or left == right:
        return True
    if left in NUMBERS and right in NUMBERS:
        return True
    maps = (MapOf, Shape, Declared)
    if isinstance(left, maps) and isinstance(right, maps):
        return True
    return isinstance(left, ListOf) and isinstance(right, ListOf) and comparable(left.item, right.item)


def _converted(left: Type, right: Type) -> str:
    kinds = {without_null(left), without_null(right)}
    if STRING in kinds and kinds & NUMBERS:
        return "make them alike: `….to_int()` of the text, or `….to_string()` of the number"
    return ""


def _incomparable(body: Body, span: Span, of: Type) -> None:
    what = "a secret can only be handed on" if of == SECRET else "functions cannot be compared"
    body.report.error("wrong-operand", what, span, f"this is `{of}`")


def _order(body: Body, node: Binary, left: Type, right: Type) -> Type:
    first, second = without_null(left), without_null(right)
    known = [of for of in (first, second) if of not in LOOSE]
    ordered = all(of in NUMBERS or of in (STRING, DURATION) for of in known)
    alike = len(known) < 2 or known[0] == known[1] or (known[0] in NUMBERS and known[1] in NUMBERS)
    if not (ordered and alike):
        body.report.error(
            "wrong-operand",
            f"`{left}` and `{right}` have no order",
            node.span,
            f"`{left}` {node.operator} `{right}`",
            help="numbers, texts and durations can be compared, each with its own kind",
        )
    return BOOL


def _membership(body: Body, node: Binary, left: Type, right: Type) -> Type:
    item, container = without_null(left), without_null(right)
    match container:
        case ListOf(item=of):
            fine = comparable(item, of)
        case MapOf() | Shape() | Declared():
            fine = item in LOOSE or item == STRING
        case _:
            fine = container in LOOSE or (container == STRING and (item in LOOSE or item == STRING))
    if not fine:
        body.report.error(
            "wrong-operand",
            f"a `{left}` is never in a `{right}`",
            node.span,
            f"`{left}` in `{right}`",
            help="`in` looks for an element of a List, a key of a Map or a part of a String",
        )
    return BOOL
