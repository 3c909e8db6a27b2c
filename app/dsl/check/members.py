"""Members and elements of values."""

from ..tree import Index, Member
from .body import Body
from .builtins import method
from .complaints import fits, no_member
from .types import ANY, INT, LOOSE, STRING, Declared, ListOf, MapOf, Shape, Type, without_null


def member(body: Body, node: Member, wanted: Type) -> Type:
    of = body.value(node.object)
    return member_type(body, node, without_null(of))


def member_type(body: Body, node: Member, of: Type) -> Type:
    """What `.name` is of a value of that type."""
    if of in LOOSE:
        return of
    match of:
        case Declared():
            fields = body.records.fields(of)
            if node.name in fields:
                return fields[node.name]
        case Shape():
            field = of.get(node.name)
            if field is not None:
                return field
        case MapOf():
            return of.value
    found = method(of, node.name)
    if found is not None and found.is_property:
        return INT
    no_member(body, node, of, called=found is not None)
    return ANY


def index(body: Body, node: Index, wanted: Type) -> Type:
    of = without_null(body.value(node.object))
    at = body.value(node.index)
    match of:
        case ListOf():
            fits(body, node.index, at, INT, "a place in a List")
            return of.item
        case MapOf():
            fits(body, node.index, at, STRING, "a key of a Map")
            return of.value
        case Shape() | Declared():
            fits(body, node.index, at, STRING, "a key of a Map")
            return ANY
    if of == STRING:
        fits(body, node.index, at, INT, "a place in a String")
        return STRING
    if of not in LOOSE:
        body.report.error(
            "wrong-type",
            f"a `{of}` has no elements",
            node.object.span,
            f"this is `{of}`",
            help="only Lists, Maps and Strings do",
        )
    return ANY
