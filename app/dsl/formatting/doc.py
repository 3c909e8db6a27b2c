"""Text with places where lines may break, and how it is laid out in a width.

After Philip Wadler, "A prettier printer" (2003): a group is on one line if it fits, else all of its own
lines break.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

INDENT = 4


@dataclass(frozen=True, slots=True)
class Line:
    """A break, or *flat* on one line. A *hard* one always breaks, and all groups around it."""

    flat: str = " "
    hard: bool = False


@dataclass(frozen=True, slots=True)
class Indent:
    """Lines that begin inside are indented by one step more."""

    inner: "Doc"


@dataclass(frozen=True, slots=True)
class Group:
    """On one line, or, when *broken*, with all of its own lines broken. Made by `group`."""

    inner: "Doc"
    broken: bool


Doc: TypeAlias = "str | Line | Indent | Group | Sequence[Doc]"

LINE = Line()
SOFT = Line("")
HARD = Line(hard=True)


def group(*parts: Doc, broken: bool = False) -> Group:
    return Group(parts, broken or breaks(parts))


def joined(docs: Iterable[Doc], *separator: Doc) -> Doc:
    """The docs with *separator* between them."""
    parts: list[Doc] = []
    for doc in docs:
        if parts:
            parts += separator
        parts.append(doc)
    return parts


def breaks(doc: Doc) -> bool:
    """Whether *doc* cannot be on one line."""
    waiting = [doc]
    while waiting:
        match waiting.pop():
            case str():
                pass
            case Line(hard=hard):
                if hard:
                    return True
            case Indent(inner):
                waiting.append(inner)
            case Group(broken=broken):
                if broken:
                    return True
            case parts:
                waiting.extend(parts)
    return False


def laid_out(doc: Doc, width: int) -> str:
    """The text, with no spaces at the ends of lines but those of the texts in *doc*."""
    out: list[str] = []
    column = 0
    waiting: list[tuple[int, bool, Doc]] = [(0, False, doc)]
    while waiting:
        indent, flat, current = waiting.pop()
        match current:
            case str():
                out.append(current)
                column = _column_behind(current, column)
            case Line() if flat:
                out.append(current.flat)
                column += len(current.flat)
            case Line():
                if out and out[-1].startswith("\n") and out[-1].isspace():
                    out[-1] = "\n"
                out.append("\n" + " " * indent)
                column = indent
            case Indent(inner):
                waiting.append((indent + INDENT, flat, inner))
            case Group(inner, broken):
                fits = flat or (not broken and _fits(inner, waiting, width - column))
                waiting.append((indent, fits, inner))
            case parts:
                waiting.extend((indent, flat, part) for part in reversed(parts))
    return "".join(out)


def _fits(doc: Doc, behind: Sequence[tuple[int, bool, Doc]], room: int) -> bool:
    """Whether *doc* on one line, and what stands *behind* it until a line ends, takes no more than *room*."""
    waiting: list[tuple[bool, Doc]] = [(True, doc)]
    next_behind = len(behind) - 1
    while room >= 0:
        if not waiting:
            if next_behind < 0:
                return True
            waiting.append(behind[next_behind][1:])
            next_behind -= 1
        flat, current = waiting.pop()
        match current:
            case str():
                first, *more = current.split("\n", 1)
                room -= len(first)
                if more:
                    return room >= 0
            case Line():
                if not flat:
                    return True
                room -= len(current.flat)
            case Indent(inner):
                waiting.append((flat, inner))
            case Group(inner, broken):
                waiting.append((flat and not broken, inner))
            case parts:
                waiting.extend((flat, part) for part in reversed(parts))
    return False


def _column_behind(text: str, column: int) -> int:
    last = text.rfind("\n")
    return column + len(text) if last < 0 else len(text) - last - 1
