"""A command as it travels: a signed JSON request on its own subject, and the answer to it."""

import hashlib
from dataclasses import dataclass, field
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from .. import clock, strict_json
from ..base import Record
from ..identifiers import COMMAND_SUBJECTS, Token, TraceParent, Uuid
from ..identity import KeyUse
from ..signing import COMMAND_TYPE, KEY_HEADER, SIGNATURE_HEADER, SigningKey
from .base import Command


class Request(Record):
    """What is signed: which principal asks for which command, and when."""

    id: Uuid
    """A second request with the same id and bytes gets the first one's answer."""
    type: str = Field(pattern=r"^symbi\.command\.[a-z]+\.[a-z_]+\.v[0-9]+$")
    """`symbi.command.agent.spawn.v1`"""
    principal: Token
    """Who asks; the key must be one of its command keys."""
    tenant: Token = "default"
    time: str
    """When it was made: RFC 3339 in UTC, with up to nine decimals."""
    onbehalfof: str | None = Field(None, max_length=256)
    """For whom the principal says to act."""
    correlationid: str | None = Field(None, max_length=256)
    """What everything that belongs together shares; the request's id where it is absent."""
    causationid: str | None = Field(None, max_length=256)
    """The event or command that this is an answer to."""
    traceparent: TraceParent | None = None
    data: dict[str, Any]
    """The command itself; its shape is the type's."""

    @property
    def name(self) -> str:
        """`agent.spawn`, and `agent.spawn.v2` for a version that this one does not know."""
        return self.type.removeprefix("symbi.command.").removesuffix(".v1")


@dataclass(frozen=True, slots=True)
class SignedRequest:
    """A request ready to be sent with any NATS client: `request(subject, payload, headers=headers)`.

    Keep it until it is answered: a retry sends the same bytes.
    """

    subject: str
    payload: bytes
    signature: str
    key: str
    asked: tuple[Request, Command] | None = field(default=None, compare=False, repr=False)
    """What the payload says, where this process has signed it."""

    @property
    def headers(self) -> dict[str, str]:
        return {SIGNATURE_HEADER: self.signature, KEY_HEADER: self.key}

    @property
    def digest(self) -> str:
        return "sha256:" + hashlib.sha256(self.payload).hexdigest()


def sign_request(
    command: Command,
    key: SigningKey,
    *,
    principal: str,
    command_id: str,
    now_ns: int,
    tenant: str = "default",
    onbehalfof: str | None = None,
    correlation_id: str | None = None,
    causation_id: str | None = None,
    traceparent: str | None = None,
) -> SignedRequest:
    """Sign *command* as *principal*; *now_ns* is the time in nanoseconds since the epoch.

    Raises:
        ValueError: an argument cannot be part of a request; *command_id* is no UUID, for example.
    """
    request = Request(
        id=command_id,
        type=command.wire_type(),
        principal=principal,
        tenant=tenant,
        time=clock.to_wire(now_ns),
        onbehalfof=onbehalfof,
        correlationid=correlation_id,
        causationid=causation_id,
        traceparent=traceparent,
        data=command.model_dump(mode="json", exclude_none=True),
    )
    payload = strict_json.dumps({k: v for k, v in request.__dict__.items() if v is not None})
    subject = f"{COMMAND_SUBJECTS}.{principal}.{command.name}"
    return SignedRequest(subject, payload, key.sign(COMMAND_TYPE, payload), key.key_id, (request, command))


class Problem(BaseModel):
    """Why a command was refused, in words and in facts."""

    model_config = ConfigDict(frozen=True)

    family: Literal["rejected", "invalid", "denied", "unavailable", "corrupt", "conflict"]
    code: str
    """A stable name: `AgentNotRunning`."""
    message: str
    facts: dict[str, Any] = Field(default_factory=dict)


class RecordedEvent(BaseModel):
    """One event that a command caused."""

    model_config = ConfigDict(frozen=True)

    id: str
    type: str
    seq: int


class Answer(BaseModel):
    """The reply to a command: accepted and durable, with what it caused, or refused, with why."""

    model_config = ConfigDict(frozen=True)

    command_id: str | None = None
    """Absent where the bytes named none that could be read."""
    accepted: bool
    events: list[RecordedEvent] = Field(default_factory=list)
    result: dict[str, Any] = Field(default_factory=dict)
    """Ids that the command made: `agent_id`, `task_id`, …"""
    error: Problem | None = None

    def to_bytes(self) -> bytes:
        return self.model_dump_json(exclude_none=True).encode()


def possession_payload(identity_id: str, use: KeyUse, public_key: str) -> bytes:
    """What a new key signs (under `POSSESSION_TYPE`) to prove that somebody holds it."""
    return strict_json.canonical({"identity": identity_id, "use": use.value, "public_key": public_key})
