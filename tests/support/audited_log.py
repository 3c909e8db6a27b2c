"""A whole log as a runtime would record it, signed, stated, sealed and witnessed; and ways to attack it."""

import asyncio
import base64
import hashlib
import random
from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import orjson

from app.adapters.audit_store import MemoryCheckpoints, MemoryTiles
from app.adapters.bundles import create_bundle
from app.adapters.data_keys import MemoryDataKeys
from app.audit.bundle.scope import is_of_identities
from app.audit.notes import Cosigner, NoteSigner
from app.audit.sealing import Ledger, Sealed
from app.services.exporting import Contents, chain_start, export
from app.services.sealer import Sealer
from app.services.stamping import Cause, Place, Stamp
from events import identifiers
from events.agent import AgentReleased, AgentSpawned, AgentSuspended
from events.base import Event
from events.chain import producer_leaf
from events.codec import Raw
from events.commands import possession_payload
from events.identity import (
    IdentityKeyIssued,
    IdentityKeyRevoked,
    IdentityKind,
    IdentityRegistered,
    KeyUse,
    RevocationReason,
)
from events.log import CheckpointWitnessed, LogTimestamped, ProducerAcknowledged
from events.merkle import root
from events.signing import EVENT_TYPE, POSSESSION_TYPE, SigningKey, provider
from events.task import TaskProgressed

BEGAN_NS = 1_795_255_200_000_000_000
"""2026-11-21T10:00:00Z"""
SECOND = 1_000_000_000
ORIGIN = "symbi/test"
FAST = provider("pynacl")
DIGEST = "sha256:" + "1" * 64


def key_of(name: str) -> SigningKey:
    """The key that *name* always gets."""
    return SigningKey.from_seed(hashlib.sha256(name.encode()).digest(), FAST)


ROOT = key_of("registrar")
LOG = NoteSigner(ORIGIN, key_of("checkpoints"))
WITNESSES = [Cosigner(f"{name}.example", key_of(name)) for name in ("w1", "w2")]


@dataclass
class _Producer:
    n: int = 0
    prev: str = ""
    unstated: list[tuple[int, bytes]] = field(default_factory=list)
    lines: list[bytes] = field(default_factory=list)


