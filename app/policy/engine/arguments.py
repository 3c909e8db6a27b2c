"""What a call was made with, as conditions of definitions speak of it."""

from collections.abc import Mapping, Sequence

import orjson

from ..bundle.predicates import ANY_PLACE
from ..request import Value


def given(source: str, context: Mapping[str, Value]) -> Value:
    """What a `Bound.source` that is no entity holds; null where there is nothing.

    An argument is looked for by its name, then at its place among those without names, then at its place
    among all that have one.
    """
    kind, _, rest = source.partition(":")
    match kind:
        case "context":
            return context
        case "input":
            return _mapping(context.get("input")).get(rest)
        case "argument":
            place, _, name = rest.partition(":")
            named = _mapping(context.get("arguments"))
            if name in named:
                return named[name]
            found = arguments_at(place, context)
            return found[0] if found else None
        case _:
            return None


def arguments_at(place: str, context: Mapping[str, Value]) -> list[Value]:
    """The argument at a place, from 0, or none; at `*` all of them."""
    positional, named = _list(context.get("positional")), _mapping(context.get("arguments"))
    if place == ANY_PLACE:
        return [*positional, *named.values()]
    arguments = positional or list(named.values())
    index = int(place)
    return [arguments[index]] if index < len(arguments) else []


def same(one: Value, other: Value) -> bool:
    """Whether they are the same JSON: 1 is neither true nor 1.0."""
    return orjson.dumps(one, option=orjson.OPT_SORT_KEYS) == orjson.dumps(other, option=orjson.OPT_SORT_KEYS)


def _mapping(value: Value) -> Mapping[str, Value]:
    return value if isinstance(value, Mapping) else {}


def _list(value: Value) -> Sequence[Value]:
    return value if isinstance(value, list | tuple) else ()
