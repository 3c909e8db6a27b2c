"""What the benches keep: verdicts, ratios, files, and the tables made of them."""

from dataclasses import replace
from pathlib import Path

import pytest

from bench import docs
from bench.harness import HEADINGS, Results, Row, cells, median, number, percentile, results, row


def test_more_is_better_when_the_floor_is_a_rate() -> None:
    assert row("appends", 2_000, "commands/s", floor=2_000).ok is True
    assert row("appends", 1_999, "commands/s", floor=2_000).ok is False


def test_less_is_better_when_the_floor_is_a_latency() -> None:
    assert row("p99", 15.0, "ms", better="lower", floor=15).ok is True
    assert row("p99", 15.1, "ms", better="lower", floor=15).ok is False


def test_without_a_floor_there_is_no_verdict() -> None:
    assert row("appends", 10, "commands/s").ok is None


def test_a_ratio_says_how_many_times_better_we_are() -> None:
    assert row("runs", 500, "runs/s", peer=("DBOS", 100)).ratio == 5
    assert row("latency", 2, "ms", better="lower", peer=("DBOS", 10)).ratio == 5


def test_a_peer_that_did_nothing_has_no_ratio() -> None:
    assert row("runs", 500, "runs/s", peer=("DBOS", 0)).ratio is None


def _found(*rows: Row) -> Results:
    return results("log", rows or (row("appends", 2_345.6, "commands/s", floor=2_000),), load_before=0.5)


def test_results_are_read_back_as_they_were_written(tmp_path: Path) -> None:
    found = _found(
        row("runs", 500, "runs/s", floor=440, peer=("DBOS", 88)), row("p99", 9.5, "ms", better="lower")
    )
    path = found.write(tmp_path / "kept")
    assert path.name == "log.json"
    assert Results.read("log", tmp_path / "kept") == found


def test_a_group_that_never_ran_has_no_results(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        Results.read("log", tmp_path)


def test_the_machine_line_names_cores_python_load_and_versions() -> None:
    line = _found().machine_line
    for part in ("cores", "Python 3.", "load average 0.5", "nats-py", "pydantic"):
        assert part in line


def test_a_line_of_the_table_says_what_was_measured_against_what() -> None:
    missed = row("runs", 432.1, "runs/s", floor=440, peer=("DBOS", 88.0))
    assert cells(missed) == ("runs", "432 runs/s", "≥ 440 runs/s", "missed", "DBOS: 88 runs/s (× 4.91)")
    met = row("p50", 3.456, "ms", better="lower", floor=4)
    assert cells(met) == ("p50", "3.46 ms", "≤ 4 ms", "met", "")


@pytest.mark.parametrize(
    ("value", "shown"),
    [(None, ""), (0.01234, "0.0123"), (9.876, "9.88"), (99.96, "100"), (12_345.6, "12,346")],
)
def test_numbers_are_shown_with_the_digits_that_count(value: float | None, shown: str) -> None:
    assert number(value) == shown


def test_percentiles_are_values_that_were_measured() -> None:
    values = [float(n) for n in range(100, 0, -1)]
    assert percentile(values, 0.50) == 51
    assert percentile(values, 0.99) == 100
    assert percentile([7.0], 0.99) == 7
    assert median([3, 1, 2]) == 2


PAGE = "# Benchmarks\n\n<!-- bench log -->\nold\n<!-- end -->\n\nAfter.\n"


def test_the_page_gets_the_numbers_of_the_last_run() -> None:
    text = docs.placed(PAGE, _found())
    assert "old" not in text
    assert text.startswith("# Benchmarks\n\n<!-- bench log -->\n| ")
    assert text.endswith("<!-- end -->\n\nAfter.\n")
    assert "| appends | 2,346 commands/s | ≥ 2,000 commands/s | met |  |" in text


def test_writing_the_page_again_changes_nothing() -> None:
    found = _found()
    once = docs.placed(PAGE, found)
    assert docs.placed(once, found) == once
    assert docs.placed(once, replace(found, at="2026-01-01")) != once


def test_a_page_without_marks_is_refused() -> None:
    with pytest.raises(ValueError, match="bench log"):
        docs.placed("# Benchmarks\n", _found())


def test_the_table_has_a_column_for_each_heading() -> None:
    table = [line for line in docs.markdown(_found()).splitlines() if line.startswith("|")]
    assert {line.count("|") for line in table} == {len(HEADINGS) + 1}


def test_the_committed_page_has_a_place_for_every_group() -> None:
    from bench.groups import GROUPS

    text = docs.PAGE.read_text()
    assert all(f"<!-- bench {group} -->" in text for group in GROUPS)
