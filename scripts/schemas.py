"""JSON Schemas of what is recorded and asked, made from the models."""

import hashlib
import inspect
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import GenerateJsonSchema

from events import strict_json

from .field_docs import field_docs

DIALECT = "https://json-schema.org/draft/2020-12/schema"
MODEL_KEYS = ("properties", "$defs")


class _Generate(GenerateJsonSchema):
    """Without the titles that pydantic makes of field names, and with the fields' docstrings."""

    def field_title_should_be_set(self, schema: Any) -> bool:
        return False

    def model_schema(self, schema: Any) -> dict[str, Any]:
        made = super().model_schema(schema)
        made.pop("title", None)
        made["description"] = words(schema["cls"])
        docs = field_docs(schema["cls"])
        for name, field in schema["cls"].model_fields.items():
            described = made["properties"][field.alias or name]
            if name in docs:
                described["description"] = " ".join(docs[name].split())
        return made


@cache
def schema(model: type[BaseModel], name: str) -> Mapping[str, Any]:
    """The JSON Schema of *model* as it lies on the wire, to be read and not changed; *name* is its `$id`."""
    made = model.model_json_schema(schema_generator=_Generate)
    head = {"$schema": DIALECT, "$id": name, "title": name}
    return head | {key: value for key, value in made.items() if key not in head}


def shape(model: type[BaseModel]) -> str:
    """A digest of everything about *model* that decides which documents it accepts and how they read."""
    return "sha256:" + hashlib.sha256(strict_json.canonical(_bare(schema(model, "")))).hexdigest()


def words(cls: type) -> str:
    """The class's docstring as one line per paragraph."""
    paragraphs = inspect.cleandoc(cls.__doc__ or "").split("\n\n")
    return "\n\n".join(" ".join(paragraph.split()) for paragraph in paragraphs)


def _bare(part: Any, named: bool = False) -> Any:
    """*part* without what only people read. Where names are *named*, none of them is a keyword."""
    if isinstance(part, Mapping):
        return dict(_bare_items(part, named))
    if isinstance(part, list):
        return [_bare(item) for item in part]
    return part


def _bare_items(part: Mapping[str, Any], named: bool) -> Iterator[tuple[str, Any]]:
    for key, value in part.items():
        if named or key not in ("title", "description", "$id", "$schema"):
            yield key, _bare(value, named=not named and key in MODEL_KEYS)