class AuditedLog:
    """Grows event by event; what it holds and what is kept outside it can be looked at and changed."""

    def __init__(self, seed: int = 0) -> None:
        self.raws: list[Raw] = []
        self.now = BEGAN_NS
        self.kept_tiles = MemoryTiles()
        self.kept_checkpoints = MemoryCheckpoints()
        self.timestamps: dict[tuple[int, str], bytes] = {}
        self.tsa_roots = b""
        self.statements: dict[str, _Producer] = defaultdict(_Producer)
        self._dice = random.Random(seed)
        self._revisions: Counter[str] = Counter()
        self._numbers = 0
        self._stamp = Stamp(
            source="symbi/test/gateway", keys=MemoryDataKeys(), random=self._dice.randbytes, root=ROOT
        )
        self._sealer: Sealer | None = None
        self.keys: dict[str, SigningKey] = {}
        self._every_key = {ROOT.key_id: ROOT}
        self._retired: set[str] = set()
        self.register("gateway", "event")
        self.register("sealer", "checkpoint", LOG.key)

    # What happens in the log.

    def append(
        self,
        event: Event,
        *,
        key: SigningKey | None = None,
        agent: str | None = None,
        time_ns: int | None = None,
        stored_ns: int | None = None,
        about: str | None = None,
    ) -> Raw:
        """Record *event* a millisecond after the last one, by the gateway unless *key* is another's."""
        self.now += 1_000_000
        self._numbers += 1
        of = about or event.about() or "gateway"
        if event.aggregate in ("agent", "task", "tool"):
            agent = agent or getattr(event, "agent_id", "a1")
        boundary = identifiers.boundary(agent, event.aggregate, of)
        revision = None
        if not event.asserts_nothing:
            self._revisions[boundary] += 1
            revision = self._revisions[boundary]
        stamped = self._stamp.stamp(
            event,
            Place(event.aggregate, of, agent),
            Cause(actor="component/gateway", correlation_id="c1"),
            event_id=identifiers.event_id("00000000-0000-4000-8000-000000000000", self._numbers),
            revision=revision,
            time_ns=self.now if time_ns is None else time_ns,
            key=key or self.keys["gateway"],
        )
        draft = stamped.draft
        stored = self.now + 200_000 if stored_ns is None else stored_ns
        raw = Raw(len(self.raws) + 1, stored, draft.subject, draft.payload, draft.signature, draft.key)
        self.raws.append(raw)
        self.acknowledge(raw, draft.event_id)
        return raw

    def acknowledge(self, raw: Raw, event_id: str) -> None:
        leaf = producer_leaf(raw.seq, event_id, raw.payload)
        self.statements[raw.key].unstated.append((raw.seq, leaf))

    def register(self, name: str, use: str, key: SigningKey | None = None) -> Raw:
        """An identity gets a key for one use."""
        made = key or key_of(f"{name}/{use}")
        public = base64.b64encode(made.public_key).decode()
        proof = made.sign(POSSESSION_TYPE, possession_payload(name, KeyUse(use), public))
        if name not in self.keys:
            registered = IdentityRegistered(
                identity_id=name, kind=IdentityKind.COMPONENT, subject_ref=f"ps-{name}"
            )
            self.append(registered, key=ROOT)
        self.keys[name] = self._every_key[made.key_id] = made
        issued = IdentityKeyIssued(
            identity_id=name, key_id=made.key_id, public_key=public, use=KeyUse(use), possession=proof
        )
        return self.append(issued, key=ROOT)

    def revoke(self, name: str, suspected_since: int | None = None) -> Raw:
        """The identity's key is valid for nothing from here on."""
        reason = RevocationReason.SUPERSEDED if suspected_since is None else RevocationReason.COMPROMISED
        revoked = IdentityKeyRevoked(
            identity_id=name, key_id=self.keys[name].key_id, reason=reason, suspected_since=suspected_since
        )
        self._retired.add(self.keys[name].key_id)
        return self.append(revoked, key=ROOT)

    def work(self, count: int, agents: int = 5) -> None:
        """Agents live; one event each time."""
        for _ in range(count):
            agent = f"a{self._dice.randrange(agents)}"
            event: Event
            match self._dice.randrange(4):
                case 0:
                    event = AgentSpawned(agent_id=agent, definition_digest=DIGEST)
                case 1:
                    event = AgentSuspended(agent_id=agent, reason="because")
                case 2:
                    event = AgentReleased(agent_id=agent, reason="enough")
                case _:
                    event = TaskProgressed(task_id="t1", assignment=1, percent=50.0)
            self.append(event, agent=agent)

    def state(self, *, copied: bool = True) -> None:
        """Every key states what was acknowledged to it."""
        for key_id, producer in list(self.statements.items()):
            if not producer.unstated or key_id in self._retired:
                continue
            seqs = [seq for seq, _ in producer.unstated]
            event = ProducerAcknowledged(
                producer="gateway",
                n=producer.n + 1,
                prev=producer.prev,
                first_seq=seqs[0],
                last_seq=seqs[-1],
                count=len(seqs),
                root=root([leaf for _, leaf in producer.unstated]).hex(),
            )
            producer.unstated = []
            raw = self.append(event, key=self._every_key[key_id], about="gateway")
            producer.n, producer.prev = event.n, hashlib.sha256(raw.payload).hexdigest()
            if copied:
                producer.lines.append(copy_of(raw))

    def seal(self, *, witnessed: bool = True, recorded: bool = True) -> Sealed:
        """Seal what there is; the log records it."""
        sealed = asyncio.run(self._seal())
        if recorded:
            self.append(sealed.event(), about="sealer")
        if witnessed:
            sealed = self.witness(sealed)
        return sealed

    async def _seal(self) -> Sealed:
        if self._sealer is None:
            self._sealer = await Sealer.start(LOG, self.kept_tiles, self.kept_checkpoints, FAST)
        self._sealer.take(self.raws[self._sealer.size :])
        sealed = await self._sealer.seal()
        assert sealed is not None
        return sealed

    def witness(self, sealed: Sealed, *, time_s: int | None = None, recorded: bool = True) -> Sealed:
        """The witnesses cosign it; the log records that too."""
        text = sealed.note.decode().partition("\n\n")[0] + "\n"
        at = (self.now // SECOND) if time_s is None else time_s
        lines = [witness.sign(text, at) for witness in WITNESSES]
        sealed = sealed.with_lines(lines)
        asyncio.run(self.kept_checkpoints.cosigned(sealed))
        for line in lines if recorded else ():
            event = CheckpointWitnessed(
                size=sealed.size, root=sealed.root.hex(), witness=line.name, cosignature=str(line)
            )
            self.append(event, about="sealer")
        return sealed

    def stamp(self, sealed: Sealed, token: bytes, *, recorded: bool = True) -> None:
        """An authority stamped it."""
        self.timestamps[sealed.size, "tsa"] = token
        if recorded:
            event = LogTimestamped(
                size=sealed.size, root=sealed.root.hex(), tsa="tsa", token=base64.b64encode(token).decode()
            )
            self.append(event, about="sealer")

    def rest(self, seconds: float) -> None:
        """Nothing happens for a while."""
        self.now += int(seconds * SECOND)

    # What an auditor is given.

    def policy(self) -> str:
        """The log and its witnesses; all of them must cosign."""
        witnesses = "".join(f"witness {one.name} {one.verifier}\n" for one in WITNESSES)
        names = " ".join(one.name for one in WITNESSES)
        return f"log {LOG.verifier}\n{witnesses}group all-of-them all {names}\nquorum all-of-them\n"

    def contents(self, first: int, last: int, agent: str | None = None) -> Contents:
        checkpoints = self.kept_checkpoints.kept
        newest = checkpoints[-1]
        start = chain_start(first)
        ledger = Ledger(ORIGIN)
        for raw in self.raws[:start]:
            ledger.take(raw)
        return Contents(
            origin=ORIGIN,
            first=first,
            last=last,
            log_size=len(self.raws),
            chain_before=ledger.chain_hash,
            root_key=ROOT.public_key,
            made_ns=self.now + SECOND,
            made_by="human/auditor",
            policy=self.policy(),
            newest=newest,
            checkpoints=[one for one in checkpoints if one.size <= newest.size],
            statements={key: producer.lines for key, producer in self.statements.items() if producer.lines},
            timestamps={at: token for at, token in self.timestamps.items() if at[0] <= newest.size},
            tsa_roots=self.tsa_roots,
            agent=agent,
        )

    def export(
        self,
        place: Path,
        first: int = 1,
        last: int | None = None,
        agent: str | None = None,
        change: Callable[[Contents], Contents] = lambda contents: contents,
    ) -> Path:
        """Write a bundle of that range, or of all that is sealed."""
        last = last or self.kept_checkpoints.kept[-1].size
        contents = change(self.contents(first, last, agent))
        writer = create_bundle(place)
        events = batches(self.raws[first - 1 : last])
        of_identities = (raw for raw in self.raws if is_of_identities(raw.subject))
        asyncio.run(
            export(writer, contents, events, one_by_one(of_identities), self.kept_tiles, self.keys["gateway"])
        )
        return place


def copy_of(raw: Raw) -> bytes:
    """A statement as it is copied outside the broker."""
    envelope = {
        "payloadType": EVENT_TYPE,
        "payload": base64.b64encode(raw.payload).decode(),
        "signatures": [{"keyid": raw.key, "sig": raw.signature}],
    }
    return orjson.dumps(envelope) + b"\n"


def signed_again(raw: Raw, payload: bytes, key: SigningKey) -> Raw:
    """*raw* with another payload, signed with a key that was stolen."""
    return replace(raw, payload=payload, signature=key.sign(EVENT_TYPE, payload), key=key.key_id)


async def batches(raws: Sequence[Raw], size: int = 100) -> AsyncIterator[Sequence[Raw]]:
    for start in range(0, len(raws), size):
        yield raws[start : start + size]


async def one_by_one(raws: Iterable[Raw]) -> AsyncIterator[Raw]:
    for raw in raws:
        yield raw


def lived(seed: int = 0, rounds: int = 5, each: int = 60) -> AuditedLog:
    """A clean log of some rounds of work, each stated, sealed and witnessed."""
    log = AuditedLog(seed)
    for _ in range(rounds):
        log.work(each)
        log.state()
        log.rest(1)
        log.seal()
    log.state()
    log.seal(recorded=False, witnessed=False)
    log.witness(log.kept_checkpoints.kept[-1], recorded=False)
    return log


def resealed(log: AuditedLog, raws: Sequence[Raw], *, numbered: bool = True) -> AuditedLog:
    """What an operator makes of *log* who has the store and the log's key, but no witness.

    *raws* take the place of what it held, and everything is sealed anew at the sizes it was sealed at.
    """
    other = AuditedLog()
    other.raws = [replace(raw, seq=seq) for seq, raw in enumerate(raws, start=1)] if numbered else list(raws)
    other.now, other.statements, other.keys = log.now, log.statements, log.keys
    other.timestamps, other.tsa_roots = {}, log.tsa_roots
    everything = other.raws
    sizes = [sealed.size for sealed in log.kept_checkpoints.kept if sealed.size < len(everything)]
    for size in [*sizes, len(everything)]:
        other.raws = everything[:size]
        other.seal(witnessed=False, recorded=False)
    other.raws = everything
    return other
