"""Snapshots of the decision state: signed, and bound to a position, a chain hash and a fold version."""

import asyncio
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields, replace
from typing import Any

import orjson
import structlog

from events import chain, signing
from events.agent_config import AgentConfig, DataClass, SandboxTier
from events.agent_definition import DefinitionRef
from events.base import Record
from events.commands import RecordedEvent
from events.identity import IdentityKind, KeyUse, Role
from events.node import Capacity
from events.task import PriorityTier
from projections.waiting import Waiters

from ..domain.agent import Agent, AgentState
from ..domain.governing import Governing
from ..domain.identity import Identity
from ..domain.needs import Labels, Needs
from ..domain.node import Node, NodeState
from ..domain.task import Leaving, Task, TaskStatus
from ..domain.tool import Calls, OpenCall
from ..errors import Unavailable
from ..ports.event_log import EventLog
from ..ports.snapshots import Snapshot, SnapshotStore
from .feed import Feed
from .keyring import Keyring, RegisteredKey
from .verification import Item
from .world import FOLD_VERSION, Cursor, Done, World, alive

_log = structlog.get_logger(__name__)


TASK_FIELDS = tuple(field.name for field in fields(Task) if field.name != "needs")
CALL_FIELDS = tuple(field.name for field in fields(OpenCall))


class Chain:
    """The hash chain over the log as this process reads it."""

    def __init__(self, origin: str, seq: int = 0, value: bytes = b"", leaf: bytes = b"") -> None:
        self._origin = origin
        self.seq = seq
        self.value = value or chain.genesis(origin)
        self.leaf = leaf

    def copy(self) -> "Chain":
        """The chain as it is now."""
        return Chain(self._origin, self.seq, self.value, self.leaf)

    def take(self, item: Item) -> None:
        """Extend the chain by the next item of the log, whatever it is worth."""
        raw = item.raw
        self.leaf = chain.leaf(chain.entry(raw.seq, raw.stored_at, raw.subject, raw.payload, raw.signature))
        self.value = chain.extend(self.value, self.leaf)
        self.seq = raw.seq


class _Shared:
    """Values that many agents or tasks share, each written once."""

    def __init__(self) -> None:
        self.documents: list[Any] = []
        self._objects: dict[int, int] = {}
        self._equal: dict[str, int] = {}

    def index(self, value: Record | None) -> int | None:
        """Where the document of *value* is; None for nothing."""
        if value is None:
            return None
        known = self._objects.get(id(value))
        if known is None:
            text = value.model_dump_json()
            known = self._objects[id(value)] = self._equal.setdefault(text, len(self.documents))
            if known == len(self.documents):
                self.documents.append(orjson.loads(text))
        return known


class _Kinds:
    """What tasks need, each kind of needs written once."""

    def __init__(self) -> None:
        self.known: dict[Needs, int] = {}

    def index(self, needs: Needs) -> int:
        """Where these needs are."""
        return self.known.setdefault(needs, len(self.known))


def _of_task(task: Task) -> list[Any]:
    values = [getattr(task, name) for name in TASK_FIELDS]
    return [tuple(value) if isinstance(value, tuple) else value for value in values]


def _of_needs(needs: Needs) -> list[Any]:
    values = [getattr(needs, field.name) for field in fields(Needs)]
    return [sorted(value) if isinstance(value, frozenset) else value for value in values]


def _to_needs(
    body: bool,
    cpu: int,
    memory: int,
    tier: str | None,
    requires: list[list[str]],
    avoids: list[list[str]],
    prefers: list[list[str]],
    data_classes: list[str],
) -> Needs:
    return Needs(
        body,
        cpu,
        memory,
        SandboxTier(tier) if tier else None,
        _to_labels(requires),
        _to_labels(avoids),
        _to_labels(prefers),
        frozenset(DataClass(name) for name in data_classes),
    )


def _to_labels(pairs: list[list[str]]) -> Labels:
    return frozenset((name, value) for name, value in pairs)


