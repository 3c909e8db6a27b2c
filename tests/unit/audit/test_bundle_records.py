"""A message of the log has one line, and a line is read only as that: no byte of it may be another."""

import base64

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.audit.bundle import MalformedManifest, MalformedRecord, Manifest, Scope, from_line, layout, to_line
from app.audit.bundle.manifest import is_signed, sign_manifest, signer_of
from app.audit.bundle.record import decode64
from app.audit.tree import ENTRIES, Tile
from events.codec import Raw
from events.signing import EVENT_TYPE, SigningKey, provider, verify

KEY = SigningKey.from_seed(b"k" * 32)
PAYLOAD = b'{"a":1}'
USUAL = Raw(7, 1_795_255_200_000_000_000, "symbi.evt.a1.agent.a1.spawned", PAYLOAD,
            KEY.sign(EVENT_TYPE, PAYLOAD), KEY.key_id)  # fmt: skip

octets = st.binary(max_size=20).map(lambda raw: raw.decode("utf-8", "surrogateescape"))
texts = st.text("abz019.:+/=", min_size=1, max_size=20) | octets
raws = st.builds(
    Raw, st.integers(1, 2**63), st.integers(1, 2**63), texts, st.binary(max_size=40), texts, texts
)


def test_a_line_is_a_dsse_envelope_with_its_place() -> None:
    document = orjson.loads(to_line(USUAL))
    assert document["payloadType"] == EVENT_TYPE
    assert base64.b64decode(document["payload"]) == PAYLOAD
    ((signature),) = document["signatures"]
    assert signature == {"keyid": KEY.key_id, "sig": USUAL.signature}
    assert verify(provider(), KEY.public_key, EVENT_TYPE, PAYLOAD, signature["sig"])
    assert (document["seq"], document["stored_at"], document["subject"]) == (
        7,
        USUAL.stored_at,
        USUAL.subject,
    )


@given(raws)
def test_any_message_comes_back_as_it_was(raw: Raw) -> None:
    assert from_line(to_line(raw)) == raw


@given(raws | st.just(USUAL), st.data())
def test_a_changed_byte_is_another_message_or_none(raw: Raw, data: st.DataObject) -> None:
    line = bytearray(to_line(raw))
    line[data.draw(st.integers(0, len(line) - 1))] ^= data.draw(st.integers(1, 255))
    try:
        read = from_line(bytes(line))
    except MalformedRecord:
        return
    assert read != raw
    assert to_line(read) == bytes(line)


LINE = to_line(USUAL)


@pytest.mark.parametrize(
    "line",
    [
        b"",
        b"\n",
        b"[]\n",
        b"{}\n",
        LINE[:-1],
        LINE + b"\n",
        b" " + LINE,
        LINE.replace(b'"seq":7', b'"seq":07'),
        LINE.replace(b'"seq":7', b'"seq": 7'),
        LINE.replace(b'"seq":7', b'"seq":7.0'),
        LINE.replace(b'"seq":7', b'"seq":"7"'),
        LINE.replace(b'"seq":7', b'"seq":true'),
        LINE.replace(b'"seq":7', b'"seq":' + b"9" * 5000),
        LINE.replace(b'"}\n', b'","more":1}\n'),
        LINE.replace(b"agent", b"\\u0061gent"),
        LINE.replace(b'"signatures":[{', b'"signatures":[{"x":1,'),
        LINE.replace(b"event.v1", b"event.v2"),
        LINE.replace(base64.b64encode(PAYLOAD), base64.b64encode(PAYLOAD).replace(b"==", b"")),
        LINE.replace(base64.b64encode(PAYLOAD), b"!" + base64.b64encode(PAYLOAD)[1:]),
        LINE.replace(b'"subject":"symbi', b'"octets":{},"subject":"symbi'),
    ],
)
def test_another_spelling_is_no_line(line: bytes) -> None:
    with pytest.raises(MalformedRecord):
        from_line(line)


@pytest.mark.parametrize("text", [b"QQ", b"QR==", b"QQ=", b"QQ==\n", b"QUJ=", b"Q!==", b"QQ==QQ==", b"===="])
def test_base64_has_one_spelling(text: bytes) -> None:
    with pytest.raises(ValueError, match=r".*"):
        decode64(text)


