"""Patterns: what they bind, and what they can never fit."""

from collections.abc import Mapping
from itertools import chain

from ..report import meant
from ..source import Span
from ..tree import (
    BindingPattern,
    BoolLiteral,
    ConstructorPattern,
    DurationLiteral,
    FloatLiteral,
    IntLiteral,
    LiteralPattern,
    NullLiteral,
    Pattern,
    RecordPattern,
    StringLiteral,
    Unary,
    WildcardPattern,
)
from .body import Body
from .complaints import unknown_field
from .operators import comparable
from .types import (
    ANY,
    BOOL,
    DURATION,
    FLOAT,
    INT,
    LIST,
    LOOSE,
    MAP,
    NULL,
    STRING,
    Declared,
    ListOf,
    MapOf,
    Shape,
    Type,
    without_null,
)

CONSTRUCTORS = ("Some", "None")
"""What is not null, and what is."""

TYPES: Mapping[str, Type] = {
    "String": STRING,
    "int": INT,
    "float": FLOAT,
    "bool": BOOL,
    "List": LIST,
    "Map": MAP,
    "Duration": DURATION,
    "Function": ANY,
    "Error": ANY,
}
"""What a pattern may ask for beside the types of the file: `String(text)`."""

_LITERALS: dict[type, Type] = {
    StringLiteral: STRING,
    IntLiteral: INT,
    FloatLiteral: FLOAT,
    BoolLiteral: BOOL,
    NullLiteral: NULL,
    DurationLiteral: DURATION,
}


def bind_pattern(body: Body, pattern: Pattern, of: Type) -> bool:
    """Bind the names in *pattern*, which is held against a value of type *of*.

    Gives whether it fits every such value. What it can never fit is reported.
    """
    match pattern:
        case WildcardPattern():
            return True
        case BindingPattern(name="None"):
            return False
        case BindingPattern():
            body.bind(pattern.name, of, pattern.span)
            return True
        case LiteralPattern():
            _literal(body, pattern, of)
            return False
        case ConstructorPattern():
            return _constructor(body, pattern, of)
        case RecordPattern():
            _record(body, pattern, of)
            return False


def literal_type(pattern: LiteralPattern) -> Type:
    value = pattern.value
    return _LITERALS[type(value.operand if isinstance(value, Unary) else value)]


def _literal(body: Body, pattern: LiteralPattern, of: Type) -> None:
    literal = literal_type(pattern)
    if not comparable(literal, of):
        body.report.error(
            "never-matches",
            f"a `{of}` is never equal to this `{literal}`",
            pattern.span,
            "this arm can never run",
            help=f"write a `{without_null(of)}`, or leave the arm out",
        )


def _constructor(body: Body, pattern: ConstructorPattern, of: Type) -> bool:
    inner = without_null(of) if of != NULL else ANY
    if pattern.name in TYPES or body.types.is_declared(pattern.name):
        inner = TYPES.get(pattern.name) or body.types.named(pattern.name, pattern.name_span)
        _is_ever(body, pattern.name_span, of, inner)
    elif pattern.name != "Some":
        near = body.report.nearest(pattern.name, chain(CONSTRUCTORS, TYPES, body.types.names))
        body.report.error(
            "unknown-constructor",
            f"there is no `{pattern.name}(…)` to match",
            pattern.name_span,
            help=meant(near) or "write `Some(x)` for what is not null, or a type: `String(x)`",
        )
    if len(pattern.arguments) != 1:
        body.report.error(
            "wrong-arity",
            f"`{pattern.name}(…)` holds one pattern, not {len(pattern.arguments)}",
            pattern.span,
            help=f"write `{pattern.name}(x)`",
        )
    elif of == NULL and pattern.name == "Some":
        body.report.error(
            "never-matches", "this is always null", pattern.span, "this can never fit", help="leave it out"
        )
    for argument in pattern.arguments:
        bind_pattern(body, argument, inner)
    return False


def _record(body: Body, pattern: RecordPattern, of: Type) -> None:
    named = TYPES.get(pattern.name) or body.types.named(pattern.name, pattern.name_span)
    _is_ever(body, pattern.name_span, of, named)
    fields = body.records.fields(named) if isinstance(named, Declared) else {}
    seen: dict[str, Span] = {}
    for field in pattern.fields:
        if field.name in seen:
            body.report.error("duplicate-name", f"`{field.name}` is named twice", field.name_span)
            continue
        seen[field.name] = field.name_span
        if isinstance(named, Declared) and field.name not in fields:
            unknown_field(body, field.name, field.name_span, named, fields)
        inner = fields.get(field.name, ANY)
        if field.pattern is None:
            body.bind(field.name, inner, field.name_span)
        else:
            bind_pattern(body, field.pattern, inner)


def _is_ever(body: Body, span: Span, of: Type, named: Type) -> None:
    """Report a pattern that asks for a type which a value of type *of* never has."""
    plain = without_null(of)
    if plain in LOOSE or named in LOOSE or plain == NULL:
        return
    if isinstance(named, Declared):
        ever = plain == named or isinstance(plain, MapOf | Shape)
    elif isinstance(named, MapOf):
        ever = isinstance(plain, MapOf | Shape)
    else:
        ever = plain == named or (isinstance(named, ListOf) and isinstance(plain, ListOf))
    if not ever:
        body.report.error(
            "never-matches",
            f"a `{of}` is never a `{named}`",
            span,
            "this can never fit",
            help=f"write `{plain} {{ … }}`" if isinstance(plain, Declared) else "leave it out",
        )


def literal_key(pattern: LiteralPattern) -> tuple[str, object]:
    """The same for literals that demand the same."""
    value = pattern.value
    sign = -1 if isinstance(value, Unary) else 1
    literal = value.operand if isinstance(value, Unary) else value
    match literal:
        case IntLiteral() | FloatLiteral():
            return "number", sign * literal.value
        case StringLiteral() | BoolLiteral():
            return type(literal).__name__, literal.value
        case DurationLiteral():
            return "duration", literal.seconds
    return "null", None
