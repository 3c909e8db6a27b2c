from pathlib import Path
from typing import Any

import cedarpy
import pytest

from app.policy.request import Value
from app.policy.schema.render import render
from app.policy.schema.types import (
    BOOL,
    DECIMAL,
    LONG,
    STRING,
    Attribute,
    AttributeType,
    EntityIs,
    RecordType,
    SetOf,
    WrongType,
    to_cedar,
)

TOOL = EntityIs("Tool")


def test_the_published_schema_is_the_one_that_decides() -> None:
    published = Path(__file__).parents[3] / "docs" / "reference" / "policy.cedarschema"
    assert published.read_text() == render()
    cedarpy.Schema.from_str(render())


def test_declared_arguments_enter_the_schema() -> None:
    text = render({"total": Attribute(LONG), "odd name": Attribute(SetOf(STRING))})
    assert "total?: Long" in text
    assert '"odd name"?: Set<String>' in text
    cedarpy.Schema.from_str(text)
    cedarpy.Schema.from_str(render({"total": Attribute(LONG)}, all_present=True))


@pytest.mark.parametrize(
    ("value", "of", "cedar"),
    [
        (True, BOOL, True),
        (3, LONG, 3),
        ("x", STRING, "x"),
        (1, DECIMAL, {"__extn": {"fn": "decimal", "arg": "1.0000"}}),
        (-0.125, DECIMAL, {"__extn": {"fn": "decimal", "arg": "-0.1250"}}),
        ("mail", TOOL, {"__entity": {"type": "Tool", "id": "mail"}}),
        (["a", "b"], SetOf(STRING), ["a", "b"]),
        ({"x": 1, "more": 2}, RecordType({"x": Attribute(LONG), "y": Attribute(LONG)}), {"x": 1}),
    ],
)
def test_json_becomes_what_the_schema_says(value: Value, of: AttributeType, cedar: Any) -> None:
    assert to_cedar(value, of) == cedar


@pytest.mark.parametrize(
    ("value", "of", "says"),
    [
        (1, BOOL, "a Long, and the schema says Bool"),
        (True, LONG, "a Bool, and the schema says Long"),
        (1.0, LONG, "a number with a fraction"),
        (2**63, LONG, "more than 64 bits"),
        ("1", LONG, "a String"),
        (None, STRING, "null"),
        (0.00001, DECIMAL, "more than four digits"),
        (1e30, DECIMAL, "no decimal"),
        ({"__entity": {"type": "Role", "id": "admin"}}, STRING, "a record, and the schema says String"),
        ({"__extn": {"fn": "decimal", "arg": "1.0"}}, DECIMAL, "a record, and the schema says decimal"),
        ({"type": "Tool", "id": "x"}, TOOL, "a record, and the schema says Tool"),
        ("abc", SetOf(STRING), "a String, and the schema says Set<String>"),
        (["a", 1], SetOf(STRING), "a Long"),
        ({"r": {"x": "1"}}, RecordType({"r": Attribute(RecordType({"x": Attribute(LONG)}))}), "r.x: "),
        ({}, RecordType({"x": Attribute(LONG, required=True)}), "x: it is absent"),
    ],
)
def test_anything_else_is_refused(value: Value, of: AttributeType, says: str) -> None:
    with pytest.raises(WrongType) as error:
        to_cedar(value, of)
    assert says in str(error.value)
