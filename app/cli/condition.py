"""How the condition of a runtime is shown."""

from typing import Any

from rich.text import Text

from app.services.health import HealthStatus

from .output import Column, Output, printable
from .tables import state

UNHEALTHY = 4

_COMPONENTS = [
    Column("Part", lambda item: item[0]),
    Column("Status", lambda item: state(item[1].status)),
    Column("Detail", lambda item: item[1].detail),
]

_ERRORS = [
    Column("Seq", lambda error: error.seq, right=True),
    Column("When", lambda error: error.at[:19].replace("T", " "), needed=False),
    Column("Event", lambda error: error.type),
    Column("About", lambda error: error.about),
    Column("Why", lambda error: printable(error.reason)[:120], needed=False),
]


def show(out: Output, found: HealthStatus) -> None:
    """The condition for people."""
    out.show(Text("The runtime is ") + state(found.overall_status) + Text("."))
    out.show("")
    out.table(list(found.component_health.items()), _COMPONENTS, none="")
    usage = found.resource_utilization
    out.show("")
    out.facts(
        {
            "agents": _counts(usage["agents"]),
            "tasks": _counts(usage["tasks"]),
            "nodes": ", ".join(
                f"{name} {node['state']}, {node['running']} of {node['capacity']} tasks"
                for name, node in usage["nodes"].items()
            ),
            "memory": _memory(usage),
            "CPU": f"{usage['cpu_seconds']} s since it started" if "cpu_seconds" in usage else None,
            "disk": f"{usage['disk_free_mb']} MB free",
        }
    )
    if found.recent_errors:
        out.show("\nWhat went wrong lately:")
        out.table(found.recent_errors, _ERRORS, none="")


def _counts(counts: dict[str, int]) -> str:
    return ", ".join(f"{count} {name}" for name, count in sorted(counts.items())) or "none"


def _memory(usage: dict[str, Any]) -> str | None:
    if "memory_mb" not in usage:
        return None
    return f"{usage['memory_mb']} MB, and {usage['servers_memory_mb']} MB of its servers"
