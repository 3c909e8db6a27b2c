"""Puts an event into its envelope and signs it."""

import base64
from collections.abc import Callable
from dataclasses import dataclass

from events import clock, signing, strict_json
from events.base import Event
from events.commands import Request
from events.envelope import CommandProof, Envelope
from events.identifiers import event_subject
from events.personal import DataKeys, personal_fields, seal

from ..ports.event_log import Draft


@dataclass(frozen=True, slots=True)
class Place:
    """Where an event belongs: its aggregate, and the agent whose history holds it."""

    aggregate: str
    aggregate_id: str
    agent: str | None = None

    @property
    def subject(self) -> str:
        """The CloudEvents subject: `task/t-1`."""
        return f"{self.aggregate}/{self.aggregate_id}"


@dataclass(frozen=True, slots=True)
class Cause:
    """Why an event is recorded: the command it answers, or the runtime itself."""

    actor: str
    correlation_id: str
    tenant: str = "default"
    onbehalfof: str | None = None
    causation_id: str | None = None
    traceparent: str | None = None
    command: str | None = None
    """The command's proof as one JSON string."""
    proof: CommandProof | None = None
    """The same, as whoever reads the string gets it."""

    @classmethod
    def of(cls, request: Request, actor: str, digest: str, key: str, signature: str) -> "Cause":
        proof = CommandProof.of_known(
            {"id": request.id, "digest": digest, "key": key, "signature": signature}
        )
        return cls(
            actor=actor,
            correlation_id=request.correlationid or request.id,
            tenant=request.tenant,
            onbehalfof=request.onbehalfof,
            causation_id=request.causationid,
            traceparent=request.traceparent,
            command=strict_json.dumps(proof.__dict__).decode(),
            proof=proof,
        )


@dataclass(frozen=True, slots=True)
class Stamped:
    """An event as it goes into the log, and as whoever reads it there will see it."""

    draft: Draft
    envelope: Envelope
    event: Event | None
    """None where reading gives another event than was written: personal fields are sealed in between."""


class Stamp:
    """Signs events as one component of one deployment."""

    def __init__(
        self, *, source: str, keys: DataKeys, random: Callable[[int], bytes], root: signing.SigningKey
    ) -> None:
        """*source* is `symbi/<deployment>/<component>`; *root* signs what is about identities."""
        self._source = source
        self._data_keys = keys
        self._random = random
        self._root = root

    def stamp(
        self,
        event: Event,
        place: Place,
        cause: Cause,
        *,
        event_id: str,
        revision: int | None,
        time_ns: int,
        key: signing.SigningKey,
    ) -> Stamped:
        """The signed event, ready to be appended. Readings (`asserts_nothing`) have no revision."""
        if place.aggregate == "identity" and not event.asserts_nothing:
            key = self._root
        is_personal = bool(personal_fields(type(event)))
        if is_personal:
            data = seal(event, event_id, self._data_keys, self._random)
        else:
            data = event.model_dump(mode="json", exclude_none=True)
        # Every value comes from this process, so nothing is validated again; the tests decode what it writes.
        envelope = Envelope.of_known(
            {
                "specversion": "1.0",
                "id": event_id,
                "source": self._source,
                "type": event.wire_type(),
                "subject": place.subject,
                "time": clock.to_wire(time_ns),
                "datacontenttype": "application/json",
                "tenant": cause.tenant,
                "agent": place.agent,
                "revision": revision,
                "actor": cause.actor,
                "onbehalfof": cause.onbehalfof,
                "actorkey": key.key_id,
                "command": cause.command,
                "correlationid": cause.correlation_id,
                "causationid": cause.causation_id,
                "traceparent": cause.traceparent,
                "policydigest": None,
                "dataclasses": [str(name) for name in event.__dict__.get("data_classes") or ()],
                "nonce": base64.b64encode(self._random(16)).decode(),
                "data": data,
            }
        )
        envelope.know(time_ns, cause.proof)
        payload = envelope.to_bytes()
        subject = event_subject(place.agent, place.aggregate, place.aggregate_id, event.subject_tokens())
        signature = key.sign(signing.EVENT_TYPE, payload)
        draft = Draft(event_id, subject, payload, signature, key.key_id)
        return Stamped(draft, envelope, None if is_personal else event)
