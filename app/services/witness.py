"""A witness: cosigns the checkpoints of logs, and never two of one log that contradict each other."""

import hashlib
import threading
from collections.abc import Callable, Iterable, Mapping

import structlog

from events.signing import Provider

from ..audit.notes import (
    Checkpoint,
    Cosigner,
    MalformedNote,
    NoteRejected,
    SignatureType,
    VerifierKey,
    open_note,
)
from ..audit.witnessing import Answer, Asked, Forked, Refused, admit, read
from ..ports.witness import WitnessState, WitnessStateDamaged

_log = structlog.get_logger(__name__)


class Witness:
    """One witness for any number of logs; threads may ask it at once.

    What it keeps is durable before any cosignature leaves it: killed in between, it knows the new size at its
    next start, tells it to the log, and cosigns the same checkpoint again.
    """

    def __init__(
        self,
        cosigner: Cosigner,
        logs: Mapping[str, Iterable[VerifierKey]],
        state: WitnessState,
        using: Provider,
        now_s: Callable[[], int],
    ) -> None:
        """*logs* are keys by origin.

        Raises:
            WitnessStateDamaged: what is kept of a log is not what this witness cosigned.
        """
        self._cosigner = cosigner
        self._logs = {origin: tuple(keys) for origin, keys in logs.items()}
        self._state = state
        self._using = using
        self._now_s = now_s
        self._lock = threading.Lock()
        self._origins = {hashlib.sha256(origin.encode()).hexdigest(): origin for origin in self._logs}
        for origin in self._logs:
            self._last(origin)

    @property
    def verifier(self) -> VerifierKey:
        """What verifies its cosignatures."""
        return self._cosigner.verifier

    def add_checkpoint(self, body: bytes) -> Answer:
        """Cosign what goes on from what was cosigned last (c2sp.org/tlog-witness).

        Raises:
            Unavailable, WitnessStateDamaged: nothing was cosigned.
        """
        try:
            asked = read(body, self._logs, self._using)
            with self._lock:
                return self._cosign(asked)
        except Refused as refused:
            return refused.answer

    def newest(self, origin_hash: str) -> Answer:
        """The newest checkpoint of the log whose origin has that SHA-256, with this witness's cosignature.

        Raises:
            Unavailable: the store does not answer.
        """
        origin = self._origins.get(origin_hash)
        note = self._state.load(origin) if origin is not None else None
        return Answer(404) if note is None else Answer(200, note)

    def _cosign(self, asked: Asked) -> Answer:
        # Read anew each time: after an error nobody knows which of the two notes is kept.
        last = self._last(asked.checkpoint.origin)
        try:
            admit(asked, last)
        except Forked:
            _log.error("the log signed two histories", signed=asked.note.to_bytes().decode())
            raise
        line = self._cosigner.sign(asked.note.text, self._now_s())
        # The line exists, and nobody has seen it. A crash before it is kept loses it; one after leaves it to
        # the log to ask again, for the size that is known now.
        self._state.save(asked.checkpoint.origin, asked.note.with_lines([line]).to_bytes())
        return Answer(200, str(line).encode())

    def _last(self, origin: str) -> Checkpoint | None:
        note = self._state.load(origin)
        if note is None:
            return None
        try:
            # The log's key may have changed since; that this witness cosigned it is what counts.
            opened = open_note(note, [self.verifier], self._using)
            checkpoint = Checkpoint.parse(opened.text)
        except (MalformedNote, NoteRejected) as error:
            raise WitnessStateDamaged(origin=origin, reason=error.message) from None
        if checkpoint.origin != origin or not opened.by(SignatureType.COSIGNATURE):
            raise WitnessStateDamaged(origin=origin, reason=f"it is about {checkpoint.origin}")
        return checkpoint
