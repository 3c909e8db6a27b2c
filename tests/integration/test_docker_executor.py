"""What a task's program can do in its container, what it cannot, and how its end is told."""

import asyncio
import json
import re
import secrets
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import docker
import pytest
from docker.errors import DockerException, ImageNotFound

from app.adapters.docker import usage
from app.adapters.docker.executor import DockerExecutor
from app.ports.executor import Control, Job, Outcome, OutcomeKind, Phase
from events.agent_config import ResourceLimits
from events.task import CommandWork
from tests.support.containers import task_image
from tests.support.eventually import eventually
from tests.support.require import skip_or_fail

pytestmark = pytest.mark.docker

RUNTIME = f"test-{secrets.token_hex(4)}"
OURS: dict[str, str | list[str] | bool] = {"label": f"symbi.runtime={RUNTIME}"}
STUBBORN = "trap '' TERM; echo ready; while true; do sleep 1; done"
TICKING = "i=0; while true; do i=$((i+1)); echo $i; sleep 0.05; done"

Run = Callable[..., Awaitable[Outcome]]


@pytest.fixture(scope="module")
def image(docker_engine: docker.DockerClient) -> str:
    try:
        docker_engine.images.get(task_image())
    except ImageNotFound:
        try:
            docker_engine.images.pull(task_image())
        except DockerException as error:
            skip_or_fail(f"{task_image()} is not here and cannot be pulled; run `make images` ({error})")
    return task_image()


@pytest.fixture
async def executor(docker_engine: docker.DockerClient) -> AsyncIterator[DockerExecutor]:
    """An executor that has left nothing behind when the test ends."""
    made = DockerExecutor(RUNTIME)
    yield made
    await made.aclose()
    assert left_behind(docker_engine) == []


def left_behind(engine: docker.DockerClient) -> list[str]:
    containers = [str(left.name) for left in engine.containers.list(all=True, filters=OURS)]
    return containers + [str(left.name) for left in engine.volumes.list(filters=OURS)]


@pytest.fixture
def job(image: str) -> Callable[..., Job]:
    def make(
        script: str = "true",
        *,
        argv: list[str] | None = None,
        files: dict[str, bytes] | None = None,
        environment: dict[str, str] | None = None,
        from_image: str = image,
        task_id: str = "t-1",
        keep_output: int = 1024 * 1024,
        **limits: float,
    ) -> Job:
        work = CommandWork(argv=argv or ["sh", "-c", script], image=from_image, environment=environment or {})
        allowed = ResourceLimits.model_validate({"memory_mb": 64, "execution_timeout": 30.0} | limits)
        return Job(task_id, 1, 1, work, allowed, files or {}, keep_output)

    return make


def written(control: Control) -> bytes:
    """What the program has written so far."""
    return control.written.part(0, 1_000_000)[1] if control.written else b""


async def has_written(control: Control, *, after: int = 0) -> None:
    """Return once the program has written more than that many bytes."""
    await eventually(lambda: len(written(control)) > after)


@pytest.fixture
def run(executor: DockerExecutor, job: Callable[..., Job]) -> Run:
    async def go(script: str = "true", **given: Any) -> Outcome:
        return await executor.run(job(script, **given), Control())

    return go


async def test_a_program_that_ends_well_completes_with_its_output(run: Run) -> None:
    found = await run("echo out; sleep 0.3; echo error >&2; sleep 0.3; printf 'no end'")
    assert (found.kind, found.exit_code, found.reason, found.detail) == (OutcomeKind.COMPLETED, 0, "", "")
    assert found.output == b"out\nerror\nno end"
    assert found.output_size == len(found.output)


@pytest.mark.parametrize("code", [1, 3, 200])
async def test_any_other_exit_status_is_a_failure(run: Run, code: int) -> None:
    found = await run(f"echo oops; exit {code}")
    assert (found.kind, found.reason, found.exit_code) == (OutcomeKind.FAILED, "exit", code)
    assert f"exit status {code}" in found.detail
    assert found.output == b"oops\n"


async def test_a_program_that_the_image_lacks_is_a_failure_that_names_it(run: Run) -> None:
    found = await run(argv=["/no/such/program"])
    assert (found.kind, found.exit_code) == (OutcomeKind.FAILED, 127)
    assert "no such program" in found.detail
    assert b"/no/such/program" in found.output


