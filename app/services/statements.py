"""What the broker acknowledged to each key, stated and signed, so that a loss shows."""

import asyncio
import base64
import hashlib
import os
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from pathlib import Path
from uuid import uuid4

from events import strict_json
from events.chain import producer_leaf
from events.codec import Fact, Raw, Undecodable, decode
from events.identifiers import boundary, event_subject
from events.log import ProducerAcknowledged
from events.merkle import root
from events.signing import EVENT_TYPE, SigningKey

from ..ports.clock import Clock
from ..ports.event_log import Draft, EventLog
from .keyring import REGISTRAR
from .stamping import Cause, Place, Stamp, Stamped
from .verification import Item, Verifier

LOG_SUBJECTS = "symbi.evt._.log."


@dataclass(slots=True)
class _Producer:
    """One key's statements: how many there are, and what the next one must cover."""

    name: str
    key: SigningKey
    only: str | None = None
    """The boundary that the key's events lie in, but for its statements; none where they lie anywhere."""
    n: int = 0
    prev: str = ""
    stated: int = 0
    """The last position that a statement covers."""
    acknowledged: dict[int, tuple[bytes, bool]] = field(default_factory=dict)
    """Position → leaf of what was acknowledged and not stated yet, and whether it is the log's own event."""
    recovered: bool = False
    pending: tuple[ProducerAcknowledged, Stamped] | None = None
    """A statement that may be in the log or not."""

    @property
    def subject(self) -> str:
        """Where its statements lie."""
        return event_subject(None, "log", self.name, ProducerAcknowledged.subject_tokens())


