"""Where a check writes down what it finds, in bounded time and room."""

from collections.abc import Iterable, Sequence
from difflib import get_close_matches
from itertools import islice
from typing import TypeVar

from .diagnostics import Diagnostic, Note, in_order
from .diagnostics import error as an_error
from .diagnostics import warning as a_warning
from .source import Span
from .tree import Node

MOST = 100
"""Errors that are kept, and warnings likewise; nobody reads more at once."""

LOOKED_AT = 500
"""Names among which a nearest one is looked for."""


class Report:
    """Collects diagnostics. What lies beyond `MOST` is counted and not kept."""

    def __init__(self) -> None:
        self._kept: dict[str, list[Diagnostic]] = {"error": [], "warning": []}
        self._said: set[tuple[str, Span]] = set()
        self._left_out = 0
        self._questions = 2 * MOST

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
    candidates = [one for one in islice(known, LOOKED_AT) if abs(len(one) - len(name)) <= 2 + len(name) // 2]
    by_folded = {one.lower(): one for one in candidates}
    found = get_close_matches(name.lower()[:64], by_folded, n=1, cutoff=0.6)
    return by_folded[found[0]] if found else None


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
