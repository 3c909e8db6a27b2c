"""Yesterday's bytes still load, verify and mean the same; a recorded shape never changes."""

import hashlib
from pathlib import Path
from typing import Any

import orjson
import pytest

from events import signing, strict_json, upcast
from events.agent import AgentSpawned
from events.base import BY_TYPE
from events.codec import decode
from events.commands import BY_NAME, Request
from events.personal import reveal, seal
from scripts.golden import SEED, ExampleKeys, missing, record
from scripts.schemas import shape

GOLDEN = Path(__file__).parents[1] / "golden"
EVENTS = sorted((GOLDEN / "events").glob("*.json"))
COMMANDS = sorted((GOLDEN / "commands").glob("*.json"))
EACH_EVENT = pytest.mark.parametrize("path", EVENTS, ids=lambda path: path.stem)
EACH_COMMAND = pytest.mark.parametrize("path", COMMANDS, ids=lambda path: path.stem)
KEY = signing.SigningKey.from_seed(SEED)

NOT_RECORDED = "has no example of its bytes: run `python -m scripts.golden` and commit what it makes"
CHANGED = """the recorded shape of {type} changed, but logs hold the old one.
Keep the class as it was, or give the new shape a new version:
  @recorded_as(..., version=N+1) on the class, an upcast from version N to it, and `python -m scripts.golden`.
(Only a type that no log holds yet may change: delete its file in tests/golden/events and make it again.)"""


def read(path: Path) -> dict[str, Any]:
    document: dict[str, Any] = orjson.loads(path.read_bytes())
    assert document["type"] == path.stem
    return document


def test_every_event_and_command_is_recorded() -> None:
    assert [f"{path.stem} {NOT_RECORDED}" for path, _ in missing(GOLDEN)] == []


@EACH_EVENT
def test_a_recorded_event_is_read_as_it_was_signed(path: Path) -> None:
    golden = read(path)
    payload = golden["payload"].encode()
    for make in signing.PROVIDERS.values():
        assert signing.verify(make(), KEY.public_key, signing.EVENT_TYPE, payload, golden["signature"])
    envelope, event = decode(payload)
    assert envelope.to_bytes() == payload
    assert envelope.actorkey == KEY.key_id
    assert envelope.type == golden["type"]
    if golden["type"] not in upcast.UPCASTS:
        assert envelope.nats_subject(event) == golden["subject"]
        assert seal(event, envelope.id, ExampleKeys(), _no_random) == envelope.data
    assert "in the open" not in golden["payload"]
    assert reveal(event, envelope.id, ExampleKeys())


def _no_random(count: int) -> bytes:
    raise AssertionError("what is sealed already needs no randomness")


@EACH_EVENT
def test_a_recorded_shape_never_changes(path: Path) -> None:
    golden = read(path)
    event_type = BY_TYPE.get(golden["type"])
    if event_type is None:
        assert golden["type"] in upcast.UPCASTS, (
            f"{golden['type']} is in people's logs and cannot be read any more"
        )
    else:
        assert shape(event_type) == golden["shape"], CHANGED.format(type=golden["type"])


@EACH_COMMAND
def test_a_recorded_command_is_still_understood(path: Path) -> None:
    golden = read(path)
    payload = golden["payload"].encode()
    assert signing.verify(
        signing.provider(), KEY.public_key, signing.COMMAND_TYPE, payload, golden["signature"]
    )
    request = Request.model_validate(strict_json.loads(payload))
    BY_NAME[request.name].model_validate(request.data)
    assert golden["subject"] == f"symbi.cmd.{request.principal}.{request.name}"


def test_making_examples_leaves_those_that_exist(tmp_path: Path) -> None:
    first = tmp_path / "events" / f"{AgentSpawned.wire_type()}.json"
    first.parent.mkdir()
    first.write_text("{}")
    made = record(tmp_path)
    assert first.read_text() == "{}"
    assert first not in made
    assert len(made) == len(BY_TYPE) + len(BY_NAME)
    assert record(tmp_path) == []


def test_a_field_or_a_word_more_is_another_shape() -> None:
    class Longer(AgentSpawned):
        again: int = 0

    class Laxer(AgentSpawned):
        definition_digest: str

    class Redocumented(AgentSpawned):
        """The same in other words."""

    assert len({shape(AgentSpawned), shape(Longer), shape(Laxer)}) == 3
    assert shape(Redocumented) == shape(AgentSpawned)
    assert hashlib.sha256().digest_size * 2 == len(shape(Longer)) - len("sha256:")
