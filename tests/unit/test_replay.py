"""A body that is run again from the log asks for the same and comes to the same, or we are told why not."""

import asyncio
from dataclasses import replace
from typing import Any

import pytest

from app.adapters.blobs.memory import MemoryBlobs
from app.services.bodies.recorded import RecordedTask, recorded_task
from app.services.bodies.replay import NotReplayable, Replayed, replay
from events.commands import CancelTask, SubmitTask, TaskLimits
from events.task import NoopWork
from tests.support.small_runtime import SmallRuntime, small_runtime
from tests.unit.test_bodies import Kept, Tools, agent, interrupted, kept

__all__ = ["kept"]


async def recorded(runtime: SmallRuntime, task: str) -> RecordedTask:
    found = await recorded_task(runtime.log, runtime.verifier, "a1", task, upto=await runtime.log.last_seq())
    assert found is not None
    return found


async def replayed(runtime: SmallRuntime, task: str) -> Replayed:
    return await replay(await recorded(runtime, task), runtime.definitions, runtime.blobs, memory_mb=64)


BODIES = {
    "returns": 'let a = twice(n); return { "a": a, "b": twice(a) };',
    "catches": "try { fails(n); } catch (NotFound e) { return e.message; }",
    "fails": "twice(n); fails(n);",
    "errs": "let l = []; return l[n];",
    "runs out": "let t = 0; for i in range(1000000000) { t += i; } return t;",
    "calls much": "let t = 0; for i in range(50) { t += twice(i); } return t;",
}


@pytest.mark.parametrize("body", BODIES.values(), ids=BODIES)
async def test_a_run_is_the_same_again_byte_for_byte(body: str, monkeypatch: pytest.MonkeyPatch) -> None:
    from app.dsl.run import Limits
    from app.services.bodies import running

    monkeypatch.setattr(running, "Limits", lambda memory: Limits(200_000, memory))
    tools = Tools()
    async with small_runtime() as runtime:
        await runtime.spawn(agent(body))
        async with runtime.working(tools):
            task = await runtime.submit(inputs={"n": 3})
            await runtime.ended(task)
        made, before = sum(tools.made.values()), await runtime.log.last_seq()
        found = await replayed(runtime, task)
        assert found.differences == []
        assert (found.same, found.run, found.calls) == (True, 1, made)
        assert (sum(tools.made.values()), await runtime.log.last_seq()) == (made, before)


async def test_an_interrupted_run_is_the_same_again(kept: Kept) -> None:
    text = agent("let a = 0; try { a = wait(n); } catch (UnknownOutcome e) { a = 7; } return a + twice(n);")
    tools = Tools()
    task = await interrupted(kept, text, tools)
    tools.go_on.set()
    async with small_runtime(*kept) as runtime, runtime.working(tools):
        assert await runtime.output(await runtime.ended(task)) == 9
        found = await replayed(runtime, task)
        assert (found.same, found.calls, found.ended) == (True, 2, "completed")


@pytest.mark.parametrize("how", ["cancelled", "timed_out"])
async def test_a_run_that_was_stopped_from_outside_is_the_same_as_far_as_it_went(how: str) -> None:
    tools = Tools()
    async with small_runtime() as runtime:
        await runtime.spawn(agent("twice(n); wait(n); return 1;"))
        async with runtime.working(tools):
            limits = TaskLimits(execution_timeout=0.2) if how == "timed_out" else None
            task = await runtime.submit(inputs={"n": 3}, limits=limits)
            await asyncio.wait_for(tools.entered.wait(), 5)
            if how == "cancelled":
                await runtime.do(CancelTask(agent_id="a1", task_id=task))
            await runtime.ended(task)
            await asyncio.sleep(0.05)
        found = await replayed(runtime, task)
        assert (found.same, found.calls, found.ended) == (True, 2, how)


async def test_what_was_recorded_otherwise_is_told() -> None:
    async with small_runtime() as runtime:
        await runtime.spawn(agent("return twice(n) + twice(n + 1);"))
        async with runtime.working(Tools()):
            task = await runtime.submit(inputs={"n": 3})
            await runtime.ended(task)
        true = await recorded(runtime, task)
        first, second = true.calls
        assert first.outcome is not None
        other = replace(first, outcome=second.outcome)

        async def differs(calls: list[Any]) -> list[str]:
            found = await replay(replace(true, calls=calls), runtime.definitions, runtime.blobs, memory_mb=64)
            assert not found.same
            return [str(each) for each in found.differences]

        assert "outcome" in (await differs([other, second]))[0]
        assert "call 0" in (await differs([second, first]))[0]
        assert "call 1" in (await differs([first]))[0]
        assert "call 2" in (await differs([first, second, second]))[0]


async def test_what_is_gone_cannot_be_replayed() -> None:
    async with small_runtime() as runtime:
        await runtime.spawn(agent("return twice(n);"))
        async with runtime.working(Tools()):
            task = await runtime.submit(inputs={"n": 3})
            await runtime.ended(task)
        blobs = runtime.blobs
        assert isinstance(blobs, MemoryBlobs)
        for digest in list(blobs._stored):
            content = blobs._stored.pop(digest)
            runtime.definitions._read.clear()
            with pytest.raises(NotReplayable, match="is not in the blob store"):
                await replayed(runtime, task)
            blobs._stored[digest] = content
        assert (await replayed(runtime, task)).same


async def test_what_is_no_body_or_not_over_cannot_be_replayed() -> None:
    tools = Tools()
    async with small_runtime() as runtime:
        await runtime.spawn(agent("return wait(n);"))
        nothing = SubmitTask(agent_id="a1", work=NoopWork(), limits=TaskLimits(memory_mb=16))
        noop = str((await runtime.do(nothing)).result["task_id"])
        async with runtime.working(tools):
            await runtime.ended(noop)
            with pytest.raises(NotReplayable, match="programs are not replayed"):
                await replayed(runtime, noop)
            task = await runtime.submit(inputs={"n": 3})
            await asyncio.wait_for(tools.entered.wait(), 5)
            with pytest.raises(NotReplayable, match="it is not over"):
                await replayed(runtime, task)
