"""docs/reference/dsl.md is what the code says, and the code says nothing that is not there."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.dsl.check.codes import CODES
from app.dsl.settings.attributes import ATTRIBUTES
from app.dsl.settings.requirements import REQUIREMENTS
from scripts import dsl_reference

DSL = Path(__file__).parents[2] / "app" / "dsl"
TOLD_BY = {"error": 0, "warning": 0, "Unfit": 1}
"""What tells something, and which of its arguments is the code."""


def test_the_tables_are_up_to_date() -> None:
    assert dsl_reference.main(["--check"]) == 0


def test_a_table_that_differs_is_noticed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    page = tmp_path / "dsl.md"
    page.write_text("# Words\n\n<!-- table: errors -->\nstale words\n<!-- end -->\n\nkept\n")
    monkeypatch.setattr(dsl_reference, "PAGE", page)
    assert dsl_reference.main(["--check"]) == 1
    assert dsl_reference.main([]) == 0
    assert dsl_reference.main(["--check"]) == 0
    assert "stale words" not in page.read_text()
    assert page.read_text().startswith("# Words")
    assert page.read_text().endswith("kept\n")


def test_a_table_that_nobody_makes_is_an_error() -> None:
    with pytest.raises(dsl_reference.UnknownTable, match="no table nothing"):
        dsl_reference.page("<!-- table: nothing -->\n<!-- end -->")


def test_every_table_attribute_and_requirement_is_on_the_page() -> None:
    page = dsl_reference.PAGE.read_text()
    assert all(f"<!-- table: {name} -->" in page for name in dsl_reference.TABLES)
    for one in (*ATTRIBUTES, *REQUIREMENTS):
        assert f"| `{one.name}` |" in page


def test_every_code_that_is_told_is_listed_and_every_code_that_is_listed_is_told() -> None:
    told = {code for path in [*DSL.glob("check/*.py"), *DSL.glob("settings/*.py")] for code in codes(path)}
    listed = set(CODES) - {"and-more"}  # which the report tells itself
    assert told == listed


def codes(path: Path) -> Iterator[str]:
    """The codes that a file tells."""
    for node in ast.walk(ast.parse(path.read_text())):
        if not isinstance(node, ast.Call):
            continue
        called = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
        place = TOLD_BY.get(called)
        if place is not None and len(node.args) > place and isinstance(node.args[place], ast.Constant):
            yield node.args[place].value  # type: ignore[attr-defined]
        elif called == "Unfit":
            yield "wrong-kind"
