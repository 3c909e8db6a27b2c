"""The checkpoints that a log is held to, and what outsiders say about when they were made."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from events.signing import Provider

from ..notes import (
    Checkpoint,
    MalformedNote,
    Note,
    NoteRejected,
    SignatureLine,
    SignatureType,
    TrustPolicy,
    VerifierKey,
    good_signatures,
)
from .keys import KeyHistory
from .problems import Code, Problems


@dataclass(slots=True)
class Witnessed:
    """A checkpoint that the log signed, or that a trusted witness cosigned."""

    size: int
    root: bytes
    note: Note
    own: tuple[SignatureLine, ...]
    """The good signatures of the log itself."""
    cosigners: dict[VerifierKey, int] = field(default_factory=dict)
    """Each trusted witness that cosigned it, and when, in seconds since the epoch."""
    held: bool = False
    """True for one that came from outside the bundle."""
    stamped_ns: int | None = None
    """The earliest time at which a timestamp authority saw it."""
    matches: bool | None = None
    """Whether the log is what it says; None as long as that is not known."""

    def seen_ns(self) -> int | None:
        """When the first outsider had seen it; None where none had."""
        times = [time_s * 1_000_000_000 for time_s in self.cosigners.values()]
        if self.stamped_ns is not None:
            times.append(self.stamped_ns)
        return min(times, default=None)

    def stamped_bytes(self) -> bytes:
        """What a timestamp authority stamps: the checkpoint with the log's signature alone."""
        return Note(self.note.text, self.own[:1]).to_bytes()


class Evidence:
    """Every checkpoint that is believed, by size."""

    def __init__(
        self,
        origin: str,
        log_keys: Callable[[int], Iterable[VerifierKey]],
        witnesses: Iterable[VerifierKey],
        using: Provider,
    ) -> None:
        """*log_keys* gives the keys that may sign the checkpoint of a size."""
        self._origin = origin
        self._log_keys = log_keys
        self._witnesses = tuple(witnesses)
        self._using = using
        self.problems = Problems()
        self._of_size: dict[int, list[Witnessed]] = {}

    def in_order(self) -> list[Witnessed]:
        """All of them, the smallest first."""
        return [one for size in sorted(self._of_size) for one in self._of_size[size]]

    def find(self, size: int, root: str) -> Witnessed | None:
        """The checkpoint of that size and root, in hex."""
        return next((one for one in self._of_size.get(size, ()) if one.root.hex() == root), None)

    def add(self, raw: bytes, *, held: bool = False, name: str = "") -> Witnessed | None:
        """Read a checkpoint; None where it is not to be believed, which is a problem."""
        try:
            note = Note.parse(raw)
            checkpoint = Checkpoint.parse(note.text)
        except MalformedNote as error:
            self.problems.add(Code.MALFORMED, 0, f"{name}: {error.message}")
            return None
        if checkpoint.origin != self._origin:
            self.problems.add(Code.MALFORMED, 0, f"{name} is a checkpoint of {checkpoint.origin}")
            return None
        found = self.believed(note, checkpoint, held=held)
        if found is not None:
            self._keep(found)
        return found

    def believed(self, note: Note, checkpoint: Checkpoint, *, held: bool = False) -> Witnessed | None:
        """What is to be believed of *note*; None where nothing is, which is a problem."""
        size = checkpoint.size
        try:
            by_log = good_signatures(note, self._log_keys(size), self._using)
            by_witnesses = good_signatures(note, self._witnesses, self._using)
        except NoteRejected as error:
            self.problems.add(Code.BAD_SIGNATURE, size, f"the checkpoint of {size} events: {error.message}")
            return None
        cosigners = {one.key: one.time_s for one in by_witnesses if one.time_s is not None}
        if not by_log and not cosigners:
            self.problems.add(
                Code.KEY_NOT_VALID, size, f"no trusted key signed the checkpoint of {size} events"
            )
            return None
        return Witnessed(size, checkpoint.root, note, tuple(one.line for one in by_log), cosigners, held)

    def cosigned(self, found: Witnessed, line: SignatureLine) -> int | None:
        """The time of a witness's line about *found*; None where no trusted witness made it."""
        note = Note(found.note.text, (line,))
        try:
            (signed,) = good_signatures(note, self._witnesses, self._using)
        except (NoteRejected, ValueError):
            return None
        return signed.time_s if signed.key.kind is SignatureType.COSIGNATURE else None

    def _keep(self, found: Witnessed) -> None:
        same = self._of_size.setdefault(found.size, [])
        for other in same:
            if other.root == found.root:
                other.cosigners.update(found.cosigners)
                other.held |= found.held
                other.own = other.own or found.own
                return
        same.append(found)
        if len(same) > 1:
            detail = f"two checkpoints of {found.size} events have different roots"
            self.problems.add(Code.INCONSISTENT, found.size, detail)

    def contradictions(self) -> None:
        """Tell of checkpoints that the log signed and that cannot be about one history.

        The log is what one of them says, and is not what another says.
        """
        signed = [one for one in self.in_order() if one.own and one.matches is not None]
        good = [one.size for one in signed if one.matches]
        for one in signed:
            if not one.matches and any(size != one.size for size in good):
                detail = f"the log signed another history of {one.size} events than of {good[-1]}"
                self.problems.add(Code.INCONSISTENT, one.size, detail)


def trusted_log_keys(
    policy: TrustPolicy | None, keys: KeyHistory, origin: str
) -> Callable[[int], list[VerifierKey]]:
    """The keys that may sign for the log: those of the auditor's policy, else those that it registers."""
    if policy is not None and policy.logs:
        pinned = [log.key for log in policy.logs if log.key.name == origin]
        return lambda size: pinned
    return lambda size: keys.log_keys(origin, size)
