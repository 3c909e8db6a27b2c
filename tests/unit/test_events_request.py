"""A command travels as one signed document that says everything about who asks for what, and when."""

import hashlib
from typing import Any

import pytest

from events import clock, signing, strict_json
from events.agent_config import AgentConfig
from events.commands import (
    Answer,
    Command,
    Problem,
    RecordedEvent,
    Request,
    SignedRequest,
    SpawnAgent,
    SuspendAgent,
    sign_request,
)
from events.signing import SigningKey
from scripts.golden import SEED

KEY = SigningKey.from_seed(SEED)
ID = "6f1c2d3e-4a5b-4c6d-8e7f-001122334455"
SUSPEND = SuspendAgent(agent_id="a1", reason="cold")


def signed(
    command: Command = SUSPEND,
    principal: str = "operator",
    command_id: str = ID,
    tenant: str = "default",
    traceparent: str | None = None,
    correlation_id: str | None = None,
) -> SignedRequest:
    return sign_request(
        command,
        KEY,
        principal=principal,
        command_id=command_id,
        now_ns=1,
        tenant=tenant,
        traceparent=traceparent,
        correlation_id=correlation_id,
    )


def document(command: Command = SUSPEND) -> Any:
    return strict_json.loads(signed(command).payload)


def test_the_bytes_are_these() -> None:
    made = signed()
    assert made.payload == (
        b'{"id":"6f1c2d3e-4a5b-4c6d-8e7f-001122334455","type":"symbi.command.agent.suspend.v1",'
        b'"principal":"operator","tenant":"default","time":"1970-01-01T00:00:00.000000001Z",'
        b'"data":{"agent_id":"a1","reason":"cold"}}'
    )
    assert made.subject == "symbi.cmd.operator.agent.suspend"
    assert made.digest == "sha256:" + hashlib.sha256(made.payload).hexdigest()
    assert made.headers == {
        "Symbi-Key": KEY.key_id,
        "Symbi-Signature": KEY.sign(signing.COMMAND_TYPE, made.payload),
    }


def test_what_is_not_said_is_not_sent() -> None:
    assert b"null" not in signed(SpawnAgent(config={"name": "x"})).payload


def test_a_configuration_is_sent_as_it_was_given() -> None:
    config = {"name": "x", "tier": None, "nested": {"none": None}}
    assert document(SpawnAgent(config=config))["data"]["config"] == config


@pytest.mark.parametrize(
    "wrong",
    [
        {"principal": "a.b"},
        {"principal": "*"},
        {"principal": ""},
        {"command_id": "1"},
        {"command_id": ID.upper()},
        {"tenant": ">"},
        {"traceparent": "x"},
        {"correlation_id": "x" * 257},
    ],
    ids=lambda wrong: next(iter(wrong)),
)
def test_what_could_not_be_sent_is_not_signed(wrong: dict[str, str]) -> None:
    with pytest.raises(ValueError, match="Request"):
        signed(SUSPEND, **wrong)


@pytest.mark.parametrize("config", [{"name": "\ud800"}, {"n": 2**64}])
def test_what_json_cannot_hold_is_not_signed(config: dict[str, object]) -> None:
    with pytest.raises(ValueError, match="not JSON"):
        signed(SpawnAgent(config=config))


@pytest.mark.parametrize(
    ("wire_type", "name"),
    [("symbi.command.agent.spawn.v1", "agent.spawn"), ("symbi.command.agent.spawn.v2", "agent.spawn.v2")],
)
def test_the_name_of_a_version_that_is_not_known_is_not_a_known_name(wire_type: str, name: str) -> None:
    assert Request.model_validate(document() | {"type": wire_type}).name == name


@pytest.mark.parametrize(
    "wire_type", ["agent.spawn", "agent.spawn.v1", "symbi.command.agent.spawn", "spawn", ""]
)
def test_a_command_has_one_name(wire_type: str) -> None:
    with pytest.raises(ValueError, match="type"):
        Request.model_validate(document() | {"type": wire_type})


def test_an_answer_survives_the_wire_and_may_grow() -> None:
    problem = Problem(family="rejected", code="AgentNotRunning", message="no", facts={"agent_id": "a1"})
    recorded = RecordedEvent(id=ID, type="symbi.agent.spawned.v1", seq=7)
    for answer in (
        Answer(command_id=ID, accepted=True, events=[recorded], result={"agent_id": "a1"}),
        Answer(command_id=None, accepted=False, error=problem),
    ):
        assert Answer.model_validate_json(answer.to_bytes()) == answer
        grown = strict_json.loads(answer.to_bytes()) | {"later": 1}
        assert Answer.model_validate(grown) == answer


def test_limits_that_json_cannot_carry_are_no_configuration() -> None:
    for number in (float("nan"), float("inf")):
        with pytest.raises(ValueError, match="finite"):
            AgentConfig.model_validate({"name": "x", "limits": {"cpu_cores": number}})


def test_the_clock_of_a_request_is_the_callers() -> None:
    assert clock.from_wire(document()["time"]) == 1
