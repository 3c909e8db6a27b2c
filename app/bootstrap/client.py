"""A client of a running runtime: its commands, its projections, its events."""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import Any, TypeVar
from uuid import uuid4

from nats.aio.client import Client as Nats
from sqlalchemy.ext.asyncio import AsyncEngine

from events.codec import Bad, Fact
from events.commands import Answer, AskedWork, Command, SpawnAgent, SubmitTask
from events.identifiers import derived_id
from events.identity import Role
from events.personal import DataKeys
from events.signing import Provider, provider
from projections.checkpoints import positions

from ..adapters.command_bus import NatsCommandBus
from ..adapters.jetstream.connection import NatsUnavailable, disconnect
from ..adapters.jetstream.connection import connect as connect_nats
from ..adapters.jetstream.event_log import JetStreamEventLog
from ..adapters.outputs.reader import NatsLiveOutput
from ..adapters.postgres.engine import create_engine
from ..config import Settings
from ..embedded.data_dir import DataDir
from ..embedded.nats_logins import login
from ..errors import Denied, Unavailable
from ..ports.blobs import Blobs
from ..ports.clock import SystemClock
from ..ports.event_log import EventLog
from ..ports.live_output import LiveOutput
from ..services.bodies.inputs import body_work
from ..services.client import Commands
from ..services.health import HealthStatus, Process, health
from ..services.keyring import Keyring
from ..services.reading import identity_of, load_keyring, read_verified
from ..services.verification import Item, Verifier
from .content import blobs_of
from .keys import Keys
from .logins import OPERATOR

CATCH_UP_S = 30.0
POLL_S = 0.02
RESET_PAUSES_S = (0.1, 0.3)

T = TypeVar("T")


class NoRuntime(Unavailable):
    """No runtime is running in {data_dir}. Start one with `symbi up`, or name one with --data-dir."""


class MayNotRead(Denied):
    """{principal} may not read this runtime's log, which is for operators, agent owners and viewers. An \
operator gives a role: `symbi role grant {principal} viewer`."""


class ProjectionsBehind(Unavailable):
    """The projections have not reached position {seq} within {waited_s} s; `symbi status` shows why."""


@dataclass
class Client:
    """What one principal can do with a runtime."""

    commands: Commands
    queries: AsyncEngine
    """The read side: connections for the query functions of `projections`."""
    log: EventLog
    blobs: Blobs
    live_output: LiveOutput
    """What running programs write."""
    data_keys: DataKeys
    verifier: Verifier
    settings: Settings

    async def send(self, command: Command, *, command_id: str | None = None) -> Answer:
        """Carry out *command*; see `Commands.send`."""
        return await self.commands.send(command, command_id=command_id)

    async def schedule_agent(self, config: Mapping[str, Any], *, agent_id: str | None = None) -> str:
        """Spawn an agent from its configuration and return its id; see `Commands.schedule_agent`."""
        return await self.commands.schedule_agent(config, agent_id=agent_id)

    async def submit_task(self, agent_id: str, work: AskedWork, **options: Any) -> str:
        """Give *work* to an agent and return the task's id; *options* are `SubmitTask`'s other fields."""
        return await self.commands.submit_task(agent_id, work, **options)

    async def spawn_definition(
        self, text: str, *, agent: str | None = None, agent_id: str | None = None, file: str = "definition"
    ) -> str:
        """Spawn an agent of a definition and return its id; *agent* says which, where it defines several.

        Raises:
            Invalid: there are errors in it; the agent exists, is Failed, and says why in its history.
        """
        command = SpawnAgent(agent_id=agent_id, source=text, agent=agent, file=file)
        return self.commands.spawned(await self.send(command))

    async def run_body(self, agent_id: str, inputs: Mapping[str, Any] | None = None, **options: Any) -> str:
        """Give an agent's body these inputs and return the task's id; *options* are as for `submit_task`."""
        command_id = str(uuid4())
        work = await body_work(self.blobs, derived_id("t", command_id), inputs or {})
        command = SubmitTask(agent_id=agent_id, work=work, **options)
        answer = await self.send(command, command_id=command_id)
        return str(answer.result["task_id"])

    async def get_system_status(self) -> HealthStatus:
        """How the runtime is: its parts, what they use, and the newest trouble."""
        info = DataDir.open(self.settings.data_dir, create=False).read_runtime()
        process = Process(info.pid, info.roles, info.started_at) if info else None
        return await health(self.queries, self.log, self.settings.data_dir, process, self.commands.ping)

    async def follow_events(self, after: int | None = None) -> AsyncIterator[Fact | Bad]:
        """What is recorded from now on, or after that position, verified, for ever."""
        start = await self.log.last_seq() if after is None else after
        verifier = self.verifier.fresh()
        async for batch in self.log.follow(after=start):
            for item in await verifier.check(batch):
                yield item

    async def read_events(self, after: int = 0) -> AsyncIterator[Sequence[Item]]:
        """Everything after that position up to now, verified, in batches."""
        async for items in read_verified(self.log, self.verifier, after=after):
            yield items

    async def roles(self) -> frozenset[Role]:
        """What the client's principal may do now, as the log has it; none once it is terminated."""
        identity = await identity_of(self.log, self.verifier, self.commands.principal)
        return frozenset() if identity.terminated else identity.roles

    async def wait_for(self, seq: int, *, timeout_s: float = CATCH_UP_S) -> None:
        """Return when every projection has reached position *seq*.

        Raises:
            ProjectionsBehind: they have not within *timeout_s*.
        """
        try:
            async with asyncio.timeout(timeout_s):
                # Another process moves them: there is nothing here to wait on.
                while not await self._reached(seq):  # noqa: ASYNC110
                    await asyncio.sleep(POLL_S)
        except TimeoutError:
            raise ProjectionsBehind(seq=seq, waited_s=timeout_s) from None

    async def _reached(self, seq: int) -> bool:
        async with self.queries.connect() as connection:
            return all(checkpoint.position >= seq for checkpoint in await positions(connection))