async def test_arguments_and_environment_arrive_as_given(run: Run) -> None:
    found = await run(argv=["sh", "-c", 'echo "$1|$A"', "sh", "a b'\"$HOME"], environment={"A": "1 2=ü"})
    assert found.output.decode() == "a b'\"$HOME|1 2=ü\n"


async def test_nothing_of_the_machine_s_environment_gets_in(
    job: Callable[..., Job], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("SYMBI_SECRET_OF_THE_HOST", "leaked")
    proxies = {"proxies": {"default": {"httpProxy": "http://leaked.example:1"}}}
    await asyncio.to_thread((tmp_path / "config.json").write_text, json.dumps(proxies))
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path))
    executor = DockerExecutor(RUNTIME)
    try:
        found = await executor.run(job("env; cat /etc/resolv.conf", environment={"A": "b"}), Control())
    finally:
        await executor.aclose()
    assert b"A=b\n" in found.output
    assert b"leaked" not in found.output
    names = {line.split("=")[0] for line in found.output.decode().splitlines() if "=" in line}
    assert names <= {"A", "HOME", "TMPDIR", "PATH", "HOSTNAME", "PWD", "SHLVL"}


async def test_files_can_be_read_and_run_and_not_written(run: Run) -> None:
    files = {"data.txt": b"gr\xc3\xbcezi", "bin/deep/run.sh": b"#!/bin/sh\necho ran\n", "empty": b""}
    found = await run(
        "exec 2>&1; pwd; cat data.txt; bin/deep/run.sh; wc -c <empty; for f in data.txt new bin/new; do"
        " echo x >$f && echo WRITTEN; done; rm data.txt && echo REMOVED; ls",
        files=files,
    )
    text = found.output.decode()
    assert text.startswith("/task\ngrüeziran\n0\n")
    assert text.count("Read-only file system") == 4
    assert "WRITTEN" not in text
    assert "REMOVED" not in text


async def test_a_file_that_would_lie_elsewhere_is_refused(run: Run) -> None:
    found = await run(files={"../etc/passwd": b""})
    assert (found.kind, found.reason) == (OutcomeKind.REFUSED, "invalid")
    assert "'../etc/passwd'" in found.detail


async def test_there_is_no_network(run: Run) -> None:
    found = await run("exec 2>&1; ip -o link | cut -d: -f2; nc -w 2 172.17.0.1 80 && echo REACHED; ip route")
    lines = found.output.decode().splitlines()
    assert lines[0].strip() == "lo"
    assert "Network is unreachable" in lines[1]
    assert "REACHED" not in lines
    assert not [line for line in lines if "default" in line]
    assert len([line for line in lines if line.startswith(" ")]) == 1


async def test_only_scratch_can_be_written(run: Run) -> None:
    found = await run(
        "exec 2>&1; for d in / /bin /etc /dev /root /task /proc/sys/kernel /sys/kernel; do"
        " echo x >$d/new && echo $d WRITTEN; done; echo x >/tmp/new && echo scratch"
    )
    lines = found.output.decode().splitlines()
    assert not [line for line in lines if "WRITTEN" in line]
    assert "scratch" in lines


async def test_the_program_has_no_privileges(run: Run) -> None:
    found = await run(
        "exec 2>&1; id -u; id -g; grep -E '^(Cap|NoNewPrivs|Seccomp:)' /proc/self/status;"
        " mount -t tmpfs x /tmp"
    )
    uid, gid, *lines = found.output.decode().splitlines()
    assert (uid, gid) == ("65534", "65534")
    status = dict(line.split(":\t") for line in lines if ":\t" in line)
    assert {status[name] for name in status if name.startswith("Cap")} == {"0" * 16}
    assert status["NoNewPrivs"] == "1"
    assert status["Seccomp"] == "2"
    assert found.exit_code != 0, "it could mount"


async def test_the_machine_s_processes_are_out_of_sight(run: Run) -> None:
    found = await run("ls -d /proc/[0-9]* | wc -l")
    assert int(found.output) < 8


