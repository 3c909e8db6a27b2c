"""Cron expressions name wall-clock times, and what is none says why."""

from datetime import datetime

import pytest

from app.dsl.cron import Cron, NotCron


def at(text: str) -> datetime:
    return datetime.fromisoformat(text)


@pytest.mark.parametrize(
    ("expression", "after", "then"),
    [
        ("*/15 * * * *", "2026-11-21T10:07:30", "2026-11-21T10:15:00"),
        ("0 9 * * *", "2026-11-21T09:00:00", "2026-11-22T09:00:00"),
        ("0 9 * * *", "2026-11-21T08:59:59", "2026-11-21T09:00:00"),
        ("30 18 * * mon-fri", "2026-11-21T00:00:00", "2026-11-23T18:30:00"),
        ("0 0 1 jan *", "2026-11-21T00:00:00", "2027-01-01T00:00:00"),
        ("0 0 29 2 *", "2097-01-01T00:00:00", "2104-02-29T00:00:00"),
        ("0 0 * * 7", "2026-11-21T00:00:00", "2026-11-22T00:00:00"),
        ("0 0 13 * fri", "2026-11-21T00:00:00", "2026-11-27T00:00:00"),
        ("*/20 59 23 31 12 *", "2026-12-31T23:59:20", "2026-12-31T23:59:40"),
        ("5/20 0 * * *", "2026-11-21T00:06:00", "2026-11-21T00:25:00"),
        ("1,2,58-59 * * * *", "2026-11-21T10:02:00", "2026-11-21T10:58:00"),
        ("@weekly", "2026-11-21T00:00:00", "2026-11-22T00:00:00"),
    ],
)
def test_the_next_time_is_the_first_that_fits(expression: str, after: str, then: str) -> None:
    assert Cron.parse(expression).next_after(at(after)) == at(then)


def test_there_is_no_time_after_the_last_year() -> None:
    assert Cron.parse("0 0 1 1 *").next_after(at("9999-06-01T00:00:00")) is None


@pytest.mark.parametrize(
    ("expression", "words"),
    [
        ("", "this has 0"),
        ("* * * *", "this has 4"),
        ("60 * * * *", "'60' does not fit the field 'minute', which takes 0 to 59"),
        ("0 24 * * *", "field 'hour', which takes 0 to 23"),
        ("0 0 0 * *", "field 'day of the month', which takes 1 to 31"),
        ("0 0 * 13 *", "takes 1 to 12 or jan to dec"),
        ("0 0 * * noon", "takes 0 to 7 or sun to sat"),
        ("5-1 * * * *", "runs backwards"),
        ("*/0 * * * *", "a step in the field 'minute' is 1 to 59"),
        ("*-5 * * * *", "a range is of two numbers"),
        ("1,,2 * * * *", "'' is nothing that the field 'minute' can hold"),
        ("0 0 31 2,4 *", "no month that it names has such a day"),
        ("* " * 200, "at most 256 characters"),
        ("²  * * * *", "is nothing that"),
    ],
)
def test_what_is_no_expression_says_which_part(expression: str, words: str) -> None:
    with pytest.raises(NotCron, match=words.replace("*", r"\*")):
        Cron.parse(expression)
