"""Tables that fit the terminal: what cannot be shown is left out by name, not cut to pieces."""

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from rich import box
from rich.measure import Measurement
from rich.table import Table
from rich.text import Text

from .output import Column, printable

if TYPE_CHECKING:
    from rich.console import Console

STATE_STYLES = {
    "ready": "green",
    "running": "cyan",
    "completed": "green",
    "initializing": "blue",
    "assigned": "blue",
    "queued": "yellow",
    "suspended": "yellow",
    "failed": "bold red",
    "timed_out": "bold red",
    "dead_lettered": "bold red",
    "cancelled": "dim",
    "terminated": "dim",
    "decommissioned": "dim",
    "ok": "green",
    "warn": "yellow",
    "fail": "bold red",
    "healthy": "green",
    "degraded": "yellow",
    "unhealthy": "bold red",
}


def fitting(rows: Sequence[Any], columns: Sequence[Column], console: "Console") -> tuple[Table, list[str]]:
    """The table of *rows* with as many columns as *console* is wide enough for, and the titles left out."""
    shown = list(columns)
    while True:
        table = _table(rows, shown)
        width = Measurement.get(console, console.options.update(max_width=100_000), table).maximum
        spare = [column for column in shown if not column.needed]
        if width <= console.width or not spare:
            return table, [column.title for column in columns if column not in shown]
        shown.remove(spare[-1])


def state(name: object) -> Text:
    """The name of a state in its colour."""
    text = printable(str(name))
    return Text(text, style=STATE_STYLES.get(text, ""))


def moment(ns: int | None) -> Text:
    """A time in nanoseconds since the epoch, in local time; the date where it is not today's."""
    if ns is None:
        return Text("")
    at = datetime.fromtimestamp(ns / 1e9).astimezone()
    today = at.date() == datetime.now().astimezone().date()
    return Text(f"{at:%H:%M:%S}" if today else f"{at:%Y-%m-%d %H:%M:%S}")


def _table(rows: Sequence[Any], columns: Sequence[Column]) -> Table:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False)
    for column in columns:
        table.add_column(column.title, justify="right" if column.right else "left", overflow="fold")
    for row in rows:
        table.add_row(*(_cell(column.value(row)) for column in columns))
    return table


def _cell(value: Any) -> Text:
    return value if isinstance(value, Text) else Text("" if value is None else printable(str(value)))
