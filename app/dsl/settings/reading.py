"""Reads `name = value` settings by the tables that say what each takes."""

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from pydantic import JsonValue

from ..diagnostics import Note
from ..report import Report, meant
from ..source import Span
from ..tree import Expression, Setting
from .constants import Constant, NotConstant, constant
from .kinds import Kind, Unfit


class Read(NamedTuple):
    """One setting that says something."""

    name: str
    value: JsonValue
    span: Span
    """Of the value."""
    name_span: Span


def value_of(node: Expression, name: str, kind: Kind, report: Report) -> JsonValue | None:
    """What *node* says as a value of *kind*, or None after the report says why it says nothing."""
    try:
        return kind.read(constant(node))
    except NotConstant as problem:
        report.error(
            "not-constant", f"`{name}`: {problem.message}", problem.span, help=f"`{name}` is {kind.words}"
        )
    except Unfit as problem:
        report.error(
            problem.code,
            f"`{name}`: {problem.message}",
            node.span,
            help=problem.help or f"it is {kind.words}",
        )
    return None


def once(settings: Iterable[Setting], report: Report, *, of: str) -> Iterator[Setting]:
    """The settings of a block, without those whose name has been given before."""
    seen: dict[str, Span] = {}
    for setting in settings:
        if setting.name in seen:
            duplicate(setting.name, setting.name_span, seen[setting.name], report, of=of)
            continue
        seen[setting.name] = setting.name_span
        yield setting


def duplicate(name: str, again: Span, first: Span, report: Report, *, of: str) -> None:
    """Report that *name* is given a second time."""
    report.error(
        "duplicate-name",
        f"`{name}` is given twice in {of}",
        again,
        "the second time",
        notes=[Note("the first time", first)],
        help="leave out one of them",
    )


def read_settings(
    settings: Iterable[Setting], kinds: dict[str, Kind], report: Report, *, of: str
) -> dict[str, Read]:
    """The settings by their names; names that *kinds* lacks are reported, with the nearest it has.

    *of* says what has them, for people: `a schedule`.
    """
    found: dict[str, Read] = {}
    for setting in once(settings, report, of=of):
        kind = kinds.get(setting.name)
        if kind is None:
            unknown(setting, kinds, report, of=of)
            continue
        value = value_of(setting.value, setting.name, kind, report)
        if value is not None:
            found[setting.name] = Read(setting.name, value, setting.value.span, setting.name_span)
    return found


def unknown(setting: Setting, kinds: Iterable[str], report: Report, *, of: str) -> None:
    """Report a name that *of* has no setting of."""
    known = list(kinds)
    near = report.nearest(setting.name, known)
    report.error(
        "unknown-attribute",
        f"`{setting.name}` is no attribute of {of}",
        setting.name_span,
        help=meant(near) or f"there are {', '.join(known)}",
    )


def free(setting: Setting, report: Report) -> Constant:
    """The constant of a setting whose name is free, or None after the report says why there is none."""
    try:
        return constant(setting.value)
    except NotConstant as problem:
        report.error("not-constant", f"`{setting.name}`: {problem.message}", problem.span)
        return None
