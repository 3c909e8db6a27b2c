"""Is this message of the log an event? Signature, key, shape, subject and revision, checked on read."""

import asyncio
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from concurrent.futures import Executor
from typing import TypeAlias

from events import codec, signing
from events.base import Event
from events.codec import Bad, Fact, Raw
from events.envelope import Envelope
from events.identity import IdentityKeyIssued, IdentityKeyRotated, KeyUse

from .keyring import Keyring, raw_public_key
from .stamping import Stamped

Decoded: TypeAlias = tuple[Envelope, Event] | str
"""An envelope and its event, or why the bytes are none."""

Item: TypeAlias = Fact | Bad
"""What a message of the log turned out to be."""

OWN_KEPT = 50_000
"""How many of its own appends a process recognises when it reads them back."""

PARALLEL_FROM = 16
"""Smaller batches are verified where they are; handing them to threads costs more."""


class Verifier:
    """Turns what is stored into facts, or into reasons why it is none.

    One verifier reads the log in order: it folds keys and counts revisions as it goes.
    """

    def __init__(
        self,
        keyring: Keyring,
        provider: signing.Provider,
        threads: Executor | None = None,
        revisions: Mapping[str, int] | None = None,
    ) -> None:
        """*revisions* say where each boundary stands before the first message, those at nothing left out.

        Without them a boundary starts at whatever revision is met first, be it that of a replayed event.
        """
        self.keyring = keyring
        self._provider = provider
        self._threads = threads
        self._revisions = dict(revisions or {})
        self._knows_all = revisions is not None
        self._own: OrderedDict[str, Stamped] = OrderedDict()

    def fresh(self, revisions: Mapping[str, int] | None = None) -> "Verifier":
        """Another reader's verifier, under the same keys; *revisions* as for a new one."""
        return Verifier(self.keyring, self._provider, self._threads, revisions)

    def begin(self, of: str, revision: int) -> None:
        """The boundary *of* stands at *revision* before the next message of it."""
        self._revisions[of] = revision

    def expect(self, stamped: Stamped) -> None:
        """This process is about to append *stamped*; these very bytes need no verifying when read back."""
        if stamped.event is not None:
            self._own[stamped.draft.signature] = stamped
            if len(self._own) > OWN_KEPT:
                self._own.popitem(last=False)

    def signed(self, raw: Raw) -> bool:
        """Whether *raw* bears a good signature of the key that it names, valid at its position."""
        key = self.keyring.get(raw.key)
        return key is not None and key.valid_at(raw.seq) and self._verify([raw], {raw.key: key.public_key})[0]

    async def check(self, batch: Sequence[Raw]) -> list[Fact | Bad]:
        """The verdict on each message of *batch*, which follows what was checked before."""
        decoded = [self._recognise(raw) for raw in batch]
        own = [item is not None for item in decoded]
        strange = [index for index, item in enumerate(decoded) if item is None]
        good = [True] * len(batch)
        if strange:
            for index in strange:
                decoded[index] = _decode(batch[index])
            keys = self._public_keys(decoded)
            raws = [batch[index] for index in strange]
            for index, signed in zip(strange, await self._signatures(raws, keys), strict=True):
                good[index] = signed
        return [
            self._verdict(raw, item, signed, own=mine)
            for raw, item, signed, mine in zip(batch, decoded, good, own, strict=True)
        ]

    def _recognise(self, raw: Raw) -> Decoded | None:
        """The event, where these are the very bytes that this process signed and appended; only once."""
        own = self._own.pop(raw.signature, None)
        if own is None or own.event is None:
            return None
        draft = own.draft
        same = (draft.payload, draft.signature, draft.key, draft.subject)
        return (
            (own.envelope, own.event) if same == (raw.payload, raw.signature, raw.key, raw.subject) else None
        )

    def _public_keys(self, decoded: Sequence[Decoded | None]) -> dict[str, bytes]:
        """Public keys by id; a key that this very batch issues counts, since an id is its key's hash."""
        keys = {key.key_id: key.public_key for key in self.keyring}
        for item in decoded:
            if isinstance(item, tuple) and isinstance(item[1], IdentityKeyIssued | IdentityKeyRotated):
                try:
                    public = raw_public_key(item[1])
                except ValueError:
                    continue
                keys.setdefault(signing.key_id(public), public)
        return keys

    async def _signatures(self, batch: Sequence[Raw], keys: dict[str, bytes]) -> list[bool]:
        """Whether each signature is good, on all cores where that pays."""
        if len(batch) < PARALLEL_FROM or self._threads is None:
            return self._verify(batch, keys)
        loop = asyncio.get_running_loop()
        half = len(batch) // 2
        parts = await asyncio.gather(
            loop.run_in_executor(self._threads, self._verify, batch[:half], keys),
            loop.run_in_executor(self._threads, self._verify, batch[half:], keys),
        )
        return parts[0] + parts[1]

    def _verify(self, batch: Sequence[Raw], keys: dict[str, bytes]) -> list[bool]:
        return [
            (public := keys.get(raw.key)) is not None
            and signing.verify(self._provider, public, signing.EVENT_TYPE, raw.payload, raw.signature)
            for raw in batch
        ]

    def _verdict(self, raw: Raw, item: Decoded | None, signed: bool, *, own: bool) -> Fact | Bad:
        if not raw.signature or not raw.key:
            return Bad(raw, "unsigned", "the message carries no signature")
        key = self.keyring.get(raw.key)
        if key is None or not key.valid_at(raw.seq) or key.use is not KeyUse.EVENT:
            return Bad(raw, "key_not_valid_at_position", f"{raw.key} may not sign events here")
        if not signed:
            return Bad(raw, "bad_signature", f"the signature is not {raw.key}'s over these bytes")
        if item is None or isinstance(item, str):
            return Bad(raw, "undecodable", item or "")
        envelope, event = item
        if not own and (problem := _contradiction(raw, envelope, event) or self._wrong_signer(raw, envelope)):
            return Bad(raw, *problem)
        if envelope.revision is not None:
            first = 1 if self._knows_all else envelope.revision
            expected = self._revisions.get(envelope.boundary, first - 1) + 1
            if envelope.revision != expected:
                return Bad(raw, "wrong_revision", f"revision {envelope.revision}; {expected} comes next")
            self._revisions[envelope.boundary] = envelope.revision
        self.keyring.apply(raw.seq, event)
        return Fact(raw.seq, raw.stored_at, envelope, event, raw)

    def _wrong_signer(self, raw: Raw, envelope: Envelope) -> tuple[str, str] | None:
        by_root = raw.key == self.keyring.root.key_id
        if envelope.aggregate == "identity" and envelope.revision is not None and not by_root:
            return "wrong_signer", "identities, keys and roles are signed by the root registrar key alone"
        if by_root and envelope.aggregate not in ("identity", "log"):
            return "wrong_signer", f"the root registrar key does not sign {envelope.aggregate} events"
        return None


def _decode(raw: Raw) -> Decoded:
    try:
        return codec.decode(raw.payload)
    except codec.Undecodable as error:
        return str(error)


def _contradiction(raw: Raw, envelope: Envelope, event: Event) -> tuple[str, str] | None:
    if envelope.actorkey != raw.key:
        return "key_mismatch", f"the payload names {envelope.actorkey}, the header {raw.key}"
    if envelope.nats_subject(event) != raw.subject:
        return "subject_mismatch", f"the payload belongs on {envelope.nats_subject(event)}"
    if event.asserts_nothing != (envelope.revision is None):
        return "wrong_revision", "a reading has no revision, every other event has one"
    return None
