"""The chain and the statements have exactly the bytes that outsiders check."""

import hashlib
import struct
from pathlib import Path
from typing import Any

import orjson
import pytest

from events import chain, merkle

GOLDEN = Path(__file__).parents[1] / "golden" / "chain.json"


def sha256(*parts: bytes) -> bytes:
    return hashlib.sha256(b"".join(parts)).digest()


def test_the_recorded_chain_is_made_again() -> None:
    golden: dict[str, Any] = orjson.loads(GOLDEN.read_bytes())
    value = chain.genesis(golden["origin"])
    assert value.hex() == golden["genesis"]
    tree = merkle.CompactRange()
    for one in golden["entries"]:
        entry = chain.entry(
            one["seq"], one["stored_at"], one["subject"], one["payload"].encode(), one["signature"]
        )
        leaf = chain.leaf(entry)
        value = chain.extend(value, leaf)
        tree.append(leaf)
        assert [entry.hex(), leaf.hex(), value.hex(), tree.root().hex()] == [
            one["entry"],
            one["leaf"],
            one["chain"],
            one["root"],
        ]


def test_an_entry_is_laid_out_field_by_field() -> None:
    entry = chain.entry(7, 1_700_000_000_000_000_001, "symbi.evt.ä", b"payload", "c2lnbmF0dXJl")
    subject = "symbi.evt.ä".encode()
    assert entry == b"".join(
        [
            b"SYE1",
            (7).to_bytes(8, "big"),
            (1_700_000_000_000_000_001).to_bytes(8, "big"),
            len(subject).to_bytes(2, "big"),
            subject,
            (7).to_bytes(4, "big"),
            sha256(b"payload"),
            sha256(b"c2lnbmF0dXJl"),
        ]
    )
    assert chain.leaf(entry) == merkle.leaf_hash(entry) == sha256(b"\x00", entry)


def test_an_absent_signature_counts_as_an_empty_one() -> None:
    assert chain.entry(1, 0, "s", b"", "").endswith(sha256(b"") + sha256(b""))


def test_header_bytes_that_are_no_text_are_taken_as_they_are() -> None:
    raw = b"\xff\xfe"
    assert chain.entry(1, 0, "s", b"", raw.decode("utf-8", "surrogateescape")).endswith(sha256(raw))


def test_a_link_covers_everything_before_it() -> None:
    start = chain.genesis("example/EVENTS")
    assert start == sha256(b"symbi-chain-v1\nexample/EVENTS\n")
    one, two = bytes(32), b"\x01" * 32
    assert chain.extend(start, one) == sha256(b"\x02", start, one)
    assert chain.extend(chain.extend(start, one), two) != chain.extend(chain.extend(start, two), one)


@pytest.mark.parametrize(
    ("seq", "stored_at", "subject"), [(-1, 0, "s"), (2**64, 0, "s"), (1, -1, "s"), (1, 0, "s" * 65_536)]
)
def test_what_does_not_fit_a_field_is_refused(seq: int, stored_at: int, subject: str) -> None:
    with pytest.raises(ValueError, match="does not fit"):
        chain.entry(seq, stored_at, subject, b"", "")


def test_a_statement_covers_position_id_and_payload() -> None:
    event_id = "6f1c2d3e-4a5b-4c6d-8e7f-001122334455"
    leaf = chain.producer_leaf(9, event_id, b"payload")
    assert leaf == sha256(b"\x00", struct.pack(">Q", 9), event_id.encode(), sha256(b"payload"))
