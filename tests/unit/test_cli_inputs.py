"""What `--input NAME=VALUE` means, and what programs may give a body."""

import math
from pathlib import Path
from typing import Any

import pytest

from app.adapters.blobs.memory import MemoryBlobs
from app.cli.inputs import NotJson, value_of
from app.errors import Invalid
from app.services.bodies.inputs import body_work
from events import strict_json
from tests.support.drawn import OneKey


@pytest.mark.parametrize(
    ("text", "kind", "value"),
    [
        ("ledger", "String", "ledger"),
        ("17", "String", "17"),
        ("17", "int", 17),
        ("17", None, 17),
        ('"17"', "any", "17"),
        ('{"a": [1, null]}', "Map", {"a": [1, None]}),
        ("ledger", "any", "ledger"),
        ("NaN", "float", "NaN"),
        ("1e400", "float", "1e400"),
        ('{"a": 1, "a": 2}', "any", '{"a": 1, "a": 2}'),
        ("", "any", ""),
    ],
)
def test_an_input_is_text_or_json_by_the_type_of_what_takes_it(
    text: str, kind: str | None, value: Any
) -> None:
    assert value_of(text, kind) == value


def test_an_input_may_be_what_is_in_a_file(tmp_path: Path) -> None:
    (tmp_path / "rows.json").write_text("[1, 2]")
    (tmp_path / "note.txt").write_text("[1, 2]")
    assert value_of(f"@{tmp_path}/rows.json", "String") == [1, 2]
    assert value_of(f"@{tmp_path}/note.txt", "String") == "[1, 2]"
    assert value_of(f"@{tmp_path}/note.txt", "List<int>") == [1, 2]


def test_a_file_that_is_no_json_is_refused_and_so_is_one_that_is_not_there(tmp_path: Path) -> None:
    (tmp_path / "rows.json").write_text('{"a": 1, "a": 2}')
    with pytest.raises(NotJson, match=r"rows\.json is not JSON"):
        value_of(f"@{tmp_path}/rows.json", "Map")
    with pytest.raises(Invalid, match="cannot be read"):
        value_of(f"@{tmp_path}/other.json", "Map")


@pytest.mark.parametrize("value", [math.nan, math.inf, 2**64, "\ud800", object()])
async def test_what_no_body_can_hold_is_not_stored_as_something_else(value: Any) -> None:
    with pytest.raises(strict_json.NotStrict):
        await body_work(MemoryBlobs(OneKey()), "t1", {"x": [value]})