def encode(world: World) -> bytes:
    """The world as JSON; configurations and definitions that agents share are written once."""
    configs, definitions, needs = _Shared(), _Shared(), _Kinds()
    agents = [
        [
            agent.agent_id,
            agent.state,
            agent.owner,
            configs.index(agent.config),
            sorted(agent.running),
            agent.quarantined,
            definitions.index(agent.definition),
            agent.schedules_from,
            dict(agent.fired),
        ]
        for agent in world.agents.values()
    ]
    document = {
        "configs": configs.documents,
        "definitions": definitions.documents,
        "agents": agents,
        "tasks": [
            [world.task_agents[key], needs.index(task.needs), *_of_task(task)]
            for key, task in world.tasks.items()
        ],
        "needs": [_of_needs(each) for each in needs.known],
        "governing": world.governing.to_json(),
        "calls": [
            [
                task_id,
                calls.run,
                calls.requested,
                {of: [getattr(call, name) for name in CALL_FIELDS] for of, call in calls.open.items()},
            ]
            for task_id, calls in world.calls.items()
        ],
        "nodes": [
            [
                n.node_id,
                n.state,
                n.capacity.model_dump(mode="json") if n.capacity else None,
                list(n.tiers),
                n.labels,
                n.cleared_for,
                n.joined,
            ]
            for n in world.nodes.values()
        ],
        "identities": [
            [i.identity_id, i.kind, dict(i.keys), sorted(i.revoked), sorted(i.roles), i.terminated]
            for i in world.identities.values()
        ],
        "keys": [
            [k.key_id, k.identity_id, k.use, k.public_key.hex(), k.issued, k.revoked, k.suspected_since]
            for k in world.keyring
            if k.key_id != world.keyring.root.key_id
        ],
        "cursors": {
            of: [cursor.last_seq, cursor.revision, world.revisions.get(of, 0)]
            for of, cursor in world.cursors.items()
        },
        "ended": list(world.ended_tasks),
        "done": [
            [command_id, done.digest, [[e.id, e.type, e.seq] for e in done.events], done.result, done.at_ns]
            for command_id, done in world.done.items()
        ],
    }
    return orjson.dumps(document)


def decode(body: bytes, keyring: Keyring, seq: int) -> World:
    """The world that `encode` wrote, compressed, as of position *seq*."""
    document: Mapping[str, Any] = orjson.loads(zlib.decompress(body))
    world = World(keyring, seq)
    configs = [AgentConfig.model_validate(item) for item in document["configs"]]
    definitions = [DefinitionRef.model_validate(item) for item in document["definitions"]]
    for agent_id, state, owner, config, running, quarantined, definition, since, fired in document["agents"]:
        agent = Agent(
            agent_id,
            AgentState(state),
            owner,
            None if config is None else configs[config],
            frozenset(running),
            quarantined,
            None if definition is None else definitions[definition],
            since,
            fired,
        )
        world.agents[agent_id] = agent
        world.live_agents += alive(agent)
    needs = [_to_needs(*values) for values in document["needs"]]
    for agent_id, of, *values in document["tasks"]:
        task = Task(needs=needs[of], **dict(zip(TASK_FIELDS, values, strict=True)))
        task = replace(
            task,
            status=TaskStatus(task.status),
            tier=PriorityTier(task.tier),
            leaving=None if task.leaving is None else Leaving(*task.leaving),
        )
        world.tasks[task.task_id] = task
        world.task_agents[task.task_id] = agent_id
    world.governing = Governing.from_json(document.get("governing", {}))
    for task_id, run, requested, waiting in document["calls"]:
        world.calls[task_id] = Calls(run, requested, {of: OpenCall(*call) for of, call in waiting.items()})
    for node_id, state, capacity, tiers, labels, cleared_for, joined in document["nodes"]:
        world.nodes[node_id] = Node(
            node_id,
            NodeState(state),
            Capacity.model_validate(capacity) if capacity else None,
            tuple(SandboxTier(tier) for tier in tiers),
            tuple((name, value) for name, value in labels),
            None if cleared_for is None else tuple(DataClass(name) for name in cleared_for),
            joined,
        )
    for name, kind, keys, revoked, roles, terminated in document["identities"]:
        world.identities[name] = Identity(
            name,
            IdentityKind(kind) if kind else None,
            {key: KeyUse(use) for key, use in keys.items()},
            frozenset(revoked),
            frozenset(Role(role) for role in roles),
            terminated,
        )
    keyring.extend(
        RegisteredKey(key_id, name, KeyUse(use), bytes.fromhex(public), issued, revoked, since)
        for key_id, name, use, public, issued, revoked, since in document["keys"]
        if key_id not in keyring
    )
    for of, (last_seq, revision, read) in document["cursors"].items():
        world.cursors[of] = Cursor(last_seq, revision)
        world.revisions[of] = read
    world.ended_tasks.update((task_id, None) for task_id in document["ended"])
    for command_id, digest, events, result, at_ns in document["done"]:
        recorded = tuple(RecordedEvent(id=id_, type=type_, seq=at) for id_, type_, at in events)
        world.did(command_id, Done(digest, recorded, result, at_ns))
    return world


@dataclass(frozen=True)
class Restored:
    """Where a process starts: the world as of a snapshot, or as of nothing."""

    world: World
    chain: Chain


