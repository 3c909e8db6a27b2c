"""Somebody writes into the log past the gateway: what is no event is quarantined, and stops nothing."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from nats.aio.msg import Msg

from events import signing
from events.codec import Bad, Raw
from events.commands import QuarantineAgent, ReleaseAgent, SubmitTask
from events.signing import ALERT_TYPE, EVENT_TYPE, KEY_HEADER, SIGNATURE_HEADER
from events.task import NoopWork
from projections import quarantine
from projections.paging import Page
from tests.support.in_process import SOON_S, InProcess, logged_in, runtime_in_process
from tests.support.keys import key

pytest_plugins = ["tests.support.runtime"]
pytestmark = pytest.mark.asyncio(loop_scope="module")

STRANGER = key("mallory").signing

Forged = tuple[str, bytes, dict[str, str]]
"""A subject, a payload and headers."""


def signed(subject: str, payload: bytes, by: signing.SigningKey) -> Forged:
    return subject, payload, {SIGNATURE_HEADER: by.sign(EVENT_TYPE, payload), KEY_HEADER: by.key_id}


def changed(raw: Raw, **changes: object) -> bytes:
    """The event's payload with some fields of its envelope changed."""
    return json.dumps({**json.loads(raw.payload), **changes}).encode()


def _as_it_was(raw: Raw) -> dict[str, str]:
    return {SIGNATURE_HEADER: raw.signature, KEY_HEADER: raw.key}


Forge = Callable[[InProcess, Raw], Forged]


def _unsigned(runtime: InProcess, raw: Raw) -> Forged:
    return raw.subject, raw.payload, {}


def _by_a_stranger(runtime: InProcess, raw: Raw) -> Forged:
    return signed(raw.subject, changed(raw, actorkey=STRANGER.key_id), STRANGER)


def _by_a_key_for_commands(runtime: InProcess, raw: Raw) -> Forged:
    operator = runtime.key("operator")
    return signed(raw.subject, changed(raw, actorkey=operator.key_id), operator)


def _under_a_borrowed_key_id(runtime: InProcess, raw: Raw) -> Forged:
    return (
        raw.subject,
        raw.payload,
        {SIGNATURE_HEADER: STRANGER.sign(EVENT_TYPE, raw.payload), KEY_HEADER: raw.key},
    )


def _altered(runtime: InProcess, raw: Raw) -> Forged:
    return raw.subject, changed(raw, actor="human/mallory"), _as_it_was(raw)


def _replayed(runtime: InProcess, raw: Raw) -> Forged:
    return raw.subject, raw.payload, _as_it_was(raw)


def _moved(runtime: InProcess, raw: Raw) -> Forged:
    """An old event on the subject of another task of its agent."""
    tokens = raw.subject.split(".")
    return ".".join([*tokens[:4], "t-other", *tokens[5:]]), raw.payload, _as_it_was(raw)


def _by_the_registrar(runtime: InProcess, raw: Raw) -> Forged:
    registrar = runtime.key("registrar")
    return signed(raw.subject, changed(raw, actorkey=registrar.key_id), registrar)


def _of_another_key(runtime: InProcess, raw: Raw) -> Forged:
    """With the true key's signature, but another one's id inside."""
    gateway = runtime.key("gateway")
    return signed(raw.subject, changed(raw, actorkey=STRANGER.key_id), gateway)


def _out_of_turn(runtime: InProcess, raw: Raw) -> Forged:
    """With the stolen key of the gateway, but a revision that does not come next."""
    return signed(raw.subject, changed(raw, id=str(uuid4()), revision=999), runtime.key("gateway"))


def _without_a_revision(runtime: InProcess, raw: Raw) -> Forged:
    document = json.loads(raw.payload)
    del document["revision"]
    return signed(raw.subject, json.dumps(document).encode(), runtime.key("gateway"))


def _of_an_unknown_type(runtime: InProcess, raw: Raw) -> Forged:
    return signed(raw.subject, changed(raw, type="symbi.agent.blessed.v1"), runtime.key("gateway"))


def _no_json(runtime: InProcess, raw: Raw) -> Forged:
    return signed(raw.subject, b"\x00\xffno event", runtime.key("gateway"))


FORGERIES: dict[str, tuple[Forge, str]] = {
    "without a signature": (_unsigned, "unsigned"),
    "with a stranger's key": (_by_a_stranger, "key_not_valid_at_position"),
    "with a key for commands": (_by_a_key_for_commands, "key_not_valid_at_position"),
    "with a stranger's signature under the gateway's key id": (_under_a_borrowed_key_id, "bad_signature"),
    "with altered bytes": (_altered, "bad_signature"),
    "an old event again": (_replayed, "wrong_revision"),
    "an old event on another subject": (_moved, "subject_mismatch"),
    "of a task, signed by the registrar": (_by_the_registrar, "wrong_signer"),
    "with another key's id inside": (_of_another_key, "key_mismatch"),
    "with a revision out of turn": (_out_of_turn, "wrong_revision"),
    "with no revision": (_without_a_revision, "wrong_revision"),
    "of an unknown type": (_of_an_unknown_type, "undecodable"),
    "that is no JSON": (_no_json, "undecodable"),
}


