"""Definitions as files and as agents have them."""

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

from events.agent_definition import DefinitionRef

from ..errors import Invalid, Rejected
from .output import Column, Output
from .requests import BadOption, NotKnownHere, read_definition, read_file

if TYPE_CHECKING:
    from app.bootstrap import Client
    from app.dsl.definition import Definition
    from app.dsl.diff import Change

    from .calls import Call

SUFFIXES = (".symbi", ".dsl")
"""How the names of definition files end."""


class NoText(Rejected):
    """The agent {agent} was made from a configuration, so there is no definition to show."""


class NotADefinition(Invalid):
    """{reasons}"""


def is_text(path: Path) -> bool:
    """Whether *path* is a definition by its name, and not a configuration."""
    return path.suffix.lower() in SUFFIXES


def fields_of(path: Path, agent: str | None) -> dict[str, Any]:
    """What a command that brings a definition holds: the text of a file, or a configuration.

    Raises:
        Invalid: it cannot be read, or is not what its name says.
    """
    if str(path) == "-":
        text = sys.stdin.read()
        if agent is not None or _looks_like_text(text):
            return {"source": text, "agent": agent, "file": "stdin"}
        from .requests import parse

        return {"config": parse(text, path, "json" if text.lstrip().startswith("{") else "toml")}
    if not is_text(path):
        if agent is not None:
            raise BadOption(problems="--agent names an agent of a definition; a configuration is of one")
        return {"config": read_definition(path)}
    # What is no UTF-8 is told as an error of the text, with its place.
    text = read_file(path).decode("utf-8", "replace")
    return {"source": text, "agent": agent, "file": path.name[:256]}


def _looks_like_text(text: str) -> bool:
    """Whether stdin brought a definition: it has an agent with braces, which neither TOML nor JSON has."""
    words = [line.split("//")[0].split("#")[0].split() for line in text.splitlines()]
    return any(line and line[0] == "agent" and "=" not in line[:2] for line in words)


async def definition_of(client: "Client", agent_id: str) -> tuple[DefinitionRef, bytes]:
    """The definition that an agent has, and its text.

    Raises:
        NotKnownHere: there is no such agent.
        NoText: it has none.
        BlobMissing, BlobErased, BlobCorrupt: the text is gone.
    """
    from projections import history
    from projections.paging import Page

    async with client.queries.connect() as connection:
        types = ["agent.registered", "agent.deployed"]
        page = Page(1, newest_first=True)
        rows = await history.events(connection, page, agent=agent_id, types=types)
    if not rows:
        raise NotKnownHere(what="agent", name=agent_id, verb="agent list")
    if "definition" not in rows[0].data:
        raise NoText(agent=agent_id)
    ref = DefinitionRef.model_validate(rows[0].data["definition"])
    return ref, await client.blobs.get(ref.content)


async def changes(call: "Call", before: str, after: str) -> "list[Change]":
    """What changed from one to the other; each is a file's path or an agent's id.

    Raises:
        Invalid: a file cannot be read, or has errors in it.
        NotKnownHere, NoText: an agent is not there, or has no definition.
    """
    from app.dsl.definition import NoSuchAgent
    from app.dsl.diff import diff

    found = {name: _of_file(Path(name)) for name in (before, after) if is_text(Path(name))}
    if agents := {before, after} - found.keys():
        async with call.client() as client:
            found |= {name: await _of_agent(client, name) for name in agents}
    (one, first), (other, second) = found[before], found[after]
    if first is None and second is None:
        return diff(one, other)
    try:
        return diff(one, other, (_meant(one, first, second), _meant(other, second, first)))
    except NoSuchAgent as error:
        raise NotADefinition(reasons=error) from None


def _meant(definition: "Definition", agent: str | None, other: str | None) -> str:
    """Which agent of a definition is compared: the one named, one of the other's name, or the only one."""
    name = agent or (other if other in definition.agents else None)
    return definition.agent(name).name


Found: TypeAlias = "tuple[Definition, str | None]"
"""A definition, and which of its agents is meant, if one is."""


def _of_file(path: Path) -> Found:
    return _read(read_file(path), path.name), None


async def _of_agent(client: "Client", agent_id: str) -> Found:
    ref, text = await definition_of(client, agent_id)
    return _read(text, ref.file), ref.agent


def _read(data: bytes, name: str) -> "Definition":
    from app.dsl.definition import read_definition as read_text

    reading = read_text(data, name)
    if reading.definition is None:
        raise NotADefinition(reasons="\n\n".join(reading.reasons))
    return reading.definition


CHANGES: Sequence[Column] = [
    Column("Of", lambda change: change.agent or "the file"),
    Column("What", lambda change: change.part),
    Column("Name", lambda change: change.name),
    Column("Before", lambda change: _told(change.before)),
    Column("After", lambda change: _told(change.after)),
]


def change_as_json(change: "Change") -> dict[str, Any]:
    return {
        "agent": change.agent,
        "part": change.part,
        "name": change.name,
        "kind": change.kind,
        "before": change.before,
        "after": change.after,
    }


def _told(value: Any) -> str:
    if value is None:
        return "—"
    return value if isinstance(value, str) else str(value)


def show_reasons(out: Output, reasons: Sequence[str]) -> None:
    """Why a definition is wrong: each reason with its lines."""
    for reason in reasons:
        first, *rest = reason.splitlines() or [""]
        out.item(first, bullet="\n" if rest else "  • ")
        for line in rest:
            out.item(line, bullet="")
