"""When agents are given work without being asked, as people read it."""

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from events.agent_schedule import Schedule

from ..domain.recurrence import next_due

NANOSECONDS = 1_000_000_000


def upcoming(config: Mapping[str, Any] | None, now_ns: int) -> Iterator[tuple[str, str]]:
    """Each schedule of a configuration, and when it is due next; one that never is again is left out."""
    for document in (config or {}).get("schedules", []):
        schedule = Schedule.model_validate(document)
        due = next_due(schedule, now_ns)
        if due is not None:
            then = datetime.fromtimestamp(due // NANOSECONDS, ZoneInfo(schedule.timezone))
            yield schedule.name, f"{then:%Y-%m-%d %H:%M} in {schedule.timezone}"
