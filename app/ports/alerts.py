"""Where security alerts go."""

from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

Severity = Literal["info", "low", "medium", "high", "critical"]


@dataclass(frozen=True, slots=True)
class Alert:
    """Something that a security engineer should look at."""

    kind: str
    """`event.quarantined`, `event.parked`, `log.gap`, …"""
    severity: Severity
    summary: str
    dedup_id: str
    """The same for the same finding, however often it is raised."""
    details: dict[str, Any] = field(default_factory=dict)


class Alerts(Protocol):
    """Publishes alerts; never raises, because nothing may stop for want of an alert."""

    async def raise_alert(self, alert: Alert) -> None: ...
