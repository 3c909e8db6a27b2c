"""The runtime is killed under load and starts again: everything acknowledged is there, once."""

import asyncio
import random
import time
from collections import Counter
from pathlib import Path
from uuid import uuid4

from app.adapters.command_bus import NatsCommandBus
from app.bootstrap.keys import Keys
from app.cli.entry import run as symbi
from app.embedded.data_dir import DataDir
from events.codec import Fact
from events.commands import SignedRequest, SubmitTask, sign_request
from events.signing import provider
from events.task import NoopWork
from tests.support.audit import check_statements, statements, stored_log
from tests.support.in_process import CONFIG, logged_in
from tests.support.load import Load
from tests.support.up_process import UpProcess

pytest_plugins = ["tests.support.runtime"]

CALLERS, EACH = 250, 40
AGENTS, TASKS, AT_ONCE = 30, 600, 25
FINISHED_WITHIN_S = 90.0


async def test_ten_thousand_commands_survive_kills(running_runtime: UpProcess) -> None:
    runtime = running_runtime
    load = Load(runtime.nats_url, runtime.data_dir, CALLERS, EACH)
    async with asyncio.timeout(FINISHED_WITHIN_S):
        running = asyncio.ensure_future(load.run())
        for share in (0.3, 0.7):
            await load.reached(int(load.total * share))
            runtime.kill()
            await asyncio.to_thread(runtime.start)
        await running
    assert load.asked_again > 0
    await load.ask_all_again(runtime.nats_url, random.Random(1).sample(list(load.answers), 200))
    await projections_equal_their_rebuilds(runtime.data_dir)
    assert runtime.stop() == 0
    items = await stored_log(runtime.data_dir)
    load.check(items)
    for key, tail in check_statements(items).items():
        assert [raw.seq for raw in tail] == [statements(items, key)[-1].seq]


async def test_tasks_survive_kills(running_runtime: UpProcess) -> None:
    """What was assigned to a worker that died is run again, and every task ends once."""
    runtime = running_runtime
    data = DataDir.open(runtime.data_dir)
    operator = Keys(data, provider()).existing("operator")
    async with runtime.client() as client:
        for number in range(AGENTS):
            config = {**CONFIG, "max_concurrent_tasks": 4}
            await client.schedule_agent(config, agent_id=f"agent-{number}")
    submissions = [
        sign_request(
            SubmitTask(agent_id=f"agent-{number % AGENTS}", work=NoopWork()),
            operator,
            principal="operator",
            command_id=str(uuid4()),
            now_ns=time.time_ns(),
        )
        for number in range(TASKS)
    ]
    async with asyncio.timeout(FINISHED_WITHIN_S):
        for share in (0.3, 0.7):
            submitting = asyncio.ensure_future(submit(runtime.nats_url, data, submissions))
            await completed(runtime, int(TASKS * share))
            submitting.cancel()
            runtime.kill()
            await asyncio.gather(submitting, return_exceptions=True)
            await asyncio.to_thread(runtime.start)
        await submit(runtime.nats_url, data, submissions)
        await completed(runtime, TASKS)
    await projections_equal_their_rebuilds(runtime.data_dir)
    assert runtime.stop() == 0
    facts = [item for item in await stored_log(runtime.data_dir) if isinstance(item, Fact)]
    counts = Counter((fact.event.name, fact.envelope.aggregate_id) for fact in facts)
    tasks = {name for event, name in counts if event == "task.submitted"}
    assert len(tasks) == TASKS
    for task_id in tasks:
        assert counts["task.submitted", task_id] == counts["task.completed", task_id] == 1
        assert counts["task.assigned", task_id] == 1 + counts["task.retried", task_id]


async def submit(nats_url: str, data: DataDir, submissions: list[SignedRequest]) -> None:
    """Send every submission, those too that were sent before."""
    nc = await logged_in(nats_url, data, "operator")
    try:
        bus = NatsCommandBus(nc)
        for start in range(0, len(submissions), AT_ONCE):
            some = submissions[start : start + AT_ONCE]
            assert all(answer.accepted for answer in await asyncio.gather(*map(bus.send, some)))
    finally:
        await nc.close()


async def completed(runtime: UpProcess, wanted: int) -> None:
    """Return when that many tasks are."""
    ended: set[str] = set()
    async with runtime.client() as client:
        async for item in client.follow_events(after=0):
            if isinstance(item, Fact) and item.event.name == "task.completed":
                ended.add(item.envelope.aggregate_id)
            if len(ended) >= wanted:
                break


async def projections_equal_their_rebuilds(data_dir: Path) -> None:
    assert await asyncio.to_thread(symbi, ["projections", "verify", "--data-dir", str(data_dir)]) == 0
