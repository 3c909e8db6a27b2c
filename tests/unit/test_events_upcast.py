"""What was recorded as an older version is read as today's."""

from collections.abc import Iterable, Mapping
from typing import Any

import pytest

from events import strict_json, upcast
from events.agent import AgentSuspended
from events.base import BY_TYPE
from events.codec import Undecodable, decode
from scripts.golden import event_example

OLDEST, OLDER, TODAY = "symbi.agent.paused.v1", "symbi.agent.paused.v2", AgentSuspended.wire_type()


@pytest.fixture
def two_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(upcast, "UPCASTS", {})

    @upcast.upcasts(OLDEST, OLDER)
    def name_the_agent(data: dict[str, Any]) -> dict[str, Any]:
        data["agent_id"] = data.pop("agent")
        return data

    @upcast.upcasts(OLDER, TODAY)
    def give_a_reason(data: dict[str, Any]) -> dict[str, Any]:
        return {"agent_id": data["agent_id"], "reason": data["why"]["text"]}


def _payload(event_type: str, data: dict[str, Any]) -> bytes:
    document = strict_json.loads(event_example(AgentSuspended)["payload"].encode())
    return strict_json.dumps(document | {"type": event_type, "data": data})


@pytest.mark.usefixtures("two_steps")
def test_old_bytes_are_read_as_todays_event_and_written_as_they_were() -> None:
    payload = _payload(OLDEST, {"agent": "sample-1", "why": {"text": "cold"}})
    envelope, event = decode(payload)
    assert event == AgentSuspended(agent_id="sample-1", reason="cold")
    assert envelope.to_bytes() == payload


@pytest.mark.usefixtures("two_steps")
@pytest.mark.parametrize(
    "data",
    [{}, {"agent": "sample-1"}, {"agent": "sample-1", "why": "cold"}, {"agent": "sample-1", "why": None}],
)
def test_old_bytes_of_another_shape_are_undecodable(data: dict[str, Any]) -> None:
    with pytest.raises(Undecodable, match=r"cannot be read as|Field|valid"):
        decode(_payload(OLDEST, data))


@pytest.mark.usefixtures("two_steps")
def test_a_version_has_one_successor_and_none_is_its_own() -> None:
    with pytest.raises(TypeError, match="upcast already"):
        upcast.upcasts(OLDEST, TODAY)(dict)
    with pytest.raises(TypeError, match="round for ever"):
        upcast.upcasts(TODAY, OLDEST)(dict)


def dead_ends(upcasts: Mapping[str, tuple[str, object]], read: Iterable[str]) -> list[str]:
    """Old types that end at none that is read, or that are recorded still."""
    wrong = []
    for old in upcasts:
        newest = old
        while newest in upcasts:
            newest = upcasts[newest][0]
        if newest not in read or old in read:
            wrong.append(old)
    return wrong


def test_every_old_version_ends_at_one_that_is_read() -> None:
    assert dead_ends({"a.v1": ("a.v2", None), "a.v2": ("a.v3", None)}, ["a.v3"]) == []
    assert dead_ends({"a.v1": ("a.v2", None)}, ["b.v1"]) == ["a.v1"]
    assert dead_ends({"a.v1": ("a.v2", None)}, ["a.v1", "a.v2"]) == ["a.v1"]
    assert dead_ends(upcast.UPCASTS, BY_TYPE) == []
