"""What is true of every event and command, including the one you add tomorrow."""

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from events import signing, strict_json
from events.base import BY_TYPE, Event
from events.codec import Undecodable, decode
from events.commands import BY_NAME, Request, sign_request
from events.personal import KeyDestroyed, Sealed, open_sealed, personal_fields, reveal, seal
from tests.support.drawn import (
    COMPONENT,
    ROOT,
    OneKey,
    documents,
    drafts,
    fixed_random,
    instances,
    json_values,
    stampeds,
    texts,
    tokens,
)

every_event = pytest.mark.parametrize("event_type", BY_TYPE.values(), ids=lambda event_type: event_type.name)
every_personal = pytest.mark.parametrize(
    "event_type",
    [event_type for event_type in BY_TYPE.values() if personal_fields(event_type)],
    ids=lambda event_type: event_type.name,
)
any_event = st.sampled_from(list(BY_TYPE.values())).flatmap(instances)


@every_event
@given(data=st.data())
@settings(max_examples=10)
def test_an_event_survives_the_wire(event_type: type[Event], data: st.DataObject) -> None:
    event = data.draw(instances(event_type))
    stamped = data.draw(stampeds(event))
    draft = stamped.draft
    envelope, read = decode(draft.payload)
    assert read == event
    assert stamped.event in (None, read)
    assert stamped.envelope == envelope
    assert envelope.nats_subject(read) == draft.subject
    assert (envelope.id, envelope.actorkey) == (draft.event_id, draft.key)
    assert envelope.to_bytes() == draft.payload
    assert seal(read, envelope.id, OneKey(), fixed_random) == envelope.data


@pytest.mark.parametrize("name", sorted(BY_NAME))
@given(data=st.data())
@settings(max_examples=8)
def test_a_command_survives_the_wire(name: str, data: st.DataObject) -> None:
    command = data.draw(instances(BY_NAME[name]))
    signed = sign_request(
        command,
        COMPONENT,
        principal=data.draw(tokens),
        command_id=str(data.draw(st.uuids())),
        now_ns=data.draw(st.integers(0, 4_000_000_000_000_000_000)),
    )
    request = Request.model_validate(strict_json.loads(signed.payload))
    assert BY_NAME[request.name].model_validate(request.data) == command
    assert signed.subject == f"symbi.cmd.{request.principal}.{name}"


@every_event
@given(data=st.data())
@settings(max_examples=5)
def test_a_field_has_one_spelling(event_type: type[Event], data: st.DataObject) -> None:
    """7 may not be written "7", 7.0 or true; text may not be a number."""
    document = data.draw(documents(event_type))
    respelt = [
        {**document, name: other}
        for name, value in document.items()
        if _is_typed(event_type, name)
        for other in _other_spellings(value)
    ]
    assume(respelt)
    for changed in respelt:
        with pytest.raises(ValueError, match=event_type.__name__):
            event_type.model_validate(changed)


def _is_typed(event_type: type[Event], name: str) -> bool:
    """Whether the field takes one type of scalar only, so that another one cannot be meant."""
    field = event_type.model_json_schema()["properties"][name]
    return field.get("type") in ("string", "integer", "boolean")


def _other_spellings(value: Any) -> list[Any]:
    match value:
        case bool():
            return [int(value), str(value).lower(), None]
        case int():
            return [str(value), float(value), value == 1, None]
        case str():
            return [7, 7.5, True, None, [value]]
    return []


@given(payload=st.binary(max_size=200) | json_values.map(strict_json.dumps))
@example(b"")
@example(b"[" * 300 + b"]" * 300)
@example(b'{"a":' * 300 + b"1" + b"}" * 300)
@example(b"18446744073709551616")
@example(b'"\\ud800"')
@example(b"1e400")
def test_any_bytes_decode_or_are_undecodable(payload: bytes) -> None:
    _decode_if_possible(payload)


@given(data=st.data())
@settings(max_examples=150)
def test_changed_payloads_decode_or_are_undecodable(data: st.DataObject) -> None:
    payload = data.draw(any_event.flatmap(drafts)).payload
    for _ in range(data.draw(st.integers(1, 3))):
        payload = data.draw(st.sampled_from(CHANGES))(payload, data)
    _decode_if_possible(payload)


def _overwrite(payload: bytes, data: st.DataObject) -> bytes:
    at = data.draw(st.integers(0, len(payload)))
    return payload[:at] + data.draw(st.binary(max_size=4)) + payload[at + data.draw(st.integers(0, 4)) :]


