"""What every role of a process stands on: connections, keys, the log and its verified feed."""

from collections.abc import Collection
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack
from dataclasses import dataclass

from nats.aio.client import Client as NatsClient
from sqlalchemy.ext.asyncio import AsyncEngine

from events.signing import Provider, SigningKey, provider

from ..adapters.data_keys import FileDataKeys
from ..adapters.jetstream.advisories import JetStreamStore
from ..adapters.jetstream.connection import connect as connect_nats
from ..adapters.jetstream.connection import disconnect
from ..adapters.jetstream.event_log import JetStreamEventLog
from ..adapters.nats_alerts import NatsAlerts
from ..adapters.postgres.engine import create_engine
from ..adapters.postgres.snapshots import PostgresSnapshots
from ..config import Settings
from ..embedded.data_dir import DataDir
from ..embedded.nats_logins import login
from ..policy.roles import node_principal
from ..ports.blobs import Blobs
from ..ports.clock import Clock, SystemClock, random_bytes
from ..services.feed import Feed
from ..services.genesis import found
from ..services.log_past import SeenBefore, check_past
from ..services.reading import extend_keyring, load_keyring
from ..services.snapshotting import Chain, Snapshots
from ..services.stamping import Stamp
from ..services.verification import Verifier
from ..services.world import World
from .content import blobs_of
from .founders import founders
from .keys import Keys


@dataclass
class Core:
    """What the roles of one process share."""

    settings: Settings
    data: DataDir
    threads: ThreadPoolExecutor
    """For verifying signatures."""
    keys: Keys
    crypto: Provider
    clock: Clock
    engine: AsyncEngine
    connections: dict[str, NatsClient]
    log: JetStreamEventLog
    verifier: Verifier
    feed: Feed
    world: World
    """The decision state as of where the feed begins."""
    chain: Chain
    snapshots: Snapshots
    stamp: Stamp
    root: SigningKey
    data_keys: FileDataKeys
    blobs: Blobs
    alerts: NatsAlerts
    seen_before: SeenBefore

    def connection(self, role: str) -> NatsClient:
        """The connection that is logged in as *role*."""
        return self.connections[role]


async def start_core(
    stack: AsyncExitStack,
    settings: Settings,
    data: DataDir,
    roles: Collection[str],
    nats_url: str,
    postgres_url: str,
) -> Core:
    """Connect, load keys, found the runtime if this process decides, and restore the newest snapshot."""
    crypto = provider(settings.security.crypto_provider)
    keys = Keys(data, crypto)
    clock = SystemClock()
    root, gateway_key = keys.signing("registrar"), keys.signing("gateway")
    engine = create_engine(postgres_url)
    stack.push_async_callback(engine.dispose)
    connections = await _connect(stack, settings, data, roles, nats_url)
    reader = connections["gateway" if "gateway" in roles else next(iter(connections))]
    log = JetStreamEventLog(reader)
    stack.push_async_callback(log.close)
    threads = ThreadPoolExecutor(2, thread_name_prefix="verify")
    stack.callback(threads.shutdown, wait=False, cancel_futures=True)
    data_keys = keys.data_keys()
    deployment = settings.runtime.deployment
    stamp = Stamp(source=f"symbi/{deployment}/gateway", keys=data_keys, random=random_bytes, root=root)
    seen_before = SeenBefore(settings.audit_storage / "log-store.json")
    if "gateway" in roles:
        await check_past(JetStreamStore(reader), seen_before)
    keyring = await load_keyring(log, root.public_key, crypto)
    snapshots = Snapshots(PostgresSnapshots(engine), log, gateway_key, crypto, origin=f"symbi/{deployment}")
    restored = await snapshots.restore(keyring)
    if "gateway" in roles:
        first = founders(keys, data, settings)
        if await found(log, stamp, root, clock, first, keys.founding_seed(), restored.world):
            await extend_keyring(log, keyring, crypto, after=restored.world.seq)
    verifier = Verifier(keyring, crypto, threads, restored.world.revisions)
    return Core(
        settings=settings,
        data=data,
        threads=threads,
        keys=keys,
        crypto=crypto,
        clock=clock,
        engine=engine,
        connections=connections,
        log=log,
        verifier=verifier,
        feed=Feed(log, verifier, after=restored.world.seq, revisions=restored.world.revisions),
        world=restored.world,
        chain=restored.chain,
        snapshots=snapshots,
        stamp=stamp,
        root=root,
        data_keys=data_keys,
        blobs=blobs_of(settings, data, connections.get("worker", reader), data_keys),
        alerts=NatsAlerts(
            connections.get("projector", reader),
            keys.signing("projector"),
            clock,
            source=f"symbi/{deployment}/projector",
        ),
        seen_before=seen_before,
    )


async def _connect(
    stack: AsyncExitStack, settings: Settings, data: DataDir, roles: Collection[str], nats_url: str
) -> dict[str, NatsClient]:
    """One connection per role, each logged in as that role."""
    connections = {}
    for role in sorted(roles):
        name = node_principal(settings.worker.node) if role == "worker" else role
        nc = await connect_nats(nats_url, name=name, seed=login(data, name).seed)
        stack.push_async_callback(disconnect, nc)
        connections[role] = nc
    return connections
