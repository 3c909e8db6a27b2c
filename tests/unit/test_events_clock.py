"""Times on the wire are RFC 3339 in UTC, to the nanosecond."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from events.clock import from_wire, to_wire


@given(st.integers(0, 253_402_300_799_999_999_999))
def test_a_time_survives_the_wire(ns: int) -> None:
    text = to_wire(ns)
    assert from_wire(text) == ns
    assert len(text) == len("2026-11-21T10:00:00.123456789Z")


def test_a_time_is_written_as_rfc_3339() -> None:
    assert to_wire(0) == "1970-01-01T00:00:00.000000000Z"
    moment = datetime(2026, 11, 21, 10, 0, 0, tzinfo=UTC)
    assert to_wire(int(moment.timestamp()) * 10**9 + 5) == "2026-11-21T10:00:00.000000005Z"


@pytest.mark.parametrize(
    ("text", "ns"),
    [
        ("1970-01-01T00:00:01Z", 1_000_000_000),
        ("1970-01-01T00:00:00.5Z", 500_000_000),
        ("1970-01-01T00:00:00.000000001Z", 1),
        ("1969-12-31T23:59:59.75Z", -250_000_000),
        ("2000-02-29T00:00:00Z", 951_782_400_000_000_000),
    ],
)
def test_up_to_nine_decimals_are_read(text: str, ns: int) -> None:
    assert from_wire(text) == ns


@pytest.mark.parametrize(
    "text",
    [
        "",
        "2026-11-21",
        "2026-11-21T10:00:00",
        "2026-11-21 10:00:00Z",
        "2026-11-21T10:00:00+00:00",
        "2026-11-21T10:00:00z",
        "2026-11-21T10:00:00.Z",
        "2026-11-21T10:00:00.1234567890Z",
        "2026-11-21T10:00:00Z\n",
        "2026-02-30T10:00:00Z",
        "2026-11-21T24:00:01Z",
        "2026-11-21T23:59:60Z",
        "٢٠٢٦-11-21T10:00:00Z",
        "2026-11-21T10:00:00.١Z",
    ],
)
def test_anything_else_is_no_time(text: str) -> None:
    with pytest.raises(ValueError, match=r"is not a time|must be in|out of range|unconverted"):
        from_wire(text)