@given(st.binary(max_size=20))
def test_base64_is_read(raw: bytes) -> None:
    assert decode64(base64.b64encode(raw)) == raw


MANIFEST = Manifest("o", 5, 9, 12, 15, "a2V5", "00" * 32, "2026-11-21T10:00:00Z", "human/a", "a1", {"x": "1"})


def test_a_manifest_comes_back_as_it_was() -> None:
    assert Manifest.parse(MANIFEST.to_bytes()) == MANIFEST


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('"first": 5', '"first": 0'),
        ('"first": 5', '"first": 10'),
        ('"first": 5', '"first": 5.0'),
        ('"last": 9', '"last": 13'),
        ('"size": 12', '"size": 16'),
        ('"size": 12', '"size": "12"'),
        ('"log_size": 15', '"log_size": 99999999999999999999'),
        ("symbi-bundle/v1", "symbi-bundle/v2"),
        ('"agent": "a1"', '"agent": 1'),
        ('"origin": "o"', '"origin": null'),
        ("00" * 32, "00" * 31),
        ("00" * 32, "zz" * 32),
        ('"x": "1"', '"x": 1'),
        ('"origin"', '"nigiro"'),
        ('"origin": "o"', '"origin": "o", "more": 1'),
        (
            "{",
            "[",
        ),
    ],
)
def test_what_is_no_manifest_is_refused(old: str, new: str) -> None:
    text = MANIFEST.to_bytes().decode()
    assert old in text
    with pytest.raises(MalformedManifest):
        Manifest.parse(text.replace(old, new).encode())


def test_a_manifest_is_signed_for_nothing_else() -> None:
    raw = MANIFEST.to_bytes()
    key, signature = signer_of(sign_manifest(raw, KEY))
    assert key == KEY.key_id
    assert is_signed(raw, KEY.public_key, signature, provider())
    assert not is_signed(raw + b" ", KEY.public_key, signature, provider())
    assert not verify(provider(), KEY.public_key, EVENT_TYPE, raw, signature)
    for other in (b"", b"{}", sign_manifest(raw, KEY) + b" ", sign_manifest(raw, KEY).replace(b"v1", b"v2")):
        with pytest.raises(MalformedManifest):
            signer_of(other)


def test_a_range_lies_in_files_of_16384_positions() -> None:
    assert list(layout.segments(1, 16_384)) == [(1, 16_384)]
    assert list(layout.segments(300, 40_000)) == [(300, 16_384), (16_385, 32_768), (32_769, 40_000)]
    names = [layout.events_name(seq) for seq in (1, 16_384, 16_385)]
    assert names == [f"events/{first:020}.jsonl" for first in (1, 1, 16_385)]


def test_a_bundle_has_the_tiles_that_prove_its_range() -> None:
    tiles = list(layout.tiles(300, 600, 70_000))
    assert [tile for tile in tiles if tile.level == ENTRIES] == [Tile(ENTRIES, 1), Tile(ENTRIES, 2)]
    assert [tile for tile in tiles if tile.level == 0] == [Tile(0, 1), Tile(0, 2), Tile(0, 273, 112)]
    assert [tile for tile in tiles if tile.level > 0] == [Tile(1, 0), Tile(1, 1, 17), Tile(2, 0, 1)]
    assert [tile for tile in layout.tiles(1, 5, 5) if tile.level == 0] == [Tile(0, 0, 5)]


def test_an_agents_bundle_holds_what_is_its_and_what_is_about_keys_and_the_log() -> None:
    scope = Scope("a1")
    for subject, holds in {
        "symbi.evt.a1.task.t1.started": True,
        "symbi.evt.a11.task.t1.started": False,
        "symbi.evt._.identity.gateway.key.issued": True,
        "symbi.evt._.identity.gateway.auth.failed": False,
        "symbi.evt._.log.gateway.checkpoint.sealed": True,
        "symbi.evt._.node.n1.joined": False,
    }.items():
        assert scope.holds(subject) is holds
        assert Scope().holds(subject)
