"""What a JSON Schema asks of one value, in words that fit a table."""

from collections.abc import Mapping
from typing import Any, get_args

from pydantic import StringConstraints

from events.agent_config import Name
from events.content import Digest
from events.identifiers import KeyId, Token, TraceParent, Uuid
from events.log import Sha256Hex

Schema = Mapping[str, Any]


def pattern_of(annotated: Any) -> str:
    """The regular expression of an annotated text."""
    [pattern] = [part.pattern for part in get_args(annotated) if isinstance(part, StringConstraints)]
    return str(pattern)


NAMED = {
    "token": Token,
    "UUID": Uuid,
    "key id": KeyId,
    "traceparent": TraceParent,
    "digest": Digest,
    "hex SHA-256": Sha256Hex,
    "name": Name,
}
"""Texts of a fixed form, each explained at the head of the pages."""

_BY_PATTERN = {pattern_of(annotated): name for name, annotated in NAMED.items()}

BOUNDS = (
    ("minimum", "≥ {}"),
    ("exclusiveMinimum", "> {}"),
    ("maximum", "≤ {}"),
    ("exclusiveMaximum", "< {}"),
    ("maxLength", "at most {} characters"),
    ("maxItems", "at most {} items"),
    ("maxProperties", "at most {} entries"),
)
SCALARS = {"string": "text", "boolean": "true or false", "null": "nothing"}


def type_words(schema: Schema) -> str:
    """`list of [ContentRef](#contentref), at most 8` for an array with such items."""
    limits = [words.format(f"{schema[key]:,}") for key, words in BOUNDS if key in schema]
    return ", ".join([_kind(schema), *limits])


def _kind(schema: Schema) -> str:
    match schema:
        case {"$ref": ref}:
            name = str(ref).rpartition("/")[2]
            return f"[{name}](#{name.lower()})"
        case {"anyOf": parts} | {"oneOf": parts}:
            return " or ".join(type_words(part) for part in parts if part != {"type": "null"})
        case {"const": value}:
            return f'`"{value}"`'
        case {"enum": values}:
            return "one of " + ", ".join(f"`{value}`" for value in values)
        case {"properties": {"$enc": _}}:
            return "[Sealed](#sealed)"
        case {"type": "array", "items": items}:
            return f"list of {type_words(items)}"
        case {"type": "object", "patternProperties": forms}:
            return "object of " + " or ".join(type_words(values) for values in forms.values())
        case {"type": "object"}:
            values = schema.get("additionalProperties")
            of = f" of {type_words(values)}" if isinstance(values, Mapping) and values else ""
            return f"object{of}"
        case {"type": "string", "pattern": pattern}:
            named = _BY_PATTERN.get(str(pattern))
            return f"[{named}](#texts)" if named else f"text like `{pattern}`"
        case {"type": "string"} | {"type": "boolean"} | {"type": "null"}:
            return SCALARS[schema["type"]]
        case {"type": kind}:
            return str(kind)
        case _:
            return "any JSON"
