"""Cron expressions: the wall-clock times that a schedule names."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from cronsim import CronSim, CronSimError

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

_ANY_DAY = datetime(2000, 1, 1, tzinfo=UTC)

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

    expression: str
    """In digits and words, without shorthands: what `cronsim` reads."""
    seconds: tuple[int, ...]
    minutes: tuple[int, ...]
    hours: tuple[int, ...]
    days: tuple[int, ...]
    months: tuple[int, ...]
    weekdays: tuple[int, ...]

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
        fields = (_SECOND, *_FIELDS)
        numbers = [
            _numbers(word, field)
            for word, field in zip(words if len(words) == 6 else ["0", *words], fields, strict=True)
        ]
        expression = " ".join(words)
        try:
            CronSim(expression, _ANY_DAY)
        except CronSimError:
            raise NotCron("no month that it names has such a day, so it would never run") from None
        return cls(expression, *(tuple(sorted(each)) for each in numbers))


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
