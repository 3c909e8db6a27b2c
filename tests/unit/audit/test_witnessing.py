"""A witness cosigns what goes on from what it cosigned, keeps it first, and refuses all else by number."""

import hashlib

import pytest

from app.audit.notes import Checkpoint, Note, NoteSigner, open_note, parse_lines
from app.audit.witnessing import AddCheckpoint, Answer, MalformedRequest
from app.errors import Unavailable
from app.ports.witness import WitnessStateDamaged
from app.services.witness import Witness
from events.signing import SigningKey, provider
from tests.support.witnessed_log import LOG, ORIGIN, WITNESS, WitnessedLog

PROVIDER = provider()
NOW_S = 1_790_000_000
OTHER_KEY = NoteSigner(ORIGIN, SigningKey.from_seed(b"o" * 32))
GOOD, FORK = WitnessedLog(), WitnessedLog("fork")


class Lost(Unavailable):
    """The store did not answer."""


class Kept:
    """`WitnessState` in memory, which fails where it is told to."""

    def __init__(self) -> None:
        self.notes: dict[str, bytes] = {}
        self.fails: str | None = None

    def load(self, origin: str) -> bytes | None:
        return self.notes.get(origin)

    def save(self, origin: str, note: bytes) -> None:
        if self.fails != "not stored":
            self.notes[origin] = note
        if self.fails is not None:
            raise Lost()


def witness(kept: Kept | None = None) -> Witness:
    logs = {ORIGIN: [LOG.verifier], "other.example": [LOG.verifier]}
    return Witness(WITNESS, logs, kept or Kept(), PROVIDER, lambda: NOW_S)


def is_cosigned(answer: Answer, note: bytes) -> bool:
    """Whether *answer* is the witness's cosignature of *note*, as of now."""
    if answer.status != 200:
        return False
    text = Note.parse(note).text
    opened = open_note(Note(text, parse_lines(answer.body.decode())).to_bytes(), [WITNESS.verifier], PROVIDER)
    return [one.time_s for one in opened.signed] == [NOW_S]


def test_a_log_is_cosigned_as_it_grows() -> None:
    asked = witness()
    for old, new in ((0, 1), (1, 7), (7, 7), (7, 256), (256, 300)):
        assert is_cosigned(asked.add_checkpoint(GOOD.asking(old, new)), GOOD.note(new)), (old, new)


def test_the_newest_is_there_for_everybody() -> None:
    asked = witness()
    of = hashlib.sha256(ORIGIN.encode()).hexdigest()
    assert asked.newest(of).status == asked.newest("0" * 64).status == 404
    asked.add_checkpoint(GOOD.asking(0, 7))
    answer = asked.newest(of)
    opened = open_note(answer.body, [LOG.verifier, WITNESS.verifier], PROVIDER)
    assert (Checkpoint.parse(opened.text).size, len(opened.signed)) == (7, 2)


def changed(old: int, new: int, **parts: object) -> bytes:
    """A request that is not as it should be."""
    right = {"old": old, "proof": GOOD.proof(old, new), "note": GOOD.note(new)}
    return AddCheckpoint(**{**right, **parts}).to_bytes()  # type: ignore[arg-type]


UNKNOWN = NoteSigner("unknown.example", LOG.key)
REFUSED = {
    "nothing": (b"", 400),
    "no blank line": (b"old 7\n", 400),
    "another first line": (GOOD.asking(7, 9).replace(b"old 7", b"new 7"), 400),
    "an old size with a zero": (GOOD.asking(7, 9).replace(b"old 7", b"old 07"), 400),
    "a line that is no hash": (GOOD.asking(7, 9).replace(b"old 7\n", b"old 7\nAAAA\n"), 400),
    "too long a proof": (changed(7, 9, proof=(bytes(32),) * 64), 400),
    "no note": (changed(7, 9, note=b"hello"), 400),
    "no checkpoint": (changed(7, 9, note=Note("x\n", (LOG.sign("x\n"),)).to_bytes()), 400),
    "an old size above the new one": (AddCheckpoint(7, (), GOOD.note(5)).to_bytes(), 400),
    "an unknown log": (AddCheckpoint(0, (), WitnessedLog("", UNKNOWN).note(9)).to_bytes(), 404),
    "a key that is not known": (AddCheckpoint(7, (), WitnessedLog("", OTHER_KEY).note(9)).to_bytes(), 403),
    "a bad signature": (changed(7, 9, note=GOOD.note(9).replace(b"\n9\n", b"\n8\n")), 403),
    "a size that is not the newest": (GOOD.asking(5, 9), 409),
    "a first request": (GOOD.asking(0, 9), 409),
    "a rollback": (GOOD.asking(5, 6), 409),
    "no proof": (changed(7, 9, proof=()), 422),
    "a proof of something else": (changed(7, 9, proof=GOOD.proof(6, 9)), 422),
    "a proof that is too long": (changed(7, 9, proof=(*GOOD.proof(7, 9), bytes(32))), 422),
    "another root of the same size": (changed(7, 7, note=GOOD.note(7, bytes(32))), 422),
    "a proof where none is needed": (changed(7, 7, proof=(bytes(32),)), 422),
    "a fork": (FORK.asking(7, 9), 422),
    "a fork of the same size": (FORK.asking(7, 7), 422),
}  # fmt: skip


