"""Notes as others write them are read, ours are as they must be, and what is not quite a note is refused."""

import base64
import hashlib
from pathlib import Path

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.audit.notes import (
    Checkpoint,
    Cosigner,
    MalformedKey,
    MalformedNote,
    Note,
    NoteRejected,
    NoteSigner,
    SignatureLine,
    SignatureType,
    VerifierKey,
    open_note,
    parse_lines,
)
from events.signing import PROVIDERS, Provider, SigningKey

BOTH = [make() for make in PROVIDERS.values()]
EACH = pytest.mark.parametrize("using", BOTH, ids=lambda using: using.name)

GOLDEN = orjson.loads((Path(__file__).parents[2] / "golden" / "notes.json").read_bytes())
"""Notes that others published, each with its source."""
FOO, NEUMANN, SUMDB, COSIGNED = (one["note"].encode() for one in GOLDEN)
FOO_KEY, NEUMANN_KEY, SUMDB_KEY = (one["key"] for one in GOLDEN[:3])

LOG = NoteSigner("log.example/a", SigningKey.from_seed(b"l" * 32))
WITNESS = Cosigner("witness.example/w", SigningKey.from_seed(b"w" * 32))
TEXT = Checkpoint("log.example/a", 3, b"r" * 32).text
NOTE = Note(TEXT, (LOG.sign(TEXT), WITNESS.sign(TEXT, 1_700_000_000)))


@EACH
@pytest.mark.parametrize(("key", "note"), [(FOO_KEY, FOO), (NEUMANN_KEY, NEUMANN), (SUMDB_KEY, SUMDB)])
def test_published_notes_verify_and_come_out_as_they_went_in(using: Provider, key: str, note: bytes) -> None:
    verifier = VerifierKey.parse(key)
    assert str(verifier) == key
    opened = open_note(note, [verifier], using)
    assert [signed.key for signed in opened.signed] == [verifier]
    assert opened.note.to_bytes() == note


def test_signing_gives_the_published_bytes() -> None:
    signer = NoteSigner("PeterNeumann", SigningKey.from_seed(bytes.fromhex(GOLDEN[1]["seed"])))
    text = Note.parse(NEUMANN).text
    assert str(signer.verifier) == NEUMANN_KEY
    assert Note(text, (signer.sign(text),)).to_bytes() == NEUMANN


def test_a_published_checkpoint_is_read() -> None:
    checkpoint = Checkpoint.parse(Note.parse(SUMDB).text)
    assert (checkpoint.origin, checkpoint.size) == ("go.sum database tree", 35_225_469)
    assert checkpoint.root.hex().startswith("bede53e8668b097b")


def test_a_published_cosignature_is_read() -> None:
    note = Note.parse(COSIGNED)
    assert note.to_bytes() == COSIGNED
    log, witness = note.signatures
    assert (log.name, len(log.signature)) == ("example.com/behind-the-sofa", 64)
    assert (witness.name, len(witness.signature)) == ("witness.example.com/w1", 72)
    assert int.from_bytes(witness.signature[:8], "big") == 1_679_315_147


def test_a_cosignature_is_over_the_time_and_the_text() -> None:
    line = WITNESS.sign(TEXT, 1_700_000_000)
    message = b"cosignature/v1\ntime 1700000000\n" + TEXT.encode()
    assert line.signature == (1_700_000_000).to_bytes(8, "big") + WITNESS.key.sign_note(message)
    kind_and_key = b"\x04" + WITNESS.key.public_key
    assert line.key_id == hashlib.sha256(b"witness.example/w\n" + kind_and_key).digest()[:4]


@EACH
def test_a_note_tells_who_signed_it_and_when(using: Provider) -> None:
    opened = open_note(NOTE.to_bytes(), [LOG.verifier, WITNESS.verifier], using)
    assert [(one.key.name, one.time_s) for one in opened.signed] == [
        ("log.example/a", None),
        ("witness.example/w", 1_700_000_000),
    ]
    assert [one.key for one in opened.by(SignatureType.COSIGNATURE)] == [WITNESS.verifier]


def test_lines_of_unknown_keys_are_ignored() -> None:
    same_name = NoteSigner(LOG.name, SigningKey.from_seed(b"x" * 32))
    garbage = SignatureLine("nobody.example", b"1234", b"?")
    note = NOTE.with_lines([same_name.sign("another text\n"), garbage])
    assert len(open_note(note.to_bytes(), [LOG.verifier], BOTH[0]).signed) == 1


def test_no_known_key_rejects() -> None:
    with pytest.raises(NoteRejected, match="no known key"):
        open_note(NOTE.to_bytes(), [VerifierKey.parse(FOO_KEY)], BOTH[0])
    with pytest.raises(NoteRejected, match="no known key"):
        open_note(NOTE.to_bytes(), [], BOTH[0])


@pytest.mark.parametrize("who", [0, 1])
def test_a_bad_line_of_a_known_key_rejects_although_another_is_good(who: int) -> None:
    lines = list(NOTE.signatures)
    spoilt = bytearray(lines[who].signature)
    spoilt[20] ^= 1
    lines[who] = SignatureLine(lines[who].name, lines[who].key_id, bytes(spoilt))
    note = Note(TEXT, tuple(lines))
    with pytest.raises(NoteRejected, match="is bad"):
        open_note(note.to_bytes(), [LOG.verifier, WITNESS.verifier], BOTH[0])


def test_a_cosignature_with_another_time_is_bad() -> None:
    line = WITNESS.sign(TEXT, 1_700_000_000)
    later = SignatureLine(line.name, line.key_id, (1_700_000_001).to_bytes(8, "big") + line.signature[8:])
    with pytest.raises(NoteRejected, match="is bad"):
        open_note(Note(TEXT, (later,)).to_bytes(), [WITNESS.verifier], BOTH[0])


