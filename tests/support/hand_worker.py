"""A worker whose every step a test takes by hand: it joins, starts and ends tasks when it is told to."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TypedDict
from uuid import uuid4

from nats.aio.client import Client as NatsClient

from app.adapters.command_bus import NatsCommandBus
from events.commands import (
    Answer,
    Command,
    CompleteTask,
    DrainNode,
    FailTask,
    JoinNode,
    StartTask,
    sign_request,
)
from events.node import Capacity
from events.task import TaskAssigned
from tests.support.in_process import SOON_S, InProcess, logged_in

NODE, PRINCIPAL = "local", "worker-local"


class _Names(TypedDict):
    agent_id: str
    task_id: str
    node_id: str
    assignment: int


class HandWorker:
    """The node `local` of a runtime that runs no worker of its own."""

    def __init__(self, runtime: InProcess, nc: NatsClient) -> None:
        self._runtime = runtime
        self._nc = nc

    async def join(self, tasks: int = 8) -> int:
        """Offer room for that many tasks; the position of the event."""
        capacity = Capacity(cpu_cores=64, memory_mb=65_536, tasks=tasks)
        answer = await self.tell(JoinNode(node_id=NODE, capacity=capacity, tiers=[]))
        assert answer.accepted, answer
        return answer.events[-1].seq

    async def drain(self) -> None:
        answer = await self.tell(DrainNode(node_id=NODE, reason="by hand"))
        assert answer.accepted, answer

    async def assigned(self, task_id: str, assignment: int = 1) -> TaskAssigned:
        """Wait until this task is assigned for that many times."""
        fact = await self._runtime.until_named("task.assigned", task_id=task_id, assignment=assignment)
        assert isinstance(fact.event, TaskAssigned)
        return fact.event

    async def start(self, task: TaskAssigned) -> Answer:
        return await self.tell(StartTask(**_names(task)))

    async def complete(self, task: TaskAssigned) -> Answer:
        return await self.tell(CompleteTask(**_names(task), exit_code=0))

    async def fail(self, task: TaskAssigned, reason: str = "exit") -> Answer:
        return await self.tell(FailTask(**_names(task), reason=reason))

    async def run(self, task_id: str, assignment: int = 1) -> TaskAssigned:
        """Wait for the task, and start it."""
        task = await self.assigned(task_id, assignment)
        answer = await self.start(task)
        assert answer.accepted, answer
        return task

    async def tell(self, command: Command) -> Answer:
        signed = sign_request(
            command,
            self._runtime.key(PRINCIPAL),
            principal=PRINCIPAL,
            command_id=str(uuid4()),
            now_ns=time.time_ns(),
        )
        return await NatsCommandBus(self._nc).send(signed, timeout=SOON_S)

    async def beat(self) -> None:
        """Say every second that it lives, for ever."""
        while True:
            await self._nc.publish(f"symbi.node.{PRINCIPAL}.heartbeat", b"")
            await asyncio.sleep(1.0)


def _names(task: TaskAssigned) -> _Names:
    return _Names(
        agent_id=task.agent_id, task_id=task.task_id, node_id=task.node_id, assignment=task.assignment
    )


@asynccontextmanager
async def hand_worker(runtime: InProcess) -> AsyncIterator[HandWorker]:
    """A worker that lives as long as the block, and has not joined yet."""
    nc = await logged_in(runtime.nats_url, runtime.data, PRINCIPAL)
    worker = HandWorker(runtime, nc)
    beating = asyncio.create_task(worker.beat())
    try:
        yield worker
    finally:
        beating.cancel()
        await asyncio.gather(beating, return_exceptions=True)
        await nc.close()
