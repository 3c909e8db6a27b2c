"""From options to commands, and from answers to what is printed."""

import json
import sys
import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from pydantic import ValidationError

from events.base import Record
from events.commands import Answer, Command

from ..errors import Invalid, Rejected

if TYPE_CHECKING:
    from .calls import Call

R = TypeVar("R", bound=Record)


class BadOption(Invalid):
    """{problems}"""


class BadDefinition(Invalid):
    """{path} is not {form}: {reason}"""


class UnknownForm(Invalid):
    """{path} is neither TOML nor JSON by its name; a definition ends in .toml or .json in this version."""


class BadPair(Invalid):
    """{given!r} is not of the form {form}."""


class GivenTwice(Invalid):
    """{name!r} is given twice. Keep one of {form}."""


class NotKnownHere(Rejected):
    """There is no {what} {name}. `symbi {verb}` shows those that exist."""


def build(kind: type[R], /, **fields: Any) -> R:
    """A command, or a part of one, of *kind*; fields that are None are left to their defaults.

    Raises:
        BadOption: naming every field that does not fit.
    """
    try:
        return kind(**{name: value for name, value in fields.items() if value is not None})
    except ValidationError as error:
        problems = [
            f"{'.'.join(str(part) for part in item['loc'])}: {item['msg']}"
            for item in error.errors(include_url=False)
        ]
        raise BadOption(problems="; ".join(problems)) from None


def document_of(answer: Answer) -> dict[str, Any]:
    """An accepted command as a JSON object: its id, the ids that it made, and its events."""
    return {
        "command_id": answer.command_id,
        **answer.result,
        "events": [event.model_dump() for event in answer.events],
    }


def last_seq(answer: Answer) -> int:
    """The position of the newest event that the command caused; 0 where it caused none."""
    return max((event.seq for event in answer.events), default=0)


async def send(call: "Call", command: Command, done: str) -> None:
    """Send one command, and say *done* when it is accepted."""
    async with call.client() as client:
        answer = await client.send(command)
    call.out.document(document_of(answer))
    call.out.say(done)


def read_definition(path: Path) -> dict[str, Any]:
    """The document in a TOML or JSON file; `-` is stdin, in either form.

    Raises:
        Invalid: it cannot be read, or is not what its name says.
    """
    if str(path) == "-":
        text = sys.stdin.read()
        return parse(text, path, "json" if text.lstrip().startswith("{") else "toml")
    form = path.suffix.lower().removeprefix(".")
    if form not in ("toml", "json"):
        raise UnknownForm(path=path)
    return parse(read_file(path).decode("utf-8", "replace"), path, form)


def parse(text: str, path: Path, form: str) -> dict[str, Any]:
    """The object in *text*."""
    try:
        document = tomllib.loads(text) if form == "toml" else json.loads(text)
    except ValueError as error:
        raise BadDefinition(path=path, form=form.upper(), reason=error) from None
    if not isinstance(document, dict):
        raise BadDefinition(path=path, form="an agent definition", reason="it must be one JSON object")
    return document


def read_file(path: Path) -> bytes:
    """The bytes of a file that somebody named. Raises `Invalid` when it cannot be read."""
    try:
        return path.expanduser().read_bytes()
    except OSError as error:
        raise Invalid(f"{path} cannot be read: {error.strerror}") from None


def pairs(given: Sequence[str], form: str) -> dict[str, str]:
    """`["K=V", …]` as a mapping; *form* is how the option shows it.

    Raises:
        BadPair: one has no `=`, or nothing before it.
        GivenTwice: two have the same name.
    """
    found: dict[str, str] = {}
    for item in given:
        name, equals, value = item.partition("=")
        if not name or not equals:
            raise BadPair(given=item, form=form)
        if name in found:
            raise GivenTwice(name=name, form=form)
        found[name] = value
    return found


def because(reason: str) -> str:
    """*reason* as the end of a sentence."""
    return f": {reason}" if reason else ""


def labels(given: Mapping[str, str]) -> str:
    return " ".join(f"{name}={value}" for name, value in sorted(given.items()))
