"""A schedule names instants, through every change of the clocks of its zone."""

from datetime import UTC, datetime
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.recurrence import COUNTED, Missed, Unreadable, due_within, first_instant, next_due
from app.dsl.cron import Cron, NotCron
from events import clock
from events.agent_schedule import Schedule

BERLIN, NEW_YORK = "Europe/Berlin", "America/New_York"


def ns(text: str) -> int:
    return clock.from_wire(text)


def due(cron: str, zone: str, after: str, count: int) -> list[str]:
    """The next *count* instants, as minutes in UTC."""
    schedule = Schedule(name="s", cron=cron, timezone=zone)
    found, at = [], ns(after)
    for _ in range(count):
        following = next_due(schedule, at)
        assert following is not None
        at = following
        found.append(clock.to_wire(at)[5:16].replace("T", " "))
    return found


# In 2026 clocks change in Berlin on 29 March and 25 October at 01:00Z,
# in New York on 8 March at 07:00Z and on 1 November at 06:00Z.


@pytest.mark.parametrize(
    ("cron", "zone", "after", "then"),
    [
        ("30 2 * * *", BERLIN, "2026-03-28T00:00:00Z", ["03-28 01:30", "03-29 01:00", "03-30 00:30"]),
        ("30 2 * * *", NEW_YORK, "2026-03-07T00:00:00Z", ["03-07 07:30", "03-08 07:00", "03-09 06:30"]),
        ("0 3 * * *", BERLIN, "2026-03-28T00:00:00Z", ["03-28 02:00", "03-29 01:00", "03-30 01:00"]),
        ("0,30 2 * * *", BERLIN, "2026-03-28T12:00:00Z", ["03-29 01:00", "03-30 00:00", "03-30 00:30"]),
        ("30 30 2 * * *", BERLIN, "2026-03-28T12:00:00Z", ["03-29 01:00", "03-30 00:30"]),
    ],
)
def test_a_time_that_the_clock_skips_comes_at_the_next_that_it_shows(
    cron: str, zone: str, after: str, then: list[str]
) -> None:
    assert due(cron, zone, after, len(then)) == then


@pytest.mark.parametrize(
    ("cron", "zone", "after", "then"),
    [
        ("30 2 * * *", BERLIN, "2026-10-24T00:00:00Z", ["10-24 00:30", "10-25 00:30", "10-26 01:30"]),
        ("30 1 * * *", NEW_YORK, "2026-10-31T00:00:00Z", ["10-31 05:30", "11-01 05:30", "11-02 06:30"]),
        ("*/30 2 * * *", BERLIN, "2026-10-24T12:00:00Z", ["10-25 00:00", "10-25 00:30", "10-26 01:00"]),
        ("0 3 * * *", BERLIN, "2026-10-24T12:00:00Z", ["10-25 02:00", "10-26 02:00"]),
    ],
)
def test_a_time_that_the_clock_shows_twice_comes_once(
    cron: str, zone: str, after: str, then: list[str]
) -> None:
    assert due(cron, zone, after, len(then)) == then


def test_between_the_two_showings_of_a_time_it_has_come() -> None:
    # 02:10 for the second time; 02:30 was shown an hour ago.
    assert due("30 2 * * *", BERLIN, "2026-10-25T01:10:00Z", 1) == ["10-26 01:30"]


@pytest.mark.parametrize(
    ("zone", "day"), [(BERLIN, "2026-10-24"), (BERLIN, "2026-03-28"), (NEW_YORK, "2026-03-07")]
)
@pytest.mark.parametrize("cron", ["*/15 * * * *", "0/15 0-23 * * *", "0,15,30,45 * * * *"])
def test_what_comes_in_every_hour_goes_by_elapsed_time(cron: str, zone: str, day: str) -> None:
    schedule = Schedule(name="s", cron=cron, timezone=zone)
    at, found = ns(f"{day}T12:00:00Z"), []
    for _ in range(4 * 30):
        at = next_due(schedule, at) or 0
        found.append(at)
    assert {later - earlier for earlier, later in pairwise(found)} == {15 * 60 * 1_000_000_000}


def test_a_time_is_after_the_one_asked_for_to_the_second() -> None:
    schedule = Schedule(name="s", cron="0 9 * * *")
    nine = ns("2026-11-21T09:00:00Z")
    assert next_due(schedule, nine - 1) == nine
    assert next_due(schedule, nine) == ns("2026-11-22T09:00:00Z")
    assert next_due(schedule, nine + 1) == ns("2026-11-22T09:00:00Z")


