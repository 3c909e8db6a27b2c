"""A runtime: its servers, its keys and its roles, started in order and stopped in reverse."""

import asyncio
import signal
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Iterable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import Any

import structlog

from events.codec import Fact
from projections.runner import Runner

from ..adapters.blobs.nats_objects import NatsBlobs
from ..adapters.data_keys import MemoryDataKeys
from ..adapters.example_tools import EXAMPLE_TOOLS
from ..adapters.function_tools import ToolRegistry
from ..adapters.jetstream.connection import connect as connect_nats
from ..adapters.jetstream.streams import ensure_streams
from ..adapters.nats_permissions import NatsUser, render_users
from ..adapters.postgres.engine import create_engine
from ..adapters.postgres.migrate import migrate
from ..config import Settings
from ..embedded.data_dir import DataDir
from ..embedded.files.runtime_info import RuntimeInfo
from ..embedded.nats_config import NatsSettings
from ..embedded.nats_logins import login
from ..embedded.nats_server import EmbeddedNats
from ..embedded.postgres import EmbeddedPostgres
from ..errors import Invalid, SymbiError
from ..ports.alerts import Alert
from ..ports.executor import Executor
from ..ports.tools import Tool, Tools
from ..services.gateway import Gateway
from .bodies import bodies_of, definitions_of
from .core import Core, start_core
from .executors import docker_executor
from .garbage import collect_rarely, leave_out_what_is_here
from .logins import founding_users, users_of
from .process_roles import (
    Supervised,
    schedule_of,
    start_gateway,
    start_projector,
    start_scheduler,
    start_worker,
)
from .timekeeping import start_timekeeper, timetable_of

ROLES = frozenset({"gateway", "projector", "scheduler", "worker"})
"""Every role that a process can run; `symbi up` runs them all."""

_log = structlog.get_logger(__name__)


class UnknownRole(Invalid):
    """There is no role {role}; there are: {known}."""


@dataclass
class Running:
    """A runtime that takes commands."""

    settings: Settings
    roles: frozenset[str]
    nats_url: str
    postgres_url: str
    core: Core
    gateway: Gateway | None
    runner: Runner | None
    _work: Supervised
    _servers: "Servers"

    async def until(self, stop: asyncio.Event) -> None:
        """Return when *stop* is set.

        Raises:
            SymbiError: a server died, or a part of the runtime failed for good.
        """
        died = asyncio.create_task(self._servers.wait_died())
        stopped = asyncio.create_task(stop.wait())
        try:
            waiting: set[asyncio.Future[Any]] = {died, stopped, self._work.failed}
            await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
            if died.done():
                raise died.result()
            if self._work.failed.done():
                raise self._work.failed.result()
        finally:
            died.cancel()
            stopped.cancel()


class Servers:
    """The servers that this process brings along; those named by a URL are somebody else's."""

    def __init__(self, settings: Settings, data: DataDir) -> None:
        self._founders = founding_users(data, settings.worker.node)
        self.nats: EmbeddedNats | None = None
        self.postgres: EmbeddedPostgres | None = None
        if not settings.nats.url:
            options = NatsSettings(
                port=settings.nats.port, max_payload=settings.runtime.message_buffer_size + 64 * 1024
            )
            self.nats = EmbeddedNats(data, render_users(self._founders), options)
        if not settings.postgres.url:
            self.postgres = EmbeddedPostgres(data)
        self._users: list[NatsUser] = self._founders

    async def start(self, stack: AsyncExitStack) -> None:
        """Start them side by side; when one does not start, none is left running."""
        servers = [server for server in (self.postgres, self.nats) if server is not None]
        for server in servers:
            stack.push_async_callback(server.stop)
        for outcome in await asyncio.gather(*(s.start() for s in servers), return_exceptions=True):
            if outcome is not None:
                raise outcome

    async def wait_died(self) -> SymbiError:
        """Returns when one of them has ended by itself, with which and why."""
        waiting = [
            asyncio.create_task(server.wait_died())
            for server in (self.postgres, self.nats)
            if server is not None
        ]
        if not waiting:
            await asyncio.Event().wait()
        try:
            done, _ = await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
            return done.pop().result()
        finally:
            for task in waiting:
                task.cancel()

    async def follow_logins(self, core: Core) -> None:
        """Let identities log in as the log says, for ever."""
        await self._let_in(core)
        async for items in core.feed.after(core.feed.position):
            if any(isinstance(item, Fact) and item.envelope.aggregate == "identity" for item in items):
                await self._let_in(core)

    async def _let_in(self, core: Core) -> None:
        users = users_of(core.world.identities.values(), self._founders)
        if self.nats is None or users == self._users:
            return
        self._users = users
        try:
            await self.nats.reload(render_users(users))
        except SymbiError as error:  # those who were let in before still are; one login must not end the rest
            await core.alerts.raise_alert(
                Alert(
                    kind="login.refused",
                    severity="high",
                    summary=f"the NATS server does not take the new logins: {error.message}",
                    dedup_id=f"login.refused/{core.world.seq}",
                )
            )


