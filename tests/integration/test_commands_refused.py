"""A command that is not what it should be gets a typed answer, and stops nothing."""

import base64
import json
import random
import time
from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pytest

from events import clock
from events.commands import Answer, SignedRequest, SpawnAgent, TerminateAgent
from events.signing import COMMAND_TYPE, EVENT_TYPE, SigningKey
from events.strict_json import MAX_BYTES
from tests.support.in_process import CONFIG, InProcess
from tests.support.keys import key

pytest_plugins = ["tests.support.runtime"]
pytestmark = pytest.mark.asyncio(loop_scope="module")

SUBJECT = "symbi.cmd.operator.agent.spawn"
FAMILIES = {"rejected", "invalid", "denied", "unavailable"}


def document(**changes: Any) -> dict[str, Any]:
    """A good command as JSON has it, with *changes*."""
    return {
        "id": str(uuid4()),
        "type": "symbi.command.agent.spawn.v1",
        "principal": "operator",
        "time": clock.to_wire(time.time_ns()),
        "data": {"config": CONFIG},
        **changes,
    }


def signed(runtime: InProcess, payload: bytes, subject: str = SUBJECT, **given: str) -> SignedRequest:
    """*payload*, whatever it is, with the operator's signature."""
    operator = runtime.key("operator")
    signature = given.get("signature", operator.sign(COMMAND_TYPE, payload))
    return SignedRequest(subject, payload, signature, given.get("key", operator.key_id))


def refusal(answer: Answer) -> tuple[str, str]:
    """The family and the code of a refusal that says what is wrong in words."""
    assert not answer.accepted
    assert answer.error is not None
    assert answer.error.message
    assert "Traceback" not in answer.error.message
    assert answer.events == []
    return answer.error.family, answer.error.code


async def test_a_good_command_is_accepted(runtime: InProcess) -> None:
    answer = await runtime.ask(signed(runtime, json.dumps(document()).encode()))
    assert answer.accepted


BYTES: dict[str, tuple[bytes, str]] = {
    "nothing": (b"", "Malformed"),
    "no JSON": (b"spawn, please", "Malformed"),
    "cut off": (json.dumps(document()).encode()[:-1], "Malformed"),
    "not UTF-8": (b'{"id": "\xff\xfe"}', "Malformed"),
    "an array": (b"[]", "Malformed"),
    "null": (b"null", "Malformed"),
    "a duplicate key": (json.dumps(document()).encode()[:-1] + b', "principal": "operator"}', "Malformed"),
    "NaN": (json.dumps(document(data={"config": {"x": float("nan")}})).encode(), "Malformed"),
    "too deep": (
        json.dumps(document()).encode()[:-1] + b', "x": ' + b"[" * 40 + b"]" * 40 + b"}",
        "Malformed",
    ),
    "far too deep": (b"[" * 100_000, "Malformed"),
    "one byte too many": (b" " * (MAX_BYTES + 1), "Oversized"),
}


@pytest.mark.parametrize(("payload", "code"), BYTES.values(), ids=BYTES.keys())
async def test_bytes_that_are_no_command(runtime: InProcess, payload: bytes, code: str) -> None:
    answer = await runtime.ask(signed(runtime, payload))
    assert refusal(answer) == ("invalid", code)
    assert answer.command_id is None


DOCUMENTS: dict[str, tuple[dict[str, Any], str, str]] = {
    "an unknown field": ({"urgent": True}, "invalid", "Malformed"),
    "an unknown field of the command": (
        {"data": {"config": CONFIG, "colour": "red"}},
        "invalid",
        "Malformed",
    ),
    "a spawn of nothing": ({"data": {}}, "invalid", "DefinitionMissing"),
    "a command of another shape": ({"data": {"config": "name"}}, "invalid", "Malformed"),
    "an agent id that is no token": (
        {"data": {"config": CONFIG, "agent_id": "a.b>"}},
        "invalid",
        "Malformed",
    ),
    "an id that is no UUID": ({"id": "1"}, "invalid", "Malformed"),
    "an id in capitals": ({"id": str(uuid4()).upper()}, "invalid", "Malformed"),
    "no principal": ({"principal": ""}, "invalid", "Malformed"),
    "a time that is none": ({"time": "yesterday"}, "invalid", "Malformed"),
    "a time without a zone": ({"time": "2026-11-21T10:00:00"}, "invalid", "Malformed"),
    "an unknown command": ({"type": "symbi.command.agent.explode.v1"}, "invalid", "UnknownCommand"),
    "an unknown version": ({"type": "symbi.command.agent.spawn.v2"}, "invalid", "UnknownCommand"),
    "an event for a command": ({"type": "symbi.agent.spawned.v1"}, "invalid", "Malformed"),
    "a command of another subject": (
        {"type": "symbi.command.agent.halt.v1", "data": {"agent_id": "a1"}},
        "invalid",
        "Misdirected",
    ),
    "an unknown tenant": ({"tenant": "somebody-else"}, "denied", "UnknownTenant"),
    "somebody else": ({"principal": "gateway"}, "denied", "UnknownKey"),
    "nobody": ({"principal": "stranger"}, "denied", "UnknownKey"),
}


