"""Records and Maps that a text in braces makes."""

from collections.abc import Iterable

from ..diagnostics import Note
from ..source import Span
from ..tree import RecordField, RecordLiteral
from .body import Body
from .complaints import fits, unknown_field
from .types import ANY, Declared, MapOf, Type, shape_of, without_null


def record(body: Body, node: RecordLiteral, wanted: Type) -> Type:
    if node.type_name is None:
        of = without_null(wanted)
        if isinstance(of, Declared):
            _fields(body, node, of)
            return of
        if isinstance(of, MapOf):
            for field in _once(body, node.fields):
                fits(body, field.value, body.value(field.value, of.value), of.value, f"`{field.name}`")
            return of
        return shape_of((field.name, body.value(field.value)) for field in _once(body, node.fields))
    head = Span(node.span.start, node.span.start + len(node.type_name))
    named = body.types.named(node.type_name, head)
    if isinstance(named, Declared):
        _fields(body, node, named)
        return named
    if named != ANY and not isinstance(named, MapOf):
        body.report.error(
            "wrong-type",
            f"`{node.type_name}` is `{named}`, not a record",
            head,
            help="write its value instead",
        )
    for field in _once(body, node.fields):
        body.value(field.value)
    return ANY


def _once(body: Body, fields: Iterable[RecordField]) -> Iterable[RecordField]:
    """The fields, without those whose name was given before."""
    seen: dict[str, Span] = {}
    for field in fields:
        if field.name in seen:
            body.report.error(
                "duplicate-name",
                f"`{field.name}` is given twice",
                field.name_span,
                "the second time",
                notes=[Note("the first time", seen[field.name])],
                help="leave out one of them",
            )
            continue
        seen[field.name] = field.name_span
        yield field


def _fields(body: Body, node: RecordLiteral, of: Declared) -> None:
    """Check the fields of a literal that has to be a record of the type."""
    declared = body.records.fields(of)
    given: set[str] = set()
    for field in _once(body, node.fields):
        given.add(field.name)
        wanted = declared.get(field.name)
        found = body.value(field.value, wanted or ANY)
        if wanted is None:
            unknown_field(body, field.name, field.name_span, of, declared)
        else:
            fits(body, field.value, found, wanted, f"`{of}.{field.name}`")
    missing = [name for name in declared if name not in given]
    if missing:
        body.report.error(
            "missing-field",
            f"the {of} has no {_listed(missing)}",
            node.span,
            help=f"add `{missing[0]}: …`; `null` where there is none",
        )


def _listed(names: list[str]) -> str:
    shown = [f"`{name}`" for name in names[:3]]
    if len(names) > 3:
        shown.append(f"{len(names) - 3} more")
    return shown[0] if len(shown) == 1 else f"{', '.join(shown[:-1])} and {shown[-1]}"
