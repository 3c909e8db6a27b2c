"""Record one example of every event and command that has none yet: `python -m scripts.golden`.

What is recorded once is never written again: it stands for the bytes that lie in people's logs.
"""

import base64
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson

from events import chain, clock, codec, identifiers, merkle, signing, strict_json  # noqa: F401 - the codec registers every event
from events.base import BY_TYPE, OF_AGENTS, Event
from events.commands import BY_NAME, Command, sign_request
from events.envelope import CommandProof, Envelope
from events.personal import personal_fields, seal

from .samples import sample
from .schemas import shape

GOLDEN = Path(__file__).parent.parent / "tests" / "golden"

SEED = bytes(range(32))
"""The private key that signs the examples; it is published here and good for nothing else."""

COMMAND_ID = "6f1c2d3e-4a5b-4c6d-8e7f-001122334455"
ORIGIN = "symbi.example/EVENTS"
MADE = "2026-11-21T10:00:00.123456789Z"
TRACE = f"00-{'1b' * 16}-{'2c' * 8}-01"


class ExampleKeys:
    """One data key for every subject and purpose."""

    def data_key(self, scope: str) -> bytes:
        return b"example data key, 32 bytes long."


def event_example(event_type: type[Event]) -> dict[str, str]:
    """An event of this type in a full envelope, as it is signed and published."""
    key = signing.SigningKey.from_seed(SEED)
    event = event_type.model_validate(_plain(event_type))
    envelope = Envelope.model_validate(_envelope(event, key))
    payload = envelope.to_bytes()
    return {
        "type": event_type.wire_type(),
        "shape": shape(event_type),
        "subject": envelope.nats_subject(event),
        "signature": key.sign(signing.EVENT_TYPE, payload),
        "payload": payload.decode(),
    }


def command_example(command_type: type[Command]) -> dict[str, str]:
    """A command of this type, as it is signed and sent."""
    request = sign_request(
        command_type.model_validate(sample(command_type)),
        signing.SigningKey.from_seed(SEED),
        principal="operator",
        command_id=COMMAND_ID,
        now_ns=clock.from_wire(MADE),
        onbehalfof="human/somebody",
        correlation_id="a correlation",
        causation_id="a cause",
        traceparent=TRACE,
    )
    return {
        "type": command_type.wire_type(),
        "subject": request.subject,
        "signature": request.signature,
        "payload": request.payload.decode(),
    }


def chain_example() -> dict[str, Any]:
    """The chain and the tree over a few entries, signed and not."""
    key = signing.SigningKey.from_seed(SEED)
    value, tree, entries = chain.genesis(ORIGIN), merkle.CompactRange(), []
    for seq in range(1, 6):
        payload = f'{{"example":{seq}}}'
        signature = key.sign(signing.EVENT_TYPE, payload.encode()) if seq != 3 else ""
        stored_at, subject = clock.from_wire(MADE) + seq, f"symbi.evt._.log.x.ü{seq}"
        entry = chain.entry(seq, stored_at, subject, payload.encode(), signature)
        leaf = chain.leaf(entry)
        value = chain.extend(value, leaf)
        tree.append(leaf)
        given = {"stored_at": stored_at, "subject": subject, "payload": payload, "signature": signature}
        made = {"entry": entry, "leaf": leaf, "chain": value, "root": tree.root()}
        entries.append({"seq": seq} | given | {name: one.hex() for name, one in made.items()})
    return {"origin": ORIGIN, "genesis": chain.genesis(ORIGIN).hex(), "entries": entries}


def missing(below: Path) -> Iterator[tuple[Path, dict[str, Any]]]:
    """The examples that are not recorded below that directory, and where each belongs."""
    if not (path := below / "chain.json").exists():
        yield path, chain_example()
    for wire_type, event_type in BY_TYPE.items():
        path = below / "events" / f"{wire_type}.json"
        if not path.exists():
            yield path, event_example(event_type)
    for command_type in BY_NAME.values():
        path = below / "commands" / f"{command_type.wire_type()}.json"
        if not path.exists():
            yield path, command_example(command_type)


def _plain(event_type: type[Event]) -> dict[str, Any]:
    """A document of the event before it is sealed."""
    return sample(event_type) | {name: f"a {name} in the open" for name in personal_fields(event_type)}


def _envelope(event: Event, key: signing.SigningKey) -> dict[str, Any]:
    """Every field of the envelope, except those that this event must not have."""
    event_id = identifiers.event_id(COMMAND_ID, 0)
    proof = sample(CommandProof) | {"signature": base64.b64encode(bytes(64)).decode()}
    document = {
        "id": event_id,
        "source": "symbi/example/gateway",
        "type": event.wire_type(),
        "subject": f"{event.aggregate}/{event.about() or 'sample-1'}",
        "time": MADE,
        "tenant": "example",
        "agent": "sample-1" if event.aggregate in OF_AGENTS else event.__dict__.get("agent_id"),
        "revision": None if event.asserts_nothing else 7,
        "actor": "human/operator",
        "onbehalfof": "human/somebody",
        "actorkey": key.key_id,
        "command": strict_json.dumps(proof).decode(),
        "correlationid": "a correlation",
        "causationid": "a cause",
        "traceparent": TRACE,
        "policydigest": "sha256:" + "6a" * 32,
        "dataclasses": ["internal", "pii"],
        "nonce": base64.b64encode(bytes(range(16))).decode(),
        "data": seal(event, event_id, ExampleKeys(), lambda count: bytes(range(count))),
    }
    return {name: value for name, value in document.items() if value is not None}


def record(below: Path) -> list[Path]:
    """Write the examples that are missing below that directory, and say which those were."""
    made = []
    for path, example in missing(below):
        path.parent.mkdir(parents=True, exist_ok=True)
        with open(path, "xb") as file:
            file.write(orjson.dumps(example, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE))
        made.append(path)
    return made


if __name__ == "__main__":
    for recorded in record(GOLDEN):
        print(f"recorded {recorded}")
