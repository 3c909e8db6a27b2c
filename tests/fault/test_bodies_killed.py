"""The runtime is killed while bodies run: no call is made twice, and every task ends once."""

import asyncio
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.cli.entry import run as symbi
from events import strict_json
from events.codec import Fact
from events.task import TaskCompleted
from events.tool import ToolCallCompleted, ToolCallFailed, ToolCallRequested
from tests.support.audit import stored_log
from tests.support.counting_tools import CALLS_FILE, PROGRAM, counted
from tests.support.up_process import UpProcess

AGENTS, TASKS, CALLS = 10, 60, 8
FINISHED_WITHIN_S = 90.0

TEXT = f"""
agent counter(name: String) -> int {{
    capabilities = ["count"]
    with timeout = 2m {{
        let unknown = 0;
        for i in range({CALLS}) {{
            try {{
                count("{{}}/{{}}".format(name, i));
            }} catch (UnknownOutcome e) {{
                unknown += 1;
            }}
        }}
        return unknown;
    }}
}}
"""


@pytest.fixture
def calls_file(tmp_path: Path) -> Path:
    return tmp_path / "calls"


@pytest.fixture
def counting(tmp_path: Path, calls_file: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[UpProcess]:
    monkeypatch.setenv(CALLS_FILE, str(calls_file))
    runtime = UpProcess(tmp_path / "symbi", program=PROGRAM)
    try:
        yield runtime.start()
    finally:
        runtime.kill()


async def test_no_call_is_made_twice_though_the_runtime_is_killed(
    counting: UpProcess, calls_file: Path
) -> None:
    async with counting.client() as client:
        for number in range(AGENTS):
            await client.spawn_definition(TEXT, agent_id=f"a{number}")
        tasks = [await client.run_body(f"a{n % AGENTS}", {"name": f"task-{n}"}) for n in range(TASKS)]
    async with asyncio.timeout(FINISHED_WITHIN_S):
        for share in (0.25, 0.5, 0.75):
            await made(calls_file, int(TASKS * CALLS * share))
            counting.kill()
            await asyncio.to_thread(counting.start)
        outputs = await completed(counting, tasks)
    for task in tasks[:3]:
        replay = ["task", "replay", task, "--data-dir", str(counting.data_dir)]
        assert await asyncio.to_thread(symbi, replay) == 0
    assert counting.stop() == 0

    by_key = Counter(counted(calls_file))
    assert set(by_key.values()) == {1}
    facts = [item for item in await stored_log(counting.data_dir) if isinstance(item, Fact)]
    of_calls = [fact.event for fact in facts if fact.envelope.aggregate == "tool"]
    requested = [event for event in of_calls if isinstance(event, ToolCallRequested)]
    failed = [event for event in of_calls if isinstance(event, ToolCallFailed)]
    done = [event for event in of_calls if isinstance(event, ToolCallCompleted)]
    assert len(requested) == len({event.call_id for event in requested}) == TASKS * CALLS
    assert {event.reason for event in failed} <= {"unknown"}
    assert len(done) + len(failed) == TASKS * CALLS
    # What is unknown was made, or was not; what is known was made.
    assert len(done) <= sum(by_key.values()) <= TASKS * CALLS
    assert sum(outputs.values()) == len(failed)
    assert failed, "no kill hit a call, so this test has shown nothing"
    ends = Counter(fact.event.task_id for fact in facts if isinstance(fact.event, TaskCompleted))
    assert ends == Counter(tasks)


async def made(calls_file: Path, wanted: int) -> None:
    """Return when that many calls were made."""
    while len(counted(calls_file)) < wanted:  # noqa: ASYNC110 - the file tells nobody that it grew
        await asyncio.sleep(0.01)


async def completed(runtime: UpProcess, tasks: list[str]) -> dict[str, int]:
    """What each task returned, once all are over."""
    left, outputs = set(tasks), dict[str, int]()
    async with runtime.client() as client:
        async for item in client.follow_events(after=0):
            if isinstance(item, Fact) and isinstance(item.event, TaskCompleted):
                assert item.event.output is not None
                outputs[item.event.task_id] = strict_json.loads(await client.blobs.get(item.event.output))
                left.discard(item.event.task_id)
            if not left:
                break
    return outputs