def _cut(payload: bytes, data: st.DataObject) -> bytes:
    return payload[: data.draw(st.integers(0, len(payload)))]


def _replace_value(payload: bytes, data: st.DataObject) -> bytes:
    """Another JSON value for one field of the envelope, or of the data inside it."""
    try:
        document = strict_json.loads(payload)
    except strict_json.NotStrict:
        return payload
    part = document
    if isinstance(document, dict) and isinstance(document.get("data"), dict) and data.draw(st.booleans()):
        part = document["data"]
    if isinstance(part, dict) and part:
        part[data.draw(st.sampled_from(sorted(part)))] = data.draw(json_values)
    return strict_json.dumps(document)


CHANGES: list[Callable[[bytes, st.DataObject], bytes]] = [_overwrite, _cut, _replace_value]


def _decode_if_possible(payload: bytes) -> None:
    """Whatever decodes keeps the promises of `decode`; anything but `Undecodable` fails the test."""
    try:
        envelope, event = decode(payload)
    except Undecodable:
        return
    assert envelope.time_ns is not None
    assert envelope.command_proof is None or envelope.command_proof.digest
    assert decode(envelope.to_bytes()) == (envelope, event)


@given(data=st.data())
def test_an_event_under_another_id_or_agent_is_undecodable(data: st.DataObject) -> None:
    event = data.draw(any_event)
    document = strict_json.loads(data.draw(drafts(event)).payload)
    other = data.draw(tokens)
    moves = [{"agent": None if "agent" in document else other}]
    if event.about() is not None:
        assume(other != event.about())
        moves.append({"subject": f"{event.aggregate}/{other}"})
    moves.append({"subject": f"{'node' if event.aggregate == 'task' else 'task'}/{other}"})
    for move in moves:
        with pytest.raises(Undecodable, match=r"agent: |subject: "):
            decode(strict_json.dumps(document | move))


@every_personal
@given(data=st.data())
@settings(max_examples=25)
def test_personal_values_are_sealed_and_revealed(event_type: type[Event], data: st.DataObject) -> None:
    plain = {name: f"Ada Lovelace {data.draw(texts)}" for name in personal_fields(event_type)}
    event = data.draw(instances(event_type)).model_copy(update=plain)
    stamped = data.draw(stampeds(event))
    draft = stamped.draft
    envelope, read = decode(draft.payload)
    assert stamped.event is None, "who reads it back sees ciphertext"
    assert all(isinstance(getattr(read, name), Sealed) for name in plain)
    assert b"Lovelace" not in draft.payload
    shown = reveal(read, envelope.id, OneKey())
    assert {name: shown[name] for name in plain} == plain
    assert reveal(event, envelope.id, OneKey()) == shown


@every_personal
@given(data=st.data())
@settings(max_examples=20)
def test_a_moved_ciphertext_does_not_open(event_type: type[Event], data: st.DataObject) -> None:
    [name, *_] = personal_fields(event_type)
    event = data.draw(instances(event_type)).model_copy(update={name: "a name"})
    sealed = Sealed.model_validate(seal(event, "here", OneKey(), fixed_random)[name])
    assert open_sealed(sealed, "here", f"data.{name}", OneKey()) == "a name"
    elsewhere = sealed.model_copy(update={"sk": f"{data.draw(tokens)}/account"})
    assume(elsewhere != sealed)
    for moved, event_id, path in (
        (sealed, "there", f"data.{name}"),
        (sealed, "here", "data.other"),
        (elsewhere, "here", f"data.{name}"),
    ):
        with pytest.raises(ValueError, match="does not decrypt"):
            open_sealed(moved, event_id, path, OneKey())


class Destroyed:
    def data_key(self, scope: str) -> bytes:
        raise KeyDestroyed(scope)


@every_personal
@given(data=st.data())
@settings(max_examples=10)
def test_an_erased_value_shows_a_typed_tombstone(event_type: type[Event], data: st.DataObject) -> None:
    names = personal_fields(event_type)
    event = data.draw(instances(event_type)).model_copy(update=dict.fromkeys(names, "a name"))
    draft = data.draw(drafts(event))
    envelope, read = decode(draft.payload)
    shown = reveal(read, envelope.id, Destroyed())
    for name in names:
        assert shown[name] == {
            "erased": True,
            "sk": f"{event.__dict__['subject_ref']}/{event.personal_purpose}",
        }
    key = {one.key_id: one for one in (ROOT, COMPONENT)}[draft.key]
    assert signing.verify(
        signing.provider(), key.public_key, signing.EVENT_TYPE, draft.payload, draft.signature
    )
