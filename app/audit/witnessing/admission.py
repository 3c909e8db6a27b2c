"""Whether a witness may cosign: only what is signed by the log, and goes on from what it cosigned last."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from events.merkle import EMPTY_ROOT
from events.signing import Provider

from ..notes import Checkpoint, MalformedNote, Note, NoteRejected, VerifierKey, good_signatures
from ..tree import verify_consistency
from .request import AddCheckpoint, MalformedRequest

SIZE_TYPE = "text/x.tlog.size"
TEXT_TYPE = "text/plain; charset=utf-8"

WitnessedLogs = Mapping[str, Iterable[VerifierKey]]
"""The keys of each log that a witness looks after, by the log's origin."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What the witness says, as HTTP says it."""

    status: int
    body: bytes = b""
    content_type: str = TEXT_TYPE


class Refused(Exception):
    """The checkpoint is not cosigned; `answer` says why, with the status of the protocol."""

    def __init__(self, status: int, reason: str, content_type: str = TEXT_TYPE) -> None:
        super().__init__(reason)
        self.answer = Answer(status, f"{reason}\n".encode(), content_type)


class Forked(Refused):
    """The log signed what contradicts what was cosigned: proof that it misbehaves."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A request about a log that is known, signed by it; what it claims is still to be checked."""

    old: int
    proof: tuple[bytes, ...]
    checkpoint: Checkpoint
    note: Note
    """With the lines of the log's known keys alone."""


def read(body: bytes, logs: WitnessedLogs, using: Provider) -> Asked:
    """Read a request, and see who signed it.

    Raises:
        Refused: 400 malformed, 404 an unknown log, 403 no good signature, or a bad one.
    """
    try:
        request = AddCheckpoint.parse(body)
        note = Note.parse(request.note)
        checkpoint = Checkpoint.parse(note.text)
    except (MalformedRequest, MalformedNote) as error:
        raise Refused(400, error.message) from None
    if checkpoint.origin not in logs:
        raise Refused(404, "the log is not known here")
    try:
        signed = good_signatures(note, logs[checkpoint.origin], using)
    except NoteRejected as error:
        raise Refused(403, error.message) from None
    if not signed:
        raise Refused(403, "no key of the log that is known here signed it")
    own = Note(note.text, tuple(one.line for one in signed))
    return Asked(request.old, request.proof, checkpoint, own)


def admit(asked: Asked, last: Checkpoint | None) -> None:
    """Return where *asked* goes on from *last*, the log's checkpoint that was cosigned last.

    The caller lets nobody in between this and keeping the new one.

    Raises:
        Refused: 400 an old size above the new one, 409 another old size than that of *last*, with that as the
            body, 422 a proof that does not hold.
        Forked: 422, where the log signed another tree of the same size.
    """
    new = asked.checkpoint
    size, root = (last.size, last.root) if last is not None else (0, EMPTY_ROOT)
    if asked.old > new.size:
        raise Refused(400, "the old size is larger than the new one")
    if asked.old != size:
        raise Refused(409, str(size), SIZE_TYPE)
    if new.size == size and new.root != root:
        kind = Forked if size else Refused
        raise kind(422, f"the root is not that of the {size} entries that are known here")
    if not _proven(asked, size, root):
        raise Refused(422, "the consistency proof does not hold")


def _proven(asked: Asked, size: int, root: bytes) -> bool:
    """Whether the proof shows it; that a tree begins with the empty one needs none."""
    new = asked.checkpoint
    if size == 0:
        return not asked.proof
    return verify_consistency(size, new.size, asked.proof, root, new.root)
