"""A gateway, its state and its feed over a log in memory: what commands come to, without any server."""

import asyncio
from collections.abc import AsyncIterator, Callable, Collection, Mapping
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

from app.adapters.blobs.memory import MemoryBlobs
from app.adapters.command_bus import LocalCommandBus
from app.adapters.declared_capabilities import DeclaredCapabilities
from app.adapters.memory import MemoryEventLog
from app.domain.scheduling import Schedule
from app.policy.decision import Decision, Deny
from app.policy.request import Request
from app.policy.roles import node_principal
from app.ports.answers import StoredAnswer
from app.ports.clock import random_bytes
from app.ports.tools import Tools
from app.services.answers import AnswerWriter
from app.services.authentication import Authenticator
from app.services.bodies.calling import World as Outside
from app.services.bodies.running import Bodies
from app.services.commander import Commander
from app.services.definitions import Definitions
from app.services.feed import Feed
from app.services.gateway import Gateway
from app.services.genesis import Founder, found
from app.services.handle import CommandLoop
from app.services.keyring import Keyring
from app.services.live_outputs import LiveOutputs
from app.services.preparing import Preparing
from app.services.reading import load_keyring
from app.services.scheduler import Scheduler
from app.services.stamping import Stamp
from app.services.verification import Verifier
from app.services.worker import Worker
from app.services.world import World
from events import signing, strict_json
from events.base import Event
from events.codec import Fact
from events.commands import Answer, Command, SpawnAgent, SubmitTask
from events.identifiers import derived_id
from events.identity import IdentityKind, KeyUse, Role
from events.node import Capacity
from events.task import BodyWork, TaskCancelled, TaskCompleted, TaskFailed, TaskTimedOut
from events.tool import ToolEvent
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


@dataclass
class Denying:
    """`Enforcement` that denies some tools, each with why, and otherwise allows what is declared."""

    denied: Mapping[str, str]

    async def decide(self, request: Request) -> Decision:
        why = self.denied.get(request.resource.id)
        return await DeclaredCapabilities().decide(request) if why is None else Deny(why)


class NoExecutor:
    """Runs no programs."""

    async def cleanup(self) -> int:
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

    def __init__(
        self, log: MemoryEventLog, clock: FakeClock, blobs: MemoryBlobs, keyring: Keyring, thread: Executor
    ) -> None:
        crypto = signing.provider("pynacl")
        self.log, self.clock, self.blobs = log, clock, blobs
        self.world = World(keyring)
        self.verifier = Verifier(keyring, crypto, None, {})
        self.feed = Feed(log, self.verifier, after=0)
        self.stamp = Stamp(source="symbi/test/gateway", keys=OneKey(), random=random_bytes, root=key("root"))
        statements: Any = Statements()
        self.definitions = Definitions(blobs, thread)
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
                prepares=Preparing(self.definitions, blobs),
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

    async def spawn(self, text: str, agent_id: str = "a1", *, agent: str | None = None) -> str:
        """An agent of a definition that is good."""
        answer = await self.do(SpawnAgent(agent_id=agent_id, source=text, agent=agent, file="test.symbi"))
        assert answer.result["state"] == "ready", answer.result
        return agent_id

    async def submit(self, agent_id: str = "a1", inputs: Any = None, **options: Any) -> str:
        """The id of a new task that runs the agent's body."""
        command_id = str(uuid4())
        work = BodyWork()
        if inputs is not None:
            scope = f"task/{derived_id('t', command_id)}"
            content = strict_json.dumps(inputs)
            ref = await self.blobs.put(content, scope=scope, media_type="application/json")
            work = BodyWork(inputs=ref)
        command = SubmitTask(agent_id=agent_id, work=work, **options)
        answer = await self.ask(command, command_id=command_id)
        assert answer.accepted, answer.error
        return str(answer.result["task_id"])

    async def ended(self, task_id: str, *, within_s: float = 10.0) -> Any:
        """How the task ended, waiting for it."""
        over = (TaskCompleted, TaskFailed, TaskTimedOut, TaskCancelled)
        return await self.until(
            lambda event: isinstance(event, over) and event.task_id == task_id, within_s=within_s
        )

    async def all_ended(self, tasks: Collection[str], *, within_s: float = 30.0) -> list[Any]:
        """How each of them ended, waiting for all."""
        over, ends = (TaskCompleted, TaskFailed, TaskTimedOut, TaskCancelled), {}
        async with asyncio.timeout(within_s):
            async for items in self.feed.after(0):
                for item in items:
                    if isinstance(item, Fact) and isinstance(item.event, over):
                        ends[item.event.task_id] = item.event
                if ends.keys() >= set(tasks):
                    return [ends[task] for task in tasks]
        raise AssertionError("the log ended")

    async def output(self, completed: TaskCompleted) -> Any:
        """What a body returned."""
        assert completed.output is not None
        return strict_json.loads(await self.blobs.get(completed.output))

    async def calls(self, task_id: str) -> list[Any]:
        """The events of a task's calls, in order."""
        return [
            event
            for event in await self.events()
            if isinstance(event, ToolEvent) and event.task_id == task_id
        ]

    def scheduler(self) -> Scheduler:
        return Scheduler(
            schedule=Schedule(),
            after=0,
            upto=self.world.seq,
            feed=self.feed,
            commander=self.commander("scheduler"),
            clock=self.clock,
            hears=lambda: False,
        )

    def worker(
        self,
        tools: Tools,
        *,
        memory_mb: int = 64,
        bodies: int = 10_000,
        denies: Mapping[str, str] | None = None,
    ) -> Worker:
        """The node `n1`, which runs bodies and no programs; policy *denies* these tools, each with why."""

        async def heartbeat() -> None:
            pass

        executor: Any = NoExecutor()
        return Worker(
            node_id=NODE,
            capacity=Capacity(cpu_cores=1, memory_mb=64, tasks=1, bodies=bodies),
            tiers=[],
            feed=self.feed,
            log=self.log,
            verifier=self.verifier,
            commander=self.commander(WORKER),
            executor=executor,
            blobs=self.blobs,
            bodies=Bodies(
                definitions=self.definitions,
                world=Outside(tools, Denying(denies or {}), self.blobs),
                log=self.log,
                verifier=self.verifier,
                memory_mb=memory_mb,
            ),
            outputs=LiveOutputs(),
            output_limit=4096,
            heartbeat=heartbeat,
        )

    @asynccontextmanager
    async def working(self, tools: Tools, **options: Any) -> AsyncIterator[Worker]:
        """A scheduler and a worker at work, until the block ends, as abruptly as a kill."""
        worker = self.worker(tools, **options)
        tasks = [asyncio.create_task(self.scheduler().run()), asyncio.create_task(worker.run())]
        try:
            yield worker
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

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
    nothing = World(Keyring(key("root").public_key))
    await found(log, stamp, key("root"), clock, FOUNDERS, SEED, nothing)
    keyring = await load_keyring(log, key("root").public_key, crypto)
    thread = ThreadPoolExecutor(1)
    runtime = SmallRuntime(log, clock, blobs or MemoryBlobs(OneKey()), keyring, thread)
    background = [asyncio.create_task(runtime.feed.run()), asyncio.create_task(runtime.follow())]
    try:
        async with asyncio.timeout(10):
            while runtime.world.seq < await log.last_seq():  # noqa: ASYNC110
                await asyncio.sleep(0)
        yield runtime
    finally:
        for task in background:
            task.cancel()
        await asyncio.gather(*background, return_exceptions=True)
        thread.shutdown()