@pytest.mark.parametrize(("changes", "family", "code"), DOCUMENTS.values(), ids=DOCUMENTS.keys())
async def test_a_document_that_is_no_command(
    runtime: InProcess, changes: dict[str, Any], family: str, code: str
) -> None:
    answer = await runtime.ask(signed(runtime, json.dumps(document(**changes)).encode()))
    assert refusal(answer) == (family, code)


@pytest.mark.parametrize(
    ("age_s", "code"),
    [(121, "Stale"), (86_400 * 365, "Stale"), (-122, "FromTheFuture"), (-1e9, "FromTheFuture")],
)
async def test_a_command_first_seen_too_long_before_or_after_its_time(
    runtime: InProcess, age_s: float, code: str
) -> None:
    made = time.time_ns() - int(age_s * 1e9)
    command = runtime.sign(SpawnAgent(config=CONFIG), now_ns=made)
    assert refusal(await runtime.ask(command)) == ("denied", code)
    # Which is no answer to a later command of that id: nothing is remembered of this one.
    again = runtime.sign(SpawnAgent(config=CONFIG), now_ns=made, command_id=str(uuid4()))
    assert refusal(await runtime.ask(again)) == ("denied", code)


@pytest.mark.parametrize("age_s", [118, -118])
async def test_a_clock_that_differs_a_little_is_no_reason(runtime: InProcess, age_s: int) -> None:
    made = time.time_ns() - age_s * 1_000_000_000
    assert (await runtime.do(SpawnAgent(config=CONFIG), now_ns=made)).accepted


Forgery = Callable[[InProcess, SignedRequest], SignedRequest]


def _signed_by(name: str) -> Forgery:
    def forge(runtime: InProcess, good: SignedRequest) -> SignedRequest:
        other = runtime.key(name)
        return SignedRequest(good.subject, good.payload, other.sign(COMMAND_TYPE, good.payload), other.key_id)

    return forge


def _unknown_key(runtime: InProcess, good: SignedRequest) -> SignedRequest:
    stranger = SigningKey.from_seed(b"s" * 32)
    return SignedRequest(
        good.subject, good.payload, stranger.sign(COMMAND_TYPE, good.payload), stranger.key_id
    )


def _borrowed_name(runtime: InProcess, good: SignedRequest) -> SignedRequest:
    """A stranger's signature under the operator's key id."""
    stranger = key("mallory").signing
    return SignedRequest(good.subject, good.payload, stranger.sign(COMMAND_TYPE, good.payload), good.key)


def _altered(runtime: InProcess, good: SignedRequest) -> SignedRequest:
    payload = good.payload.replace(b"tester", b"tamper")
    assert payload != good.payload
    return SignedRequest(good.subject, payload, good.signature, good.key)


def _other_use(runtime: InProcess, good: SignedRequest) -> SignedRequest:
    signature = runtime.key("operator").sign(EVENT_TYPE, good.payload)
    return SignedRequest(good.subject, good.payload, signature, good.key)


def _flipped(runtime: InProcess, good: SignedRequest) -> SignedRequest:
    raw = bytearray(base64.b64decode(good.signature))
    raw[7] ^= 1
    return SignedRequest(good.subject, good.payload, base64.b64encode(raw).decode(), good.key)


