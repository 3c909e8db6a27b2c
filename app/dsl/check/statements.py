"""Statements: what they bind and change, and whether what follows them is reached."""

from ..source import Span
from ..tree import Break, Continue, ExpressionStatement, For, Let, Return
from .body import Body
from .complaints import fits
from .types import ANY, LOOSE, NEVER, NULL, STRING, Declared, ListOf, MapOf, Shape, Type, without_null


def let(body: Body, node: Let) -> bool:
    of = body.value(node.value)
    body.bind(node.name, of, node.name_span, must_be_used=True)
    return of == NEVER


def expression(body: Body, node: ExpressionStatement) -> bool:
    return body.value(node.value) == NEVER


def loop(body: Body, node: For) -> bool:
    of = without_null(body.value(node.iterable))
    item = _item(body, node.iterable.span, of)
    body.scopes.enter()
    body.bind(node.name, item, node.name_span)
    body.loops += 1
    body.inside(node.body, ANY)
    body.loops -= 1
    body.leave()
    return False


def _item(body: Body, span: Span, of: Type) -> Type:
    match of:
        case ListOf():
            return of.item
        case MapOf() | Shape() | Declared():
            return STRING
    if of == STRING:
        return STRING
    if of not in LOOSE:
        body.report.error(
            "not-iterable",
            f"a `{of}` has no elements to go through",
            span,
            f"this is `{of}`",
            help="only Lists, Maps and Strings do; `range(n)` counts",
        )
    return ANY


def leave(body: Body, node: Return) -> bool:
    wanted = body.result if body.result is not None and body.lambdas == 0 else ANY
    if node.value is None:
        if not body.records.fits(NULL, wanted):
            body.report.error(
                "wrong-type",
                f"the result is `{wanted}`, and this returns nothing",
                node.span,
                f"expected `{wanted}`",
                help="write `return …;` with a value",
            )
        return True
    of = body.value(node.value, wanted)
    fits(body, node.value, of, wanted, "the result")
    return True


def jump(body: Body, node: Break | Continue) -> bool:
    word = "break" if isinstance(node, Break) else "continue"
    if body.loops == 0:
        body.report.error(
            "outside-loop", f"`{word}` stands in no `for`", node.span, help="remove it, or use `return`"
        )
    return True
