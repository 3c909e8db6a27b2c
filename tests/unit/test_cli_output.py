"""What verbs print fits the terminal, does nothing to it, and is JSON where a program reads."""

import io
import json
from typing import Any, NamedTuple

import pytest
from rich.console import Console

from app.cli.output import Column, Output, printable, record
from app.cli.tables import fitting, moment


class Row(NamedTuple):
    id: str
    note: str
    at: int | None


COLUMNS = [
    Column("Id", lambda row: row.id),
    Column("Note", lambda row: row.note, needed=False),
    Column("More", lambda row: row.note, needed=False),
]


def shown(width: int, rows: list[Row]) -> tuple[str, list[str]]:
    console = Console(file=io.StringIO(), width=width)
    table, left_out = fitting(rows, COLUMNS, console)
    console.print(table)
    return console.file.getvalue(), left_out  # type: ignore[attr-defined]


def test_a_wide_terminal_shows_every_column() -> None:
    text, left_out = shown(120, [Row("a", "n" * 20, None)])
    assert left_out == []
    assert text.count("n" * 20) == 2


@pytest.mark.parametrize(("width", "left_out"), [(40, ["More"]), (12, ["Note", "More"])])
def test_a_narrow_terminal_leaves_out_what_is_not_needed(width: int, left_out: list[str]) -> None:
    text, found = shown(width, [Row("a", "n" * 20, None)])
    assert found == left_out
    assert all(len(line) <= width for line in text.splitlines())


def test_an_id_is_never_cut_off() -> None:
    text, _ = shown(10, [Row("a-0123456789", "", None)])
    assert "".join(text.split()).endswith("a-0123456789")


def test_control_characters_cannot_reach_the_terminal() -> None:
    text, _ = shown(80, [Row("\x1b]0;owned\x07", "line\nbreak\x9b31m", None)])
    assert "\x1b" not in text
    assert "\x9b" not in text
    assert printable("tab\there é 日本") == "tab\\there é 日本"


def test_json_is_one_document_and_nothing_else(capsys: pytest.CaptureFixture[str]) -> None:
    out = Output(json=True)
    out.say("hello")
    out.table([Row("a", "b", None)], COLUMNS, none="none")
    out.facts({"a": 1})
    out.item("x")
    out.document([{"a": 1}])
    assert json.loads(capsys.readouterr().out) == [{"a": 1}]


def test_a_stream_is_a_line_of_json_each(capsys: pytest.CaptureFixture[str]) -> None:
    out = Output(json=True)
    out.line({"a": "x\ny"})
    out.line({"a": 2})
    lines = capsys.readouterr().out.splitlines()
    assert [json.loads(line) for line in lines] == [{"a": "x\ny"}, {"a": 2}]


def test_people_get_no_json(capsys: pytest.CaptureFixture[str]) -> None:
    out = Output(json=False)
    out.document({"a": 1})
    out.line({"a": 1})
    out.facts({"name": "x", "empty": "", "none": None})
    out.table([], COLUMNS, none="There is nothing.")
    assert capsys.readouterr().out.split() == ["name", "x", "There", "is", "nothing."]


def test_lines_are_not_broken_where_no_terminal_is(capsys: pytest.CaptureFixture[str]) -> None:
    Output(json=False).table([Row("a" * 300, "b" * 300, None)], COLUMNS, none="")
    assert any("a" * 300 in line and "b" * 300 in line for line in capsys.readouterr().out.splitlines())


def test_times_in_records_are_rfc_3339() -> None:
    row = Row("a", "n", 1_790_000_000_123_456_789)
    expected: dict[str, Any] = {"id": "a", "note": "n", "at": "2026-09-21T14:13:20.123456789Z"}
    assert record(row, times=("at",)) == expected
    assert record(row._replace(at=None), times=("at",))["at"] is None


def test_a_time_that_is_not_todays_has_its_date() -> None:
    assert len(moment(1_000_000_000_000_000_000).plain) == len("2001-09-09 01:46:40")
    assert moment(None).plain == ""
