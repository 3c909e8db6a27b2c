"""Agents and their tasks over a whole runtime: every event of a life, with a worker driven by hand."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from app.bootstrap import ROLES
from events.commands import (
    CancelTask,
    HaltAgent,
    LoseNode,
    QuarantineAgent,
    ReleaseAgent,
    ResumeAgent,
    RetryTask,
    SuspendAgent,
    TerminateAgent,
)
from events.task import NoopWork, PriorityTier
from projections import lifecycle, scheduler
from tests.support.hand_worker import NODE, HandWorker, hand_worker
from tests.support.in_process import InProcess, runtime_in_process

pytest_plugins = ["tests.support.runtime"]
pytestmark = pytest.mark.asyncio(loop_scope="module")

BEGUN = ["agent.registered", "agent.spawned", "agent.readied"]
BY_HAND = ROLES - {"worker"}


@asynccontextmanager
async def by_hand(folder: Path) -> AsyncIterator[tuple[InProcess, HandWorker]]:
    """A runtime without a worker, and a worker that has not joined."""
    async with runtime_in_process(folder / "symbi", BY_HAND) as runtime, hand_worker(runtime) as worker:
        yield runtime, worker


async def submit(runtime: InProcess, agent_id: str, **options: object) -> str:
    """The id of a new task."""
    return await runtime.client.submit_task(agent_id, NoopWork(), **options)


async def done(runtime: InProcess, command: object) -> None:
    answer = await runtime.do(command)  # type: ignore[arg-type]
    assert answer.accepted, answer


async def test_a_task_that_does_nothing_is_completed(runtime: InProcess) -> None:
    agent_id = await runtime.spawn()
    task_id = await submit(runtime, agent_id)
    await runtime.until_named("task.completed", task_id=task_id)
    names = await runtime.names(agent=agent_id)
    assert names == [*BEGUN, "task.submitted", "task.assigned", "task.started", "task.completed"]
    await runtime.projected()
    async with runtime.client.queries.connect() as connection:
        agent = await lifecycle.agent(connection, agent_id)
        task = await scheduler.task(connection, task_id)
    assert agent is not None
    assert agent.state == "ready"
    assert task is not None
    assert task.state == "completed"


async def test_many_tasks_of_many_agents_are_completed_once_each(runtime: InProcess) -> None:
    before = await runtime.client.log.last_seq()
    agents = [await runtime.spawn(max_concurrent_tasks=3) for _ in range(10)]
    tasks = await asyncio.gather(*(submit(runtime, agents[number % 10]) for number in range(200)))
    async with asyncio.timeout(30):
        left = set(tasks)
        async for item in runtime.client.follow_events(before):
            event = getattr(item, "event", None)
            if event is not None and event.name == "task.completed":
                left.discard(event.task_id)
            if not left:
                break
    counts = Counter(await runtime.names(before))
    assert counts["task.assigned"] == counts["task.started"] == counts["task.completed"] == 200
    assert "task.retried" not in counts


async def test_an_agent_is_suspended_and_goes_on(tmp_path: Path) -> None:
    async with by_hand(tmp_path) as (runtime, worker):
        await worker.join()
        agent_id = await runtime.spawn()
        task = await worker.run(await submit(runtime, agent_id))
        await done(runtime, SuspendAgent(agent_id=agent_id, reason="look"))
        await done(runtime, ResumeAgent(agent_id=agent_id))
        assert (await worker.complete(task)).accepted
        assert (await runtime.names(agent=agent_id))[3:] == [
            "task.submitted",
            "task.assigned",
            "task.started",
            "agent.suspended",
            "agent.resumed",
            "task.completed",
        ]
        await done(runtime, TerminateAgent(agent_id=agent_id))


async def test_nothing_new_is_given_to_an_agent_that_is_suspended_or_quarantined(tmp_path: Path) -> None:
    async with by_hand(tmp_path) as (runtime, worker):
        await worker.join()
        agent_id = await runtime.spawn(max_concurrent_tasks=2)
        first = await worker.run(await submit(runtime, agent_id))
        await done(runtime, SuspendAgent(agent_id=agent_id))
        waiting = await submit(runtime, agent_id)
        assert (await worker.complete(first)).accepted
        await done(runtime, ResumeAgent(agent_id=agent_id))
        second = await worker.run(waiting)
        await done(runtime, QuarantineAgent(agent_id=agent_id, reason="odd"))
        last = await submit(runtime, agent_id)
        assert (await worker.complete(second)).accepted
        await done(runtime, ReleaseAgent(agent_id=agent_id))
        assert (await worker.complete(await worker.run(last))).accepted
        names = await runtime.names(agent=agent_id)
    resumed, released = names.index("agent.resumed"), names.index("agent.released")
    assigned = [index for index, name in enumerate(names) if name == "task.assigned"]
    assert assigned[1] > resumed
    assert assigned[2] > released


async def test_halting_an_agent_calls_off_all_that_it_has(tmp_path: Path) -> None:
    async with by_hand(tmp_path) as (runtime, worker):
        await worker.join()
        agent_id = await runtime.spawn()
        running = await worker.run(await submit(runtime, agent_id))
        queued = [await submit(runtime, agent_id) for _ in range(3)]
        await done(runtime, HaltAgent(agent_id=agent_id, reason="enough"))
        for task_id in queued:
            await runtime.until_named("task.cancelled", task_id=task_id)
        late = await worker.complete(running)
        assert late.error is not None
        assert late.error.code == "TaskHasEnded"
        names = await runtime.names(agent=agent_id)
        assert names[names.index("halt.requested") :] == [
            "halt.requested",
            "agent.suspended",
            "task.cancelled",
            "agent.halted",
            *["task.cancelled"] * 3,
        ]


async def test_the_end_of_an_agent_calls_off_what_waits_for_it(tmp_path: Path) -> None:
    async with by_hand(tmp_path) as (runtime, worker):
        agent_id = await runtime.spawn()
        queued = [await submit(runtime, agent_id) for _ in range(3)]
        await done(runtime, TerminateAgent(agent_id=agent_id))
        for task_id in queued:
            await runtime.until_named("task.cancelled", task_id=task_id)
        await worker.join()
        assert "task.assigned" not in await runtime.names(agent=agent_id)


async def test_a_failed_task_is_tried_again_as_often_as_it_asked_for(tmp_path: Path) -> None:
    async with by_hand(tmp_path) as (runtime, worker):
        await worker.join()
        agent_id = await runtime.spawn()
        task_id = await submit(runtime, agent_id, max_retries=1)
        for assignment in (1, 2):
            assert (await worker.fail(await worker.run(task_id, assignment))).accepted
        await runtime.until_named("task.dead_lettered", task_id=task_id)
        # A person may ask for another try of what was given up.
        await done(runtime, RetryTask(agent_id=agent_id, task_id=task_id, reason="mended"))
        assert (await worker.complete(await worker.run(task_id, 3))).accepted
        names = await runtime.names(agent=agent_id)
        assert Counter(names[4:]) == {
            "task.assigned": 3,
            "task.started": 3,
            "task.failed": 2,
            "task.retried": 2,
            "task.dead_lettered": 1,
            "task.completed": 1,
        }


async def test_a_node_that_starts_again_gets_its_tasks_anew(tmp_path: Path) -> None:
    async with by_hand(tmp_path) as (runtime, worker):
        await worker.join()
        agent_id = await runtime.spawn()
        task_id = await submit(runtime, agent_id)
        first = await worker.run(task_id)
        await worker.join()
        second = await worker.run(task_id, 2)
        stale = await worker.complete(first)
        assert stale.error is not None
        assert stale.error.code == "StaleAssignment"
        assert (await worker.complete(second)).accepted
        assert (await runtime.names(agent=agent_id)).count("task.retried") == 1


async def test_the_tasks_of_a_lost_node_wait_for_another(tmp_path: Path) -> None:
    async with by_hand(tmp_path) as (runtime, worker):
        await worker.join()
        agent_id = await runtime.spawn()
        task_id = await submit(runtime, agent_id)
        await worker.run(task_id)
        await done(runtime, LoseNode(node_id=NODE, reason="unplugged"))
        await runtime.until_named("task.retried", task_id=task_id)
        await worker.join()
        assert (await worker.complete(await worker.run(task_id, 2))).accepted


async def test_a_node_that_drains_gets_nothing_new(tmp_path: Path) -> None:
    async with by_hand(tmp_path) as (runtime, worker):
        await worker.join()
        agents = [await runtime.spawn() for _ in range(2)]
        running = await worker.run(await submit(runtime, agents[0]))
        await worker.drain()
        waiting = await submit(runtime, agents[1])
        assert (await worker.complete(running)).accepted
        joined = await worker.join()
        await worker.assigned(waiting)
        seqs = {
            fact.event.name: fact.seq for fact in await runtime.facts() if fact.envelope.agent == agents[1]
        }
        assert seqs["task.assigned"] > joined


async def test_an_agent_runs_no_more_at_once_than_it_may(tmp_path: Path) -> None:
    async with by_hand(tmp_path) as (runtime, worker):
        await worker.join()
        agent_id = await runtime.spawn(max_concurrent_tasks=2)
        tasks = [await submit(runtime, agent_id) for _ in range(6)]
        for task_id in tasks:
            assert (await worker.complete(await worker.run(task_id))).accepted
        running, most = 0, 0
        for name in await runtime.names(agent=agent_id):
            running += {"task.assigned": 1, "task.completed": -1}.get(name, 0)
            most = max(most, running)
        assert most == 2


async def test_what_is_more_important_goes_first(tmp_path: Path) -> None:
    async with by_hand(tmp_path) as (runtime, worker):
        await worker.join(tasks=1)
        agents = [await runtime.spawn() for _ in range(4)]
        # Nothing takes room from a task of the real-time tier.
        blocking = await worker.run(await submit(runtime, agents[0], tier=PriorityTier.REALTIME))
        plain = await submit(runtime, agents[1])
        urgent = await submit(runtime, agents[2], priority=10)
        live = await submit(runtime, agents[3], tier=PriorityTier.REALTIME, priority=-5)
        most_urgent = await submit(runtime, agents[1], priority=20)
        await worker.complete(blocking)
        for task_id in (live, most_urgent, urgent, plain):
            assert (await worker.complete(await worker.run(task_id))).accepted
        order = [fact.event.task_id for fact in await runtime.facts() if fact.event.name == "task.assigned"]  # type: ignore[attr-defined]
        assert order[1:] == [live, most_urgent, urgent, plain]


async def test_a_task_is_called_off_while_it_waits_and_while_it_runs(tmp_path: Path) -> None:
    async with by_hand(tmp_path) as (runtime, worker):
        await worker.join(tasks=1)
        agent_id = await runtime.spawn()
        running = await worker.run(await submit(runtime, agent_id))
        waiting, last = await submit(runtime, agent_id), await submit(runtime, agent_id)
        await done(runtime, CancelTask(agent_id=agent_id, task_id=waiting))
        await done(runtime, CancelTask(agent_id=agent_id, task_id=running.task_id))
        assert (await worker.complete(await worker.run(last))).accepted
        assert "task.assigned" not in {
            fact.event.name for fact in await runtime.facts() if fact.envelope.aggregate_id == waiting
        }


async def test_a_scheduler_that_starts_again_goes_on_where_it_was(tmp_path: Path) -> None:
    async with by_hand(tmp_path) as (runtime, worker):
        await worker.join(tasks=1)
        agents = [await runtime.spawn() for _ in range(4)]
        running = await worker.run(await submit(runtime, agents[0], max_retries=1))
        waiting = [await submit(runtime, agent) for agent in agents[1:]]
        before = await runtime.client.log.last_seq()
    async with by_hand(tmp_path) as (runtime, worker):
        # The node has not started again: what it runs is still its own, and the queue is what it was.
        assert (await worker.fail(running)).accepted
        # The room goes to the next one at once; what failed is tried again a while later.

        async def finish(task_id: str, assignment: int = 1) -> None:
            assert (await worker.complete(await worker.run(task_id, assignment))).accepted

        await asyncio.gather(*map(finish, waiting), finish(running.task_id, 2))
        counts = Counter(name for name in await runtime.names(before) if name.startswith("task."))
    assert counts == {
        "task.failed": 1,
        "task.retried": 1,
        "task.assigned": 4,
        "task.started": 4,
        "task.completed": 4,
    }
