"""A runtime inside the test's own process, and what its operator sees of it."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Collection
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any
from uuid import uuid4

from nats.aio.client import Client as NatsClient

from app.adapters.command_bus import NatsCommandBus
from app.adapters.jetstream.connection import connect as connect_nats
from app.bootstrap import ROLES, Client, Running, connect, running
from app.bootstrap.keys import Keys
from app.config import Settings, load
from app.embedded.data_dir import DataDir
from app.embedded.nats_logins import login
from events.codec import Bad, Fact
from events.commands import Answer, Command, SignedRequest, sign_request
from events.signing import SigningKey, provider

SOON_S = 20.0

CONFIG = {"name": "tester", "version": "1.0.0"}
"""A configuration that every agent may have."""


class InProcess:
    """A runtime inside the test's own process, and its operator."""

    def __init__(self, running: Running, client: Client, nc: NatsClient, data: DataDir) -> None:
        self.running = running
        self.client = client
        self.nc = nc
        """Logged in to NATS as the operator."""
        self.data = data

    @property
    def settings(self) -> Settings:
        return self.running.settings

    @property
    def nats_url(self) -> str:
        return self.running.nats_url

    @property
    def postgres_url(self) -> str:
        return self.running.postgres_url

    def key(self, name: str) -> SigningKey:
        """The private key of one of its founders."""
        return Keys(self.data, provider()).existing(name)

    def sign(self, command: Command, *, command_id: str | None = None, **options: Any) -> SignedRequest:
        """*command* as the operator signs it now; *options* are `sign_request`'s."""
        given: dict[str, Any] = {"principal": "operator", "now_ns": time.time_ns(), **options}
        return sign_request(command, self.key("operator"), command_id=command_id or str(uuid4()), **given)

    async def ask(self, signed: SignedRequest, *, via: NatsClient | None = None) -> Answer:
        """The answer to these very bytes, over the operator's connection unless another is given."""
        return await NatsCommandBus(via or self.nc).send(signed)

    async def do(self, command: Command, **options: Any) -> Answer:
        """What becomes of *command* as the operator's; see `sign`."""
        return await self.ask(self.sign(command, **options))

    async def spawn(self, agent_id: str | None = None, **config: Any) -> str:
        """A new agent that is Ready."""
        return await self.client.commands.schedule_agent({**CONFIG, **config}, agent_id=agent_id)

    async def facts(self, after: int = 0) -> list[Fact]:
        """Every event of the log after that position, verified by a reader of its own."""
        return [item for item in await self.items(after) if isinstance(item, Fact)]

    async def bad(self) -> list[Bad]:
        """What that reader would quarantine."""
        return [item for item in await self.items() if isinstance(item, Bad)]

    async def items(self, after: int = 0) -> list[Fact | Bad]:
        return [item async for items in self.client.read_events(after) for item in items]

    async def names(self, after: int = 0, *, agent: str | None = None) -> list[str]:
        """The names of the events after that position, of one agent where one is named."""
        facts = await self.facts(after)
        return [fact.event.name for fact in facts if agent in (None, fact.envelope.agent)]

    async def until(
        self, wanted: Callable[[Fact], bool], *, after: int = 0, within_s: float = SOON_S
    ) -> Fact:
        """The first event after that position that is *wanted*, waiting for it."""
        async with asyncio.timeout(within_s):
            async for item in self.client.follow_events(after):
                if isinstance(item, Fact) and wanted(item):
                    return item
        raise AssertionError("the log ended")

    async def until_named(self, name: str, *, within_s: float = SOON_S, **fields: Any) -> Fact:
        """The first event of that name whose data has these *fields*, waiting for it."""

        def wanted(fact: Fact) -> bool:
            event = fact.event
            return event.name == name and all(getattr(event, f, None) == v for f, v in fields.items())

        return await self.until(wanted, within_s=within_s)

    async def projected(self) -> int:
        """Wait until every projection has seen all that the log holds now; that position."""
        head = await self.client.log.last_seq()
        await self.client.wait_for(head, timeout_s=SOON_S)
        return head


@asynccontextmanager
async def runtime_in_process(
    data_dir: Path, roles: Collection[str] = ROLES, **options: Any
) -> AsyncIterator[InProcess]:
    """A runtime in this process until the block ends; *options* are settings: `worker__max_tasks=2`."""
    settings = settings_of(data_dir, **options)
    async with AsyncExitStack() as stack:
        runtime = await stack.enter_async_context(running(settings, roles))
        client = await stack.enter_async_context(connect(settings))
        data = DataDir.open(data_dir)
        nc = await logged_in(runtime.nats_url, data, "operator")
        stack.push_async_callback(nc.close)
        yield InProcess(runtime, client, nc, data)


async def logged_in(nats_url: str, data: DataDir, name: str) -> NatsClient:
    """A connection with the login of that name in the data directory."""
    return await connect_nats(nats_url, name=name, seed=login(data, name).seed)


def settings_of(data_dir: Path, **options: Any) -> Settings:
    """Settings of a data directory, whatever this process's environment says: `nats__url=…`."""
    given = {name.replace("__", "."): value for name, value in options.items()}
    return load(data_dir=data_dir, options=given, environ={})
