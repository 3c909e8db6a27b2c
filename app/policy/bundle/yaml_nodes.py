"""YAML as plain data that knows where each value was written."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import yaml
from pydantic import ValidationError

from ...dsl.source import Source
from .problems import Place, Problem

MAX_CHARACTERS = 1_000_000
MAX_DEPTH = 32

Path: TypeAlias = tuple[str | int, ...]

_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_INTEGER = re.compile(r"[-+]?(0|[1-9][0-9_]*)")
_FLOAT = re.compile(r"[-+]?[0-9][0-9_]*\.[0-9]+([eE][-+]?[0-9]+)?")


class NotYaml(ValueError):
    """This is not YAML as it is accepted here."""

    def __init__(self, problem: Problem) -> None:
        self.problem = problem
        super().__init__(str(problem))


@dataclass(frozen=True, slots=True)
class Document:
    """One YAML document: mappings, lists, texts, numbers, booleans and null."""

    value: Any
    places: dict[Path, Place] = field(default_factory=dict)

    def place(self, path: Path) -> Place:
        """Where the value at *path* is, or the nearest one around it."""
        while path not in self.places:
            path = path[:-1]
        return self.places[path]


def read(source: Source) -> Iterator[Document]:
    """The documents of a file, without aliases and tags; only `true`, `false` and `null` are words of YAML.

    Raises:
        NotYaml: a syntax error, a key twice, an alias, a tag; too long or nested too deep.
    """
    _check(source)
    try:
        for node in yaml.compose_all(source.text, Loader=_LOADER):
            places: dict[Path, Place] = {}
            yield Document(_value(node, (), places, source), places)
    except yaml.YAMLError as error:
        raise NotYaml(_problem(error, source)) from None


def problems_of(error: ValidationError, document: Document) -> Iterator[Problem]:
    """What a model says is wrong with a document, each with its line."""
    for item in error.errors(include_url=False, include_input=True):
        path = tuple(part for part in item["loc"] if isinstance(part, str | int))
        place = document.place(_within(document.value, path))
        name = ".".join(str(part) for part in path)
        message = item["msg"].removeprefix("Value error, ")
        if item["type"] == "extra_forbidden":
            message = "there is no such key"
        yield Problem(place, f"{name}: {message}" if name else message)


def _within(value: Any, path: Path) -> Path:
    """*path* without the names of union members, which pydantic puts between keys."""
    found: list[str | int] = []
    for part in path:
        if (isinstance(value, dict) and part in value) or (isinstance(value, list) and isinstance(part, int)):
            found.append(part)
            value = value[part]  # type: ignore[index]
    return tuple(found)


def _check(source: Source) -> None:
    if len(source.text) > MAX_CHARACTERS:
        text = f"{len(source.text)} characters; at most {MAX_CHARACTERS} are read"
        raise NotYaml(Problem(Place(source.name), text))
    depth = 0
    try:
        for event in yaml.parse(source.text, Loader=_LOADER):
            if isinstance(event, yaml.CollectionStartEvent):
                depth += 1
            elif isinstance(event, yaml.CollectionEndEvent):
                depth -= 1
            place = _place(event.start_mark, source)
            if depth > MAX_DEPTH:
                raise NotYaml(Problem(place, f"nested more than {MAX_DEPTH} deep"))
            if isinstance(event, yaml.AliasEvent):
                raise NotYaml(Problem(place, "aliases (`*name`) are not accepted; write it out"))
            if (tag := getattr(event, "tag", None)) is not None:
                raise NotYaml(Problem(place, f"the tag {tag} is not accepted"))
    except yaml.YAMLError as error:
        raise NotYaml(_problem(error, source)) from None


def _value(node: yaml.Node, path: Path, places: dict[Path, Place], source: Source) -> Any:
    places[path] = _place(node.start_mark, source)
    if isinstance(node, yaml.SequenceNode):
        return [_value(item, (*path, index), places, source) for index, item in enumerate(node.value)]
    if isinstance(node, yaml.MappingNode):
        result: dict[str, Any] = {}
        for key, item in node.value:
            place = _place(key.start_mark, source)
            if not isinstance(key, yaml.ScalarNode):
                raise NotYaml(Problem(place, "a key must be a text"))
            if key.value in result:
                raise NotYaml(Problem(place, f"the key {key.value!r} occurs twice"))
            result[key.value] = _value(item, (*path, key.value), places, source)
            places[(*path, key.value)] = place
        return result
    plain = isinstance(node, yaml.ScalarNode) and not node.style  # both loaders: None and ""
    return _scalar(node.value) if plain else node.value


def _scalar(text: str) -> Any:
    if text in ("true", "false"):
        return text == "true"
    if text in ("null", "~", ""):
        return None
    if _INTEGER.fullmatch(text):
        return int(text)
    if _FLOAT.fullmatch(text):
        return float(text)
    return text


def _place(mark: Any, source: Source) -> Place:
    return Place(source.name, mark.line + 1, mark.column + 1)


def _problem(error: yaml.YAMLError, source: Source) -> Problem:
    mark = getattr(error, "problem_mark", None)
    text = str(getattr(error, "problem", None) or error).splitlines()[0]
    return Problem(_place(mark, source) if mark else Place(source.name), text)
