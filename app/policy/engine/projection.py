"""A request's context, as far as policies read it."""

from collections.abc import Mapping
from typing import Any

from ..request import EntityRef, Value
from ..schema.types import Attribute, RecordType, WrongType, entities_in, to_cedar
from .reads import Tree


def everything(attributes: Mapping[str, Attribute]) -> Tree:
    """The tree of those who read all of it."""
    return dict.fromkeys(attributes, True)


def pick(values: Mapping[str, Value], tree: Tree, attributes: Mapping[str, Attribute]) -> list[Any]:
    """What is read, in a fixed order: equal picks of two requests cannot be told apart by policies."""
    picked: list[Any] = []
    for name, below in tree.items():
        value = values.get(name)
        of = attributes[name].type
        if isinstance(below, dict) and isinstance(of, RecordType) and isinstance(value, Mapping):
            # In a record, so that a list in its place looks different.
            picked.append({"of": pick(value, below, of.attributes)})
        else:
            picked.append(value)
    return picked


def to_json(values: Mapping[str, Value], tree: Tree, attributes: Mapping[str, Attribute]) -> dict[str, Any]:
    """What is read, as Cedar's JSON has it.

    Raises:
        WrongType: an attribute that is read is not what the schema says, or absent though it is required.
    """
    json = {}
    for name, below in tree.items():
        value, attribute = values.get(name), attributes[name]
        if value is None:
            if attribute.required:
                raise WrongType(f"{name}: it is absent, and the schema requires it")
            continue
        if isinstance(below, dict) and isinstance(attribute.type, RecordType) and isinstance(value, Mapping):
            try:
                json[name] = to_json(value, below, attribute.type.attributes)
            except WrongType as error:
                raise WrongType(f"{name}.{error}") from None
        else:
            try:
                json[name] = to_cedar(value, attribute.type)
            except WrongType as error:
                raise WrongType(f"{name}: {error}") from None
    return json


def entities(values: Mapping[str, Value], tree: Tree, attributes: Mapping[str, Attribute]) -> list[EntityRef]:
    """The entities that the context names where it is read."""
    return [
        ref
        for name in tree
        if values.get(name) is not None
        for ref in entities_in(values[name], attributes[name].type)
    ]


def known(tree: Tree, attributes: Mapping[str, Attribute]) -> Tree:
    """*tree* without what the schema does not have: names of other actions, which a scope rules out."""
    found: Tree = {}
    for name, below in tree.items():
        if name not in attributes:
            continue
        of = attributes[name].type
        nested = isinstance(below, dict) and below and isinstance(of, RecordType)
        found[name] = known(below, of.attributes) if nested else below  # type: ignore[arg-type, union-attr]
    return found
