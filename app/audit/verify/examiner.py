"""Looks at one message of the log after the other: signature, key, shape, place."""

import hashlib
from array import array
from collections.abc import Mapping
from dataclasses import dataclass

from events.base import Event
from events.chain import entry_of_digests, producer_leaf_of_digest
from events.codec import Raw, Undecodable, decode
from events.envelope import Envelope
from events.identity import KeyUse
from events.log import CheckpointSealed, CheckpointWitnessed, LogTimestamped, ProducerAcknowledged
from events.signing import EVENT_TYPE, Provider, verify

from .examined import AttestedEvent, Examined, Produced, Run, SealedEvent, Statement
from .keys import KeyRecord
from .problems import Code


@dataclass(frozen=True, slots=True)
class Rules:
    """By what messages are judged."""

    keys: Mapping[str, KeyRecord]
    """Every key that the log registers, by its id, and the root."""
    root: str
    """The id of the root registrar key."""
    using: Provider
    skew_ns: int
    """How far clocks may be apart, in nanoseconds."""
    signatures: bool = True
    """False looks at chain and tree alone."""


class Examiner:
    """Looks at messages, and writes into one `Examined` what it finds."""

    def __init__(self, rules: Rules, into: Examined) -> None:
        self._rules = rules
        self._into = into

    def take(self, raw: Raw) -> bytes | None:
        """The entry that *raw* is in the tree; None where it can be none."""
        payload, signature = raw.payload, raw.signature
        digest = hashlib.sha256(payload).digest()
        subject = raw.subject.encode("utf-8", "surrogateescape")
        of_signature = hashlib.sha256(signature.encode("utf-8", "surrogateescape")).digest()
        self._into.events += 1
        if self._rules.signatures:
            self._check(raw, digest)
        try:
            return entry_of_digests(raw.seq, raw.stored_at, subject, len(payload), digest, of_signature)
        except ValueError as error:
            self._into.problems.add(Code.MALFORMED, raw.seq, str(error))
            return None

    def _check(self, raw: Raw, digest: bytes) -> None:
        wrong = self._wrong(raw)
        if wrong is None:
            try:
                envelope, event = decode(raw.payload)
            except Undecodable as error:
                wrong = Code.UNDECODABLE, str(error)
            else:
                wrong = self._misplaced(raw, envelope, event)
        if wrong is not None:
            self._into.problems.add(wrong[0], raw.seq, wrong[1])
            return
        self._keep(raw, digest, envelope, event)

    def _wrong(self, raw: Raw) -> tuple[Code, str] | None:
        """What is wrong with its signature."""
        if not raw.signature or not raw.key:
            return Code.UNSIGNED, "it carries no signature"
        key = self._rules.keys.get(raw.key)
        if key is None or not key.valid_at(raw.seq) or key.use is not KeyUse.EVENT:
            return Code.KEY_NOT_VALID, f"{raw.key} may not sign events here"
        if not verify(self._rules.using, key.public_key, EVENT_TYPE, raw.payload, raw.signature):
            return Code.BAD_SIGNATURE, f"the signature is not {raw.key}'s over these bytes"
        self._into.signatures += 1
        if key.suspected_since is not None and key.doubtful_at(raw.seq):
            self._into.doubtful.append((raw.seq, raw.key))
        return None

    def _misplaced(self, raw: Raw, envelope: Envelope, event: Event) -> tuple[Code, str] | None:
        """How the event contradicts its place."""
        if envelope.actorkey != raw.key:
            return Code.KEY_MISMATCH, f"the payload names {envelope.actorkey}, the message {raw.key}"
        if envelope.nats_subject(event) != raw.subject:
            return Code.SUBJECT_MISMATCH, f"the payload belongs on {envelope.nats_subject(event)}"
        if event.asserts_nothing != (envelope.revision is None):
            return Code.WRONG_REVISION, "a reading has no revision, every other event has one"
        by_root = raw.key == self._rules.root
        if envelope.aggregate == "identity" and envelope.revision is not None and not by_root:
            return Code.WRONG_SIGNER, "it is about identities, and not by the root key"
        if by_root and envelope.aggregate not in ("identity", "log"):
            return Code.WRONG_SIGNER, f"the root key does not sign what is about {envelope.aggregate}s"
        return None

    def _keep(self, raw: Raw, digest: bytes, envelope: Envelope, event: Event) -> None:
        """What the checks in the order of the log need of it."""
        into, seq = self._into, raw.seq
        produced = into.produced.get(raw.key)
        if produced is None:
            produced = into.produced[raw.key] = Produced()
        produced.seqs.append(seq)
        produced.leaves += producer_leaf_of_digest(seq, envelope.id, digest)
        revision = envelope.revision
        if revision is not None:
            runs = into.runs.get(envelope.boundary)
            if runs is None:
                into.runs[envelope.boundary] = [Run(revision, array("Q", (seq,)))]
            elif revision == runs[-1].revision + len(runs[-1].seqs):
                runs[-1].seqs.append(seq)
            else:
                runs.append(Run(revision, array("Q", (seq,))))
            if envelope.time_ns < raw.stored_at - self._rules.skew_ns:
                into.late.append((seq, envelope.time_ns))
        elif envelope.aggregate == "log":
            self._keep_about_log(raw, digest, envelope, event)

    def _keep_about_log(self, raw: Raw, digest: bytes, envelope: Envelope, event: Event) -> None:
        into, seq = self._into, raw.seq
        match event:
            case ProducerAcknowledged():
                into.statements.append(statement_of(raw, envelope, event, digest))
            case CheckpointSealed(size=size, root=root, chain_hash=chain_hash, note=note):
                into.sealed.append(SealedEvent(seq, envelope.time_ns, size, root, chain_hash, note))
            case CheckpointWitnessed(size=size, root=root, cosignature=line):
                into.attested.append(AttestedEvent(seq, size, root, line, by_witness=True))
            case LogTimestamped(size=size, root=root, token=token):
                into.attested.append(AttestedEvent(seq, size, root, token, by_witness=False))
            case _:
                pass


def statement_of(raw: Raw, envelope: Envelope, event: ProducerAcknowledged, digest: bytes) -> Statement:
    """The statement that *event* is, whose payload has that *digest*."""
    return Statement(
        seq=raw.seq,
        key_id=raw.key,
        n=event.n,
        prev=event.prev,
        first=event.first_seq,
        last=event.last_seq,
        count=event.count,
        root=event.root,
        digest=digest.hex(),
        time_ns=envelope.time_ns,
    )