@pytest.mark.parametrize(("forge", "code"), FORGERIES.values(), ids=FORGERIES.keys())
async def test_a_forged_event(runtime: InProcess, forge: Forge, code: str) -> None:
    agent_id = await runtime.spawn()
    model = await completed(runtime, agent_id)
    alerts = await runtime.nc.subscribe("security.alerts")
    await runtime.nc.flush()
    seq = await forged(runtime, *forge(runtime, model))
    # The agent's next command sees it in its expectation, and works.
    await quarantine_and_release(runtime, agent_id)
    await completed(runtime, agent_id)
    await runtime.projected()
    async with runtime.client.queries.connect() as connection:
        rows = await quarantine.quarantined(connection, Page(10, newest_first=True))
    row = next(row for row in rows if row.seq == seq)
    assert row.code == code
    alert = await alert_about(runtime, alerts.next_msg, seq)
    assert (alert["kind"], alert["details"]["code"]) == ("event.quarantined", code)
    await alerts.unsubscribe()
    # A reader that begins at the beginning comes to the same verdicts.
    assert {bad.seq: bad.code for bad in await runtime.bad()}.items() >= {seq: code}.items()


async def completed(runtime: InProcess, agent_id: str) -> Raw:
    """Let the agent run a task; the event that says that it is completed."""
    answer = await runtime.do(SubmitTask(agent_id=agent_id, work=NoopWork()))
    return (await runtime.until_named("task.completed", task_id=answer.result["task_id"])).raw


async def forged(runtime: InProcess, subject: str, payload: bytes, headers: dict[str, str]) -> int:
    """Publish with the gateway's login; the position that the broker gives it."""
    nc = await logged_in(runtime.nats_url, runtime.data, "gateway")
    try:
        reply = await nc.request(subject, payload, timeout=SOON_S, headers=headers or None)
        seq: int = json.loads(reply.data)["seq"]
        return seq
    finally:
        await nc.close()


async def alert_about(
    runtime: InProcess, next_msg: Callable[..., Awaitable[Msg]], seq: int
) -> dict[str, Any]:
    """The alert about that position, which is signed by the projector."""
    async with asyncio.timeout(SOON_S):
        while True:
            message = await next_msg(timeout=SOON_S)
            document: dict[str, Any] = json.loads(message.data)
            if document["dedup_id"] == f"event.quarantined/{seq}":
                break
    projector = runtime.key("projector")
    assert message.headers is not None
    assert message.headers[KEY_HEADER] == projector.key_id
    assert signing.verify(
        signing.provider(), projector.public_key, ALERT_TYPE, message.data, message.headers[SIGNATURE_HEADER]
    )
    return document


async def test_a_replay_right_after_a_restart_is_noticed_by_everybody(tmp_path: Path) -> None:
    """Whoever begins at a snapshot has not seen the revisions before it, and must know them all the same."""
    async with runtime_in_process(tmp_path / "symbi") as runtime:
        agent_id = await runtime.spawn()
        model = await completed(runtime, agent_id)
        await runtime.projected()
    async with runtime_in_process(tmp_path / "symbi") as runtime:
        seq = await forged(runtime, *_replayed(runtime, model))
        await quarantine_and_release(runtime, agent_id)
        await completed(runtime, agent_id)
        await everybody_quarantines(runtime, seq)


async def test_a_replay_is_noticed_by_a_projector_that_was_away(tmp_path: Path) -> None:
    async with runtime_in_process(tmp_path / "symbi") as runtime:
        agent_id = await runtime.spawn()
        model = await completed(runtime, agent_id)
        await runtime.projected()
    async with runtime_in_process(tmp_path / "symbi", {"gateway"}) as runtime:
        seq = await forged(runtime, *_replayed(runtime, model))
        await quarantine_and_release(runtime, agent_id)
    async with runtime_in_process(tmp_path / "symbi") as runtime:
        await completed(runtime, agent_id)
        await everybody_quarantines(runtime, seq)


async def quarantine_and_release(runtime: InProcess, agent_id: str) -> None:
    for command in (QuarantineAgent(agent_id=agent_id), ReleaseAgent(agent_id=agent_id)):
        answer = await runtime.do(command)
        assert answer.accepted, answer


async def everybody_quarantines(runtime: InProcess, seq: int) -> None:
    """Readers from the beginning, readers from the middle, and the projections: all call it out of turn."""
    for after in (0, seq - 1):
        bad = {item.seq: item.code for item in await runtime.items(after) if isinstance(item, Bad)}
        assert bad == {seq: "wrong_revision"}
    await runtime.projected()
    async with runtime.client.queries.connect() as connection:
        rows = await quarantine.quarantined(connection)
    assert [(row.seq, row.code) for row in rows] == [(seq, "wrong_revision")]
