"""What several parts of the checker say: of values that do not fit, and of names that nobody knows."""

from collections.abc import Iterable
from itertools import chain

from ..report import meant
from ..source import Span
from ..tree import Expression, Member
from .body import Body
from .builtins import methods_of
from .types import ANY, FLOAT, INT, NUMBERS, SECRET, STRING, Declared, Shape, Type, without_null


def fits(body: Body, node: Expression, of: Type, wanted: Type, what: str, *, help: str = "") -> None:
    """Report a value of type *of* that does not fit where *wanted* is asked for; *what* asks for it."""
    if not body.records.fits(of, wanted):
        body.report.error(
            "wrong-type",
            f"{what} is `{wanted}`, and this is `{of}`",
            node.span,
            f"expected `{wanted}`",
            help=help or _mended(of, wanted),
        )


def _mended(of: Type, wanted: Type) -> str:
    plain = without_null(of)
    if wanted == STRING and plain in NUMBERS:
        return "write `….to_string()`"
    if wanted == INT and plain == FLOAT:
        return "write `….round()` or `….floor()`"
    if wanted in NUMBERS and plain == STRING:
        return f"write `….to_{wanted}()`"
    return ""


def unknown_name(body: Body, name: str, span: Span) -> None:
    near = body.report.nearest(name, chain(body.scopes.names(), body.functions))
    body.report.error(
        "unknown-name",
        f"`{name}` is not known here",
        span,
        help=meant(near) or f"declare it first: `let {name} = …;`",
    )
    body.scopes.bind(name, ANY, span)  # told once


def unknown_field(body: Body, name: str, span: Span, of: Type, known: Iterable[str]) -> None:
    names = list(known)
    near = body.report.nearest(name, names)
    body.report.error(
        "unknown-field",
        f"`{of}` has no field `{name}`",
        span,
        help=meant(near) or (f"it has {', '.join(names[:12])}" if names else "it has no fields"),
    )


def no_member(body: Body, node: Member, of: Type, *, called: bool) -> None:
    if called:
        body.report.error(
            "wrong-type",
            f"`{node.name}` is a method",
            node.name_span,
            help=f"call it: `.{node.name}(…)`",
        )
    elif of == SECRET:
        body.report.error("wrong-operand", "a secret can only be handed on", node.name_span)
    elif isinstance(of, Declared):
        unknown_field(body, node.name, node.name_span, of, body.records.fields(of))
    elif isinstance(of, Shape):
        unknown_field(body, node.name, node.name_span, of, (name for name, _ in of.fields))
    else:
        near = body.report.nearest(node.name, methods_of(of))
        body.report.error(
            "unknown-field",
            f"a `{of}` has no `{node.name}`",
            node.name_span,
            help=meant(near),
        )
