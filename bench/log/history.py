"""A data directory with a long log: lives of agents, decided by the rules and signed as the gateway does."""

import asyncio
import random
import shutil
import sys
import time
from collections.abc import Iterator
from contextlib import AsyncExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

import orjson

from app.adapters.jetstream.connection import connect
from app.adapters.jetstream.event_log import JetStreamEventLog
from app.bootstrap.keys import Keys
from app.bootstrap.runtime import Servers
from app.domain.agent import AGENT, Agent, spawned_id
from app.domain.decider import Context
from app.domain.task import TASK, Placed, Task, submitted_id
from app.embedded.data_dir import DataDir
from app.embedded.nats_logins import login
from app.policy.roles import node_principal
from app.ports.clock import SystemClock
from app.ports.event_log import Expectation
from app.services.keyring import Keyring
from app.services.reading import load_keyring
from app.services.stamping import Cause, Stamp
from app.services.statements import Statements
from app.services.verification import Verifier
from app.services.world import AnyCommand, place_of, place_of_event
from events import identifiers
from events.commands import (
    AgentCommand,
    AssignTask,
    CompleteTask,
    FailTask,
    ProgressTask,
    Request,
    RetryTask,
    SpawnAgent,
    StartTask,
    SubmitTask,
    sign_request,
)
from events.commands.task import TaskCommand
from events.signing import provider
from events.task import NoopWork, TaskEvent, Usage

from .runtime import Runtime, scratch, settings_of

AT_ONCE = 1_000
"""Agents whose lives are written side by side."""
TASKS_EACH = 20

Asked = tuple[str, str, AnyCommand]
"""Principal, command id and command."""


def life(dice: random.Random, node: str, tasks: int = TASKS_EACH) -> Iterator[Asked]:
    """The commands of one agent's life: a spawn, and tasks of which some report, and some fail once."""
    worker, spawn_id = node_principal(node), str(uuid4())
    config = {
        "name": "bench",
        "labels": {"team": f"t{dice.randrange(20)}"},
        "capabilities": ["read", "write"],
    }
    spawn = SpawnAgent(config=config)
    agent = spawned_id(spawn, spawn_id)
    yield "operator", spawn_id, spawn
    for _ in range(tasks):
        submit_id = str(uuid4())
        task = submitted_id(submit_id)
        yield "operator", submit_id, SubmitTask(agent_id=agent, work=NoopWork(), labels={"job": "nightly"})
        kind, tries = dice.random(), 1
        if kind < 0.05:
            tries = 2
        for number in range(1, tries + 1):
            report = {"agent_id": agent, "task_id": task, "node_id": node, "assignment": number}
            yield "scheduler", str(uuid4()), AssignTask(agent_id=agent, task_id=task, node_id=node)
            yield worker, str(uuid4()), StartTask.model_validate({**report, "sandbox": "none"})
            if number < tries:
                yield (
                    worker,
                    str(uuid4()),
                    FailTask.model_validate({**report, "reason": "exit", "exit_code": 1}),
                )
                yield "scheduler", str(uuid4()), RetryTask(agent_id=agent, task_id=task, reason="once more")
        if kind > 0.9:
            yield worker, str(uuid4()), ProgressTask.model_validate({**report, "percent": 50.0})
        usage = Usage(wall_seconds=dice.random(), cpu_seconds=0.1, memory_peak_mb=12.5)
        yield worker, str(uuid4()), CompleteTask.model_validate({**report, "exit_code": 0, "usage": usage})


