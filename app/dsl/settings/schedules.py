"""Reads `schedule` blocks: when an agent is given a task without being asked."""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, tzinfo
from typing import Final
from zoneinfo import ZoneInfo, available_timezones

from pydantic import JsonValue

from events.agent_schedule import Schedule

from ..cron import Cron, NotCron
from ..report import Report, meant
from ..tree import ScheduleDef, Setting
from .constants import Constant, Duration, NotConstant, constant, described, plain
from .kinds import Flag, Kind, Text
from .reading import Read, once, value_of

KINDS: Final[Mapping[str, Kind]] = {
    "agent": Text(64, like='the name of an agent as `"reporter"`'),
    "cron": Text(like='a cron expression as `"0 9 * * mon-fri"`'),
    "at": Text(like='a date and time as `"2026-12-24T18:00:00"`'),
    "timezone": Text(like='an IANA time zone as `"Europe/Berlin"`'),
    "one_shot": Flag(),
}
"""The settings of a schedule; every other one is an input of the agent's, by its name."""

MEANINGS: Final[Mapping[str, str]] = {
    "agent": "Who is given the task; may be left out where the file has one agent.",
    "cron": "Five fields (minute, hour, day, month, weekday), or six with the seconds first, or a shorthand "
    "as `@daily`; on the clock of the time zone.",
    "at": "One instant, in the time zone or with an offset of its own. Either this or `cron`.",
    "timezone": "Without it, UTC.",
    "one_shot": "With `cron`: the first time only.",
}


def read_schedule(
    node: ScheduleDef, name: str, report: Report
) -> tuple[Schedule | None, Read | None, list[Setting]]:
    """The schedule, the agent that it names, and the settings that are inputs of that agent.

    Its `inputs` are still empty. None for a schedule that says no time.
    """
    found: dict[str, Read] = {}
    inputs: list[Setting] = []
    for setting in once(node.settings, report, of="a schedule"):
        kind = KINDS.get(setting.name)
        if kind is None:
            inputs.append(setting)
            continue
        value = value_of(setting.value, setting.name, kind, report)
        if value is not None:
            found[setting.name] = Read(setting.name, value, setting.value.span, setting.name_span)
    said = {setting.name for setting in node.settings}
    return _schedule(node, name, found, said, report), found.get("agent"), inputs


def _schedule(
    node: ScheduleDef, name: str, found: Mapping[str, Read], said: set[str], report: Report
) -> Schedule | None:
    if "cron" in said and "at" in said:
        report.error(
            "bad-schedule",
            "a schedule has either `cron` or `at`, not both",
            next(setting.name_span for setting in node.settings if setting.name == "at"),
            help="make two schedules of it",
        )
        return None
    if not said & {"cron", "at"}:
        report.error(
            "bad-schedule",
            "the schedule says no time",
            node.name_span,
            help='add `cron: "0 9 * * *"`, or `at: "2026-12-24T18:00:00"` for a single time',
        )
        return None
    zone = _zone(found.get("timezone"), report)
    cron = _cron(found.get("cron"), report)
    at = _at(found.get("at"), zone, report)
    one_shot = found.get("one_shot")
    if at is not None and one_shot is not None and one_shot.value is False:
        report.error(
            "bad-schedule",
            "`at` is a single time, so `one_shot` cannot be false",
            one_shot.span,
            help="leave it out, or write `cron` for what repeats",
        )
    if zone is None or (cron is None and at is None):
        return None
    return Schedule(
        name=name,
        cron=cron,
        at=at,
        timezone=str(found["timezone"].value) if "timezone" in found else "UTC",
        one_shot=at is not None or (one_shot is not None and one_shot.value is True),
    )


def _cron(read: Read | None, report: Report) -> str | None:
    if read is None:
        return None
    try:
        Cron.parse(str(read.value))
    except NotCron as problem:
        report.error("bad-cron", str(problem), read.span, help='as in `"0 9 * * mon-fri"`')
        return None
    return str(read.value)


def _zone(read: Read | None, report: Report) -> tzinfo | None:
    if read is None:
        return UTC
    try:
        return ZoneInfo(str(read.value))
    except (KeyError, ValueError, OSError):
        near = report.nearest(str(read.value), _zones(str(read.value)))
        report.error(
            "unknown-timezone",
            f"there is no time zone {described(str(read.value))}",
            read.span,
            help=meant(near) or 'write an IANA name as `"Europe/Berlin"`, or leave it out for UTC',
        )
        return None


def _zones(name: str) -> Iterator[str]:
    """Zones, those that speak of the same city first."""
    city = name.lower().rpartition("/")[2][:4]
    yield from sorted(available_timezones(), key=lambda zone: (city not in zone.lower(), zone))


def _at(read: Read | None, zone: tzinfo | None, report: Report) -> str | None:
    """The instant as RFC 3339 in UTC."""
    if read is None or zone is None:
        return None
    try:
        moment = datetime.fromisoformat(str(read.value))
    except ValueError:
        report.error(
            "bad-schedule",
            f"{described(str(read.value))} is no date and time",
            read.span,
            help='write it as `"2026-12-24T18:00:00"`, or with an offset: `"2026-12-24T18:00:00+01:00"`',
        )
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=zone)
        if moment.astimezone(UTC).astimezone(zone).replace(tzinfo=None) != moment.replace(tzinfo=None):
            report.error(
                "bad-schedule",
                "the clocks of that time zone skip this time",
                read.span,
                help="choose another time, or write it with an offset",
            )
            return None
    try:
        return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")
    except OverflowError:
        report.error("bad-schedule", "the year is out of range", read.span)
        return None


def input_of(setting: Setting, report: Report) -> tuple[JsonValue] | None:
    """What a setting gives the input of its name, as a body is given it: durations in milliseconds."""
    try:
        return (_given(constant(setting.value)),)
    except NotConstant as problem:
        report.error("not-constant", f"`{setting.name}`: {problem.message}", problem.span)
        return None


def _given(value: Constant) -> JsonValue:
    match value:
        case Duration():
            return value.seconds * 1000
        case list():
            return [_given(item) for item in value]
        case dict():
            return {name: _given(item) for name, item in value.items()}
    return plain(value)
