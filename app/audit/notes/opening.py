"""Notes are believed for the keys that signed them, and for nothing else."""

from collections.abc import Iterable
from dataclasses import dataclass

from events.signing import Provider

from ...errors import Invalid
from .keys import SignatureType, VerifierKey
from .note import Note, SignatureLine


class NoteRejected(Invalid):
    """The note is not to be believed: {reason}."""


@dataclass(frozen=True, slots=True)
class Signed:
    """One good signature of a known key."""

    key: VerifierKey
    line: SignatureLine

    @property
    def time_s(self) -> int | None:
        """When a witness cosigned, in seconds since the epoch; None for a log's signature."""
        if self.key.kind is SignatureType.ED25519:
            return None
        return int.from_bytes(self.line.signature[:8], "big")


@dataclass(frozen=True, slots=True)
class OpenedNote:
    """A note with at least one good signature of a known key."""

    note: Note
    signed: tuple[Signed, ...]

    @property
    def text(self) -> str:
        return self.note.text

    def by(self, kind: SignatureType) -> tuple[Signed, ...]:
        """The good signatures of that type."""
        return tuple(one for one in self.signed if one.key.kind is kind)


def good_signatures(note: Note, keys: Iterable[VerifierKey], using: Provider) -> tuple[Signed, ...]:
    """Those of *keys* that signed *note*; lines of other keys are ignored.

    Raises:
        NoteRejected: a line of one of *keys* does not verify.
    """
    known: dict[tuple[str, bytes], VerifierKey] = {}
    for key in keys:
        other = known.setdefault((key.name, key.key_id), key)
        if other != key:
            raise NoteRejected(reason=f"two known keys are called {key.name} and have one id")
    signed = []
    for line in note.signatures:
        found = known.get((line.name, line.key_id))
        if found is None:
            continue
        if not found.verify(note.text, line.signature, using):
            raise NoteRejected(reason=f"the signature of {line.name} is bad")
        signed.append(Signed(found, line))
    return tuple(signed)


def open_note(raw: bytes, keys: Iterable[VerifierKey], using: Provider) -> OpenedNote:
    """Read a note that one of *keys* signed.

    Raises:
        MalformedNote: it is no note.
        NoteRejected: none of *keys* signed it, or a line of one of them does not verify.
    """
    note = Note.parse(raw)
    signed = good_signatures(note, keys, using)
    if not signed:
        raise NoteRejected(reason="no known key signed it")
    return OpenedNote(note, signed)