async def test_scratch_is_bounded(run: Run) -> None:
    found = await run(
        "exec 2>&1; dd if=/dev/zero of=/tmp/x bs=1M count=100; du -m /tmp/x | cut -f1", memory_mb=32
    )
    assert b"No space left on device" in found.output
    assert int(found.output.split()[-1]) == 16


async def test_what_the_image_calls_a_volume_is_bounded_too(
    docker_engine: docker.DockerClient, image: str, run: Run
) -> None:
    made = docker_engine.containers.create(image, "true")
    try:
        changed = made.commit(repository=f"symbi-{RUNTIME}", changes="VOLUME /data")
    finally:
        made.remove()
    try:
        found = await run(
            "mount | grep /data; echo x >/data/x && echo written", from_image=f"symbi-{RUNTIME}"
        )
        assert re.search(rb"tmpfs on /data type tmpfs .*size=32768k", found.output)
        assert found.output.endswith(b"written\n")
    finally:
        docker_engine.images.remove(str(changed.id), force=True)


async def test_a_memory_hog_is_killed_and_its_end_says_why(run: Run) -> None:
    found = await run("x=$(head -c 200000000 /dev/zero | tr '\\0' x); echo survived", memory_mb=32)
    assert (found.kind, found.reason) == (OutcomeKind.FAILED, "limit")
    assert found.detail.startswith("memory: it needed more than the 32 MiB")
    assert found.usage.memory_peak_mb <= 33
    assert b"survived" not in found.output


async def test_a_fork_bomb_is_contained_and_its_end_says_so(run: Run) -> None:
    found = await run("b() { b | b & }; b; sleep 0.5; ls -d /proc/[0-9]* | wc -l; exit 1", max_pids=20)
    assert (found.kind, found.reason) == (OutcomeKind.FAILED, "limit")
    assert re.match(r"processes: [0-9]+ times it asked for more than the 20", found.detail)


async def test_more_processors_than_there_are_may_be_allowed(run: Run) -> None:
    assert (await run(cpu_cores=512.0)).kind is OutcomeKind.COMPLETED


async def test_the_least_limits_that_can_be_given_suffice_for_something(run: Run) -> None:
    assert (await run(memory_mb=16, cpu_cores=0.001, max_pids=16)).kind is OutcomeKind.COMPLETED


async def test_what_a_program_used_is_told(run: Run) -> None:
    found = await run(
        "i=0; while [ $i -lt 300000 ]; do i=$((i+1)); done; head -c 8000000 /dev/zero >/tmp/x; sleep 1.2"
    )
    assert 1.2 <= found.usage.wall_seconds < 20
    assert 0.05 < found.usage.cpu_seconds < 10
    assert 7 < found.usage.memory_peak_mb < 64