def test_one_instant_comes_once() -> None:
    schedule = Schedule(name="s", at="2026-11-21T09:00:00Z")
    nine = ns("2026-11-21T09:00:00Z")
    assert next_due(schedule, nine - 1) == nine
    assert next_due(schedule, nine) is None


def test_shorthands_and_names_are_understood() -> None:
    assert due("@daily", "UTC", "2026-11-21T09:00:00Z", 1) == ["11-22 00:00"]
    assert due("0 9 * * mon-fri", "UTC", "2026-11-21T09:00:00Z", 1) == ["11-23 09:00"]


def test_a_day_that_a_zone_left_out_is_passed_over() -> None:
    # Samoa went from 29 to 31 December 2011.
    wall = datetime(2011, 12, 30, 9)  # noqa: DTZ001 - wall-clock time
    assert first_instant(wall, ZoneInfo("Pacific/Apia")) == datetime(2011, 12, 30, 10, tzinfo=UTC)


@pytest.mark.parametrize(
    "schedule",
    [
        Schedule(name="s", cron="every day"),
        Schedule(name="s", cron="0 9 * * *", timezone="Europe/Atlantis"),
        Schedule(name="s", cron="0 9 * * *", timezone="../../etc/passwd"),
        Schedule(name="s", at="tomorrow"),
    ],
)
def test_what_no_check_lets_through_is_told(schedule: Schedule) -> None:
    with pytest.raises(Unreadable):
        next_due(schedule, 0)


def test_the_newest_that_was_missed_is_told_with_how_many_were_before_it() -> None:
    schedule = Schedule(name="s", cron="0 * * * *")
    since = ns("2026-11-21T09:00:00Z")
    assert due_within(schedule, since, ns("2026-11-21T09:59:59Z")) is None
    assert due_within(schedule, since, ns("2026-11-21T10:00:00Z")) == Missed(ns("2026-11-21T10:00:00Z"), 0)
    assert due_within(schedule, since, ns("2026-11-21T13:20:00Z")) == Missed(ns("2026-11-21T13:00:00Z"), 3)


@pytest.mark.parametrize("upto", ["2027-11-21T09:30:30Z", "2026-11-22T01:40:00Z", "2026-11-22T01:41:00Z"])
def test_many_that_were_missed_are_not_counted_one_by_one(upto: str) -> None:
    schedule = Schedule(name="s", cron="* * * * *")
    found = due_within(schedule, ns("2026-11-21T09:00:00Z"), ns(upto))
    assert found == Missed(
        ns(upto) // 60_000_000_000 * 60_000_000_000, min(COUNTED, found.earlier if found else 0)
    )
    assert found.earlier in (999, COUNTED)


@given(
    words=st.tuples(
        st.sampled_from(["*", "0", "5", "*/20", "10-30/7", "1,59"]),
        st.sampled_from(["*", "3", "*/6", "22-23", "0,12"]),
        st.sampled_from(["*", "1", "29", "31", "*/10", "5-7"]),
        st.sampled_from(["*", "2", "jan", "4,6", "*/5"]),
        st.sampled_from(["*", "0", "7", "mon-fri", "sat,sun", "3"]),
    ),
    after=st.datetimes(datetime(2020, 1, 1), datetime(2040, 1, 1)),  # noqa: DTZ001 - wall-clock times
)
def test_what_a_definition_is_checked_by_and_what_fires_are_the_same_times(
    words: tuple[str, ...], after: datetime
) -> None:
    text = " ".join(words)
    try:
        checked = Cron.parse(text)
    except NotCron:
        return
    schedule = Schedule(name="s", cron=text)
    found = next_due(schedule, int(after.replace(tzinfo=UTC).timestamp()) * 1_000_000_000)
    assert found is not None
    wall = datetime.fromtimestamp(found // 1_000_000_000, UTC)
    assert wall.hour in checked.hours
    assert wall.minute in checked.minutes
    assert wall.month in checked.months
    in_month, in_week = (
        wall.day in checked.days,
        wall.isoweekday() % 7 in {day % 7 for day in checked.weekdays},
    )
    stars = [word.startswith("*") for word in (words[2], words[4])]
    assert (in_month and in_week) if any(stars) else (in_month or in_week)
