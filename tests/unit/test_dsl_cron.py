"""Cron expressions name wall-clock times, and what is none says why."""

from datetime import UTC, datetime

import pytest
from cronsim import CronSim
from hypothesis import given
from hypothesis import strategies as st

from app.dsl.cron import MONTHS, WEEKDAYS, Cron, NotCron


@pytest.mark.parametrize(
    ("expression", "field", "numbers"),
    [
        ("*/15 * * * *", "minutes", (0, 15, 30, 45)),
        ("5/20 * * * *", "minutes", (5, 25, 45)),
        ("1,2,58-59 * * * *", "minutes", (1, 2, 58, 59)),
        ("0 9 * * *", "seconds", (0,)),
        ("*/20 0 9 * * *", "seconds", (0, 20, 40)),
        ("0 0 * feb-apr *", "months", (2, 3, 4)),
        ("0 0 * * MON-fri", "weekdays", (1, 2, 3, 4, 5)),
        ("0 0 * * 7", "weekdays", (7,)),
        ("0 0 29 2 *", "days", (29,)),
        ("0 0 31 2 mon", "days", (31,)),
        ("@weekly", "weekdays", (0,)),
    ],
)
def test_a_field_names_numbers(expression: str, field: str, numbers: tuple[int, ...]) -> None:
    assert getattr(Cron.parse(expression), field) == numbers


NAMES = [*MONTHS, *WEEKDAYS, "*", "L", "#", "noon"]
WORD = st.from_regex(r"(\*|[0-9]{1,2})(-[0-9]{1,2})?(/[0-9]{1,2})?", fullmatch=True) | st.sampled_from(NAMES)


FIELDS = st.lists(st.lists(WORD, min_size=1, max_size=3).map(",".join), min_size=5, max_size=6).map(" ".join)


def parsed(expression: str) -> Cron | str:
    try:
        return Cron.parse(expression)
    except NotCron as problem:
        return str(problem)


@given(FIELDS)
def test_what_is_accepted_has_a_next_time(expression: str) -> None:
    cron = parsed(expression)
    if isinstance(cron, str):
        days = expression.split()[-3]
        assert "would never run" not in cron or "3" in days, "every month has a 29th once in four years"
        return
    found = next(CronSim(cron.expression, datetime(2000, 1, 1, tzinfo=UTC)))
    assert found.hour in cron.hours
    assert found.minute in cron.minutes
    assert found.second in cron.seconds
    assert found.month in cron.months


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
