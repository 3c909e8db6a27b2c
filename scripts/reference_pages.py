"""The reference pages of events and commands, as Markdown."""

from collections.abc import Iterable, Iterator, Mapping
from itertools import groupby
from typing import Any

from pydantic import BaseModel

from events import upcast
from events.agent_config import AgentConfig
from events.base import BY_TYPE, OF_AGENTS, Event
from events.commands import BY_NAME, Answer, Command, Request
from events.envelope import CommandProof, Envelope
from events.identifiers import boundary, event_subject
from events.personal import Erased, Sealed, personal_fields

from .schemas import schema, words
from .type_words import NAMED, pattern_of, type_words

GENERATED = "<!-- Made by `make docs` from the models in events/. Changes made here are lost. -->"

EVENTS_HEAD = f"""{GENERATED}

# Events

Every fact that the runtime records, as it lies in the log. `nats sub 'symbi.evt.>'` shows them arrive.

- A message's payload is the [envelope](#envelope), a CloudEvents 1.0 object; the tables below are its `data`.
- Its subject is `symbi.evt.<agent>.<aggregate>.<id>.<event>`, with `_` for no agent.
- Its headers `Symbi-Signature` and `Symbi-Key` sign exactly these bytes, as
  [howto/commands.md](../howto/commands.md) shows for commands; the payload type is
  `application/vnd.symbi.event.v1+json`.
- An event is appended under the expectation that nothing was appended inside its boundary since it was
  decided, and has a number there (`revision`). A *reading* holds whatever the state was: it has neither.
- A shape never changes. What must change becomes a new version, and the old one is read as the new one.
- [schemas/events/](schemas/events/) has a JSON Schema of each, [schemas/envelope.json](schemas/envelope.json)
  that of the envelope.
"""

COMMANDS_HEAD = f"""{GENERATED}

# Commands

What principals may ask for. [howto/commands.md](../howto/commands.md) shows how to sign and send one; the
tables below are the `data` of its [request](#request). Who may ask for what follows from the roles held.

- The subject is `symbi.cmd.<principal>.<aggregate>.<verb>`, the last two as in the headings.
- The reply is an [answer](#answer).
- [schemas/commands/](schemas/commands/) has a JSON Schema of each;
  [schemas/request.json](schemas/request.json) and [schemas/answer.json](schemas/answer.json) are around them,
  [schemas/agent-config.json](schemas/agent-config.json) is an agent's configuration.
"""


def events_page() -> str:
    """docs/reference/events.md"""
    types = sorted(BY_TYPE.values(), key=lambda event: event.aggregate)
    parts = [EVENTS_HEAD]
    for aggregate, of_aggregate in groupby(types, key=lambda event: event.aggregate):
        parts.append(f"## {aggregate}\n")
        parts.extend(_event(event) for event in of_aggregate)
    parts.append(_section("## Envelope", Envelope))
    parts.append(_section("### CommandProof", CommandProof))
    parts.append(_shapes(types, Sealed, Erased))
    if upcast.UPCASTS:
        parts.append(_old_versions())
    parts.append(_texts())
    return "\n".join(parts)


def commands_page() -> str:
    """docs/reference/commands.md"""
    commands = sorted(BY_NAME.values(), key=_aggregate)
    parts = [COMMANDS_HEAD]
    for aggregate, of_aggregate in groupby(commands, key=_aggregate):
        parts.append(f"## {aggregate}\n")
        parts.extend(_command(command) for command in of_aggregate)
    parts.append(_section("## Request", Request))
    parts.append(_section("## Answer", Answer))
    parts.append(_shapes([*commands, Answer], AgentConfig))
    parts.append(_texts())
    return "\n".join(parts)


def _aggregate(command: type[Command]) -> str:
    return command.name.split(".")[0]


def _event(event: type[Event]) -> str:
    in_agent = event.aggregate in OF_AGENTS or "agent_id" in event.model_fields
    agent = "<agent>" if in_agent else None
    of = (agent, event.aggregate, f"<{event.aggregate}>")
    guard = f"expects nothing new in `{boundary(*of)}`"
    if event.asserts_nothing:
        guard = "a reading, without an expectation"
    place = f"`{event.wire_type()}` on `{event_subject(*of, event.subject_tokens())}`; {guard}.\n"
    return "\n".join([f"### {event.name}\n", f"{words(event)}\n", place, *_table(event)])


def _command(command: type[Command]) -> str:
    lines = [f"### {command.name}\n", f"{words(command)}\n", f"`{command.wire_type()}`\n"]
    return "\n".join([*lines, *_table(command)])


def _section(heading: str, model: type[BaseModel]) -> str:
    return "\n".join([f"{heading}\n", f"{words(model)}\n", *_table(model)])


def _table(model: type[BaseModel]) -> Iterator[str]:
    personal = personal_fields(model) if issubclass(model, Event) else ()
    return _rows(schema(model, ""), personal)


def _rows(made: Mapping[str, Any], personal: Iterable[str] = ()) -> Iterator[str]:
    fields: Mapping[str, Any] = made.get("properties", {})
    if not fields:
        yield "No fields.\n"
        return
    yield "| field | type | |"
    yield "|---|---|---|"
    for name, field in fields.items():
        notes = [field.get("description", "")]
        if name in personal:
            notes.append("**Personal**: encrypted in the log, erasable.")
        if name not in made.get("required", ()):
            notes.append(_absence(field))
        yield f"| `{name}` | {_cell(type_words(field))} | {_cell(' '.join(filter(None, notes)))} |"
    yield ""


def _absence(field: Mapping[str, Any]) -> str:
    default = field.get("default")
    if "const" in field:
        return ""
    return "Optional." if default in (None, "") else f"Default `{default}`."


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


def _shapes(models: Iterable[type[BaseModel]], *beside: type[BaseModel]) -> str:
    """Every record and vocabulary that the tables of *models* refer to, and those *beside* them."""
    definitions: dict[str, Any] = {model.__name__: schema(model, "") for model in beside}
    for model in [*models, *beside]:
        definitions |= schema(model, "").get("$defs", {})
    parts = ["## Shapes\n"]
    for name, made in sorted(definitions.items()):
        parts.append(f"### {name}\n\n{made.get('description', '')}\n\n{_shape(made)}")
    return "\n".join(parts)


def _shape(made: Mapping[str, Any]) -> str:
    if "properties" in made:
        return "\n".join(_rows(made))
    kind = type_words(made)
    return f"{kind[0].upper()}{kind[1:]}.\n"


def _old_versions() -> str:
    rows = [f"| `{old}` | `{new}` |" for old, (new, _) in sorted(upcast.UPCASTS.items())]
    return "\n".join(["## Old versions\n", "| recorded as | read as |", "|---|---|", *rows, ""])


def _texts() -> str:
    rows = [f"| {name} | `{_cell(pattern_of(annotated))}` |" for name, annotated in NAMED.items()]
    return "\n".join(["## Texts\n", "| name | form |", "|---|---|", *rows, ""])