class Snapshots:
    """Saves and restores the decision state of one component."""

    def __init__(
        self,
        store: SnapshotStore,
        log: EventLog,
        key: signing.SigningKey,
        provider: signing.Provider,
        origin: str,
    ) -> None:
        self._store = store
        self._log = log
        self._key = key
        self._provider = provider
        self._origin = origin

    async def save(self, body: bytes, at: Chain) -> None:
        """Store *body*, the compressed world as of the position of *at*."""
        signed = _signed(FOLD_VERSION, at, body)
        signature = self._key.sign(signing.SNAPSHOT_TYPE, signed)
        await self._store.save(
            Snapshot(FOLD_VERSION, at.seq, at.value, at.leaf, body, signature, self._key.key_id)
        )

    async def restore(self, keyring: Keyring) -> Restored:
        """The newest snapshot that fits the log, or the beginning; one that does not fit is ignored."""
        snapshot = await self._store.newest()
        if snapshot is None:
            return Restored(World(keyring), Chain(self._origin))
        problem = await self._misfit(snapshot, keyring)
        if problem:
            _log.warning("snapshot ignored, reading the log from its beginning", reason=problem)
            return Restored(World(keyring), Chain(self._origin))
        world = decode(snapshot.body, keyring, snapshot.seq)
        return Restored(world, Chain(self._origin, snapshot.seq, snapshot.chain_hash, snapshot.leaf))

    async def _misfit(self, snapshot: Snapshot, keyring: Keyring) -> str | None:
        """Why *snapshot* may not be used, or None."""
        if snapshot.fold_version != FOLD_VERSION:
            return f"it was folded by version {snapshot.fold_version}, this is {FOLD_VERSION}"
        at = Chain(self._origin, snapshot.seq, snapshot.chain_hash, snapshot.leaf)
        signed = _signed(snapshot.fold_version, at, snapshot.body)
        key = keyring.valid_now(snapshot.key)
        if (
            key is None
            or key.use is not KeyUse.EVENT
            or not signing.verify(
                self._provider, key.public_key, signing.SNAPSHOT_TYPE, signed, snapshot.signature
            )
        ):
            return "it is not signed by a valid key of this runtime"
        async for batch in self._log.read_all(after=snapshot.seq - 1, batch=1):
            raw = batch[0]
            entry = chain.entry(raw.seq, raw.stored_at, raw.subject, raw.payload, raw.signature)
            if raw.seq == snapshot.seq and chain.leaf(entry) == snapshot.leaf:
                return None
            break
        return f"the log holds something else at position {snapshot.seq}"


def _signed(fold_version: int, at: Chain, body: bytes) -> bytes:
    """What the signature of a snapshot covers."""
    head = b"%d\n%d\n%s\n%s\n" % (fold_version, at.seq, at.value.hex().encode(), at.leaf.hex().encode())
    return head + body


class Follower:
    """Folds the feed into the decision state, and takes a snapshot now and then."""

    def __init__(
        self,
        feed: Feed,
        world: World,
        chain: Chain,
        snapshots: Snapshots,
        every: int,
        told: Callable[[Item], None],
    ) -> None:
        """*told* is called with each item, before the state covers it."""
        self._feed = feed
        self._world = world
        self._chain = chain
        self._snapshots = snapshots
        self._every = every
        self._told = told
        self._saved = chain.seq
        self._waiters = Waiters()
        self._waiters.reached(world.seq)
        self._saving: asyncio.Task[None] | None = None

    async def run(self) -> None:
        """Follow for ever."""
        async for items in self._feed.after(self._world.seq):
            for item in items:
                self._told(item)
                self._world.take(item)
                self._chain.take(item)
            self._waiters.reached(self._world.seq)
            if self._chain.seq - self._saved >= self._every and (self._saving is None or self._saving.done()):
                self._saving = asyncio.create_task(self._save_quietly())

    async def reach(self, seq: int) -> None:
        """Return when the state covers position *seq*."""
        await self._waiters.wait_for(seq)

    async def save(self) -> None:
        """Take a snapshot of the state as it is now.

        Raises:
            Unavailable: the store does not answer; the next one will do.
        """
        if self._chain.seq == self._saved:
            return
        at, world = self._chain.copy(), self._world.copy()
        body = await asyncio.to_thread(lambda: zlib.compress(encode(world), 1))  # seconds, for a large state
        await self._snapshots.save(body, at)
        self._saved = at.seq

    async def _save_quietly(self) -> None:
        try:
            await self.save()
        except Unavailable as error:
            _log.warning("snapshot not saved", error=str(error))