@pytest.mark.parametrize(("body", "status"), REFUSED.values(), ids=REFUSED)
def test_what_does_not_go_on_is_refused(body: bytes, status: int) -> None:
    kept = Kept()
    asked = witness(kept)
    asked.add_checkpoint(GOOD.asking(0, 7))
    before = dict(kept.notes)
    answer = asked.add_checkpoint(body)
    assert answer.status == status, answer.body
    assert "— ".encode() not in answer.body
    if status == 409:
        assert (answer.body, answer.content_type) == (b"7\n", "text/x.tlog.size")
    assert kept.notes == before
    assert is_cosigned(asked.add_checkpoint(GOOD.asking(7, 9)), GOOD.note(9))


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (AddCheckpoint(0, (bytes(32),), GOOD.note(9)).to_bytes(), 422),
        (AddCheckpoint(3, (), GOOD.note(9)).to_bytes(), 409),
        (AddCheckpoint(0, (), GOOD.note(0, bytes(32))).to_bytes(), 422),
        (AddCheckpoint(0, (), GOOD.note(0)).to_bytes(), 200),
    ],
)
def test_a_log_that_was_never_cosigned_has_no_entries(body: bytes, status: int) -> None:
    assert witness().add_checkpoint(body).status == status


def test_a_bad_line_of_a_known_key_refuses_although_another_is_good() -> None:
    kept = Kept()
    both = Witness(WITNESS, {ORIGIN: [LOG.verifier, OTHER_KEY.verifier]}, kept, PROVIDER, lambda: NOW_S)
    note = Note.parse(GOOD.note(9))
    bad = note.with_lines([OTHER_KEY.sign("another text\n")]).to_bytes()
    assert both.add_checkpoint(AddCheckpoint(0, (), bad).to_bytes()).status == 403
    good = note.with_lines([OTHER_KEY.sign(note.text)]).to_bytes()
    assert both.add_checkpoint(AddCheckpoint(0, (), good).to_bytes()).status == 200
    assert len(Note.parse(kept.notes[ORIGIN]).signatures) == 3


def test_lines_of_strangers_are_not_kept() -> None:
    kept = Kept()
    note = Note.parse(GOOD.note(9))
    with_stranger = note.with_lines([NoteSigner("stranger", OTHER_KEY.key).sign(note.text)]).to_bytes()
    assert witness(kept).add_checkpoint(AddCheckpoint(0, (), with_stranger).to_bytes()).status == 200
    assert b"stranger" not in kept.notes[ORIGIN]


def test_logs_do_not_concern_each_other() -> None:
    signer = NoteSigner("other.example", OTHER_KEY.key)
    other, keys = WitnessedLog("o", signer), {"other.example": [signer.verifier], ORIGIN: [LOG.verifier]}
    asked = Witness(WITNESS, keys, Kept(), PROVIDER, lambda: NOW_S)
    assert is_cosigned(asked.add_checkpoint(GOOD.asking(0, 7)), GOOD.note(7))
    assert is_cosigned(asked.add_checkpoint(other.asking(0, 3)), other.note(3))
    assert is_cosigned(asked.add_checkpoint(GOOD.asking(7, 9)), GOOD.note(9))


@pytest.mark.parametrize("how", ["not stored", "stored anyway"])
def test_nothing_is_cosigned_that_is_not_known_to_be_kept(how: str) -> None:
    kept = Kept()
    asked = witness(kept)
    asked.add_checkpoint(GOOD.asking(0, 7))
    kept.fails = how
    for _ in range(2):
        with pytest.raises(Lost):
            asked.add_checkpoint(GOOD.asking(_known(asked), 9))
    kept.fails = None
    for again in (asked, witness(kept)):
        known = _known(again)
        assert known in ((9,) if how == "stored anyway" else (7, 9))
        assert again.add_checkpoint(FORK.asking(known, 9)).status == 422
        assert is_cosigned(again.add_checkpoint(GOOD.asking(known, 9)), GOOD.note(9))


def _known(asked: Witness) -> int:
    """The size that the witness says it knows."""
    answer = asked.add_checkpoint(GOOD.asking(5, 9))
    assert answer.status == 409
    return int(answer.body)


@pytest.mark.parametrize(
    "kept_note",
    [
        b"",
        b"no note",
        GOOD.note(7),
        Note.parse(GOOD.note(7)).with_lines([WITNESS.sign("x\n", 1)]).to_bytes(),
        Note("x\n", (WITNESS.sign("x\n", NOW_S),)).to_bytes(),
    ],
)
def test_a_witness_does_not_start_on_what_it_did_not_keep(kept_note: bytes) -> None:
    kept = Kept()
    kept.notes[ORIGIN] = kept_note
    with pytest.raises(WitnessStateDamaged):
        witness(kept)


def test_what_is_kept_for_another_log_is_not_taken_for_this_one() -> None:
    kept = Kept()
    witness(kept).add_checkpoint(GOOD.asking(0, 7))
    kept.notes["other.example"] = kept.notes[ORIGIN]
    with pytest.raises(WitnessStateDamaged):
        witness(kept)


def test_a_request_is_laid_out_line_by_line() -> None:
    request = AddCheckpoint(7, (b"a" * 32,), b"note\n")
    assert request.to_bytes() == b"old 7\nYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWE=\n\nnote\n"
    assert AddCheckpoint.parse(request.to_bytes()) == request
    assert AddCheckpoint.parse(b"old 0\n\n") == AddCheckpoint(0, (), b"")
    with pytest.raises(MalformedRequest):
        AddCheckpoint.parse(b"old 7\n\n\xff".replace(b"7", b"\xff"))
