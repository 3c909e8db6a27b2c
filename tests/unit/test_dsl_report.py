"""The name that was probably meant is the nearest of those that exist, or none."""

import pytest

from app.dsl.report import MOST, Report, nearest
from app.dsl.source import Span


@pytest.mark.parametrize(
    ("name", "known", "expected"),
    [
        ("totl", ["total", "title"], "total"),
        ("Rwo", ["Row", "Raw"], "Row"),
        ("read_row", ["read_rows", "write_rows"], "read_rows"),
        ("READ", ["read"], "read"),
        ("max_memory", ["max_memory_mb", "memory"], "max_memory_mb"),
        ("send", ["receive"], None),
        ("a", ["b"], None),
        ("", ["a"], None),
        ("anything", [], None),
    ],
)
def test_the_nearest_name(name: str, known: list[str], expected: str | None) -> None:
    assert nearest(name, known) == expected


def test_the_same_is_not_told_twice_of_one_place() -> None:
    report = Report()
    for message in ("first", "second"):
        report.error("code", message, Span(1, 2))
    report.warning("other", "third", Span(0, 1))
    assert [one.message for one in report.diagnostics] == ["third", "first"]
    assert report.failed


def test_errors_are_kept_however_many_warnings_there_are() -> None:
    report = Report()
    for place in range(MOST + 5):
        report.warning("code", "again", Span(place, place + 1))
    assert not report.failed
    report.error("code", "at last", Span(9999, 10000))
    assert report.failed
    assert report.diagnostics[-1].message == "5 more were found and are not shown"
