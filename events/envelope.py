"""The envelope around every event: CloudEvents 1.0 in structured mode, with who asked and who decided."""

import re
from typing import Any, Literal

from pydantic import Field

from . import clock, strict_json
from .base import Event, Record, kept
from .content import Digest
from .identifiers import KeyId, Token, TraceParent, Uuid, boundary, event_subject


class CommandProof(Record):
    """Who asked, provable: the command's id, digest and signature, carried inside the event."""

    id: Uuid
    digest: Digest
    """`sha256:` and the hex SHA-256 of the command's bytes."""
    key: KeyId
    signature: str


class Envelope(Record):
    """One event as it is signed. The field order is the order on the wire."""

    specversion: Literal["1.0"] = "1.0"
    id: Uuid
    """Derived from the command's id; also the message's `Nats-Msg-Id`."""
    source: str = Field(pattern=r"^symbi/[^/]+/[^/]+$")
    """`symbi/<deployment>/<component>`"""
    type: str
    """`symbi.agent.spawned.v1`"""
    subject: str = Field(pattern=r"^[a-z]+/[A-Za-z0-9][A-Za-z0-9_-]{0,63}$")
    """`<aggregate>/<id>`"""
    time: str
    """RFC 3339 in UTC, with up to nine decimals."""
    datacontenttype: Literal["application/json"] = "application/json"
    tenant: Token = "default"
    agent: Token | None = None
    """Whose history it belongs to; absent where it concerns no agent."""
    revision: int | None = Field(default=None, ge=1)
    """The event's number within its boundary, from 1; absent on readings, which assert nothing."""
    actor: str = Field(pattern=r"^(human|service|agent|component)/[A-Za-z0-9][A-Za-z0-9_-]{0,63}$")
    """A pseudonymous id, `human/…`, `service/…`, `agent/…` or `component/…`."""
    onbehalfof: str | None = None
    """For whom the actor says to have acted."""
    actorkey: KeyId
    """The id of the key that signed this event; equal to the header's."""
    command: str | None = None
    """A `CommandProof` as one string of JSON, since CloudEvents extensions are scalars."""
    correlationid: str
    """What everything that belongs together shares; the command's id where it named none."""
    causationid: str | None = None
    """The event or command that the command was an answer to."""
    traceparent: TraceParent | None = None
    policydigest: Digest | None = None
    """The policy set under which the command was allowed."""
    dataclasses: list[str] = Field(default_factory=list)
    """The classes of the data that it speaks of."""
    nonce: str = Field(pattern=r"^[A-Za-z0-9+/]{22}==$")
    """16 random bytes in base64: nobody can guess the payload from its digest."""
    data: dict[str, Any]
    """What happened; its shape is the type's."""

    @property
    def aggregate(self) -> str:
        return self.subject.split("/", 1)[0]

    @property
    def aggregate_id(self) -> str:
        return self.subject.split("/", 1)[1]

    @kept
    def boundary(self) -> str:
        return boundary(self.agent, self.aggregate, self.aggregate_id)

    @kept
    def time_ns(self) -> int:
        """Nanoseconds since the epoch. Raises `ValueError` where `time` is none; a decoded one never does."""
        return clock.from_wire(self.time)

    @kept
    def command_proof(self) -> CommandProof | None:
        """Raises `ValueError` where `command` holds no proof; a decoded envelope never does."""
        if self.command is None:
            return None
        if (usual := USUAL_PROOF.fullmatch(self.command)) is not None:
            return CommandProof.of_known(usual.groupdict())
        return CommandProof.model_validate(strict_json.loads(self.command.encode()))

    def know(self, time_ns: int, proof: CommandProof | None) -> None:
        """Keep what `time` and `command` hold, where whoever made them knows it already."""
        self.__dict__["time_ns"] = time_ns
        self.__dict__["command_proof"] = proof

    def nats_subject(self, event: Event) -> str:
        """Where *event* in this envelope must have been published."""
        return event_subject(self.agent, self.aggregate, self.aggregate_id, event.subject_tokens())

    def to_bytes(self) -> bytes:
        """The bytes that are signed: compact JSON in the order of the fields, absent ones left out."""
        values = self.__dict__
        fields = ((name, values[name]) for name in FIELDS)
        return strict_json.dumps({name: value for name, value in fields if value is not None and value != []})


USUAL_PROOF = re.compile(
    r'\{"id":"(?P<id>[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12})","digest":"(?P<digest>sha256:[0-9a-f]{64})",'
    r'"key":"(?P<key>ed25519:[0-9a-f]{32})","signature":"(?P<signature>[A-Za-z0-9+/=]*)"\}',
    re.ASCII,
)
"""A proof as gateways write it: what this matches, the model accepts, in a tenth of the time."""

FIELDS = tuple(Envelope.model_fields)
"""In the order on the wire."""