@asynccontextmanager
async def running(
    settings: Settings,
    roles: Collection[str] = ROLES,
    *,
    make_executor: Callable[[Settings, DataDir], Executor] = docker_executor,
    tools: Iterable[Tool] = EXAMPLE_TOOLS,
) -> AsyncIterator[Running]:
    """A runtime in this process, until the block ends; *tools* are what the bodies of its agents may call.

    Raises:
        SymbiError: it cannot start; nothing is left running.
    """
    chosen = _known(roles)
    data = DataDir.open(settings.data_dir)
    async with AsyncExitStack() as stack:
        stack.enter_context(data)
        servers = Servers(settings, data)
        await servers.start(stack)
        nats_url = settings.nats.url or (servers.nats.url if servers.nats else "")
        postgres_url = settings.postgres.url or (servers.postgres.url() if servers.postgres else "")
        await _prepare(settings, data, nats_url, postgres_url)
        core = await start_core(stack, settings, data, chosen, nats_url, postgres_url)
        work = Supervised()
        registry = ToolRegistry(tools)
        starting = _start_roles(stack, core, chosen, work, servers, make_executor, registry)
        started = await work.unless_failed(starting)
        runtime = Running(settings, chosen, nats_url, postgres_url, core, *started, work, servers)
        data.write_runtime(
            RuntimeInfo(
                nats_url=nats_url,
                nats_port=int(nats_url.rsplit(":", 1)[-1].split("/")[0] or 4222),
                postgres_url=postgres_url,
                roles=sorted(chosen),
            )
        )
        yield runtime


async def _start_roles(
    stack: AsyncExitStack,
    core: Core,
    roles: frozenset[str],
    work: Supervised,
    servers: Servers,
    make_executor: Callable[[Settings, DataDir], Executor],
    tools: Tools,
) -> tuple[Gateway | None, Runner | None]:
    """Start each role; the stack stops them in reverse, so that the last to act is the first to go."""
    schedule, after = schedule_of(core)
    timetable = timetable_of(core)
    reading = work.start(core.feed.run(), "feed")
    stack.push_async_callback(work.stop, reading)
    runner = start_projector(stack, core, work) if "projector" in roles else None
    definitions = definitions_of(stack, core, tools)
    gateway = await start_gateway(stack, core, work, definitions) if "gateway" in roles else None
    if gateway is not None:
        logins = work.start(servers.follow_logins(core), "logins")
        stack.push_async_callback(work.stop, logins)
    if "scheduler" in roles:
        await start_scheduler(stack, core, work, gateway, schedule, after)
        await start_timekeeper(stack, core, work, gateway, timetable, after)
    if "worker" in roles:
        bodies = bodies_of(core, tools, definitions)
        await start_worker(stack, core, work, gateway, make_executor(core.settings, core.data), bodies)
    return gateway, runner


async def run(
    settings: Settings,
    roles: Collection[str] = ROLES,
    ready: Callable[[Running], Awaitable[None]] | None = None,
    *,
    tools: Iterable[Tool] = EXAMPLE_TOOLS,
) -> None:
    """Run until SIGINT or SIGTERM; *ready* is told once the runtime takes commands."""
    collect_rarely()
    stop, starting = asyncio.Event(), asyncio.current_task()
    assert starting is not None

    def asked_to_stop() -> None:
        if not stop.is_set() and not begun:
            starting.cancel()
        stop.set()

    begun = False
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, asked_to_stop)
    try:
        async with running(settings, roles, tools=tools) as runtime:
            begun = True
            leave_out_what_is_here()
            if ready is not None:
                await ready(runtime)
            await runtime.until(stop)
    except asyncio.CancelledError:
        if begun or not stop.is_set():
            raise
        starting.uncancel()  # asked to stop before it was ready, and it has stopped


async def _prepare(settings: Settings, data: DataDir, nats_url: str, postgres_url: str) -> None:
    """The database's schema and the streams, made or brought up to date."""
    engine = create_engine(postgres_url, connections=1)
    try:
        await migrate(engine)
    finally:
        await engine.dispose()
    nc = await connect_nats(nats_url, name="admin", seed=login(data, "admin").seed)
    try:
        await ensure_streams(nc, replicas=settings.nats.replicas)
        if settings.nats.url:
            await NatsBlobs(nc, MemoryDataKeys()).make_bucket(replicas=settings.nats.replicas)
    finally:
        await nc.close()


def _known(roles: Collection[str]) -> frozenset[str]:
    for role in roles:
        if role not in ROLES:
            raise UnknownRole(role=role, known=", ".join(sorted(ROLES)))
    return frozenset(roles)
