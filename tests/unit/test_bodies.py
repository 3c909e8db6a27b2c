"""A body runs in the worker: what it asks for is recorded, and what it did is not done again."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable
from typing import Any, TypeAlias

import pytest

from app.adapters.blobs.memory import MemoryBlobs
from app.adapters.function_tools import FunctionTool, ToolRegistry
from app.adapters.memory import MemoryEventLog
from app.dsl.run import Limits
from app.ports.tools import Call, Json, ToolFailed
from app.services.bodies import hold, running
from app.services.bodies.recorded import recorded_task
from events.agent import AgentRegistered
from events.commands import (
    CancelTask,
    CompleteToolCall,
    LoseNode,
    PreemptTask,
    ResumeAgent,
    RetryTask,
    SubmitTask,
    SuspendAgent,
    TaskLimits,
)
from events.task import (
    BodyWork,
    TaskCompleted,
    TaskFailed,
    TaskPreempted,
    TaskRetried,
    TaskStarted,
    TaskTimedOut,
)
from events.tool import ToolCallCompleted, ToolCallDenied, ToolCallFailed, ToolCallRequested
from tests.support.drawn import OneKey
from tests.support.small_runtime import NODE, WORKER, FakeClock, SmallRuntime, small_runtime

EVERYTHING = '["twice", "fails", "wait", "odd"]'


def agent(body: str, capabilities: str = EVERYTHING) -> str:
    return f"agent a(n: int) {{\n  capabilities = {capabilities}\n  with {{\n{body}\n  }}\n}}\n"


class Tools(ToolRegistry):
    """A few tools that count how often each call is made."""

    def __init__(self) -> None:
        self.made: Counter[str] = Counter()
        self.entered = asyncio.Event()
        self.go_on = asyncio.Event()
        self.odd: Callable[[], Any] = lambda: None
        signatures = {"twice": "(n: int) -> int", "fails": "(n: int) -> int"}
        super().__init__(
            [
                self._tool("twice", signatures["twice"], lambda n: n * 2),
                self._tool("fails", signatures["fails"], self._fail),
                self._tool("wait", "(n: int) -> int", self._wait),
                self._tool("wait_safely", "(n: int) -> int", self._wait, idempotent=True),
                self._tool("odd", "(n: int) -> any", lambda n: self.odd()),
            ]
        )

    def _tool(
        self, name: str, signature: str, does: Callable[[int], Any], *, idempotent: bool = False
    ) -> FunctionTool:
        def counted(n: int, call: Call) -> Json | Awaitable[Json]:
            self.made[f"{name}({n})"] += 1
            return does(n)  # type: ignore[no-any-return]

        return FunctionTool(name, signature, counted, idempotent=idempotent)

    @staticmethod
    def _fail(n: int) -> int:
        raise ToolFailed(f"{n} is not to be had", "NotFound")

    async def _wait(self, n: int) -> int:
        self.entered.set()
        await self.go_on.wait()
        return n


async def ran(body: str, inputs: Any = None, **options: Any) -> tuple[SmallRuntime, str, Any]:
    """What a task of an agent with this body came to."""
    async with small_runtime() as runtime:
        await runtime.spawn(agent(body))
        async with runtime.working(Tools(), **options):
            task = await runtime.submit(inputs=inputs or {"n": 3})
            return runtime, task, await runtime.ended(task)


async def test_what_a_body_returns_is_the_output_of_its_task() -> None:
    runtime, _, end = await ran('let m = { "n": n, "twice": twice(n) }; return m;')
    assert isinstance(end, TaskCompleted)
    assert await runtime.output(end) == {"n": 3, "twice": 6}
    assert [started.sandbox for started in await runtime.events(TaskStarted)] == ["interpreter"]


async def test_every_call_is_announced_before_and_told_after_with_its_content_outside_the_log() -> None:
    runtime, task, end = await ran("let a = twice(n); try { fails(a); } catch (e) { return e.message; }")
    assert await runtime.output(end) == "6 is not to be had"
    first, answer, second, failure = await runtime.calls(task)
    assert [type(each) for each in (first, answer, second, failure)] == [
        ToolCallRequested,
        ToolCallCompleted,
        ToolCallRequested,
        ToolCallFailed,
    ]
    assert (first.index, first.tool, second.index, second.tool) == (0, "twice", 1, "fails")
    assert await runtime.blobs.get(first.arguments) == b'{"capability":"twice","named":{},"positional":[3]}'
    assert await runtime.blobs.get(answer.result) == b"6"
    assert failure.reason == "error"
    assert await runtime.blobs.get(failure.error) == b'{"kind":"NotFound","message":"6 is not to be had"}'


async def test_an_error_that_is_not_caught_fails_the_task_with_its_place_and_line() -> None:
    _, _, end = await ran("let x = twice(n);\nlet y = fails(x);\nreturn y;")
    assert isinstance(end, TaskFailed)
    assert end.reason == "error"
    assert end.detail == "NotFound: 6 is not to be had\ntest.symbi:5:9: let y = fails(x);"


@pytest.mark.parametrize(
    ("body", "resource"),
    [
        ("let t = 0; for i in range(1000000000) { t += i; } return t;", "fuel"),
        ('let s = "ab"; for i in range(60) { s = s + s; } return s;', "memory"),
        ("for i in range(100000) { twice(i); } return 0;", "calls"),
    ],
    ids=["fuel", "memory", "calls"],
)
async def test_a_body_that_uses_too_much_is_stopped(
    body: str, resource: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(running, "Limits", lambda memory: Limits(200_000, memory, calls=20))
    _, _, end = await ran(body, memory_mb=1)
    assert isinstance(end, TaskFailed)
    assert end.reason == "limit"
    assert end.detail.startswith(f"{resource}: ")


async def test_bodies_that_compute_leave_the_loop_to_everything_else() -> None:
    async with small_runtime() as runtime:
        await runtime.spawn(agent("let t = 0; for i in range(3000000) { t += i; } return t;"))
        async with runtime.working(Tools()):
            tasks = [await runtime.submit(inputs={"n": 1}) for _ in range(3)]
            ticks, slowest = 0, 0.0
            loop = asyncio.get_running_loop()
            ended = asyncio.create_task(runtime.ended(tasks[-1], within_s=50))
            last = loop.time()
            while not ended.done():
                await asyncio.sleep(0)
                ticks, slowest, last = ticks + 1, max(slowest, loop.time() - last), loop.time()
    assert ticks > 100
    assert slowest < 0.5


async def test_a_body_has_no_more_time_than_its_task() -> None:
    async with small_runtime() as runtime:
        await runtime.spawn(agent("wait(n); return 1;"))
        async with runtime.working(Tools()):
            task = await runtime.submit(inputs={"n": 1}, limits=TaskLimits(execution_timeout=0.1))
            end = await runtime.ended(task)
        assert isinstance(end, TaskTimedOut)
        assert end.after_seconds >= 0.1
        assert [getattr(each, "reason", "") for each in await runtime.calls(task)] == ["", "timeout"]


async def test_a_body_that_is_called_off_stops_and_leaves_no_call_open() -> None:
    tools = Tools()
    async with small_runtime() as runtime:
        await runtime.spawn(agent("wait(n); twice(n); return 1;"))
        async with runtime.working(tools):
            task = await runtime.submit(inputs={"n": 1})
            await asyncio.wait_for(tools.entered.wait(), 5)
            await runtime.do(CancelTask(agent_id="a1", task_id=task))
            await runtime.until(lambda event: isinstance(event, ToolCallFailed))
        assert [getattr(each, "reason", "") for each in await runtime.calls(task)] == ["", "cancelled"]
        assert not runtime.world.calls
        assert tools.made == {"wait(1)": 1}


async def test_a_suspended_agent_asks_for_nothing_until_it_is_resumed() -> None:
    tools = Tools()
    async with small_runtime() as runtime:
        await runtime.spawn(agent("wait(n); return twice(n);"))
        async with runtime.working(tools):
            task = await runtime.submit(inputs={"n": 1})
            await asyncio.wait_for(tools.entered.wait(), 5)
            await runtime.do(SuspendAgent(agent_id="a1"))
            tools.go_on.set()
            await runtime.until(lambda event: isinstance(event, ToolCallCompleted))
            await asyncio.sleep(0.05)
            assert tools.made == {"wait(1)": 1}
            await runtime.do(ResumeAgent(agent_id="a1"))
            assert await runtime.output(await runtime.ended(task)) == 2


async def test_what_policy_denies_is_recorded_and_can_be_caught() -> None:
    text = agent(
        "try { twice(n); } catch (Denied e) { return e.message; }",
    )
    async with small_runtime() as runtime:
        await runtime.spawn(text)
        tools = Tools()
        async with runtime.working(tools, denies={"twice": "twice is forbidden on Saturdays"}):
            task = await runtime.submit(inputs={"n": 1})
            assert await runtime.output(await runtime.ended(task)) == "twice is forbidden on Saturdays"
        requested, denied = await runtime.calls(task)
        assert isinstance(requested, ToolCallRequested)
        assert isinstance(denied, ToolCallDenied)
        assert denied.reason == "twice is forbidden on Saturdays"
        assert not tools.made


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (lambda: float("nan"), "no value"),
        (lambda: {1: 2}, "no value"),
        (lambda: object(), "no value"),
        (lambda: 2**70, "no value"),
        (lambda: "x" * 5_000_000, "at most"),
        (lambda: 1 // 0, "ZeroDivisionError"),
    ],
    ids=["nan", "key", "object", "large-int", "large", "bug"],
)
async def test_a_tool_that_misbehaves_fails_its_call_and_nothing_else(
    answer: Callable[[], Any], message: str
) -> None:
    tools = Tools()
    tools.odd = answer
    async with small_runtime() as runtime:
        await runtime.spawn(agent("try { odd(n); } catch (CallError e) { return e.message; }"))
        async with runtime.working(tools):
            end = await runtime.ended(await runtime.submit(inputs={"n": 1}))
            assert message in await runtime.output(end)


async def test_a_capability_that_no_tool_carries_out_fails_with_a_name() -> None:
    async with small_runtime() as runtime:
        await runtime.spawn(
            agent(
                "try { teleport(n); } catch (ToolMissing e) { return e.message; }",
                capabilities='["teleport"]',
            )
        )
        async with runtime.working(Tools()):
            end = await runtime.ended(await runtime.submit(inputs={"n": 1}))
            assert await runtime.output(end) == "this runtime has no tool teleport"


async def test_inputs_that_do_not_fit_are_refused_when_they_are_submitted() -> None:
    async with small_runtime() as runtime:
        await runtime.spawn(agent("return n;"))
        for inputs in ({}, {"n": "one"}, {"n": 1, "m": 2}, [1]):
            with pytest.raises(AssertionError, match="InputsInvalid"):
                await runtime.submit(inputs=inputs)


async def test_nobody_can_say_in_place_of_the_runtime_what_a_task_was_given() -> None:
    async with small_runtime() as runtime:
        await runtime.spawn(agent("return n;"))
        for told in (
            {"given": {"n": 1}},
            {"definition": (await runtime.events(AgentRegistered))[0].definition},
        ):
            answer = await runtime.ask(SubmitTask(agent_id="a1", work=BodyWork(**told)))
            assert answer.error is not None
            assert answer.error.code == "InputsInvalid"


# Interruption


Kept: TypeAlias = tuple[MemoryEventLog, FakeClock, MemoryBlobs]
"""What outlives a process."""


async def interrupted(kept: Kept, text: str, tools: Tools, n: int = 1) -> str:
    """A task whose worker is killed while it waits in a call."""
    async with small_runtime(*kept) as runtime:
        await runtime.spawn(text)
        async with runtime.working(tools):
            task = await runtime.submit(inputs={"n": n})
            await asyncio.wait_for(tools.entered.wait(), 5)
    return task


@pytest.fixture
def kept() -> Kept:
    clock = FakeClock()
    return MemoryEventLog(clock), clock, MemoryBlobs(OneKey())


async def test_an_interrupted_run_goes_on_without_making_its_calls_again(kept: Kept) -> None:
    text = agent("""
        let a = twice(n);
        let b = 0;
        try { b = wait(a); } catch (UnknownOutcome e) { b = 100; }
        return a + b + twice(5);
    """)
    tools = Tools()
    task = await interrupted(kept, text, tools)
    tools.go_on.set()
    async with small_runtime(*kept) as runtime, runtime.working(tools):
        end = await runtime.ended(task)
        assert await runtime.output(end) == 112
        assert end.assignment == 2
    assert tools.made == {"twice(1)": 1, "wait(2)": 1, "twice(5)": 1}
    told = [
        (each.index, type(each).__name__, getattr(each, "reason", "")) for each in await runtime.calls(task)
    ]
    assert told == [
        (0, "ToolCallRequested", ""),
        (0, "ToolCallCompleted", ""),
        (1, "ToolCallRequested", ""),
        (1, "ToolCallFailed", "unknown"),
        (2, "ToolCallRequested", ""),
        (2, "ToolCallCompleted", ""),
    ]


async def test_a_call_that_may_be_made_twice_is_made_again_under_the_same_id(kept: Kept) -> None:
    text = agent("return wait_safely(n) + twice(n);", capabilities='["wait_safely", "twice"]')
    tools = Tools()
    task = await interrupted(kept, text, tools, n=4)
    tools.go_on.set()
    async with small_runtime(*kept) as runtime, runtime.working(tools):
        assert await runtime.output(await runtime.ended(task)) == 12
    first, again, completed, *_ = await runtime.calls(task)
    assert (first.call_id, first.again) == (again.call_id, False)
    assert again.again
    assert isinstance(completed, ToolCallCompleted)
    assert tools.made["wait_safely(4)"] == 2


async def test_a_run_that_is_interrupted_twice_ends_once(kept: Kept) -> None:
    text = agent("""
        let t = 0;
        for i in range(4) { try { t += wait(i); } catch (UnknownOutcome e) { t += 10; } }
        return t;
    """)
    tools = Tools()
    task = await interrupted(kept, text, tools)
    tools.entered.clear()
    async with small_runtime(*kept) as runtime, runtime.working(tools):
        await asyncio.wait_for(tools.entered.wait(), 5)
    tools.go_on.set()
    async with small_runtime(*kept) as runtime, runtime.working(tools):
        assert await runtime.output(await runtime.ended(task)) == 10 + 10 + 2 + 3
    assert set(tools.made.values()) == {1}


async def test_a_node_that_was_only_thought_lost_goes_on_with_what_it_did() -> None:
    text = agent("""
        let a = 0;
        try { a = wait(n); } catch (UnknownOutcome e) { a = 100; }
        return a + twice(n);
    """)
    tools = Tools()
    async with small_runtime() as runtime:
        await runtime.spawn(text)
        async with runtime.working(tools):
            task = await runtime.submit(inputs={"n": 1})
            await asyncio.wait_for(tools.entered.wait(), 5)
            await runtime.do(LoseNode(node_id=NODE, reason="silent"), "scheduler")
            end = await runtime.ended(task)
        assert await runtime.output(end) == 102
        reasons = [each.reason for each in await runtime.calls(task) if isinstance(each, ToolCallFailed)]
    assert reasons == ["unknown"]
    assert set(tools.made.values()) == {1}


@pytest.mark.parametrize(("grace", "told"), [(10.0, 2), (0.0, 102)], ids=["ends in time", "is cut off"])
async def test_a_body_that_makes_room_goes_on_later_where_it_was(
    grace: float, told: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hold, "GRACE_S", grace)
    text = agent("""
        let a = 0;
        try { a = wait(n); } catch (UnknownOutcome e) { a = 101; }
        return a + odd(n);
    """)
    tools = Tools()
    tools.odd = lambda: 1
    async with small_runtime() as runtime:
        await runtime.spawn(text)
        async with runtime.working(tools):
            task = await runtime.submit(inputs={"n": 1})
            await asyncio.wait_for(tools.entered.wait(), 5)
            await runtime.do(PreemptTask(agent_id="a1", task_id=task, reason="room"), "scheduler")
            if grace:
                tools.go_on.set()
            end = await runtime.ended(task)
        assert await runtime.output(end) == told
        assert end.assignment == 2
        assert len(await runtime.events(TaskPreempted)) == 1
        assert not await runtime.events(TaskRetried)
    assert tools.made == {"wait(1)": 1, "odd(1)": 1}


async def test_a_suspended_body_makes_room_too() -> None:
    tools = Tools()
    async with small_runtime() as runtime:
        await runtime.spawn(agent("let a = wait(n); return a + twice(n);"))
        async with runtime.working(tools):
            task = await runtime.submit(inputs={"n": 1})
            await asyncio.wait_for(tools.entered.wait(), 5)
            await runtime.do(SuspendAgent(agent_id="a1"))
            tools.go_on.set()
            await runtime.until(lambda event: isinstance(event, ToolCallCompleted))
            await runtime.do(PreemptTask(agent_id="a1", task_id=task, reason="room"), "scheduler")
            await runtime.until(lambda event: isinstance(event, TaskPreempted))
            await runtime.do(ResumeAgent(agent_id="a1"))
            assert await runtime.output(await runtime.ended(task)) == 3
    assert tools.made == {"wait(1)": 1, "twice(1)": 1}


@pytest.mark.parametrize("tool", ["wait", "wait_safely"])
async def test_what_came_of_a_call_may_be_told_after_another_run_goes_on_with_it(
    kept: Kept, tool: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    tools = Tools()
    text = agent(f"return {tool}(n) + twice(n);", capabilities=f'["{tool}", "twice"]')
    task = await interrupted(kept, text, tools)
    async with small_runtime(*kept) as runtime:

        async def read_too_early(*args: Any, **options: Any) -> Any:
            recorded = await recorded_task(*args, **options)
            if recorded is not None and recorded.calls[0].outcome is None:
                result = await runtime.blobs.put(b"7", scope=f"task/{task}", media_type="application/json")
                names = {"agent_id": "a1", "task_id": task, "node_id": NODE, "assignment": 1}
                told = {"call_id": recorded.calls[0].request.call_id, "result": result}
                await runtime.do(CompleteToolCall.model_validate({**names, **told}), WORKER)
            return recorded

        monkeypatch.setattr(running, "recorded_task", read_too_early)
        async with runtime.working(tools):
            end = await runtime.ended(task)
        assert await runtime.output(end) == 9
    assert tools.made == {f"{tool}(1)": 1, "twice(1)": 1}


async def test_a_task_that_failed_and_is_retried_begins_anew() -> None:
    tools = Tools()
    async with small_runtime() as runtime:
        await runtime.spawn(agent("twice(n); fails(n); return 1;"))
        async with runtime.working(tools):
            task = await runtime.submit(inputs={"n": 1})
            assert isinstance(await runtime.ended(task), TaskFailed)
            await runtime.do(RetryTask(agent_id="a1", task_id=task))
            await runtime.until(lambda event: isinstance(event, TaskFailed) and event.assignment == 2)
        assert tools.made == {"twice(1)": 2, "fails(1)": 2}
        assert [each.run for each in await runtime.calls(task)] == [1] * 4 + [2] * 4


async def test_a_thousand_bodies_wait_at_once() -> None:
    tools = Tools()
    count = 1_000
    async with small_runtime() as runtime:
        for number in range(count):
            await runtime.spawn(agent("return wait(n);"), f"a{number}")
        async with runtime.working(tools):
            tasks = [await runtime.submit(f"a{number}", {"n": number}) for number in range(count)]
            async with asyncio.timeout(30):
                while sum(tools.made.values()) < count:  # noqa: ASYNC110
                    await asyncio.sleep(0.01)
            tools.go_on.set()
            ends = await runtime.all_ended(tasks)
        assert all(isinstance(end, TaskCompleted) for end in ends)
        assert set(tools.made.values()) == {1}
