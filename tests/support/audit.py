"""An auditor's view of a runtime that is stopped: its log as stored, and whether its statements hold."""

import base64
import hashlib
import json
import struct
from collections import defaultdict
from pathlib import Path

from app.adapters.jetstream import JetStreamEventLog
from app.adapters.nats_permissions import render_users
from app.bootstrap.keys import Keys
from app.bootstrap.logins import founding_users
from app.embedded.data_dir import DataDir
from app.embedded.nats_server import EmbeddedNats
from app.services.reading import load_keyring, read_verified
from app.services.verification import Item, Verifier
from events.codec import Fact, Raw
from events.log import ProducerAcknowledged
from events.signing import provider
from tests.support.in_process import logged_in, settings_of


async def stored_log(data_dir: Path) -> list[Item]:
    """Everything in the log of a data directory that nobody uses, as a reader of it all verifies it."""
    with DataDir.open(data_dir) as data:
        users = founding_users(data, settings_of(data_dir).worker.node)
        server = EmbeddedNats(data, render_users(users))
        await server.start()
        try:
            return await whole_log(server.url, data)
        finally:
            await server.stop()


async def whole_log(nats_url: str, data: DataDir) -> list[Item]:
    """The same of a server that runs and knows the logins of that directory."""
    root = Keys(data, provider()).existing("registrar").public_key
    nc = await logged_in(nats_url, data, "gateway")
    log = JetStreamEventLog(nc)
    try:
        verifier = Verifier(await load_keyring(log, root, provider()), provider())
        return [item async for batch in read_verified(log, verifier) for item in batch]
    finally:
        await log.close()
        await nc.close()


def statements(items: list[Item], key: str) -> list[Fact]:
    """The statements of that key, in order."""
    return [
        item
        for item in items
        if isinstance(item, Fact) and item.raw.key == key and isinstance(item.event, ProducerAcknowledged)
    ]


def check_statements(items: list[Item]) -> dict[str, list[Raw]]:
    """Hold every key's statements to the log; what each key wrote after its last one, by key.

    Written from the format alone, without the code that makes them.
    """
    of_key: dict[str, list[Raw]] = defaultdict(list)
    for item in items:
        if isinstance(item, Fact):
            of_key[item.raw.key].append(item.raw)
    tails = {}
    for key, raws in of_key.items():
        covered, previous = 0, ""
        for number, statement in enumerate(statements(items, key), start=1):
            event = statement.event
            assert isinstance(event, ProducerAcknowledged)
            assert (event.n, event.prev) == (number, previous)
            stated = [raw for raw in raws if covered < raw.seq <= event.last_seq]
            said = (event.first_seq, event.last_seq, event.count)
            assert said == (stated[0].seq, stated[-1].seq, len(stated)), said
            assert event.root == _tree([_leaf(raw) for raw in stated]).hex()
            assert event.last_seq < statement.seq
            covered, previous = event.last_seq, hashlib.sha256(statement.raw.payload).hexdigest()
        tails[key] = [raw for raw in raws if raw.seq > covered]
    return tails


def copies(folder: Path, key: str) -> list[bytes]:
    """The payloads of the statements that were copied out of the broker's reach, in order."""
    path = folder / "statements" / f"{key.replace(':', '-')}.jsonl"
    return [base64.b64decode(json.loads(line)["payload"]) for line in path.read_text().splitlines()]


def _leaf(raw: Raw) -> bytes:
    event_id = json.loads(raw.payload)["id"]
    entry = struct.pack(">Q", raw.seq) + event_id.encode() + hashlib.sha256(raw.payload).digest()
    return hashlib.sha256(b"\x00" + entry).digest()


def _tree(leaves: list[bytes]) -> bytes:
    """RFC 6962's root, by its definition."""
    if len(leaves) == 1:
        return leaves[0]
    half = 1 << (len(leaves) - 1).bit_length() - 1
    return hashlib.sha256(b"\x01" + _tree(leaves[:half]) + _tree(leaves[half:])).digest()
