"""Brings the example agents to life, gives them their tasks, and waits until all is done."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from uuid import uuid4

from app.bootstrap import Client
from app.domain.agent import Agent, AgentState
from app.errors import Unavailable
from app.services.bodies.inputs import body_work
from events.codec import Bad
from events.commands import Answer, AskedWork, SpawnAgent, SubmitTask
from events.identifiers import derived_id
from events.task import NoopWork
from projections import history, lifecycle

from ..tasks import command_work
from .display import Display
from .examples import Example, ExampleTask
from .scene import Scene, Watched

PATIENCE_S = 180.0


class StillGoing(Unavailable):
    """After {waited:g} s these are not done: {tasks}. See why: symbi task list"""


@dataclass
class Play:
    """One run of the examples."""

    client: Client
    scene: Scene = field(default_factory=Scene)
    invalid: dict[str, list[str]] = field(default_factory=dict)
    """The agents whose definition is wrong, with the reasons."""
    returning: list[str] = field(default_factory=list)
    """The agents that an earlier run left, which work again."""

    async def run(self, examples: Sequence[Example], display: Display) -> None:
        """Raises `StillGoing` when the tasks take too long, and whatever the runtime refuses."""
        head = await self.client.log.last_seq()
        still = asyncio.Event()
        watching = asyncio.create_task(self._watch(head, display, still))
        try:
            for example in examples:
                await self._act(example)
            await self._settled(still, watching)
            if any(watched.not_runnable for watched in self.scene.tasks.values()):
                await self._without_programs(still, watching)
        finally:
            watching.cancel()
            await asyncio.gather(watching, return_exceptions=True)

    async def _watch(self, after: int, display: Display, still: asyncio.Event) -> None:
        async for item in self.client.follow_events(after):
            if isinstance(item, Bad):
                continue
            if self.scene.take(item):
                display.happened(item)
            if self.scene.still:
                still.set()

    async def _settled(self, still: asyncio.Event, watching: "asyncio.Task[None]") -> None:
        """Return when every task is over; what was submitted last may not have been seen yet."""
        waiting = asyncio.create_task(self._until_still(still))
        try:
            done, _ = await asyncio.wait(
                {waiting, watching}, timeout=PATIENCE_S, return_when=asyncio.FIRST_COMPLETED
            )
        finally:
            waiting.cancel()
        if watching in done:
            watching.result()
        if waiting not in done:
            left = [watched.title for watched in self.scene.tasks.values() if not watched.over]
            raise StillGoing(waited=PATIENCE_S, tasks=", ".join(left))

    async def _until_still(self, still: asyncio.Event) -> None:
        while not self.scene.still:
            still.clear()
            await still.wait()

    async def _act(self, example: Example) -> None:
        agent_id = await self._alive(example)
        if agent_id is None:
            return
        for task in example.tasks:
            await self._submit(agent_id, example, task)

    async def _alive(self, example: Example) -> str | None:
        """The agent's id: an earlier run's agent that is ready, or a new one; None where it is invalid."""
        agent_id, number = example.name, 1
        while (row := await self._known(agent_id)) is not None:
            if row.state == "ready" and not row.quarantined:
                self.scene.agents[agent_id] = Agent(agent_id, AgentState.READY)
                self.returning.append(agent_id)
                return agent_id
            if row.state == "failed":
                self.scene.agents[agent_id] = Agent(agent_id, AgentState.FAILED)
                self.invalid[agent_id] = await self._reasons(agent_id)
                self.returning.append(agent_id)
                return None
            number += 1
            agent_id = f"{example.name}-{number}"
        self.scene.agents[agent_id] = Agent()
        answer = await self.client.send(SpawnAgent(agent_id=agent_id, **example.given))
        if reasons := answer.result.get("reasons"):
            self.invalid[agent_id] = reasons
            return None
        return agent_id

    async def _known(self, agent_id: str) -> lifecycle.AgentRow | None:
        async with self.client.queries.connect() as connection:
            return await lifecycle.agent(connection, agent_id)

    async def _reasons(self, agent_id: str) -> list[str]:
        """Why an agent of an earlier run is failed."""
        async with self.client.queries.connect() as connection:
            rows = await history.events(connection, agent=agent_id, types=["agent.initialization.failed"])
        return [reason for row in rows for reason in row.data["reasons"]]

    async def _submit(self, agent_id: str, example: Example, task: ExampleTask) -> None:
        command_id = str(uuid4())
        files = [f"{path}={example.tasks_folder / local}" for path, local in task.files.items()]
        task_id = derived_id("t", command_id)
        work: AskedWork
        if task.argv:
            work = await command_work(self.client, task_id, task.argv, None, [], files)
        else:
            work = await body_work(self.client.blobs, task_id, task.inputs)
        watched = Watched(agent_id, task.title, task.expect, task.because, task.proof)
        await self._send(watched, work, command_id, priority=task.priority, max_retries=task.retries)

    async def _send(
        self, watched: Watched, work: AskedWork, command_id: str, *, priority: int = 0, max_retries: int = 0
    ) -> Answer:
        # On the scene first: its events may come before the answer does.
        self.scene.tasks[derived_id("t", command_id)] = watched
        labels = {"title": watched.title}
        command = SubmitTask(
            agent_id=watched.agent_id, work=work, priority=priority, max_retries=max_retries, labels=labels
        )
        return await self.client.send(command, command_id=command_id)

    async def _without_programs(self, still: asyncio.Event, watching: "asyncio.Task[None]") -> None:
        """Show at least how tasks flow, where no program can run."""
        refused = {watched.agent_id for watched in self.scene.tasks.values() if watched.not_runnable}
        for agent_id in sorted(refused):
            await self._send(
                Watched(agent_id, "nothing, to show the way", "completed"), NoopWork(), str(uuid4())
            )
        await self._settled(still, watching)
