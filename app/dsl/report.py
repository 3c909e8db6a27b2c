"""Where a check writes down what it finds, in bounded time and room."""

from collections.abc import Iterable, Sequence
from itertools import islice
from typing import TypeVar

from .diagnostics import Diagnostic, Note, in_order
from .diagnostics import error as an_error
from .diagnostics import warning as a_warning
from .source import Span
from .tree import Node

MOST = 100
"""Errors that are kept, and warnings likewise; nobody reads more at once."""

LOOKED_AT = 300
"""Names among which a nearest one is looked for."""

_LONGEST, _FAR = 40, 4
"""Letters of a name that are compared, and how many of them may differ: at most about every third."""


class Report:
    """Collects diagnostics. What lies beyond `MOST` is counted and not kept."""

    def __init__(self) -> None:
        self._kept: dict[str, list[Diagnostic]] = {"error": [], "warning": []}
        self._said: set[tuple[str, Span]] = set()
        self._left_out = 0
        self._questions = MOST

    @property
    def failed(self) -> bool:
        """Whether there is an error."""
        return bool(self._kept["error"])

    @property
    def diagnostics(self) -> list[Diagnostic]:
        """By place in the file; the last one says how many were left out, if any were."""
        found = in_order([*self._kept["error"], *self._kept["warning"]])
        if self._left_out:
            message = f"{self._left_out} more were found and are not shown"
            found.append(a_warning("and-more", message, found[-1].span))
        return found

    def error(
        self,
        code: str,
        message: str,
        span: Span,
        label: str = "",
        *,
        help: str = "",
        notes: Iterable[Note] = (),
    ) -> None:
        """Say what must change before the definition can be used."""
        self.add(an_error(code, message, span, label=label, help=help, notes=tuple(notes)))

    def warning(
        self,
        code: str,
        message: str,
        span: Span,
        label: str = "",
        *,
        help: str = "",
        notes: Iterable[Note] = (),
    ) -> None:
        """Say what works, and may not be what was meant."""
        self.add(a_warning(code, message, span, label=label, help=help, notes=tuple(notes)))

    def add(self, diagnostic: Diagnostic) -> None:
        """Keep *diagnostic*, unless the same was said of the same place."""
        if (diagnostic.code, diagnostic.span) in self._said:
            return
        kept = self._kept[diagnostic.severity]
        if len(kept) == MOST:
            self._left_out += 1
            return
        self._said.add((diagnostic.code, diagnostic.span))
        kept.append(diagnostic)

    def nearest(self, name: str, known: Iterable[str]) -> str | None:
        """The one of *known* that *name* may have been meant to be; None: none is near."""
        if self._questions == 0:
            return None
        self._questions -= 1
        return nearest(name, known)


def nearest(name: str, known: Iterable[str]) -> str | None:
    """The one of *known*, of which some hundred are looked at, that *name* may have been meant to be."""
    name, best, most = name.lower()[:_LONGEST], None, min((len(name) + 1) // 3, _FAR)
    for one in islice(known, LOOKED_AT):
        if abs(len(one) - len(name)) <= most:
            distance = _distance(name, one.lower()[:_LONGEST], most)
            if distance <= most and (best is None or distance < most):
                best, most = one, distance
    return best


def _distance(name: str, other: str, most: int) -> int:
    """How many letters have to be added, dropped, changed or swapped; `most` + 1 for any that are more."""
    above: list[int] = []
    before = list(range(len(other) + 1))
    for row, letter in enumerate(name, start=1):
        current = [row]
        for column, another in enumerate(other, start=1):
            cost = before[column - 1] + (letter != another)
            cost = min(cost, before[column] + 1, current[-1] + 1)
            if row > 1 and column > 1 and letter == other[column - 2] and another == name[row - 2]:
                cost = min(cost, above[column - 2] + 1)
            current.append(cost)
        if min(current) > most:
            return most + 1
        above, before = before, current
    return before[-1]


N = TypeVar("N", bound=Node)


def first(nodes: Sequence[N], most: int, what: str, report: Report) -> Sequence[N]:
    """At most so many of *nodes*; more are reported."""
    if len(nodes) > most:
        report.error(
            "too-many",
            f"there are {len(nodes)} {what}",
            nodes[most].span,
            "from here on",
            help=f"at most {most}",
        )
    return nodes[:most]


def meant(name: str | None) -> str:
    """The help that names the nearest name."""
    return f"did you mean `{name}`?" if name else ""
