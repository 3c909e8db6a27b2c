"""When an agent is given a task without being asked."""

from pydantic import Field, JsonValue

from .base import Record


class Schedule(Record):
    """The times of one `schedule` block: either those of a cron expression, or one instant."""

    name: str
    cron: str | None = None
    """Five fields, or six with the seconds first; read on the clock of the time zone."""
    at: str | None = None
    """One instant, RFC 3339 in UTC."""
    timezone: str = "UTC"
    """An IANA name."""
    one_shot: bool = False
    """The first time only."""
    inputs: dict[str, JsonValue] = Field(default_factory=dict)
    """What each task is given."""