@dataclass
class Writer:
    """Writes lives into the log, each decided, signed and appended under its expectation."""

    log: JetStreamEventLog
    stamp: Stamp
    statements: Statements
    keys: Keys
    node: str

    def __post_init__(self) -> None:
        names = ("operator", "scheduler", node_principal(self.node))
        self._of = {name: self.keys.signing(name) for name in names}
        self._gateway = self.keys.signing("gateway")
        self._keyring = Keyring(self.keys.signing("registrar").public_key)

    async def write(self, asked: Iterator[Asked]) -> None:
        """One agent's life, one decision after the other."""
        agent, tasks, last, revision = Agent(), dict[str, Task](), 0, 0
        for principal, command_id, command in asked:
            context = Context(
                command_id=command_id,
                actor=self._actor(principal),
                tenant="default",
                now_ns=time.time_ns(),
                max_agents=1_000_000,
                live_agents=0,
                known_keys=self._keyring,
                other_operators=1,
            )
            place = place_of(command, command_id)
            if isinstance(command, AgentCommand):
                events = list(AGENT.decide(agent, command, context))
            else:
                assert isinstance(command, TaskCommand)
                placed = Placed(agent, tasks.get(place.aggregate_id, Task()))
                events = list(TASK.decide(placed, command, context))
            cause = self._cause(principal, command_id, command)
            drafts = [
                self.stamp.stamp(
                    event,
                    place_of_event(event, place),
                    cause,
                    event_id=identifiers.event_id(command_id, index),
                    revision=revision + index + 1,
                    time_ns=context.now_ns,
                    key=self._gateway,
                ).draft
                for index, event in enumerate(events)
            ]
            of = identifiers.boundary(place.agent, place.aggregate, place.aggregate_id)
            seqs = await self.log.append(drafts, Expectation(of, last))
            for draft, seq in zip(drafts, seqs, strict=True):
                self.statements.acknowledged(draft, seq)
            last = seqs[-1]
            revision += len(events)
            for event in events:
                agent = AGENT.evolve(agent, event)
                if isinstance(event, TaskEvent):
                    before = Placed(agent, tasks.get(event.task_id, Task()))
                    tasks[event.task_id] = TASK.evolve(before, event).task

    def _cause(self, principal: str, command_id: str, command: AnyCommand) -> Cause:
        signed = sign_request(
            command, self._of[principal], principal=principal, command_id=command_id, now_ns=time.time_ns()
        )
        request = Request.model_validate(orjson.loads(signed.payload))
        return Cause.of(request, self._actor(principal), signed.digest, signed.key, signed.signature)

    def _actor(self, principal: str) -> str:
        return f"{'human' if principal == 'operator' else 'component'}/{principal}"


@dataclass
class Archive:
    """A data directory with a history."""

    data_dir: Path

    @classmethod
    @contextmanager
    def new(cls, name: str) -> Iterator["Archive"]:
        """An empty one, removed afterwards."""
        with scratch(name) as data_dir:
            yield cls(data_dir)

    async def grow(self, events: int) -> None:
        """Write lives until the log has at least that many *events*; a new directory is founded first."""
        if not self.data_dir.exists():
            await (await Runtime.start(self.data_dir, ("gateway",))).stop()
        settings = settings_of(self.data_dir)
        data = DataDir.open(self.data_dir)
        async with AsyncExitStack() as stack:
            stack.enter_context(data)
            servers = Servers(settings, data)
            await servers.start(stack)
            assert servers.nats is not None
            nc = await connect(servers.nats.url, name="gateway", seed=login(data, "gateway").seed)
            stack.push_async_callback(nc.close)
            log = JetStreamEventLog(nc)
            stack.push_async_callback(log.close)
            crypto = provider(settings.security.crypto_provider)
            keys = Keys(data, crypto)
            root, key = keys.signing("registrar"), keys.signing("gateway")
            stamp = Stamp(
                source=f"symbi/{settings.runtime.deployment}/gateway",
                keys=keys.data_keys(),
                random=random.randbytes,
                root=root,
            )
            statements = Statements(
                gateway=key,
                registrar=root,
                log=log,
                stamp=stamp,
                clock=SystemClock(),
                storage=settings.audit_storage,
                seen=lambda: sys.maxsize,
            )
            await statements.recover(Verifier(await load_keyring(log, root.public_key, crypto), crypto))
            writer = Writer(log, stamp, statements, keys, settings.worker.node)
            await _fill(log, writer, settings.worker.node, events)

    def forget_database(self) -> None:
        """Leave the log and take away everything derived from it: the next start makes an empty database."""
        shutil.rmtree(self.data_dir / "postgres")


async def _fill(log: JetStreamEventLog, writer: Writer, node: str, events: int) -> None:
    dice = random.Random(7)
    lives = 0

    async def author() -> None:
        nonlocal lives
        while lives * (3 + 4.15 * TASKS_EACH) < missing:
            lives += 1
            # Not all in step: some agents have fewer tasks behind them than others.
            await writer.write(life(dice, node))

    stating = asyncio.create_task(_every_second(writer.statements))
    while (missing := events - await log.last_seq()) > 0:
        lives = 0
        await asyncio.gather(*(author() for _ in range(AT_ONCE)))
    stating.cancel()
    await asyncio.gather(stating, return_exceptions=True)
    await writer.statements.state()


async def _every_second(statements: Statements) -> None:
    """State what the log has acknowledged, as a gateway does."""
    while True:
        await asyncio.sleep(1.0)
        await statements.state()