class Statements:
    """Collects acknowledgements and states them, at most once a second and at shutdown."""

    def __init__(
        self,
        *,
        gateway: SigningKey,
        registrar: SigningKey,
        log: EventLog,
        stamp: Stamp,
        clock: Clock,
        storage: Path,
        seen: Callable[[], int],
    ) -> None:
        """*storage* is a directory outside the broker; *seen* gives the position that was read back."""
        producers = (
            _Producer("gateway", gateway),
            _Producer(REGISTRAR, registrar, only=boundary(None, "identity", REGISTRAR)),
        )
        self._producers = {producer.key.key_id: producer for producer in producers}
        self._log = log
        self._stamp = stamp
        self._clock = clock
        self._storage = storage
        self._seen = seen

    def acknowledged(self, draft: Draft, seq: int) -> None:
        """The broker has said that *draft* lies at *seq*."""
        producer = self._producers[draft.key]
        if seq > producer.stated:
            leaf = producer_leaf(seq, draft.event_id, draft.payload)
            producer.acknowledged[seq] = (leaf, draft.subject.startswith(LOG_SUBJECTS))

    def read(self, item: Item) -> None:
        """The log brought *item* back: what is a key's own counts, whether or not its word ever came."""
        raw = item.raw
        producer = self._producers.get(raw.key)
        if producer is None or raw.seq <= producer.stated or raw.seq in producer.acknowledged:
            return
        if isinstance(item, Fact):
            self._cover(producer, raw, item.envelope.id)

    async def recover(self, verifier: Verifier) -> None:
        """Find each key's last statement, and what the log holds of the key since."""
        for producer in self._producers.values():
            await self._last_statement(producer, verifier)
            async for raw in self._since(producer):
                if raw.key == producer.key.key_id and raw.seq > producer.stated:
                    self._recover_one(producer, raw, verifier)

    async def _last_statement(self, producer: _Producer, verifier: Verifier) -> None:
        newest = await self._log.newest(producer.subject)
        item = await self._own_statement(producer, verifier, newest) if newest else None
        if newest is not None and item is None:  # forged, or an older key's: look through all of them
            async for raw in self._log.read(producer.subject):
                item = await self._own_statement(producer, verifier, raw) or item
        if item is not None and isinstance(item.event, ProducerAcknowledged):
            producer.n, producer.stated = item.event.n, item.event.last_seq
            producer.prev = hashlib.sha256(item.raw.payload).hexdigest()
            await asyncio.to_thread(self._copy_if_missing, item.raw)

    async def _own_statement(self, producer: _Producer, verifier: Verifier, raw: Raw) -> Fact | None:
        (item,) = await verifier.fresh().check([raw])
        return item if isinstance(item, Fact) and raw.key == producer.key.key_id else None

    async def _since(self, producer: _Producer) -> AsyncIterator[Raw]:
        """What may be the key's, after its last statement."""
        if producer.only is not None:
            async for raw in self._log.read(producer.only, after=producer.stated):
                yield raw
            async for raw in self._log.read(producer.subject, after=producer.stated):
                yield raw
            return
        async for batch in self._log.read_all(after=producer.stated):
            for raw in batch:
                yield raw

    def _recover_one(self, producer: _Producer, raw: Raw, verifier: Verifier) -> None:
        """Cover an event that bears the key's signature; a forged one is not the key's to answer for."""
        if not verifier.signed(raw):
            return
        try:
            envelope, _ = decode(raw.payload)
        except Undecodable:
            return
        self._cover(producer, raw, envelope.id)
        producer.recovered = producer.recovered or not producer.acknowledged[raw.seq][1]

    def _cover(self, producer: _Producer, raw: Raw, event_id: str) -> None:
        leaf = producer_leaf(raw.seq, event_id, raw.payload)
        producer.acknowledged[raw.seq] = (leaf, raw.subject.startswith(LOG_SUBJECTS))

    async def state(self) -> None:
        """State what is acknowledged, as far as the log was read back: nothing up to there can be missing."""
        for producer in self._producers.values():
            while seqs := self._due(producer):  # again where an older statement was still on its way
                await self._state(producer, seqs)

    def _due(self, producer: _Producer) -> list[int]:
        """What the next statement is about; nothing where that would be statements alone, for ever."""
        upto = self._seen()
        seqs = sorted(seq for seq in producer.acknowledged if seq <= upto)
        return seqs if any(not producer.acknowledged[seq][1] for seq in seqs) else []

    async def _state(self, producer: _Producer, seqs: list[int]) -> None:
        if producer.pending is None:
            producer.pending = self._statement(producer, seqs)
        # Perhaps the log has it and the word of that was lost: the same bytes, never others under one n.
        event, stamped = producer.pending
        (seq,) = await self._log.append([stamped.draft])
        # Stored in the log, not yet copied: a crash here leaves it to the next start to copy it.
        await asyncio.to_thread(self._copy, stamped.draft)
        producer.pending = None
        producer.n, producer.prev = event.n, hashlib.sha256(stamped.draft.payload).hexdigest()
        producer.stated, producer.recovered = event.last_seq, False
        for covered in [covered for covered in producer.acknowledged if covered <= event.last_seq]:
            del producer.acknowledged[covered]
        self.acknowledged(stamped.draft, seq)

    def _statement(self, producer: _Producer, seqs: list[int]) -> tuple[ProducerAcknowledged, Stamped]:
        event = ProducerAcknowledged(
            producer=producer.name,
            n=producer.n + 1,
            prev=producer.prev,
            first_seq=seqs[0],
            last_seq=seqs[-1],
            count=len(seqs),
            root=root([producer.acknowledged[seq][0] for seq in seqs]).hex(),
            recovered=producer.recovered,
        )
        event_id = str(uuid4())
        return event, self._stamp.stamp(
            event,
            Place("log", producer.name),
            Cause(actor=f"component/{producer.name}", correlation_id=event_id),
            event_id=event_id,
            revision=None,
            time_ns=self._clock.now_ns(),
            key=producer.key,
        )

    def _copy_if_missing(self, raw: Raw) -> None:
        """Copy a statement that a crash left in the log alone."""
        file = self._file(raw.key)
        line = _dsse(raw.payload, raw.key, raw.signature)
        if not _ends_with(file, line):
            self._write(file, line)

    def _copy(self, draft: Draft) -> None:
        """Append the statement as a DSSE envelope to the key's file outside the broker."""
        self._write(self._file(draft.key), _dsse(draft.payload, draft.key, draft.signature))

    def _file(self, key: str) -> Path:
        return self._storage / "statements" / f"{key.replace(':', '-')}.jsonl"

    def _write(self, path: Path, line: bytes) -> None:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with open(path, "ab") as file:
            file.write(line)
            file.flush()
            os.fsync(file.fileno())


def _dsse(payload: bytes, key: str, signature: str) -> bytes:
    """One line: the event as a DSSE envelope."""
    envelope = {
        "payloadType": EVENT_TYPE,
        "payload": base64.b64encode(payload).decode(),
        "signatures": [{"keyid": key, "sig": signature}],
    }
    return strict_json.dumps(envelope) + b"\n"


def _ends_with(path: Path, line: bytes) -> bool:
    try:
        with open(path, "rb") as file:
            file.seek(max(0, path.stat().st_size - len(line)))
            return file.read() == line
    except FileNotFoundError:
        return False
