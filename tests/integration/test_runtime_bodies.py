"""Definitions, bodies and schedules over a whole runtime, with its own servers."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from app.adapters.function_tools import FunctionTool
from app.bootstrap import connect, running
from app.errors import Invalid
from events import clock, strict_json
from events.codec import Fact
from events.task import ScheduleFired, TaskCompleted, TaskSubmitted
from projections.orphans import orphans
from tests.support.in_process import InProcess, runtime_in_process, settings_of

pytest_plugins = ["tests.support.runtime"]
pytestmark = pytest.mark.asyncio(loop_scope="module")

BODY = """
agent greeter(name: String) -> String {
    capabilities = ["lookup", "log"]
    with timeout = 30s {
        log("greeting " + name);
        let plan = lookup("plan:" + name);
        return "{} has {}".format(name, if plan == null { "no plan" } else { "the plan " + plan });
    }
}
"""


async def output(runtime: InProcess, task_id: str) -> Any:
    """What the body of a task returned, waiting for it."""
    done = await runtime.until_named("task.completed", task_id=task_id)
    assert isinstance(done.event, TaskCompleted)
    assert done.event.output is not None
    return strict_json.loads(await runtime.client.blobs.get(done.event.output))


async def test_a_body_is_spawned_run_and_told(runtime: InProcess) -> None:
    agent_id = await runtime.client.spawn_definition(BODY, file="greeter.symbi")
    task_id = await runtime.client.run_body(agent_id, {"name": "dee@example.com"})
    assert await output(runtime, task_id) == "dee@example.com has the plan enterprise"
    assert (await runtime.names(agent=agent_id))[3:] == [
        "task.submitted",
        "task.assigned",
        "task.started",
        "tool.call.requested",
        "tool.call.completed",
        "tool.call.requested",
        "tool.call.completed",
        "task.completed",
    ]
    await runtime.projected()
    async with runtime.client.queries.connect() as connection:
        assert await orphans(connection) == []
    assert await runtime.bad() == []


async def test_what_is_wrong_with_a_definition_is_told_to_programs_too(runtime: InProcess) -> None:
    wrong = BODY.replace('["lookup", "log"]', '["log"]')
    with pytest.raises(Invalid, match=r"`lookup` is neither") as caught:
        await runtime.client.spawn_definition(wrong, agent_id="wrong", file="greeter.symbi")
    assert "greeter.symbi:6:20" in str(caught.value)
    assert caught.value.facts["state"] == "failed"
    assert (await runtime.names(agent="wrong"))[-1] == "agent.initialization.failed"


async def test_many_bodies_run_at_once(runtime: InProcess) -> None:
    agents = [await runtime.client.spawn_definition(BODY) for _ in range(20)]
    tasks = await asyncio.gather(
        *(runtime.client.run_body(agents[number % 20], {"name": f"n{number}"}) for number in range(100))
    )
    await runtime.until_named("task.completed", task_id=tasks[-1])
    told: dict[str, Any] = {}
    async with asyncio.timeout(20):
        while len(told) < len(tasks):
            for fact in await runtime.facts():
                if isinstance(fact.event, TaskCompleted) and fact.event.task_id in tasks:
                    assert fact.event.output is not None
                    content = await runtime.client.blobs.get(fact.event.output)
                    told[fact.event.task_id] = strict_json.loads(content)
    assert told == {task: f"n{number} has no plan" for number, task in enumerate(tasks)}


async def test_schedules_fire_each_time_once_and_make_up_for_a_restart(tmp_path: Path) -> None:
    text = 'schedule often { cron: "* * * * * *", name: "ines" }\n' + BODY
    async with runtime_in_process(tmp_path / "symbi") as runtime:
        agent_id = await runtime.client.spawn_definition(text)
        first = await fired(runtime, agent_id)
        # Nothing but the schedule gives this agent work.
        await runtime.until(lambda fact: isinstance(fact.event, TaskCompleted))
    await asyncio.sleep(3)
    async with runtime_in_process(tmp_path / "symbi") as runtime:
        late = await runtime.until(
            lambda fact: isinstance(fact.event, ScheduleFired) and fact.event.skipped > 0
        )
        await fired(runtime, agent_id, after=late.seq)
        facts = await runtime.facts()
    firings = [fact.event for fact in facts if isinstance(fact.event, ScheduleFired)]
    times = [firing.due_at for firing in firings]
    assert times == sorted(set(times))
    assert times[0] == first.due_at
    began, ended = (clock.from_wire(time) // 1_000_000_000 for time in (times[0], times[-1]))
    assert sum(1 + firing.skipped for firing in firings) == ended - began + 1
    submitted = [fact.event.task_id for fact in facts if isinstance(fact.event, TaskSubmitted)]
    assert submitted == [firing.task_id for firing in firings]


async def fired(runtime: InProcess, agent_id: str, after: int = 0) -> ScheduleFired:
    """The next firing of the agent's schedule."""
    fact = await runtime.until(
        lambda fact: isinstance(fact.event, ScheduleFired) and fact.envelope.agent == agent_id, after=after
    )
    assert isinstance(fact.event, ScheduleFired)
    return fact.event


async def test_a_program_that_embeds_the_runtime_brings_tools_of_its_own(tmp_path: Path) -> None:
    async def slow(n: int) -> int:
        await asyncio.sleep(0.01)
        return n + 1

    def broken(n: int) -> int:
        raise OSError(f"no {n}")

    tools = [
        FunctionTool("plus_one", "(n: int) -> int", slow, idempotent=True),
        FunctionTool("broken", "(n: int) -> int", broken, idempotent=False),
    ]
    text = """
        agent a(n: int) -> List<any> {
            capabilities = ["plus_one", "broken"]
            with timeout = 10s {
                let told = "";
                try { broken(n); } catch (ToolError e) { told = e.message; }
                return [plus_one(n), told];
            }
        }
    """
    settings = settings_of(tmp_path / "symbi")
    async with running(settings, tools=tools), connect(settings) as client:
        task = await client.run_body(await client.spawn_definition(text), {"n": 1})
        async for item in client.follow_events(after=0):
            if isinstance(item, Fact) and isinstance(item.event, TaskCompleted):
                assert item.event.task_id == task
                assert item.event.output is not None
                assert await client.blobs.get(item.event.output) == b"[2,\"broken failed: OSError('no 1')\"]"
                break
