"""One plain value for every shape: each field filled, the same at every call."""

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel

from events.agent_config import Name
from events.content import Digest
from events.identifiers import KeyId, Token, Uuid
from events.log import Sha256Hex

from .schemas import schema
from .type_words import pattern_of

Schema = Mapping[str, Any]

BY_PATTERN = {
    pattern_of(Token): "sample-1",
    pattern_of(Name): "sample",
    pattern_of(Uuid): "6f1c2d3e-4a5b-4c6d-8e7f-001122334455",
    pattern_of(KeyId): "ed25519:" + "0a" * 16,
    pattern_of(Digest): "sha256:" + "3d" * 32,
    pattern_of(Sha256Hex): "4e" * 32,
}
"""A text for each form that a field may ask for."""


class NoSample(LookupError):
    """A shape of a form that nobody has written a sample for: add one to BY_PATTERN."""


def sample(model: type[BaseModel]) -> dict[str, Any]:
    """A document of *model*'s shape, in which every field has a value."""
    made = schema(model, "")
    value = _value(made, "", made.get("$defs", {}))
    assert isinstance(value, dict)
    return value


def _value(made: Schema, name: str, defs: Schema) -> Any:
    """A value for what *made* describes; *name* is the field's."""
    match made:
        case {"$ref": ref}:
            return _value(defs[str(ref).rpartition("/")[2]], name, defs)
        case {"const": value}:
            return value
        case {"enum": [value, *_]}:
            return value
        case {"anyOf": [first, *_]} | {"oneOf": [first, *_]}:
            return _value(first, name, defs)
        case {"properties": {"$enc": _}}:
            return None  # left to whoever seals
        case {"type": "object", "properties": fields}:
            return {field: _value(of, field, defs) for field, of in fields.items()}
        case {"type": "object", "patternProperties": forms}:
            return {BY_PATTERN[form]: _value(of, name, defs) for form, of in forms.items()}
        case {"type": "object"}:
            of = made.get("additionalProperties")
            return {"key": _value(of if isinstance(of, Mapping) else {}, name, defs)}
        case {"type": "array", "items": items}:
            return [_value(items, name, defs)]
        case {"type": "string"}:
            return _text(made, name)
        case {"type": "integer" | "number" as kind}:
            return _number(made, kind)
        case {"type": "boolean"}:
            return True
    return {"any": ["JSON", 1, None]}


def _text(made: Schema, name: str) -> str:
    match made.get("pattern", made.get("default")):
        case None | "":
            return f"a {name or 'text'} with ünïcode"
        case pattern if pattern in BY_PATTERN:
            return BY_PATTERN[pattern]
        case _ if "default" in made:
            return str(made["default"])
        case pattern:
            raise NoSample(f"{name}: {pattern}")


def _number(made: Schema, kind: str) -> int | float:
    least = made.get("minimum", made.get("exclusiveMinimum", 0))
    return float(least) + 1.5 if kind == "number" else int(least) + 1
