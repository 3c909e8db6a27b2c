"""What a verb prints: tables for people, JSON for programs, never both."""

import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import orjson

from events import clock

if TYPE_CHECKING:
    from rich.console import Console, RenderableType

_UNWRAPPED = 10_000
"""The width of what is not a terminal: lines that a program reads are not broken."""


@dataclass(frozen=True)
class Column:
    """One column of a table."""

    title: str
    value: Callable[[Any], Any]
    needed: bool = True
    """False for one that a narrow terminal can do without."""
    right: bool = False


class Output:
    """Prints to stdout as the call asked."""

    def __init__(self, *, json: bool) -> None:
        self.json = json

    @cached_property
    def console(self) -> "Console":
        from rich.console import Console

        width = None if sys.stdout.isatty() else _UNWRAPPED
        return Console(file=sys.stdout, width=width, highlight=False)

    def document(self, document: Any) -> None:
        """One JSON document; nothing where people read."""
        if self.json:
            _write(to_json(document, indent=True))

    def line(self, document: Any) -> None:
        """One line of JSON in a stream of them; nothing where people read."""
        if self.json:
            _write(to_json(document))

    def say(self, text: str) -> None:
        """A sentence for people, with rich's markup; nothing where a program reads."""
        if not self.json:
            self.console.print(text)

    def verbatim(self, text: str) -> None:
        """Text for another program, exactly as given; nothing where JSON is asked for."""
        if not self.json:
            self.console.print(text, markup=False, highlight=False, soft_wrap=True, end="")

    def item(self, text: str, *, bullet: str = "  • ") -> None:
        """One item of a list for people, exactly as given."""
        if not self.json:
            self.console.print(f"{bullet}{printable(text)}", markup=False, soft_wrap=True)

    def show(self, renderable: "RenderableType") -> None:
        """Anything that rich can render; nothing where a program reads."""
        if not self.json:
            self.console.print(renderable)

    def table(self, rows: Sequence[Any], columns: Sequence[Column], *, none: str) -> None:
        """*rows* as a table as wide as the terminal allows, or the sentence *none*."""
        if self.json:
            return
        if not rows:
            self.console.print(none)
            return
        from .tables import fitting

        table, left_out = fitting(rows, columns, self.console)
        self.console.print(table)
        if left_out:
            self.console.print(
                f"[dim]Not shown here: {', '.join(left_out)}. A wider terminal or --json does.[/]"
            )

    def facts(self, facts: Mapping[str, Any]) -> None:
        """Names and values, one below the other; those that are empty are left out."""
        if self.json:
            return
        from rich.table import Table
        from rich.text import Text

        table = Table(box=None, show_header=False, pad_edge=False)
        table.add_column(style="dim", no_wrap=True)
        table.add_column(overflow="fold")
        for name, value in facts.items():
            if value not in (None, "", [], {}):
                table.add_row(name, value if isinstance(value, Text) else Text(printable(str(value))))
        self.console.print(table)


def printable(text: str) -> str:
    """*text* with its control characters spelled out, so that it can do nothing to a terminal."""
    return (
        text
        if text.isprintable()
        else "".join(c if c.isprintable() or c == " " else repr(c)[1:-1] for c in text)
    )


def to_json(document: Any, *, indent: bool = False) -> bytes:
    """*document* as JSON; what JSON does not know is written as text."""
    options = orjson.OPT_INDENT_2 if indent else 0
    return orjson.dumps(document, default=_plain, option=options)


def record(row: Any, *, times: Iterable[str] = ()) -> dict[str, Any]:
    """A projection's row as a JSON object; *times* are its fields in nanoseconds, written as RFC 3339."""
    fields: dict[str, Any] = row._asdict()
    for name in times:
        if fields.get(name) is not None:
            fields[name] = clock.to_wire(fields[name])
    return fields


def _plain(value: Any) -> Any:
    if isinstance(value, set | frozenset):
        return sorted(value)
    return str(value)


def _write(text: bytes) -> None:
    sys.stdout.write(text.decode() + "\n")
    sys.stdout.flush()
