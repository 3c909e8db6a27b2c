"""Which key could sign what, at each position: folded from the log's events about identities alone."""

import base64
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from events.codec import Raw, Undecodable, decode
from events.commands import possession_payload
from events.identity import IdentityKeyIssued, IdentityKeyRevoked, IdentityKeyRotated, KeyUse
from events.signing import EVENT_TYPE, POSSESSION_TYPE, Provider, key_id, verify

from ..notes import SignatureType, VerifierKey
from .problems import Code, Problems


@dataclass(frozen=True, slots=True)
class KeyRecord:
    """A key, and the positions between which it is valid: `issued < seq < revoked`."""

    key_id: str
    identity: str
    use: KeyUse
    public_key: bytes
    issued: int
    revoked: int | None = None
    suspected_since: int | None = None

    def valid_at(self, seq: int) -> bool:
        return self.issued < seq and (self.revoked is None or seq < self.revoked)

    def seals(self, size: int) -> bool:
        """Whether it may sign the checkpoint of that size: it does so behind the event at position *size*."""
        return self.issued <= size and (self.revoked is None or size < self.revoked)

    def doubtful_at(self, seq: int) -> bool:
        """Whether it was said later that somebody else may have had the key."""
        return self.suspected_since is not None and self.suspected_since <= seq


class KeyHistory:
    """Every key that the log registers, and the root, which signs what is about identities."""

    def __init__(self, root: bytes, using: Provider) -> None:
        self.root = KeyRecord(key_id(root), "registrar", KeyUse.EVENT, root, issued=0)
        self._using = using
        self._keys = {self.root.key_id: self.root}
        self.revision = 0
        """How many decisions about identities were folded, one after the other."""
        self.problems = Problems()

    def get(self, id_of: str) -> KeyRecord | None:
        return self._keys.get(id_of)

    def __iter__(self) -> Iterator[KeyRecord]:
        return iter(self._keys.values())

    def fold(self, raws: Iterable[Raw]) -> None:
        """Take decisions about identities, in the order of the log; those that are wrong change nothing."""
        for raw in raws:
            self._take(raw)

    def log_keys(self, origin: str, size: int) -> list[VerifierKey]:
        """The keys that may sign the checkpoint of *size* of the log *origin*."""
        return [
            VerifierKey(origin, SignatureType.ED25519, key.public_key)
            for key in self
            if key.use is KeyUse.CHECKPOINT and key.seals(size)
        ]

    def _take(self, raw: Raw) -> None:
        if raw.key != self.root.key_id:
            self.problems.add(Code.WRONG_SIGNER, raw.seq, "it is about identities, and not by the root key")
            return
        if not verify(self._using, self.root.public_key, EVENT_TYPE, raw.payload, raw.signature):
            self.problems.add(Code.BAD_SIGNATURE, raw.seq, "the signature is not the root key's")
            return
        try:
            envelope, event = decode(raw.payload)
        except Undecodable as error:
            self.problems.add(Code.UNDECODABLE, raw.seq, str(error))
            return
        if envelope.nats_subject(event) != raw.subject or envelope.actorkey != raw.key:
            self.problems.add(Code.SUBJECT_MISMATCH, raw.seq, "the payload belongs elsewhere")
        elif envelope.revision != self.revision + 1:
            detail = f"revision {envelope.revision}; {self.revision + 1} comes next"
            self.problems.add(Code.WRONG_REVISION, raw.seq, detail)
        else:
            self.revision += 1
            match event:
                case IdentityKeyIssued() | IdentityKeyRotated():
                    self._register(raw.seq, event)
                case IdentityKeyRevoked(key_id=revoked, suspected_since=since):
                    key = self._keys.get(revoked)
                    if key is not None and key.revoked is None:
                        self._keys[revoked] = replace(key, revoked=raw.seq, suspected_since=since)
                case _:
                    pass  # every other decision says nothing about keys

    def _register(self, seq: int, event: IdentityKeyIssued | IdentityKeyRotated) -> None:
        if event.use is KeyUse.LOGIN or event.key_id in self._keys:
            return
        try:
            public = base64.b64decode(event.public_key, validate=True)
        except ValueError:
            public = b""
        if len(public) != 32 or key_id(public) != event.key_id:
            self.problems.add(
                Code.KEY_NOT_VALID, seq, f"{event.key_id} is not the id of the key it registers"
            )
            return
        held = possession_payload(event.identity_id, event.use, event.public_key)
        if not verify(self._using, public, POSSESSION_TYPE, held, event.possession):
            self.problems.add(Code.KEY_NOT_VALID, seq, f"nobody proved to hold {event.key_id}")
            return
        self._keys[event.key_id] = KeyRecord(event.key_id, event.identity_id, event.use, public, seq)