async def test_usage_comes_from_the_engine_where_its_machine_is_another(
    run: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(usage, "PROCESSES", tmp_path)
    found = await run(
        "i=0; while [ $i -lt 300000 ]; do i=$((i+1)); done; head -c 8000000 /dev/zero >/tmp/x; sleep 1.2"
    )
    assert found.usage.cpu_seconds > 0.05
    assert found.usage.memory_peak_mb > 7


@pytest.mark.parametrize("script", ["sleep 60", STUBBORN], ids=["willing", "stubborn"])
async def test_a_program_that_takes_too_long_is_stopped(run: Run, script: str) -> None:
    found = await run(script, execution_timeout=0.5)
    assert (found.kind, found.reason) == (OutcomeKind.TIMED_OUT, "timeout")
    assert "longer than the 0.5 s" in found.detail
    assert 0.5 <= found.usage.wall_seconds < 2.5
    assert found.exit_code == (143 if script == "sleep 60" else 137)


@pytest.mark.parametrize("script", ["echo ready; sleep 60", STUBBORN], ids=["willing", "stubborn"])
@pytest.mark.parametrize("paused", [False, True], ids=["running", "paused"])
async def test_cancelling_takes_less_than_two_seconds(
    executor: DockerExecutor, job: Callable[..., Job], script: str, paused: bool
) -> None:
    control = Control()
    running = asyncio.ensure_future(executor.run(job(script), control))
    await has_written(control)
    if paused:
        control.pause()
        assert await asyncio.wait_for(control.reached(Phase.PAUSED), 10) is Phase.PAUSED
    asked = time.monotonic()
    control.cancel()
    found = await asyncio.wait_for(running, 20)
    assert time.monotonic() - asked < 2
    assert (found.kind, found.reason, found.output) == (OutcomeKind.CANCELLED, "cancelled", b"ready\n")
    assert control.phase is Phase.ENDED


async def test_cancelled_before_it_starts_nothing_runs(
    executor: DockerExecutor, job: Callable[..., Job]
) -> None:
    async def call_off(sandbox: str) -> None:
        control.cancel()

    control = Control(on_start=call_off)
    found = await executor.run(job("echo ran"), control)
    assert (found.kind, found.output) == (OutcomeKind.CANCELLED, b"")
    assert "before it started" in found.detail


async def test_a_paused_program_stands_still_and_so_does_its_clock(
    executor: DockerExecutor, job: Callable[..., Job]
) -> None:
    control = Control()
    running = asyncio.ensure_future(executor.run(job(TICKING, execution_timeout=2.0), control))
    await has_written(control)
    control.pause()
    await asyncio.wait_for(control.reached(Phase.PAUSED), 10)
    await asyncio.sleep(0.3)  # what it wrote before
    before = len(written(control))
    await asyncio.sleep(2.5)  # longer than it may run
    assert len(written(control)) == before
    assert not running.done()
    control.resume()
    await has_written(control, after=before)
    assert await asyncio.wait_for(control.reached(Phase.RUNNING), 10) is Phase.RUNNING
    found = await asyncio.wait_for(running, 20)
    assert found.kind is OutcomeKind.TIMED_OUT
    assert found.usage.wall_seconds < 4


async def test_paused_before_it_starts_it_waits(executor: DockerExecutor, job: Callable[..., Job]) -> None:
    control = Control()
    control.pause()
    running = asyncio.ensure_future(executor.run(job("echo ran"), control))
    done, _ = await asyncio.wait([running], timeout=1.5)
    assert not done
    control.resume()
    assert (await asyncio.wait_for(running, 20)).output == b"ran\n"


async def test_nothing_starts_before_the_caller_has_agreed(
    executor: DockerExecutor, job: Callable[..., Job], docker_engine: docker.DockerClient
) -> None:
    seen: list[Any] = []

    async def agree(sandbox: str) -> None:
        found = await asyncio.to_thread(docker_engine.containers.list, all=True, filters=OURS)
        seen.extend((sandbox, container.status) for container in found)

    control = Control(on_start=agree)
    found = await executor.run(job("echo ran"), control)
    assert seen == [("docker", "created")]
    assert found.output == b"ran\n"


async def test_a_caller_that_objects_prevents_the_start(
    executor: DockerExecutor, job: Callable[..., Job]
) -> None:
    async def object_to(sandbox: str) -> None:
        raise LookupError("the announcement was not stored")

    with pytest.raises(LookupError):
        await executor.run(job(files={"a": b"b"}), Control(on_start=object_to))


async def test_what_a_program_writes_is_seen_while_it_runs(
    executor: DockerExecutor, job: Callable[..., Job]
) -> None:
    control = Control()
    running = asyncio.ensure_future(executor.run(job("echo one; sleep 60"), control))
    await has_written(control)
    assert (written(control), running.done()) == (b"one\n", False)
    control.cancel()
    assert (await asyncio.wait_for(running, 20)).kind is OutcomeKind.CANCELLED


async def test_a_flood_of_output_is_bounded(executor: DockerExecutor, job: Callable[..., Job]) -> None:
    control = Control()
    script = "echo first; head -c 20000000 /dev/zero | tr '\\0' '\\n'; echo last"
    found = await executor.run(job(script, keep_output=10_000), control)
    assert found.kind is OutcomeKind.COMPLETED
    assert found.output_size == 20_000_011
    assert found.output.startswith(b"first\n")
    assert found.output.endswith(b"\nlast\n")
    assert b"[... 19990011 bytes left out ...]" in found.output
    assert len(found.output) < 10_100
    assert control.written is not None
    assert control.written.part(10_000, 10_000) == (20_000_011 - 5_000, found.output[-5_000:])


async def test_the_loop_goes_on_while_output_floods(
    executor: DockerExecutor, job: Callable[..., Job]
) -> None:
    control = Control()
    running = asyncio.ensure_future(executor.run(job("yes", execution_timeout=2.0), control))
    late, at = [], time.monotonic()
    while not running.done():
        await asyncio.sleep(0.01)
        late.append(time.monotonic() - at - 0.01)
        at = time.monotonic()
    late.sort()
    assert running.result().kind is OutcomeKind.TIMED_OUT
    assert late[len(late) * 9 // 10] < 0.1, f"late by {late[-10:]}"


async def test_two_jobs_at_once_do_not_meet(executor: DockerExecutor, job: Callable[..., Job]) -> None:
    script = "echo $ME; cat who; sleep 1; ls /tmp; echo $ME >/tmp/$ME; hostname"
    jobs = [
        job(script, task_id=f"t-{me}", environment={"ME": me}, files={"who": f"{me}\n".encode()})
        for me in ("one", "two")
    ]
    at = time.monotonic()
    found = await asyncio.gather(*(executor.run(each, Control()) for each in jobs))
    alone = [outcome.usage.wall_seconds for outcome in found]
    assert [outcome.output for outcome in found] == [b"one\none\nsandbox\n", b"two\ntwo\nsandbox\n"]
    assert time.monotonic() - at < sum(alone) + 5


async def test_ten_jobs_at_once_all_end(executor: DockerExecutor, job: Callable[..., Job]) -> None:
    jobs = [job(f"echo {number}", task_id=f"t-{number}") for number in range(10)]
    found = await asyncio.gather(*(executor.run(each, Control()) for each in jobs))
    assert [outcome.output for outcome in found] == [b"%d\n" % number for number in range(10)]


async def test_an_image_that_nobody_has_is_refused(run: Run) -> None:
    found = await run(from_image="127.0.0.1:9/nobody/has-this:1.0")
    assert (found.kind, found.reason, found.exit_code) == (OutcomeKind.REFUSED, "image_missing", None)
    assert "docker pull 127.0.0.1:9/nobody/has-this:1.0" in found.detail
    assert "docker load" in found.detail


@pytest.mark.parametrize("name", ["../containers", "UPPER", "a b", "x:y:z", "-x"])
async def test_what_names_no_image_is_refused(run: Run, name: str) -> None:
    found = await run(from_image=name)
    assert found.kind is OutcomeKind.REFUSED
    assert found.reason in ("invalid", "image_missing")
    assert name in found.detail


@asynccontextmanager
async def silent_registry() -> AsyncIterator[tuple[str, asyncio.Event]]:
    """A registry that takes connections and says nothing; its address, and whether somebody came."""
    asked = asyncio.Event()
    writers: list[asyncio.StreamWriter] = []

    async def say_nothing(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writers.append(writer)
        asked.set()
        with suppress(ConnectionError):
            await reader.read()

    server = await asyncio.start_server(say_nothing, "127.0.0.1", 0)
    try:
        yield f"127.0.0.1:{server.sockets[0].getsockname()[1]}", asked
    finally:
        for writer in writers:
            writer.close()
        server.close()


async def test_a_registry_that_says_nothing_is_waited_for_so_long(job: Callable[..., Job]) -> None:
    async with AsyncExitStack() as stack:
        executor = DockerExecutor(RUNTIME, pulled_within=1.0)
        stack.push_async_callback(executor.aclose)
        address, _ = await stack.enter_async_context(silent_registry())
        at = time.monotonic()
        found = await executor.run(job(from_image=f"{address}/slow"), Control())
        assert time.monotonic() - at < 5
    assert (found.kind, found.reason) == (OutcomeKind.REFUSED, "image_missing")
    assert "within 1 s" in found.detail


async def test_cancelling_does_not_wait_for_a_registry(job: Callable[..., Job]) -> None:
    async with AsyncExitStack() as stack:
        executor = DockerExecutor(RUNTIME)
        stack.push_async_callback(executor.aclose)
        address, asked = await stack.enter_async_context(silent_registry())
        control = Control()
        running = asyncio.ensure_future(executor.run(job(from_image=f"{address}/slow"), control))
        await asyncio.wait_for(asked.wait(), 10)
        at = time.monotonic()
        control.cancel()
        assert (await running).kind is OutcomeKind.CANCELLED
        assert time.monotonic() - at < 2


async def test_a_cancelled_coroutine_takes_its_container_along(
    executor: DockerExecutor, job: Callable[..., Job], docker_engine: docker.DockerClient
) -> None:
    for paused in (False, True):
        control = Control()
        running = asyncio.ensure_future(executor.run(job(STUBBORN, files={"a": b"b"}), control))
        await has_written(control)
        if paused:
            control.pause()
            await asyncio.wait_for(control.reached(Phase.PAUSED), 10)
        running.cancel()
        with pytest.raises(asyncio.CancelledError):
            await running
        assert await asyncio.to_thread(left_behind, docker_engine) == []


@asynccontextmanager
async def wire(engine: docker.DockerClient, tmp_path: Path) -> AsyncIterator[tuple[str, Callable[[], None]]]:
    """An address of the engine, and what cuts the wire to it."""
    host = engine.api.base_url
    if not host.startswith("http+docker://localhost"):
        pytest.skip("the engine is not on a local socket")
    tasks: set[asyncio.Task[None]] = set()
    writers: set[asyncio.StreamWriter] = set()

    async def pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError):
            while data := await reader.read(65536):
                writer.write(data)
                await writer.drain()
            writer.write_eof()

    async def connect(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there, back = await asyncio.open_unix_connection("/var/run/docker.sock")
        writers.update((writer, back))
        for pair in ((reader, back), (there, writer)):
            task = asyncio.ensure_future(pump(*pair))
            tasks.add(task)

    def cut() -> None:
        server.close()
        (tmp_path / "engine.sock").unlink(missing_ok=True)
        for writer in writers:
            writer.transport.abort()

    server = await asyncio.start_unix_server(connect, tmp_path / "engine.sock")
    try:
        yield f"unix://{tmp_path}/engine.sock", cut
    finally:
        cut()
        await asyncio.gather(*tasks, return_exceptions=True)


async def test_an_engine_that_goes_away_loses_the_run_and_cleanup_finds_it(
    docker_engine: docker.DockerClient, job: Callable[..., Job], tmp_path: Path
) -> None:
    async with AsyncExitStack() as stack:
        address, cut = await stack.enter_async_context(wire(docker_engine, tmp_path))
        executor = DockerExecutor(RUNTIME, address=address)
        stack.push_async_callback(executor.aclose)
        control = Control()
        running = asyncio.ensure_future(executor.run(job(STUBBORN, files={"a": b"b"}), control))
        await has_written(control)
        cut()
        found = await asyncio.wait_for(running, 30)
        assert (found.kind, found.reason, found.output) == (OutcomeKind.FAILED, "lost", b"ready\n")
        assert "No such file" in found.detail
    assert len(await asyncio.to_thread(left_behind, docker_engine)) == 2
    stranger, restarted = DockerExecutor(f"{RUNTIME}-other"), DockerExecutor(RUNTIME)
    try:
        assert await stranger.cleanup() == 0
        assert await restarted.cleanup() == 1
        assert await asyncio.to_thread(left_behind, docker_engine) == []
        assert await restarted.cleanup() == 0
    finally:
        await stranger.aclose()
        await restarted.aclose()


async def test_containers_name_their_run(
    executor: DockerExecutor, job: Callable[..., Job], docker_engine: docker.DockerClient
) -> None:
    seen: list[dict[str, str]] = []

    async def look(sandbox: str) -> None:
        found = await asyncio.to_thread(docker_engine.containers.list, all=True, filters=OURS)
        seen.extend(container.labels for container in found)

    await executor.run(job(task_id="t-label"), Control(on_start=look))
    (labels,) = seen
    ours = {
        name: value
        for name, value in labels.items()
        if name in ("symbi.task", "symbi.attempt", "symbi.runtime")
    }
    assert ours == {"symbi.task": "t-label", "symbi.attempt": "1", "symbi.runtime": RUNTIME}


async def test_the_doctor_names_the_engine(executor: DockerExecutor) -> None:
    well, message = await executor.doctor()
    assert well
    assert re.match(r"Docker \S+ at \S+, cgroup v[12], system calls filtered", message)
