"""The tools of docs/examples: they touch nothing, and answer the same question the same way every time."""

import hashlib
from collections.abc import Callable, Sequence
from typing import Any
from urllib.parse import urlsplit

from events import strict_json

from ..ports.tools import Json, ToolFailed
from .function_tools import FunctionTool

TODAY = "2026-11-21"


def _table(columns: str, *rows: tuple[Any, ...]) -> list[dict[str, Any]]:
    return [dict(zip(columns.split(), row, strict=True)) for row in rows]


TABLES: dict[str, list[dict[str, Any]]] = {
    "ledger": _table(
        "account amount note",
        ("travel", 120.5, "train to Graz"),
        ("travel", 310.0, "hotel"),
        ("office", 42.25, "paper"),
        ("office", 19.75, "ink"),
        ("revenue", 9800.0, "invoice 17"),
        ("revenue", 4120.0, "invoice 18"),
    ),
    "tickets": _table(
        "id from subject text",
        (101, "ada@example.com", "Cannot log in", "The site says my password is wrong since this morning."),
        (102, "bob@example.org", "Invoice", "You charged me twice, I want a refund."),
        (103, "cy@example.net", "Thanks", "It works again, thank you!"),
        (104, "dee@example.com", "URGENT: site down", "All our users get error 500."),
    ),
    "signups": _table(
        "name email age country",
        ("ada lovelace", "ADA@Example.com", "36", "uk"),
        ("Bob", "bob(at)example.org", "41", "US"),
        (" Cy   Young", "cy@example.net", "n/a", "us"),
        ("Dee", "dee@example.com", "29", "De"),
        ("Dee", "dee@example.com", "29", "De"),
    ),
    "services": _table(
        "name status error_rate region",
        ("search", "ok", 0.001, "eu"),
        ("billing", "degraded", 0.072, "eu"),
        ("mail", "ok", 0.0, "eu"),
        ("search", "down", 0.91, "us"),
    ),
    "customers": _table(
        "name plan contains_pii total",
        ("Ada Ltd", "enterprise", False, 12000.0),
        ("Bob Inc", "free", False, 0.0),
    ),
}

DIRECTORY = {
    "plan:ada@example.com": "enterprise",
    "plan:dee@example.com": "enterprise",
    "plan:bob@example.org": "free",
    "oncall:eu": "ines@example.com",
}


def log(text: str) -> None:
    """Writes a line into the task's log."""


def read_rows(name: str) -> Json:
    """The rows of a table; fails with `NotFound` where there is none."""
    rows = TABLES.get(name)
    if rows is None:
        raise ToolFailed(f"there is no table {name!r}; there are {', '.join(TABLES)}", "NotFound")
    return [dict(row) for row in rows]


def lookup(key: str) -> Json:
    """What the directory holds under the key; null where it holds nothing."""
    return DIRECTORY.get(key)


def summarise(rows: Sequence[dict[str, Json]]) -> str:
    """How many rows there are, and their columns in the order of the first one."""
    if not rows:
        return "no rows"
    return f"{len(rows)} row{'s' * (len(rows) != 1)}: {', '.join(rows[0])}"


def send_notice(to: str, text: str) -> Json:
    """Sends a text to somebody; the id that it gets follows from both."""
    digest = hashlib.sha256(f"{to}\n{text}".encode()).hexdigest()
    return {"id": f"notice-{digest[:8]}", "to": to}


def save(name: str, value: Json) -> Json:
    """Keeps a value under a name, and says how long it is as canonical JSON."""
    return {"name": name, "bytes": len(strict_json.canonical(value))}


def fetch(url: str) -> Json:
    """Gets a page; fails with `Unavailable` for a host whose name begins with `down`."""
    host = urlsplit(url).hostname or ""
    if host.startswith("down"):
        raise ToolFailed(f"{host} does not answer", "Unavailable")
    return {"status": 200, "body": {"url": url}}


def today() -> str:
    """The day on which the examples play, always the same."""
    return TODAY


_DECLARED: Sequence[tuple[Callable[..., Json], str, bool]] = (
    (log, "(text: String) -> null", True),
    (read_rows, "(name: String) -> List<Map>", True),
    (lookup, "(key: String) -> any", True),
    (summarise, "(rows: List<Map>) -> String", True),
    (send_notice, "(to: String, text: String) -> Map", False),
    (save, "(name: String, value: any) -> Map", True),
    (fetch, "(url: String) -> Map", True),
    (today, "() -> String", True),
)

EXAMPLE_TOOLS = [
    FunctionTool(function.__name__, signature, function, idempotent=idempotent)
    for function, signature, idempotent in _DECLARED
]
"""All of them."""
