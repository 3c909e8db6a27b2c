"""Hypothesis strategies for everything registered: values that fit a model's JSON Schema."""

import re
import string
from collections.abc import Mapping
from typing import Any, TypeVar

from hypothesis import strategies as st
from pydantic import BaseModel

from app.ports.event_log import Draft
from app.services.stamping import Cause, Place, Stamp, Stamped
from events import signing
from events.base import OF_AGENTS, OF_EITHER, Event
from events.strict_json import MAX_INTEGER, MIN_INTEGER

M = TypeVar("M", bound=BaseModel)
Schema = Mapping[str, Any]

ROOT = signing.SigningKey.from_seed(b"r" * 32)
COMPONENT = signing.SigningKey.from_seed(b"c" * 32)

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=40)
tokens = st.from_regex(re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}"), fullmatch=True)
json_values = st.recursive(
    st.none() | st.booleans() | st.integers(MIN_INTEGER, MAX_INTEGER) | texts | st.floats(-1e9, 1e9),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=6,
)


class OneKey:
    """A data key for every scope, derived from its name."""

    def data_key(self, scope: str) -> bytes:
        return scope.encode().ljust(32, b".")[:32]


def fixed_random(count: int) -> bytes:
    return bytes(range(count))


STAMP = Stamp(source="symbi/test/gateway", keys=OneKey(), random=fixed_random, root=ROOT)


def instances(model: type[M]) -> st.SearchStrategy[M]:
    """Instances of *model*, built from documents as they would arrive."""
    return documents(model).map(model.model_validate)


def documents(model: type[BaseModel]) -> st.SearchStrategy[dict[str, Any]]:
    """JSON documents of the shape of *model*; optional fields come and go."""
    made = model.model_json_schema()
    return _values(made, made.get("$defs", {}))


@st.composite
def stampeds(draw: st.DrawFn, event: Event) -> Stamped:
    """*event* as the runtime signs it, in an envelope whose optional parts come and go."""
    in_agent = event.aggregate in OF_AGENTS
    agent = (event.__dict__.get("agent_id") or draw(tokens)) if in_agent else None
    if event.aggregate in OF_EITHER:
        agent = event.__dict__.get("agent_id")
    cause = Cause(
        actor=f"human/{draw(tokens)}",
        correlation_id=draw(texts),
        tenant=draw(tokens),
        onbehalfof=draw(st.none() | texts),
        causation_id=draw(st.none() | texts),
    )
    return STAMP.stamp(
        event,
        Place(event.aggregate, event.about() or draw(tokens), agent),
        cause,
        event_id=str(draw(st.uuids())),
        revision=None if event.asserts_nothing else draw(st.integers(1, MAX_INTEGER)),
        time_ns=draw(st.integers(0, 4_000_000_000_000_000_000)),
        key=COMPONENT,
    )


def drafts(event: Event) -> st.SearchStrategy[Draft]:
    """What `stampeds` appends to the log."""
    return stampeds(event).map(lambda stamped: stamped.draft)


def _values(made: Schema, defs: Schema) -> st.SearchStrategy[Any]:
    match made:
        case {"$ref": ref}:
            return _values(defs[str(ref).rpartition("/")[2]], defs)
        case {"const": value}:
            return st.just(value)
        case {"enum": values}:
            return st.sampled_from(values)
        case {"anyOf": parts} | {"oneOf": parts}:
            return st.one_of([_values(part, defs) for part in parts])
        case {"type": "object"}:
            return _objects(made, defs)
        case {"type": "array", "items": items}:
            most = min(made.get("maxItems", 3), 3)
            return st.lists(_values(items, defs), min_size=made.get("minItems", 0), max_size=most)
        case {"type": "string"}:
            return _texts(made)
        case {"type": "integer"}:
            return st.integers(made.get("minimum", MIN_INTEGER), made.get("maximum", MAX_INTEGER)).filter(
                lambda value: value > made.get("exclusiveMinimum", MIN_INTEGER - 1)
            )
        case {"type": "number"}:
            return _numbers(made)
        case {"type": "boolean"}:
            return st.booleans()
        case {"type": "null"}:
            return st.none()
    return json_values


def _objects(made: Schema, defs: Schema) -> st.SearchStrategy[dict[str, Any]]:
    fields = {name: _values(of, defs) for name, of in made.get("properties", {}).items()}
    required = {name: fields.pop(name) for name in made.get("required", ())}
    if "properties" in made:
        # A discriminator has a default, but a union cannot be told apart without it.
        required |= {
            name: fields.pop(name)
            for name, of in made["properties"].items()
            if "const" in of and name in fields
        }
        return st.fixed_dictionaries(required, optional=fields)
    names, of = texts, made.get("additionalProperties", {})
    for form, values in made.get("patternProperties", {}).items():
        names, of = st.from_regex(re.compile(form), fullmatch=True), values
    return st.dictionaries(names, _values(of if isinstance(of, Mapping) else {}, defs), max_size=3)


def _texts(made: Schema) -> st.SearchStrategy[str]:
    if "pattern" in made:
        return st.from_regex(re.compile(made["pattern"]), fullmatch=True, alphabet=string.printable)
    most = min(made.get("maxLength", 40), 40)
    return st.text(st.characters(exclude_categories=["Cs"]), min_size=made.get("minLength", 0), max_size=most)


def _numbers(made: Schema) -> st.SearchStrategy[float]:
    exclusive = "exclusiveMinimum" in made
    return st.floats(
        made.get("minimum", made.get("exclusiveMinimum")),
        made.get("maximum"),
        exclude_min=exclusive,
        allow_nan=False,
        allow_infinity=False,
    )
