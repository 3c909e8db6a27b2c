"""What a task writes is seen while it runs, by those who may, and by nobody else."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack

import nats.errors
import pytest
import pytest_asyncio

from app.adapters.outputs import wire
from app.bootstrap import Client, connect, running
from app.cli import live, tasks
from app.cli.entry import run
from app.config import load
from app.embedded.data_dir import DataDir
from events.commands import CancelTask, GrantRole, Program, RegisterIdentity
from events.identity import IdentityKind, Role
from projections.scheduler import TaskRow
from tests.support.in_process import SOON_S, InProcess, logged_in
from tests.support.scripted_executor import ScriptedExecutor

pytestmark = pytest.mark.asyncio(loop_scope="module")


class Working(InProcess):
    """A runtime whose programs a test writes."""

    executor: ScriptedExecutor

    async def submit(self, agent: str) -> str:
        return await self.client.submit_task(agent, Program(argv=["anything"]))


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def working(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Working]:
    data_dir = tmp_path_factory.mktemp("output") / "symbi"
    settings = load(data_dir=data_dir, environ={})
    executor = ScriptedExecutor()
    async with AsyncExitStack() as stack:
        started = await stack.enter_async_context(
            running(settings, make_executor=lambda settings, data: executor)
        )
        client = await stack.enter_async_context(connect(settings))
        data = DataDir.open(data_dir)
        nc = await logged_in(started.nats_url, data, "operator")
        stack.push_async_callback(nc.close)
        runtime = Working(started, client, nc, data)
        runtime.executor = executor
        yield runtime


async def logs(runtime: Working, task: str, *options: str) -> int:
    """The exit code of `symbi task logs`."""
    words = ["task", "logs", task, "--data-dir", str(runtime.settings.data_dir), *options]
    return await asyncio.to_thread(run, words)


async def shown(capsys: pytest.CaptureFixture[str], wanted: str, before: str = "") -> str:
    """Everything that was printed, once it is *wanted*."""
    async with asyncio.timeout(SOON_S):
        while (before := before + capsys.readouterr().out) != wanted:
            assert wanted.startswith(before), before
            await asyncio.sleep(0.02)
    return before


async def test_the_output_of_a_running_task_is_followed_to_its_end(
    working: Working, capsys: pytest.CaptureFixture[str]
) -> None:
    task = await working.submit(await working.spawn())
    program = await asyncio.wait_for(working.executor.started.get(), SOON_S)
    await working.projected()
    capsys.readouterr()
    following = asyncio.create_task(logs(working, task, "--follow"))
    seen = ""
    for line in ("one\n", "zwei ä\n", "no end"):
        program.write(line.encode())
        seen = await shown(capsys, seen + line, seen)
        assert not following.done()
    program.end()
    assert await following == 0
    assert capsys.readouterr().out == "", "nothing twice"
    await working.projected()
    assert await logs(working, task) == 0
    assert capsys.readouterr().out == seen


async def test_a_task_is_followed_before_it_runs_and_through_its_retries(
    working: Working, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    agent = await working.spawn()
    await working.submit(agent)  # takes the agent's turn
    first = await asyncio.wait_for(working.executor.started.get(), SOON_S)
    task = await working.client.submit_task(agent, Program(argv=["x"]), max_retries=1)
    await working.projected()
    found = asyncio.Event()

    async def find(client: Client, task_id: str) -> TaskRow:
        row = await tasks.find(client, task_id)
        found.set()
        return row

    monkeypatch.setattr(live, "find", find)
    following = asyncio.create_task(live.show(working.client, task))
    await found.wait()
    first.end()
    for code, line in ((1, b"failed\n"), (0, b"worked\n")):
        program = await asyncio.wait_for(working.executor.started.get(), SOON_S)
        program.write(line)
        program.end(code)
    row, any_output = await asyncio.wait_for(following, SOON_S)
    assert (row.state, any_output) == ("completed", True)
    assert capsys.readouterr().out == "failed\nworked\n"


async def test_a_task_that_is_called_off_ends_its_followers(
    working: Working, capsys: pytest.CaptureFixture[str]
) -> None:
    agent = await working.spawn()
    task = await working.submit(agent)
    program = await asyncio.wait_for(working.executor.started.get(), SOON_S)
    program.write(b"one\n")
    await working.projected()
    following = asyncio.create_task(logs(working, task, "--follow"))
    await shown(capsys, "one\n")
    await working.do(CancelTask(agent_id=agent, task_id=task))
    assert await asyncio.wait_for(following, SOON_S) == 0


async def test_only_readers_may_ask_and_only_they_understand_the_answer(
    working: Working, capsys: pytest.CaptureFixture[str]
) -> None:
    task = await working.submit(await working.spawn())
    program = await asyncio.wait_for(working.executor.started.get(), SOON_S)
    program.write(b"secret\n")
    await working.projected()
    question = wire.subject("worker-local", task)
    answer = await working.nc.request(question, wire.ask(1, 0), timeout=SOON_S)
    assert b"secret" not in answer.data
    assert b"sealed" in answer.data
    for unclear in (b"", b"{}", b"\xff"):
        assert (await working.nc.request(question, unclear, timeout=SOON_S)).data == b"{}"
    unknown = await working.nc.request(wire.subject("worker-local", "t-x"), wire.ask(1, 0), timeout=SOON_S)
    assert unknown.data == b"{}"

    where = ["--data-dir", str(working.settings.data_dir)]
    assert await asyncio.to_thread(run, ["identity", "add", "nora", *where]) == 0
    nora = await logged_in(working.nats_url, working.data, "nora")
    with pytest.raises(nats.errors.TimeoutError):
        await nora.request(question, wire.ask(1, 0), timeout=0.5)
    await nora.close()
    assert await logs(working, task, "--as", "nora", "--follow") == 3
    program.end()


async def test_nobody_hears_what_others_ask_or_are_answered(working: Working) -> None:
    await working.do(RegisterIdentity(identity_id="eve", kind=IdentityKind.HUMAN))
    await working.do(GrantRole(identity_id="eve", role=Role.VIEWER))
    complaints: asyncio.Queue[str] = asyncio.Queue()
    where = ["--data-dir", str(working.settings.data_dir)]
    assert await asyncio.to_thread(run, ["keys", "issue", "eve", "--use", "login", *where]) == 0
    nc = await logged_in(working.nats_url, working.data, "eve")

    async def complain(error: Exception) -> None:
        complaints.put_nowait(str(error))

    nc._error_cb = complain
    for subject in ("symbi.output.>", "symbi.output.worker-local.*", "_INBOX.operator.>"):
        await nc.subscribe(subject)
        assert "permissions violation for subscription" in await asyncio.wait_for(complaints.get(), SOON_S)
    await nc.close()