FORGERIES: dict[str, tuple[Forgery, str]] = {
    "no signature": (lambda _, good: SignedRequest(good.subject, good.payload, "", good.key), "Unsigned"),
    "no key": (lambda _, good: SignedRequest(good.subject, good.payload, good.signature, ""), "Unsigned"),
    "an unknown key": (_unknown_key, "UnknownKey"),
    "a key id that is none": (
        lambda _, good: SignedRequest(good.subject, good.payload, good.signature, "k" * 5000),
        "UnknownKey",
    ),
    "another principal's key": (_signed_by("scheduler"), "UnknownKey"),
    "a key for events": (_signed_by("gateway"), "UnknownKey"),
    "the registrar's key": (_signed_by("registrar"), "UnknownKey"),
    "another's signature under the operator's key id": (_borrowed_name, "BadSignature"),
    "altered bytes": (_altered, "BadSignature"),
    "a signature made for another use": (_other_use, "BadSignature"),
    "a flipped bit": (_flipped, "BadSignature"),
    "a signature that is no base64": (
        lambda _, good: SignedRequest(good.subject, good.payload, "!" * 88, good.key),
        "BadSignature",
    ),
    "a signature cut short": (
        lambda _, good: SignedRequest(good.subject, good.payload, good.signature[:40], good.key),
        "BadSignature",
    ),
}


@pytest.mark.parametrize(("forge", "code"), FORGERIES.values(), ids=FORGERIES.keys())
async def test_a_command_that_its_principal_did_not_sign(
    runtime: InProcess, forge: Forgery, code: str
) -> None:
    good = runtime.sign(SpawnAgent(config=CONFIG))
    assert refusal(await runtime.ask(forge(runtime, good))) == ("denied", code)
    # The forgery is nobody's first answer: the true command is carried out.
    assert (await runtime.ask(good)).accepted


async def test_a_rejection_names_the_facts(runtime: InProcess) -> None:
    answer = await runtime.do(TerminateAgent(agent_id="nobody-knows-it"))
    assert refusal(answer) == ("rejected", "AgentUnknown")
    assert answer.error is not None
    assert answer.error.facts == {"agent_id": "nobody-knows-it"}
    assert answer.command_id is not None


async def test_damaged_commands_of_any_kind_get_an_answer_and_cause_nothing(
    runtime: InProcess,
) -> None:
    before = await runtime.client.log.last_seq()
    chance = random.Random(20261121)
    for _ in range(300):
        good = runtime.sign(SpawnAgent(config=CONFIG))
        payload = bytearray(good.payload)
        for _ in range(chance.randint(1, 4)):
            match chance.randrange(3):
                case 0:
                    payload[chance.randrange(len(payload))] = chance.randrange(256)
                case 1:
                    del payload[chance.randrange(len(payload)) :][: chance.randint(1, 30)]
                case _:
                    payload[chance.randrange(len(payload)) : 0] = chance.randbytes(chance.randint(1, 20))
            payload = payload or bytearray(b"{")
        if bytes(payload) == good.payload:
            continue
        # Once with the signature of the true bytes, once signed as it is.
        for signature in (good.signature, runtime.key("operator").sign(COMMAND_TYPE, bytes(payload))):
            answer = await runtime.ask(SignedRequest(good.subject, bytes(payload), signature, good.key))
            if signature == good.signature:
                assert refusal(answer)[0] in FAMILIES
            if answer.error is not None:
                assert answer.error.code != "InternalError", bytes(payload)
    after = await runtime.facts(before)
    spawned = [fact for fact in after if fact.event.name == "agent.spawned"]
    known = {json.loads(fact.envelope.command or "{}").get("key") for fact in spawned}
    assert known <= {runtime.key("operator").key_id}


async def test_an_answer_goes_to_an_inbox_and_nowhere_else(runtime: InProcess) -> None:
    """A reply subject in the log's space would make the gateway write there what a caller likes."""
    before = await runtime.client.log.last_seq()
    for subject in ("symbi.evt.a1.agent.a1.spawned", "security.alerts", "symbi.cmd.operator.agent.spawn"):
        command = runtime.sign(SpawnAgent(config=CONFIG))
        await runtime.nc.publish(command.subject, command.payload, subject, command.headers)
    # A later command is answered after those were taken up.
    await runtime.nc.flush()
    assert (await runtime.do(SpawnAgent(config=CONFIG))).accepted
    for item in await runtime.items(before):
        assert item.raw.signature
        assert item.raw.subject != "symbi.evt.a1.agent.a1.spawned"
    assert await runtime.bad() == []
