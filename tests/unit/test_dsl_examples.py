"""The examples are right, laid out, and do what they say; the one that is wrong says all that is."""

from pathlib import Path
from typing import Any

import pytest

from app.adapters.example_tools import EXAMPLE_TOOLS
from app.dsl.definition import read_definition
from app.dsl.formatting import formatted
from app.dsl.run import Called, Finished, Run, Stopped, compile_program, from_json, to_json
from app.dsl.run.builtins.signature import declare
from app.dsl.syntax import load
from app.ports.tools import Call, ToolFailed

FOLDER = Path(__file__).parents[2] / "docs" / "examples"
EXAMPLES = sorted(FOLDER.glob("*.symbi"))
EACH = pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
TOOLS = {tool.name: tool for tool in EXAMPLE_TOOLS}
DECLARED = {name: next(declare(None, f"call{tool.signature}", tool.about)) for name, tool in TOOLS.items()}

TICKETS = [(101, "access", False), (102, "billing", False), (103, "other", False), (104, "outage", True)]


def test_there_are_enough_to_read() -> None:
    assert len(EXAMPLES) >= 6
    readme = (FOLDER / "README.md").read_text()
    assert all(f"({path.name})" in readme for path in EXAMPLES)
    assert all(f"| `{name}(" in readme for name in TOOLS)


@EACH
def test_an_example_is_laid_out(path: Path) -> None:
    assert formatted(load(path.read_bytes(), path.name)) == path.read_text()


@EACH
def test_nothing_is_told_about_an_example_but_the_one_that_is_wrong(path: Path) -> None:
    reading = read_definition(path.read_bytes(), path.name, tools=DECLARED)
    if path.stem == "overreach":
        assert {one.code for one in reading.diagnostics} == {
            "bad-cron",
            "contradiction",
            "missing-input",
            "missing-return",
            "out-of-range",
            "unknown-attribute",
            "unknown-capability",
            "unknown-field",
            "unreachable",
            "unreachable-capability",
            "wrong-kind",
            "wrong-type",
        }
    else:
        assert reading.diagnostics == ()


async def run(name: str, agent: str | None = None, **inputs: Any) -> tuple[Any, list[str]]:
    """What comes of a task of an example, and what it called."""
    path = FOLDER / f"{name}.symbi"
    definition = read_definition(path.read_bytes(), path.name).definition
    assert definition is not None
    found = Run(compile_program(definition.program, definition.agent(agent).name), inputs)
    called: list[str] = []
    while not isinstance(step := found.go(), Finished | Stopped):
        if not isinstance(step, Called):
            continue
        called.append(step.capability)
        args = [to_json(value) for value in step.positional]
        named = {each: to_json(value) for each, value in step.named.items()}
        call = Call(f"call-{step.index}", "agent", "task", step.capability, args, named)
        try:
            found.answer(from_json(await TOOLS[step.capability].call(call)))
        except ToolFailed as error:
            found.fail(error.kind, error.message)
    return (to_json(step.value) if isinstance(step, Finished) else step), called


async def test_the_ledger_is_added_up_by_account() -> None:
    report, called = await run("ledger_summary", ledger="ledger")
    assert [(each["name"], each["rows"], each["total"]) for each in report["accounts"]] == [
        ("office", 2, 62.0),
        ("travel", 2, 430.5),
        ("revenue", 2, 13920.0),
    ]
    assert (report["total"], report["largest"]) == (14412.5, "revenue")
    assert called == ["read_rows", "log"]


async def test_a_table_that_is_not_there_ends_the_ledger() -> None:
    ended, _ = await run("ledger_summary", ledger="nothing")
    assert isinstance(ended, Stopped)
    assert (ended.code, ended.kind) == ("error", "NotFound")


async def test_tickets_are_sorted_by_what_they_need() -> None:
    decisions, called = await run("support_triage", queue="tickets")
    assert [(each["ticket"], each["topic"], each["urgent"]) for each in decisions] == TICKETS
    assert called.count("send_notice") == 1


async def test_rows_that_cannot_be_cleaned_are_told_apart() -> None:
    cleaned, called = await run("data_cleaner", table="signups")
    assert [each["name"] for each in cleaned["people"]] == ["Ada Lovelace", "Cy Young", "Dee"]
    assert [each["age"] for each in cleaned["people"]] == [36, None, 29]
    assert [each["row"] for each in cleaned["rejected"]] == [1, 4]
    assert called[-1] == "save"


async def test_the_report_says_what_is_unwell_and_goes_to_whoever_is_on_call() -> None:
    report, called = await run("nightly_report", "nightly_report", region="eu")
    assert report == "2026-11-21: 1 of 3 are unwell: billing. The status page is unavailable."
    assert called[-2:] == ["lookup", "send_notice"]
    health, _ = await run("nightly_report", "service_check", region="us")
    assert health == {"region": "us", "checked": 1, "unwell": ["search"]}


async def test_figures_are_handed_on() -> None:
    exported, called = await run("guarded_export", table="customers", to="a@example.com")
    assert exported["customers"] == 2
    assert called == ["read_rows", "save", "summarise", "send_notice"]


async def test_what_runs_away_is_stopped_by_a_limit_that_it_cannot_catch() -> None:
    ended, called = await run("runaway", word="ha")
    assert isinstance(ended, Stopped)
    assert (ended.code, ended.kind) == ("limit", "memory")
    assert called == []
