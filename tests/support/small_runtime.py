"""A gateway, its state and its feed over a log in memory: what commands come to, without any server."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any
from uuid import uuid4

from app.adapters.blobs.memory import MemoryBlobs
from app.adapters.command_bus import LocalCommandBus
from app.adapters.memory import MemoryEventLog
from app.policy.roles import node_principal
from app.ports.answers import StoredAnswer
from app.ports.clock import random_bytes
from app.services.answers import AnswerWriter
from app.services.authentication import Authenticator
from app.services.commander import Commander
from app.services.feed import Feed
from app.services.gateway import Gateway
from app.services.genesis import Founder, found
from app.services.handle import CommandLoop
from app.services.keyring import Keyring
from app.services.reading import load_keyring
from app.services.stamping import Stamp
from app.services.verification import Verifier
from app.services.world import World
from events import signing
from events.base import Event
from events.codec import Fact
from events.commands import Answer, Command
from events.identity import IdentityKind, KeyUse, Role
from tests.support.drawn import OneKey

NODE = "n1"
WORKER = node_principal(NODE)
SEED = "a founding that never changes"
BEGAN_NS = 1_795_255_200_000_000_000
"""2026-11-21T10:00:00Z"""


class FakeClock:
    """A clock that a test sets."""

    def __init__(self, now_ns: int = BEGAN_NS) -> None:
        self.now = now_ns

    def now_ns(self) -> int:
        return self.now


class Answers:
    """`AnswerStore` that remembers nothing."""

    async def save_many(self, answers: Any) -> None:
        pass

    async def find(self, command_id: str) -> StoredAnswer | None:
        return None

    async def since(self, received_at_ns: int) -> list[StoredAnswer]:
        return []

    async def prune(self, before_ns: int) -> int:
        return 0


class Statements:
    """States nothing about what was acknowledged."""

    def acknowledged(self, draft: Any, seq: int) -> None:
        pass


def key(name: str) -> signing.SigningKey:
    return signing.SigningKey.from_seed(name.encode().ljust(32, b".")[:32], signing.provider("pynacl"))


FOUNDERS = [
    Founder("gateway", IdentityKind.COMPONENT, keys={KeyUse.EVENT: key("gateway")}),
    Founder(
        "scheduler", IdentityKind.COMPONENT, roles=(Role.SCHEDULER,), keys={KeyUse.COMMAND: key("scheduler")}
    ),
    Founder(WORKER, IdentityKind.COMPONENT, roles=(Role.WORKER,), keys={KeyUse.COMMAND: key(WORKER)}),
    Founder("operator", IdentityKind.HUMAN, roles=(Role.OPERATOR,), keys={KeyUse.COMMAND: key("operator")}),
]


class SmallRuntime:
    """What one process of a runtime is made of; another one over the same log is a restart."""

    def __init__(self, log: MemoryEventLog, clock: FakeClock, blobs: MemoryBlobs, keyring: Keyring) -> None:
        crypto = signing.provider("pynacl")
        self.log, self.clock, self.blobs = log, clock, blobs
        self.world = World(keyring)
        self.verifier = Verifier(keyring, crypto, None, {})
        self.feed = Feed(log, self.verifier, after=0)
        self.stamp = Stamp(source="symbi/test/gateway", keys=OneKey(), random=random_bytes, root=key("root"))
        statements: Any = Statements()
        self.gateway = Gateway(
            loop=CommandLoop(
                log=log,
                world=self.world,
                verifier=self.verifier,
                stamp=self.stamp,
                key=key("gateway"),
                clock=clock,
                statements=statements,
                max_agents=20_000,
            ),
            authenticator=Authenticator(keyring, crypto, max_bytes=2**20),
            store=Answers(),
            writer=AnswerWriter(Answers(), lambda data: data),
            log=log,
            stamp=self.stamp,
            key=key("gateway"),
            clock=clock,
            statements=statements,
            max_skew_s=120.0,
        )

    def commander(self, principal: str) -> Commander:
        return Commander(principal, key(principal), LocalCommandBus(self.gateway), self.clock)

    async def ask(self, command: Command, principal: str = "operator", **ids: Any) -> Answer:
        return await self.commander(principal).send(command, ids.pop("command_id", str(uuid4())), **ids)

    async def do(self, command: Command, principal: str = "operator") -> Answer:
        """The answer to a command that is accepted."""
        answer = await self.ask(command, principal)
        assert answer.accepted, answer.error
        return answer

    async def follow(self) -> None:
        """Keep the decision state at the end of the log, for ever."""
        async for items in self.feed.after(self.world.seq):
            for item in items:
                self.world.take(item)

    async def facts(self, after: int = 0) -> list[Fact]:
        batch = [raw async for raw in self.log.read("symbi.evt.>", after=after)]
        items = await self.verifier.fresh().check(batch)
        assert all(isinstance(item, Fact) for item in items), items
        return [item for item in items if isinstance(item, Fact)]

    async def events(self, kind: type[Event] | tuple[type[Event], ...] = Event) -> list[Any]:
        """Every event of that kind, in order."""
        return [fact.event for fact in await self.facts() if isinstance(fact.event, kind)]

    async def until(self, wanted: Callable[[Event], bool], *, within_s: float = 10.0) -> Any:
        """The first event that is *wanted*, waiting for it."""
        async with asyncio.timeout(within_s):
            async for items in self.feed.after(0):
                for item in items:
                    if isinstance(item, Fact) and wanted(item.event):
                        return item.event
        raise AssertionError("the log ended")


@asynccontextmanager
async def small_runtime(
    log: MemoryEventLog | None = None, clock: FakeClock | None = None, blobs: MemoryBlobs | None = None
) -> AsyncIterator[SmallRuntime]:
    """A runtime until the block ends; give it the log and the blobs of an earlier one to start that again."""
    clock = clock or FakeClock()
    log = log or MemoryEventLog(clock)
    crypto = signing.provider("pynacl")
    stamp = Stamp(source="symbi/test/gateway", keys=OneKey(), random=random_bytes, root=key("root"))
    await found(log, stamp, key("root"), clock, FOUNDERS, SEED)
    keyring = await load_keyring(log, key("root").public_key, crypto)
    runtime = SmallRuntime(log, clock, blobs or MemoryBlobs(OneKey()), keyring)
    background = [asyncio.create_task(runtime.feed.run()), asyncio.create_task(runtime.follow())]
    try:
        async with asyncio.timeout(10):
            while runtime.world.seq < await log.last_seq():
                await asyncio.sleep(0)
        yield runtime
    finally:
        for task in background:
            task.cancel()
        await asyncio.gather(*background, return_exceptions=True)
