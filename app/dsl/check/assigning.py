"""Assignments: to names, fields and elements."""

from ..diagnostics import Note
from ..tree import Assign, Expression, Identifier, Index, Member
from .body import Body
from .complaints import fits, unknown_name
from .members import member_type
from .names import Binding
from .operators import combined
from .types import (
    ANY,
    LOOSE,
    NEVER,
    NULL,
    NUMBERS,
    Declared,
    MapOf,
    OptionOf,
    Shape,
    Type,
    joined,
    without_null,
)


def assign(body: Body, node: Assign) -> bool:
    target = node.target
    if isinstance(target, Identifier):
        return _assign_name(body, node, target)
    root = _root(target)
    if root is None or (body.scopes.find(root.name) is None and root.name in (*body.functions, *body.others)):
        body.value(target)
        body.value(node.value)
        body.report.error(
            "not-assignable",
            "nothing can be assigned to this",
            target.span,
            help="assign to a name, or to a field or an element of what a name holds",
        )
        return False
    assert isinstance(target, Member | Index)
    wanted = _place(body, target)
    of = body.value(node.value, wanted if node.operator == "=" else ANY)
    if node.operator != "=":
        of = _combined(body, node, wanted, of)
    fits(body, node.value, of, wanted, "what is there")
    return of == NEVER


def _root(target: Expression) -> Identifier | None:
    """The name whose value is changed; None where it is no name's."""
    while isinstance(target, Member | Index):
        target = target.object
    return target if isinstance(target, Identifier) else None


def _place(body: Body, target: Member | Index) -> Type:
    """The type of what is at a place that is assigned to."""
    if isinstance(target, Index):
        return body.value(target)
    of = without_null(body.value(target.object))
    if isinstance(of, Shape):
        return ANY  # an entry may be added, and one that is there replaced
    if isinstance(of, Declared | MapOf) or of in LOOSE:
        return member_type(body, target, of)
    body.report.error(
        "wrong-type",
        f"a `{of}` has no fields that could be assigned to",
        target.object.span,
        f"this is `{of}`",
        help="only records and Maps do",
    )
    return ANY


def _assign_name(body: Body, node: Assign, target: Identifier) -> bool:
    binding = body.scopes.find(target.name)
    if binding is None:
        return _declare(body, node, target)
    wanted = binding.type if node.operator == "=" else ANY
    of = body.value(node.value, wanted)
    if node.operator != "=":
        binding.used = True
        of = _combined(body, node, binding.type, of)
    _widen(body, node, binding, of)
    return of == NEVER


def _declare(body: Body, node: Assign, target: Identifier) -> bool:
    """`x = e;` on a name that is not yet bound declares it."""
    of = body.value(node.value)
    if node.operator != "=":
        unknown_name(body, target.name, target.span)
        return False
    if target.name in body.functions:
        body.report.error(
            "not-assignable",
            f"`{target.name}` is a function",
            target.span,
            help="choose another name",
        )
        return False
    body.bind(target.name, of, target.span, must_be_used=True)
    return of == NEVER


def _widen(body: Body, node: Assign, binding: Binding, of: Type) -> None:
    """A variable keeps its type, but for numbers that get a fraction, and for null."""
    before = binding.type
    if of == NULL or before == NULL or (of in NUMBERS and before in NUMBERS):
        binding.type = joined(before, of)
        return
    if isinstance(before, OptionOf) and not isinstance(of, OptionOf):
        before = before.item
    if not body.records.fits(of, before):
        body.report.error(
            "wrong-type",
            f"`{binding.name}` is `{binding.type}`, and this is `{of}`",
            node.value.span,
            f"expected `{binding.type}`",
            notes=[Note("it has its type from here", binding.span)],
            help="a variable keeps its type; use another one",
        )


def _combined(body: Body, node: Assign, before: Type, of: Type) -> Type:
    """The type of what `+=` and its like assign."""
    operator = node.operator[0]
    assert operator in ("+", "-", "*", "/", "%")
    found = combined(operator, before, of)
    if found is None:
        body.report.error(
            "wrong-operand",
            f"`{of}` cannot be combined with `{before}` by `{node.operator}`",
            node.span,
            f"`{before}` {node.operator} `{of}`",
        )
        return ANY
    return found
