"""Cron expressions: the wall-clock times that a schedule names."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
WEEKDAYS = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")
SHORTHANDS = {
    "@yearly": "0 0 1 1 *",
    "@annually": "0 0 1 1 *",
    "@monthly": "0 0 1 * *",
    "@weekly": "0 0 * * 0",
    "@daily": "0 0 * * *",
    "@midnight": "0 0 * * *",
    "@hourly": "0 * * * *",
}
LONGEST = 256
"""Characters that an expression may have."""

_YEARS = 9
"""Between two 29ths of February there are at most eight years."""

_PART = re.compile(r"(?P<first>\*|[0-9a-z]+)(?:-(?P<last>[0-9a-z]+))?(?:/(?P<step>[0-9]+))?", re.ASCII)


class NotCron(ValueError):
    """The text is no cron expression; the message says which part and why."""


@dataclass(frozen=True, slots=True)
class _Field:
    """One of the fields, and the numbers that it may name."""

    name: str
    least: int
    most: int
    names: Sequence[str] = ()
    """What may be written instead of the numbers from `least` on."""


_SECOND = _Field("second", 0, 59)
_FIELDS = (
    _Field("minute", 0, 59),
    _Field("hour", 0, 23),
    _Field("day of the month", 1, 31),
    _Field("month", 1, 12, MONTHS),
    _Field("day of the week", 0, 7, WEEKDAYS),
)


@dataclass(frozen=True, slots=True)
class Cron:
    """The times at which every field fits; where both day fields are restricted, one of them suffices.

    That is the rule of POSIX crontab(5). Six fields begin with the seconds; 0 and 7 are Sunday.
    """

    text: str
    seconds: tuple[int, ...]
    minutes: tuple[int, ...]
    hours: tuple[int, ...]
    days: frozenset[int]
    months: frozenset[int]
    weekdays: frozenset[int]
    either_day: bool
    """True where a day need fit only one of `days` and `weekdays`."""

    @classmethod
    def parse(cls, text: str) -> "Cron":
        """Raises `NotCron` where *text* is none, or names a day that no year has."""
        if len(text) > LONGEST:
            raise NotCron(f"a cron expression has at most {LONGEST} characters")
        words = SHORTHANDS.get(text.strip().lower(), text).lower().split()
        if len(words) not in (5, 6):
            raise NotCron(
                f"a cron expression has 5 fields (minute, hour, day, month, weekday), or 6 with the "
                f"seconds first; this has {len(words)}"
            )
        seconds = _numbers(words[0], _SECOND) if len(words) == 6 else {0}
        minutes, hours, days, months, weekdays = (
            _numbers(word, field) for word, field in zip(words[-5:], _FIELDS, strict=True)
        )
        made = cls(
            text=text,
            seconds=tuple(sorted(seconds)),
            minutes=tuple(sorted(minutes)),
            hours=tuple(sorted(hours)),
            days=frozenset(days),
            months=frozenset(months),
            weekdays=frozenset(day % 7 for day in weekdays),
            either_day=not words[-3].startswith("*") and not words[-1].startswith("*"),
        )
        if made.next_after(datetime(2000, 1, 1)) is None:  # noqa: DTZ001 - wall-clock time
            raise NotCron("no month that it names has such a day, so it would never run")
        return made

    def next_after(self, moment: datetime) -> datetime | None:
        """The first time after *moment* on the same clock, both without a zone; None: there is none."""
        for day in self._days_from(moment.date()):
            for hour in self.hours:
                for minute in self.minutes:
                    if datetime.combine(day, time(hour, minute, 59)) <= moment:
                        continue
                    for second in self.seconds:
                        found = datetime.combine(day, time(hour, minute, second))
                        if found > moment:
                            return found
        return None

    def _days_from(self, first: date) -> Iterator[date]:
        for ahead in range(_YEARS * 366):
            try:
                day = first + timedelta(days=ahead)
            except OverflowError:
                return
            if day.month in self.months and self._fits(day):
                yield day

    def _fits(self, day: date) -> bool:
        in_month, in_week = day.day in self.days, day.isoweekday() % 7 in self.weekdays
        return in_month or in_week if self.either_day else in_month and in_week


def _numbers(word: str, field: _Field) -> set[int]:
    """The numbers that *word* names: `*`, `5`, `1-5`, `*/15`, `mon-fri`, and lists of these."""
    found: set[int] = set()
    for part in word.split(","):
        match = _PART.fullmatch(part)
        if match is None:
            raise NotCron(f"{part!r} is nothing that the field {field.name!r} can hold")
        first, last, step = match["first"], match["last"], match["step"]
        if first == "*":
            if last:
                raise NotCron(f"{part!r}: a range is of two numbers, or `*` alone")
            low, high = field.least, field.most
        else:
            low = _number(first, field)
            high = _number(last, field) if last else field.most if step else low
        if low > high:
            raise NotCron(f"{part!r} runs backwards in the field {field.name!r}")
        if step is not None and not 1 <= int(step) <= field.most:
            raise NotCron(f"{part!r}: a step in the field {field.name!r} is 1 to {field.most}")
        found.update(range(low, high + 1, int(step or 1)))
    return found


def _number(text: str, field: _Field) -> int:
    if text in field.names:
        return field.names.index(text) + field.least
    if not text.isdigit() or not field.least <= int(text) <= field.most:
        names = f" or {field.names[0]} to {field.names[-1]}" if field.names else ""
        raise NotCron(
            f"{text!r} does not fit the field {field.name!r}, "
            f"which takes {field.least} to {field.most}{names}"
        )
    return int(text)
