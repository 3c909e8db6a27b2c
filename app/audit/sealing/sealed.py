"""A sealed state of the log: its checkpoint, signed, and the head of its chain."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from events.log import CheckpointSealed
from events.signing import Provider

from ...errors import Corrupt
from ..notes import Checkpoint, Note, NoteSigner, SignatureLine, VerifierKey, open_note
from ..tree import verify_consistency
from .ledger import Ledger


class HistoryForked(Corrupt):
    """The log of {size} events does not begin with the {sealed} that are sealed. Nothing is signed."""


class NotOurCheckpoint(Corrupt):
    """The checkpoint that is stored cannot be gone on from: {reason}."""


@dataclass(frozen=True, slots=True)
class Sealed:
    """One checkpoint as it is kept: the signed note, and what the sealer needs to go on."""

    size: int
    root: bytes
    chain_hash: bytes
    """C_size, which no note holds."""
    note: bytes

    def with_lines(self, lines: Iterable[SignatureLine]) -> "Sealed":
        """The same checkpoint with more signatures, those of witnesses."""
        return replace(self, note=Note.parse(self.note).with_lines(lines).to_bytes())

    def event(self) -> CheckpointSealed:
        """What the log records of it."""
        return CheckpointSealed(
            size=self.size, root=self.root.hex(), chain_hash=self.chain_hash.hex(), note=self.note.decode()
        )


def seal(ledger: Ledger, last: Sealed | None, proof: Sequence[bytes], signer: NoteSigner) -> Sealed:
    """Sign the ledger as it stands.

    *proof* shows that its tree begins with that of *last*, the newest checkpoint that was ever signed.
    Without it nothing is signed, so two checkpoints that contradict each other can never come from here.

    Raises:
        HistoryForked: it does not show that.
    """
    size, root = ledger.size, ledger.growth.root()
    if last is not None and not verify_consistency(last.size, size, proof, last.root, root):
        raise HistoryForked(size=size, sealed=last.size)
    checkpoint = Checkpoint(ledger.origin, size, root)
    note = Note(checkpoint.text, (signer.sign(checkpoint.text),))
    return Sealed(size, root, ledger.chain_hash, note.to_bytes())


def check_own(sealed: Sealed, origin: str, keys: Iterable[VerifierKey], using: Provider) -> None:
    """Return where *sealed* is a checkpoint of the log *origin* that one of *keys* signed.

    Raises:
        NotOurCheckpoint: it is not, or its parts contradict each other.
        MalformedNote, NoteRejected: its note is not to be believed.
    """
    checkpoint = Checkpoint.parse(open_note(sealed.note, keys, using).text)
    if checkpoint.origin != origin:
        raise NotOurCheckpoint(reason=f"it is of the log {checkpoint.origin}, not of {origin}")
    if (checkpoint.size, checkpoint.root) != (sealed.size, sealed.root):
        raise NotOurCheckpoint(reason=f"its note is about {checkpoint.size} events, not about {sealed.size}")
