"""How is the runtime? Its parts, what they use, and what went wrong lately."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import psutil
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from events import clock
from projections import history, lifecycle, scheduler
from projections.checkpoints import Checkpoint, positions
from projections.paging import Page
from projections.quarantine import quarantine_counts

from ..errors import Unavailable
from ..ports.event_log import EventLog

LAG = 1000
"""A projection that is further behind the log is reported."""

TROUBLE = (
    "agent.initialization.failed",
    "auth.failed",
    "log.config.changed",
    "log.gap.detected",
    "node.lost",
    "task.dead_lettered",
    "task.failed",
    "task.timed_out",
)
"""The types of events that `recent_errors` tells of."""

MIB = 1024 * 1024

Status = Literal["ok", "degraded", "down"]
Overall = Literal["healthy", "degraded", "unhealthy"]


@dataclass(frozen=True, slots=True)
class ComponentHealth:
    """How one part is, in a word and in a sentence."""

    status: Status
    detail: str
    facts: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class RecentError:
    """One event that tells of trouble."""

    seq: int
    at: str
    type: str
    about: str
    reason: str


@dataclass(frozen=True, slots=True)
class HealthStatus:
    """The whole, its parts by name, what they use, and the newest trouble, newest first."""

    overall_status: Overall
    component_health: dict[str, ComponentHealth]
    resource_utilization: dict[str, Any]
    recent_errors: list[RecentError]


@dataclass(frozen=True, slots=True)
class Process:
    """The process that runs the runtime, where it is on this machine."""

    pid: int
    roles: list[str]
    started_at: float
    """Seconds since the epoch."""


async def health(
    engine: AsyncEngine,
    log: EventLog,
    data_dir: Path,
    process: Process | None,
    ping: Callable[[], Awaitable[None]],
) -> HealthStatus:
    """How the runtime is now; what does not answer is reported, not raised.

    *ping* returns when a gateway answers, or raises `Unavailable`.
    """
    components: dict[str, ComponentHealth] = {"runtime": _runtime(process), "gateway": await _gateway(ping)}
    head = await _head(log, components)
    usage: dict[str, Any] = {"agents": {}, "tasks": {}, "queued": {}, "nodes": {}, "events": head}
    errors: list[RecentError] = []
    try:
        async with engine.connect() as connection:
            components["postgres"] = ComponentHealth("ok", "answers")
            components["projections"] = _projections(await positions(connection), head)
            components["quarantine"] = await _quarantine(connection)
            components["workers"], usage["nodes"] = await _workers(connection)
            usage["agents"] = dict(await lifecycle.agent_counts(connection))
            usage["tasks"] = dict(await scheduler.task_counts(connection))
            usage["queued"] = dict(await scheduler.queue_depths(connection))
            errors = await _recent_errors(connection)
    except (SQLAlchemyError, OSError, TimeoutError) as error:
        components["postgres"] = ComponentHealth("down", f"does not answer: {str(error).splitlines()[0]}")
    usage["disk_free_mb"] = psutil.disk_usage(str(data_dir)).free // MIB
    return HealthStatus(overall(components), components, usage | _process_usage(process), errors)


def overall(components: dict[str, ComponentHealth]) -> Overall:
    """Unhealthy where a part is down, degraded where one is, else healthy."""
    found = {component.status for component in components.values()}
    return "unhealthy" if "down" in found else "degraded" if "degraded" in found else "healthy"


async def _gateway(ping: Callable[[], Awaitable[None]]) -> ComponentHealth:
    try:
        await ping()
    except Unavailable as error:
        return ComponentHealth("down", error.message)
    return ComponentHealth("ok", "takes commands")


async def _head(log: EventLog, components: dict[str, ComponentHealth]) -> int | None:
    try:
        head = await log.last_seq()
    except Unavailable as error:
        components["event_log"] = ComponentHealth("down", error.message)
        return None
    components["event_log"] = ComponentHealth("ok", f"{head} events", {"last_seq": head})
    return head


def _projections(rows: list[Checkpoint], head: int | None) -> ComponentHealth:
    lags = {row.projection: max(0, head - row.position) for row in rows} if head is not None else {}
    facts = {"lag": lags, "parked": {row.projection: row.parked for row in rows if row.parked}}
    if facts["parked"]:
        count = sum(facts["parked"].values())
        return ComponentHealth("degraded", f"{count} subjects are parked: symbi projections list", facts)
    behind = [f"{name} by {lag}" for name, lag in lags.items() if lag > LAG]
    if behind:
        return ComponentHealth("degraded", f"behind the log: {', '.join(behind)}", facts)
    return ComponentHealth("ok", f"{len(rows)} up to date", facts)


async def _quarantine(connection: AsyncConnection) -> ComponentHealth:
    counts = dict(await quarantine_counts(connection))
    if counts:
        return ComponentHealth(
            "degraded", f"{sum(counts.values())} events are not believed: symbi events quarantine", counts
        )
    return ComponentHealth("ok", "empty")


async def _workers(connection: AsyncConnection) -> tuple[ComponentHealth, dict[str, Any]]:
    loads = await scheduler.node_loads(connection)
    nodes = {
        row.id: {"state": row.state, "running": loads.get(row.id, 0), "capacity": row.tasks}
        for row in await scheduler.nodes(connection)
        if row.state != "removed"
    }
    joined = [name for name, node in nodes.items() if node["state"] == "joined"]
    lost = [name for name, node in nodes.items() if node["state"] == "lost"]
    if not joined:
        return ComponentHealth("degraded", "no node takes tasks: symbi up --roles worker", nodes), nodes
    if lost:
        return ComponentHealth("degraded", f"lost: {', '.join(lost)}", nodes), nodes
    return ComponentHealth("ok", f"{len(joined)} joined", nodes), nodes


async def _recent_errors(connection: AsyncConnection) -> list[RecentError]:
    rows = await history.events(connection, Page(10, newest_first=True), types=TROUBLE)
    return [
        RecentError(
            seq=row.seq,
            at=clock.to_wire(row.time),
            type=row.type,
            about=f"{row.aggregate}/{row.aggregate_id}",
            reason=_reason(row.data),
        )
        for row in rows
    ]


def _reason(data: dict[str, Any]) -> str:
    if reasons := data.get("reasons"):
        return "; ".join(reasons)
    if changes := data.get("changes"):
        return ", ".join(f"{name} is now {value}" for name, value in changes.items())
    if "expected" in data and "found" in data:
        return f"{data['expected']} to {data['found'] - 1} are missing"
    if refusals := data.get("refusals"):
        return ", ".join(f"{count} × {code}" for code, count in refusals.items())
    parts = [str(data[name]) for name in ("reason", "detail") if data.get(name)]
    return ": ".join(parts)


def _runtime(process: Process | None) -> ComponentHealth:
    if process is None:
        return ComponentHealth("ok", "not on this machine: what it uses is not seen from here")
    facts = {
        "pid": process.pid,
        "roles": process.roles,
        "started_at": clock.to_wire(int(process.started_at * 1e9)),
    }
    if not psutil.pid_exists(process.pid):
        return ComponentHealth("down", f"the process {process.pid} is gone: symbi up", facts)
    return ComponentHealth("ok", f"process {process.pid} runs {', '.join(process.roles)}", facts)


def _process_usage(process: Process | None) -> dict[str, Any]:
    """Memory and CPU time of the runtime's process, and of the servers that it brought along."""
    if process is None or not psutil.pid_exists(process.pid):
        return {}
    try:
        runtime = psutil.Process(process.pid)
        with runtime.oneshot():
            times = runtime.cpu_times()
            own = runtime.memory_info().rss
        servers = sum(child.memory_info().rss for child in runtime.children(recursive=True))
    except psutil.Error:  # it ended meanwhile
        return {}
    return {
        "memory_mb": own // MIB,
        "servers_memory_mb": servers // MIB,
        "cpu_seconds": round(times.user + times.system, 1),
    }
