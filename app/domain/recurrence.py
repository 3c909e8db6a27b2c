"""The instants that a schedule names: wall-clock times of a zone, through every change of its clocks."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from functools import lru_cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from cronsim import CronSim

from app.dsl.cron import Cron, NotCron
from events import clock
from events.agent_schedule import Schedule

COUNTED = 1_000
"""Instants that passed by are counted up to this many."""

_MINUTE = timedelta(minutes=1)
_NANOSECONDS = 1_000_000_000


class Unreadable(ValueError):
    """A schedule that the check of a definition does not let through: the message says what is wrong."""


@dataclass(frozen=True, slots=True)
class Recurrence:
    """A cron expression on the clock of a zone.

    One that names hours goes by the clock on the wall: a time that the clock skips in spring fires at the
    next one that exists, and one that it shows twice in autumn fires the first time alone. One that fires in
    every hour goes by elapsed time, which no change of clocks stretches.
    """

    expression: str
    """Five fields, or six with the seconds first."""
    zone: tzinfo
    every_hour: bool

    @classmethod
    def of(cls, cron: str, timezone: str) -> "Recurrence":
        """Raises `Unreadable`."""
        try:
            parsed, zone = Cron.parse(cron), ZoneInfo(timezone)
        except (NotCron, ZoneInfoNotFoundError, ValueError) as error:
            raise Unreadable(f"{cron!r} in {timezone}: {error}") from None
        words = parsed.expression.split()
        every_hour = len(parsed.hours) == 24
        if every_hour:
            words[-4] = "*"  # however it is written
        return cls(" ".join(words), zone, every_hour)

    def after(self, instant: datetime) -> datetime | None:
        """The first instant after *instant*, both in UTC; None: there is none for a long time."""
        return next(self._instants(instant), None)

    def _instants(self, after: datetime) -> Iterator[datetime]:
        local = after.astimezone(self.zone)
        if self.every_hour:
            yield from (each.astimezone(UTC) for each in CronSim(self.expression, local))
            return
        for wall in CronSim(self.expression, local.replace(tzinfo=None)):
            instant = first_instant(wall, self.zone)
            if instant > after:
                after = instant  # several skipped times come to the same instant
                yield instant


def first_instant(wall: datetime, zone: tzinfo) -> datetime:
    """When the clock of *zone* first shows *wall*; where it skips that time, the next that it does show."""
    while True:
        instant = wall.replace(tzinfo=zone, fold=0).astimezone(UTC)
        if instant.astimezone(zone).replace(tzinfo=None) == wall:
            return instant
        wall = wall.replace(second=0, microsecond=0) + _MINUTE


@lru_cache(maxsize=4096)
def _recurrence(cron: str, timezone: str) -> Recurrence:
    return Recurrence.of(cron, timezone)


@lru_cache(maxsize=4096)
def _after(cron: str, timezone: str, seconds: int) -> int | None:
    # Kept, because the agents of one definition ask the same.
    due = _recurrence(cron, timezone).after(datetime.fromtimestamp(seconds, UTC))
    return None if due is None else int(due.timestamp())


def next_due(schedule: Schedule, after_ns: int) -> int | None:
    """The first instant of *schedule* after that one, in nanoseconds since the epoch; None: there is none.

    Raises `Unreadable`.
    """
    if schedule.at is not None:
        try:
            at = clock.from_wire(schedule.at)
        except ValueError as error:
            raise Unreadable(str(error)) from None
        return at if at > after_ns else None
    if schedule.cron is None:
        return None
    # To the second, downwards: no schedule is finer, and what is due at this very second has passed.
    due = _after(schedule.cron, schedule.timezone, after_ns // _NANOSECONDS)
    return None if due is None else due * _NANOSECONDS


@dataclass(frozen=True, slots=True)
class Missed:
    """What came due in a stretch of time."""

    latest_ns: int
    earlier: int
    """How many came due in it before that one; `COUNTED` stands for as many or more."""


def due_within(schedule: Schedule, after_ns: int, upto_ns: int) -> Missed | None:
    """What came due after the one instant, up to and including the other; None: nothing."""
    first = next_due(schedule, after_ns)
    if first is None or first > upto_ns:
        return None
    latest, earlier = first, 0
    while (following := next_due(schedule, latest)) is not None and following <= upto_ns:
        latest, earlier = following, earlier + 1
        if earlier == COUNTED:
            return Missed(_latest(schedule, latest, upto_ns), COUNTED)
    return Missed(latest, earlier)


def _latest(schedule: Schedule, known_ns: int, upto_ns: int) -> int:
    """The last instant up to *upto_ns*, where the one at *known_ns* is not after it."""
    back = 60 * _NANOSECONDS
    latest = known_ns
    while upto_ns - back > known_ns:
        found = next_due(schedule, upto_ns - back)
        if found is not None and found <= upto_ns:
            latest = found
            break
        back *= 2
    while (following := next_due(schedule, latest)) is not None and following <= upto_ns:
        latest = following
    return latest
