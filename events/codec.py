"""Bytes to events and back."""

import importlib
import pkgutil
from dataclasses import dataclass

from pydantic import ValidationError

from . import __name__ as _package
from . import __path__ as _path
from . import strict_json, upcast
from .base import BY_TYPE, OF_AGENTS, OF_EITHER, OF_NOBODY, Event
from .envelope import Envelope
from .personal import Sealed, personal_fields

for _module in pkgutil.iter_modules(_path, _package + "."):
    importlib.import_module(_module.name)


class Undecodable(ValueError):
    """The bytes are not an event that this version can read; the text says why."""


@dataclass(frozen=True, slots=True)
class Raw:
    """One message of the log, as stored."""

    seq: int
    """Position in the log, from 1."""
    stored_at: int
    """When the broker stored it, in nanoseconds since the epoch; 0 where it is not known yet."""
    subject: str
    payload: bytes
    signature: str
    """The raw `Symbi-Signature` header, empty where absent."""
    key: str
    """The raw `Symbi-Key` header, empty where absent."""


@dataclass(frozen=True, slots=True)
class Fact:
    """One verified event of the log, with its place in it."""

    seq: int
    stored_at: int
    envelope: Envelope
    event: Event
    raw: Raw


@dataclass(frozen=True, slots=True)
class Bad:
    """One message of the log that did not verify, and why."""

    raw: Raw
    code: str
    """A stable name: `bad_signature`."""
    detail: str

    @property
    def seq(self) -> int:
        return self.raw.seq


def decode(payload: bytes) -> tuple[Envelope, Event]:
    """Parse a payload as its envelope and the event that its type names, upcast to the current version.

    What it returns is consistent: the envelope's subject and agent are those that the data names, its time
    and its command proof parse, and personal fields are sealed.

    Raises:
        Undecodable: not strict JSON, not an envelope, an unknown type, data of another shape, or an
            envelope and data that contradict each other. Nothing else, whatever the bytes.
    """
    try:
        envelope = Envelope.model_validate(strict_json.loads(payload))
        # Parsed once and kept: whoever asks for them later may rely on getting them.
        _ = envelope.time_ns, envelope.command_proof
        event_type, data = upcast.current(envelope.type, envelope.data)
        if event_type not in BY_TYPE:
            raise Undecodable(f"unknown event type {envelope.type!r}")
        event = BY_TYPE[event_type].model_validate(data)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        where = ".".join(str(part) for part in first["loc"]) or "the document"
        raise Undecodable(f"{where}: {first['msg']}") from None
    except Undecodable:
        raise
    except ValueError as error:
        raise Undecodable(str(error)) from None
    if problem := _contradiction(envelope, event) or _exposure(event):
        raise Undecodable(problem)
    return envelope, event


def _contradiction(envelope: Envelope, event: Event) -> str | None:
    """How the envelope disagrees with the event inside it, or None."""
    aggregate, about = event.aggregate, event.about()
    if envelope.aggregate != aggregate:
        return f"subject: {event.name} is about a {aggregate}, not about {envelope.subject!r}"
    if about is not None and about != envelope.aggregate_id:
        return f"subject: the data is about {about!r}, the envelope about {envelope.subject!r}"
    if aggregate in OF_NOBODY and envelope.agent is not None:
        return f"agent: {event.name} belongs to no agent's history"
    if aggregate in OF_EITHER and envelope.agent != event.__dict__.get("agent_id"):
        return f"agent: the data names {event.__dict__.get('agent_id')!r}, the envelope {envelope.agent!r}"
    if aggregate in OF_AGENTS:
        named = event.__dict__.get("agent_id", envelope.agent)
        if envelope.agent is None or envelope.agent != named:
            return f"agent: the data names {named!r}, the envelope {envelope.agent!r}"
    return None


def _exposure(event: Event) -> str | None:
    """Which personal field lies open, or None."""
    for name in personal_fields(type(event)):
        value = getattr(event, name)
        if value is not None and not isinstance(value, Sealed):
            return f"data.{name}: it is personal and not encrypted"
    return None
