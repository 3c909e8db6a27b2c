"""Decoding gives an event that agrees with its envelope, or says why there is none."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from events import strict_json
from events.base import BY_TYPE, Event
from events.codec import Undecodable, decode
from events.envelope import USUAL_PROOF, CommandProof
from events.log import LogExported
from events.task import TaskAssigned, TaskCompleted
from scripts.golden import event_example


def payload(event_type: type[Event], fields: dict[str, Any] | None = None, **envelope: Any) -> bytes:
    document = strict_json.loads(event_example(event_type)["payload"].encode())
    document["data"] |= fields or {}
    document |= envelope
    return strict_json.dumps({key: value for key, value in document.items() if value is not None})


def refusal(payload: bytes) -> str:
    with pytest.raises(Undecodable) as caught:
        decode(payload)
    return str(caught.value)


@pytest.mark.parametrize(
    ("envelope", "why"),
    [
        ({"subject": "node/sample-1"}, "task.assigned is about a task"),
        ({"subject": "task/other"}, "the data is about 'sample-1'"),
        ({"agent": "other"}, "the data names 'sample-1', the envelope 'other'"),
        ({"agent": None}, "the envelope None"),
        ({"specversion": "1.1"}, "specversion"),
        ({"id": "1"}, "id: "),
        ({"id": "6F1C2D3E-4A5B-4C6D-8E7F-001122334455"}, "id: "),
        ({"type": "symbi.task.assigned.v9"}, "unknown event type 'symbi.task.assigned.v9'"),
        ({"subject": "task"}, "subject: "),
        ({"subject": "task/a.b"}, "subject: "),
        ({"time": "2026-11-21"}, "is not a time"),
        ({"time": "2026-02-30T00:00:00Z"}, "day is out of range"),
        ({"revision": 0}, "revision: "),
        ({"revision": "7"}, "revision: "),
        ({"revision": 7.0}, "revision: "),
        ({"revision": True}, "revision: "),
        ({"actor": "somebody"}, "actor: "),
        ({"actorkey": "ed25519:ab"}, "actorkey: "),
        ({"command": "{}"}, "id: "),
        ({"command": "nothing"}, "not JSON"),
        ({"command": '{"id":1,"id":1}'}, "occurs twice"),
        ({"traceparent": "00-x"}, "traceparent: "),
        ({"policydigest": "sha256:x"}, "policydigest: "),
        ({"nonce": "AAAA"}, "nonce: "),
        ({"dataclasses": "pii"}, "dataclasses: "),
        ({"data": []}, "data: "),
        ({"surprise": 1}, "surprise: "),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else value,
)
def test_an_envelope_that_is_wrong_is_refused_by_name(envelope: dict[str, Any], why: str) -> None:
    assert why in refusal(payload(TaskAssigned, **envelope))


@pytest.mark.parametrize(
    ("data", "where"),
    [
        ({"task_id": "a.b"}, "task_id"),
        ({"task_id": "a\n"}, "task_id"),
        ({"assignment": "1"}, "assignment"),
        ({"assignment": 1.0}, "assignment"),
        ({"reason": None}, "reason"),
        ({"surprise": 1}, "surprise"),
    ],
)
def test_data_of_another_shape_is_refused_by_field(data: dict[str, Any], where: str) -> None:
    assert refusal(payload(TaskAssigned, data)).startswith(where)


def test_an_event_that_names_no_agent_takes_the_envelopes() -> None:
    envelope, event = decode(payload(TaskCompleted, agent="another"))
    assert envelope.boundary == "symbi.evt.another.>"
    assert envelope.nats_subject(event) == "symbi.evt.another.task.sample-1.completed"
    assert "the envelope None" in refusal(payload(TaskCompleted, agent=None))


def test_what_concerns_no_agent_stays_out_of_every_agents_history() -> None:
    assert "belongs to no agent's history" in refusal(payload(LogExported, agent="sample-1"))


def test_integers_beyond_64_bits_and_infinities_are_no_events() -> None:
    good = payload(TaskCompleted)
    for number in (b"18446744073709551616", b"1e999", b"-1e999", b"NaN"):
        assert refusal(good.replace(b'"exit_code":1', b'"exit_code":' + number))
        assert refusal(good.replace(b'"wall_seconds":1.5', b'"wall_seconds":' + number))


def test_what_was_parsed_to_check_it_is_not_parsed_again() -> None:
    envelope, _ = decode(payload(TaskCompleted))
    assert envelope.command_proof is envelope.command_proof
    assert envelope.command_proof is not None
    assert envelope.to_bytes() == payload(TaskCompleted)


def test_every_type_has_a_subject_of_its_own() -> None:
    places = {(event.aggregate, event.subject_tokens()): event for event in BY_TYPE.values()}
    assert len(places) == len({event.name for event in BY_TYPE.values()})


@given(st.from_regex(USUAL_PROOF, fullmatch=True))
def test_a_proof_as_gateways_write_it_is_what_the_model_accepts(text: str) -> None:
    found = USUAL_PROOF.fullmatch(text)
    assert found is not None
    assert CommandProof.model_validate(strict_json.loads(text.encode())).__dict__ == found.groupdict()
