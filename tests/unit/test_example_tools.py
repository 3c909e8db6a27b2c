"""The example tools do what docs/examples/README.md says of them."""

import re
from pathlib import Path
from typing import Any

import pytest

from app.adapters.example_tools import DIRECTORY, EXAMPLE_TOOLS, TABLES
from app.adapters.function_tools import ToolRegistry
from app.ports.tools import Call, ToolFailed

README = (Path(__file__).parents[2] / "docs" / "examples" / "README.md").read_text()
TOOLS = ToolRegistry(EXAMPLE_TOOLS)


async def called(name: str, *args: Any, **named: Any) -> Any:
    tool = TOOLS.find(name)
    assert tool is not None
    return await tool.call(Call("c1", "a1", "t1", name, args, named))


def test_every_tool_is_described_with_its_signature() -> None:
    described = re.findall(r"^\| `(\w+)(\(.*?\) -> [\w<>]+)` \|", README, re.MULTILINE)
    assert described == [(tool.name, tool.signature) for tool in EXAMPLE_TOOLS]
    assert all(tool.about.endswith((".", "`.")) for tool in EXAMPLE_TOOLS)


def test_every_table_is_described_row_by_row() -> None:
    for name, rows in TABLES.items():
        section = README.partition(f"- `{name}`: ")[2]
        lines = [line.strip() for line in section.splitlines() if line.strip().startswith("|")][2:]
        shown = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[: len(rows)]]
        assert shown == [[_shown(value) for value in row.values()] for row in rows], name


def _shown(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value).strip()


def test_the_directory_is_described() -> None:
    shown = dict(re.findall(r'^\| `(\w+:[^`]+)` \| `"([^"]+)"` \|', README, re.MULTILINE))
    assert shown == DIRECTORY


async def test_they_answer_as_described() -> None:
    assert await called("log", "a line") is None
    assert (await called("read_rows", "ledger"))[0]["account"] == "travel"
    assert await called("lookup", "plan:bob@example.org") == "free"
    assert await called("lookup", "plan:nobody") is None
    assert await called("summarise", TABLES["ledger"]) == "6 rows: account, amount, note"
    assert await called("summarise", []) == "no rows"
    assert await called("send_notice", to="a", text="b") == await called("send_notice", "a", "b")
    assert await called("save", "x", {"b": 1, "a": [1.5]}) == {"name": "x", "bytes": 17}
    assert await called("fetch", "https://example.com/x") == {
        "status": 200,
        "body": {"url": "https://example.com/x"},
    }
    assert await called("today") == "2026-11-21"


@pytest.mark.parametrize(
    ("name", "args", "kind"),
    [
        ("read_rows", ("nothing",), "NotFound"),
        ("fetch", ("https://down.example.com/eu",), "Unavailable"),
        ("today", ("tomorrow",), "TypeError"),
        ("send_notice", ("to",), "TypeError"),
    ],
)
async def test_what_cannot_be_done_fails_under_its_kind(name: str, args: tuple[Any, ...], kind: str) -> None:
    with pytest.raises(ToolFailed) as failure:
        await called(name, *args)
    assert failure.value.kind == kind