def test_a_log_signature_is_no_cosignature_of_the_same_key() -> None:
    as_witness = VerifierKey(LOG.name, SignatureType.COSIGNATURE, LOG.key.public_key)
    assert as_witness.key_id != LOG.verifier.key_id
    assert not as_witness.verify(TEXT, LOG.sign(TEXT).signature, BOTH[0])
    assert not as_witness.verify(TEXT, bytes(8) + LOG.sign(TEXT).signature, BOTH[0])


@EACH
@given(st.data())
def test_any_changed_byte_of_a_note_is_noticed(using: Provider, data: st.DataObject) -> None:
    good = NOTE.to_bytes()
    at = data.draw(st.integers(0, len(good) - 1))
    changed = bytearray(good)
    changed[at] ^= data.draw(st.integers(1, 255))
    try:
        opened = open_note(bytes(changed), [LOG.verifier, WITNESS.verifier], using)
    except (MalformedNote, NoteRejected):
        return
    # What changed was the name or the id in a line, which then is nobody's that is known.
    assert opened.text == TEXT
    assert len(opened.signed) == 1


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"text\n",
        b"text\n\n",
        b"text\n\n\n",
        b"text\n\nno signature\n",
        NOTE.to_bytes()[:-1],
        NOTE.to_bytes() + b"\n",
        NOTE.to_bytes() + b"more\n",
        NOTE.to_bytes().replace(b"\n\n", b"\n"),
        NOTE.to_bytes().replace(b"\n", b"\r\n"),
        b"a\tb" + NOTE.to_bytes(),
        b"\xff" + NOTE.to_bytes(),
        b"\xed\xa0\x80" + NOTE.to_bytes(),
        "text\n\n— two words AAAAAAA=\n".encode(),
        "text\n\n— a+b AAAAAAA=\n".encode(),
        "text\n\n— nbsp\u00a0name AAAAAAA=\n".encode(),
        "text\n\n—  AAAAAAA=\n".encode(),
        "text\n\n— name AAAAAA\n".encode(),
        "text\n\n— name AAAA\n".encode(),
        "text\n\n— name AAAAAA==\n".encode(),
        "text\n\n— name AAAAAAB=\n".encode(),
        b"text\n\n- name AAAAAAA=\n",
        ("text\n\n" + "— name AAAAAAA=\n" * 101).encode(),
        b"x" * 1024 * 1024 + b"\n\n" + "— name AAAAAAA=\n".encode(),
    ],
)
def test_what_is_no_note_is_refused(raw: bytes) -> None:
    with pytest.raises(MalformedNote):
        Note.parse(raw)


def test_a_text_may_have_blank_lines_and_many_signatures() -> None:
    lines = "".join(f"— name{number} AAAAAAA=\n" for number in range(100))
    note = Note.parse(f"a\n\nb\n\n{lines}".encode())
    assert (note.text, len(note.signatures)) == ("a\n\nb\n", 100)


def test_lines_are_added_once() -> None:
    assert NOTE.with_lines(NOTE.signatures) == NOTE
    assert parse_lines("".join(map(str, NOTE.signatures))) == NOTE.signatures


@pytest.mark.parametrize(
    "text",
    [
        "",
        "example.com/foo",
        FOO_KEY + "=",
        FOO_KEY.replace("530d903a", "530d903b"),
        FOO_KEY.replace("530d903a", "530D903A"),
        FOO_KEY.replace("example.com/foo", "example.com/fool"),
        FOO_KEY.replace("example.com/foo", ""),
        FOO_KEY.replace("example.com/foo", "\udcff"),
        "n+" + "0" * 8 + "+" + base64.b64encode(b"\x06" + bytes(1312)).decode(),
        "n+" + "0" * 8 + "+" + base64.b64encode(b"\x01" + bytes(31)).decode(),
        "n+" + "0" * 8 + "+",
    ],
)
def test_what_is_no_key_of_notes_is_refused(text: str) -> None:
    with pytest.raises(MalformedKey):
        VerifierKey.parse(text)


@pytest.mark.parametrize(
    "text",
    [
        "origin\n1\n",
        "origin\n1\n" + "A" * 43 + "=",
        "origin\n01\n" + "A" * 43 + "=\n",
        "origin\n-1\n" + "A" * 43 + "=\n",
        "origin\n+1\n" + "A" * 43 + "=\n",
        "origin\n1_0\n" + "A" * 43 + "=\n",
        "origin\n١\n" + "A" * 43 + "=\n",
        f"origin\n{2**63}\n" + "A" * 43 + "=\n",
        "origin\n1\n" + "A" * 40 + "\n",
        "origin\n1\n" + "A" * 42 + "B=\n",
        "\n1\n" + "A" * 43 + "=\n",
        "origin\n1\n" + "A" * 43 + "=\n\n",
        "origin\n1\n" + "A" * 43 + "=\n\nmore\n",
    ],
)
def test_what_is_no_checkpoint_is_refused(text: str) -> None:
    with pytest.raises(MalformedNote):
        Checkpoint.parse(text)


def test_further_lines_of_a_checkpoint_are_kept() -> None:
    text = "origin\n0\n" + "A" * 43 + "=\nmore\nand more\n"
    assert Checkpoint.parse(text).extensions == ("more", "and more")
    assert Checkpoint.parse(text).text == text


def test_a_key_for_notes_does_not_sign_what_could_be_an_event() -> None:
    with pytest.raises(ValueError, match="payload"):
        LOG.key.sign_note(b"DSSEv1 1 a 1 b")