@asynccontextmanager
async def connect(settings: Settings, *, as_principal: str = OPERATOR) -> AsyncIterator[Client]:
    """A client of the runtime that *settings* name: by its URLs, or by its data directory.

    Raises:
        NoRuntime: none is running there.
        KeyFileMissing: the principal's key is not in the data directory.
        LoginRefused: the broker does not know the principal's login, or knows it no more.
        MayNotRead: the principal has no role that lets it read.
    """
    data = DataDir.open(settings.data_dir, create=False)
    nats_url, postgres_url = _addresses(settings, data)
    crypto = provider(settings.security.crypto_provider)
    keys = Keys(data, crypto)
    key, root = keys.existing(as_principal), keys.existing("registrar")
    async with AsyncExitStack() as stack:
        seed = login(data, as_principal).seed
        nc, log, keyring = await _reader(nats_url, as_principal, seed, root.public_key, crypto)
        stack.push_async_callback(disconnect, nc)
        engine = create_engine(postgres_url)
        stack.push_async_callback(engine.dispose)
        data_keys = keys.data_keys()
        yield Client(
            commands=Commands(NatsCommandBus(nc), key, as_principal, SystemClock()),
            queries=engine,
            log=log,
            blobs=blobs_of(settings, data, nc, data_keys),
            live_output=NatsLiveOutput(nc, data_keys),
            data_keys=data_keys,
            verifier=Verifier(keyring, crypto),
            settings=settings,
        )


def _addresses(settings: Settings, data: DataDir) -> tuple[str, str]:
    running = data.read_runtime()
    nats_url = settings.nats.url or (running.nats_url if running else "")
    postgres_url = settings.postgres.url or (running.postgres_url if running else "")
    if not nats_url or not postgres_url:
        raise NoRuntime(data_dir=settings.data_dir)
    return nats_url, postgres_url


async def _reader(
    url: str, principal: str, seed: str, root: bytes, crypto: Provider
) -> tuple[Nats, EventLog, Keyring]:
    """A connection that may read the log; a server may be just reading what a new role allows."""
    for pause in (*RESET_PAUSES_S, None):
        forbidden = asyncio.Event()
        nc = await _connect(url, principal, seed, forbidden.set)
        try:
            log = JetStreamEventLog(nc)
            keyring = await _unless_forbidden(load_keyring(log, root, crypto), forbidden, principal)
            return nc, log, keyring
        except BaseException as error:
            await disconnect(nc)
            if pause is None or not isinstance(error, MayNotRead):
                raise
        await asyncio.sleep(pause)
    raise AssertionError("the last attempt has no pause")


async def _unless_forbidden(reading: Coroutine[Any, Any, T], forbidden: asyncio.Event, principal: str) -> T:
    """What *reading* brings. The broker answers nothing to who may not ask, and complains instead."""
    done, refused = asyncio.ensure_future(reading), asyncio.ensure_future(forbidden.wait())
    try:
        await asyncio.wait((done, refused), return_when=asyncio.FIRST_COMPLETED)
        if not done.done():
            raise MayNotRead(principal=principal)
        return await done
    finally:
        for task in (done, refused):
            task.cancel()
        await asyncio.gather(done, refused, return_exceptions=True)


async def _connect(url: str, name: str, seed: str, on_forbidden: Callable[[], None]) -> Nats:
    """Connect; a server that is taking over new logins at this moment resets whoever just arrives."""
    for pause in RESET_PAUSES_S:
        try:
            return await connect_nats(url, name=name, seed=seed, on_forbidden=on_forbidden)
        except NatsUnavailable as error:
            if "reset" not in error.message:
                raise
            await asyncio.sleep(pause)
    return await connect_nats(url, name=name, seed=seed, on_forbidden=on_forbidden)
