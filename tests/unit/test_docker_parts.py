"""The parts of the Docker executor that need no engine, and what it does where there is none."""

import asyncio
import io
import itertools
import re
import socket
import subprocess
import sys
import tarfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from app.adapters.docker import health, outcome, settings, usage
from app.adapters.docker.errors import UnusableJob, WeakSandbox
from app.adapters.docker.executor import DockerExecutor
from app.adapters.docker.files import pack
from app.adapters.docker.outcome import Traces
from app.adapters.docker.output import Frames, Output
from app.adapters.docker.settings import Image
from app.adapters.docker.usage import Meter, Reading
from app.ports.executor import Control, Job, OutcomeKind, Phase, Wish
from events.agent_config import ResourceLimits
from events.task import CommandWork

LIMITS = ResourceLimits(memory_mb=64, max_pids=20, cpu_cores=4, execution_timeout=5)


def job(argv: list[str] | None = None, **work: object) -> Job:
    command = CommandWork.model_validate({"argv": argv or ["true"], "image": "busybox", **work})
    return Job("t-1", 1, 2, command, LIMITS)


def frame(stream: int, data: bytes) -> bytes:
    return bytes([stream, 0, 0, 0]) + len(data).to_bytes(4, "big") + data


@pytest.mark.parametrize("size", [1, 3, 8, 9, 1000])
def test_frames_come_apart_however_they_are_cut(size: int) -> None:
    stream = frame(1, b"out\n") + frame(2, b"") + frame(2, b"error\n") + frame(1, b"x" * 50)
    frames = Frames()
    pieces = [stream[at : at + size] for at in range(0, len(stream), size)]
    found = b"".join(itertools.chain.from_iterable(frames.feed(piece) for piece in pieces))
    assert found == b"out\nerror\n" + b"x" * 50


@pytest.mark.parametrize("pieces", [[b"0123456789"], [b"01234", b"56789"], [b"%d" % n for n in range(10)]])
@pytest.mark.parametrize("limit", [10, 11, 1000])
def test_output_within_the_limit_is_kept_whole(pieces: list[bytes], limit: int) -> None:
    output = Output(limit)
    for piece in pieces:
        output.write(piece)
    assert (output.kept(), output.size, output.overflows) == (b"0123456789", 10, False)


@pytest.mark.parametrize("size", [1, 7, 64, 1000])
def test_of_longer_output_the_beginning_and_the_end_are_kept(size: int) -> None:
    everything = bytes(range(ord("a"), ord("z") + 1)) * 38
    output = Output(101)
    for at in range(0, len(everything), size):
        output.write(everything[at : at + size])
    left_out = len(everything) - 101
    expected = everything[:51] + b"\n[... %d bytes left out ...]\n" % left_out + everything[-50:]
    assert output.kept() == expected
    assert output.size == len(everything)


@pytest.mark.parametrize("limit", [0, 1])
def test_output_may_be_limited_to_next_to_nothing(limit: int) -> None:
    output = Output(limit)
    output.write(b"abc")
    output.write(b"def")
    assert output.kept() == b"abc"[:limit] + b"\n[... %d bytes left out ...]\n" % (6 - limit)


@pytest.mark.parametrize("size", [1, 7, 64, 1000])
def test_output_is_read_from_any_offset_as_far_as_it_is_kept(size: int) -> None:
    everything = bytes(range(ord("a"), ord("z") + 1)) * 38
    output = Output(101)
    assert output.part(0, 10) == (0, b"")
    for at in range(0, len(everything), size):
        output.write(everything[at : at + size])
    assert output.part(0, 10) == (0, everything[:10])
    assert output.part(45, 100) == (45, everything[45:51])
    assert output.part(51, 7) == (938, everything[938:945])  # the middle is gone
    assert output.part(940, 1000) == (940, everything[940:])
    assert output.part(988, 10) == (988, b"")
    assert output.part(5000, 10) == (988, b"")


def test_output_within_the_limit_is_read_across_its_halves() -> None:
    output = Output(10)
    output.write(b"0123456789")
    assert output.part(0, 100) == (0, b"01234")
    assert output.part(5, 100) == (5, b"56789")


def test_files_are_packed_for_everybody_to_read_and_nobody_to_write() -> None:
    with tarfile.open(fileobj=io.BytesIO(pack({"a/b/run.sh": b"echo", "c": b""}))) as archive:
        members = {member.name: member for member in archive.getmembers()}
        assert list(members) == ["a", "a/b", "a/b/run.sh", "c"]
        assert {(member.mode, member.uid, member.gid) for member in members.values()} == {(0o555, 0, 0)}
        content = archive.extractfile("a/b/run.sh")
        assert content is not None
        assert content.read() == b"echo"


@pytest.mark.parametrize("path", ["", "/etc/passwd", "../x", "a/../../x", "a//b", "a/", "./a", "a\0b"])
def test_paths_that_lead_elsewhere_are_refused(path: str) -> None:
    with pytest.raises(UnusableJob, match="no path below the working directory"):
        pack({path: b""})


def test_a_path_through_a_file_is_refused() -> None:
    with pytest.raises(UnusableJob, match="a/b is both"):
        pack({"a/b": b"", "a/b/c": b""})


def test_fewer_processes_than_a_container_takes_are_refused() -> None:
    starved = replace(job(), limits=ResourceLimits(max_pids=15))
    with pytest.raises(UnusableJob, match="max_pids is 15"):
        settings.check(starved)


@pytest.mark.parametrize(
    ("broken", "reason"),
    [
        (job([""]), "no name"),
        (job(["sh", "a\0b"]), "zero byte"),
        (job(environment={"A=B": "x"}), "cannot name"),
        (job(environment={"": "x"}), "cannot name"),
        (job(environment={"A": "\0"}), "zero byte"),
    ],
)
def test_what_the_engine_would_misread_is_refused(broken: Job, reason: str) -> None:
    with pytest.raises(UnusableJob, match=reason):
        settings.check(broken)


def test_the_container_is_confined() -> None:
    image = Image("sha256:1", frozenset({"/data", "/task"}))
    made = settings.container(job(["prog", "x"]), image, cpus=2.0, volume=None, marks={"symbi.task": "t-1"})
    host = made["HostConfig"]
    assert (made["Entrypoint"], made["Cmd"], made["User"]) == (["prog", "x"], [], "65534:65534")
    assert (host["NetworkMode"], host["ReadonlyRootfs"], host["CapDrop"]) == ("none", True, ["ALL"])
    assert host["SecurityOpt"] == ["no-new-privileges:true"]
    assert host["Memory"] == host["MemorySwap"] == 64 * 1024 * 1024
    assert (host["NanoCpus"], host["PidsLimit"]) == (2_000_000_000, 20), "four were asked for, two are there"
    assert "Privileged" not in host
    assert [(mount["Type"], mount["Target"]) for mount in host["Mounts"]] == [
        ("tmpfs", "/data"),
        ("tmpfs", "/task"),
        ("tmpfs", "/tmp"),
    ]


def test_an_engine_that_cannot_limit_is_no_sandbox() -> None:
    info = {"ServerVersion": "28", "NCPU": 2, "MemoryLimit": True, "CpuCfsQuota": True, "PidsLimit": False}
    with pytest.raises(WeakSandbox, match=r"at unix:///x cannot limit processes.*Give it the cgroup"):
        health.examine("unix:///x", info)
    strong = health.examine("unix:///x", info | {"PidsLimit": True, "SwapLimit": False})
    assert strong.cpus == 2.0
    assert strong.description == (
        "Docker 28 at unix:///x, cgroup v1, system calls NOT filtered (no seccomp), swap not limited"
    )


@pytest.mark.parametrize(
    ("exit_code", "out_of_memory", "refusals", "kind", "reason", "detail"),
    [
        (0, False, 0, OutcomeKind.COMPLETED, "", ""),
        (0, True, 5, OutcomeKind.COMPLETED, "", ""),
        (3, False, 0, OutcomeKind.FAILED, "exit", "exit status 3"),
        (127, False, 0, OutcomeKind.FAILED, "exit", "no such program"),
        (137, False, 0, OutcomeKind.FAILED, "exit", "SIGKILL"),
        (137, True, 0, OutcomeKind.FAILED, "limit", "memory: .* 64 MiB"),
        (2, False, 5, OutcomeKind.FAILED, "limit", "processes: 5 times .* 20 "),
        (255, False, 0, OutcomeKind.FAILED, "exit", "exit status 255"),
    ],
)
def test_an_end_is_told_in_words(
    exit_code: int, out_of_memory: bool, refusals: int, kind: OutcomeKind, reason: str, detail: str
) -> None:
    traces = Traces(LIMITS, b"out", 3, Reading(0.5, 2 * 1024 * 1024, refusals), 1.25)
    found = outcome.ended(exit_code, out_of_memory, traces)
    assert (found.kind, found.reason, found.exit_code, found.output) == (kind, reason, exit_code, b"out")
    used = found.usage
    assert (used.wall_seconds, used.cpu_seconds, used.memory_peak_mb) == (1.25, 0.5, 2.0)
    assert re.search(detail, found.detail)


V1 = {
    "cpuacct/docker/abc/cpuacct.usage": "1500000000",
    "memory/docker/abc/memory.max_usage_in_bytes": "4096",
    "pids/docker/abc/pids.events": "max 7",
}
V2 = {
    "docker/abc/cpu.stat": "usage_usec 1500000\nuser_usec 1",
    "docker/abc/memory.peak": "4096",
    "docker/abc/pids.events": "max 7",
}
BOTH = ["5:cpu,cpuacct:/docker/abc", "4:memory:/docker/abc", "3:pids:/docker/abc", "0::/docker/abc"]


@pytest.mark.parametrize("files", [V1, V2], ids=["v1", "v2"])
def test_the_counters_of_either_cgroup_version_are_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, files: dict[str, str]
) -> None:
    monkeypatch.setattr(usage, "PROCESSES", tmp_path / "proc")
    given = {f"cgroup/{name}": text for name, text in files.items()} | {"proc/5/cgroup": "\n".join(BOTH)}
    for name, text in given.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(f"{text}\n")
    meter = Meter("abc", 5, cgroups=tmp_path / "cgroup")
    untouched: Any = None
    meter.read(untouched)
    assert meter.reading == Reading(1.5, 4096, 7)
    for name in files:
        (tmp_path / "cgroup" / name).unlink()
    meter.read(untouched)
    assert meter.reading == Reading(1.5, 4096, 7), "what was seen last stays"


async def test_pausing_and_cancelling_are_wishes_until_somebody_acts() -> None:
    control = Control()
    thinking = asyncio.ensure_future(control.rethought(Wish.RUN))
    control.pause()
    await asyncio.wait_for(thinking, 1)
    assert (control.wish, control.phase) == (Wish.PAUSE, Phase.PREPARING)
    control.cancel()
    control.resume()
    assert control.wish is Wish.CANCEL, "cancelling is for good"


async def test_a_phase_is_waited_for_and_the_end_ends_the_wait() -> None:
    control = Control()
    paused, running = (
        asyncio.ensure_future(control.reached(phase)) for phase in (Phase.PAUSED, Phase.RUNNING)
    )
    control.enter(Phase.RUNNING)
    assert await asyncio.wait_for(running, 1) is Phase.RUNNING
    control.enter(Phase.ENDED)
    assert await asyncio.wait_for(paused, 1) is Phase.ENDED


@pytest.mark.parametrize("there", [False, True], ids=["no socket", "nobody listens"])
async def test_without_an_engine_a_job_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, there: bool
) -> None:
    address = tmp_path / "docker.sock"
    if there:
        with socket.socket(socket.AF_UNIX) as deaf:
            deaf.bind(str(address))
    monkeypatch.setenv("DOCKER_HOST", f"unix://{address}")
    executor = DockerExecutor("test")
    started = []

    async def note(sandbox: str) -> None:
        started.append(sandbox)

    try:
        control = Control(on_start=note)
        found = await executor.run(job(), control)
        assert (found.kind, found.reason, found.exit_code) == (OutcomeKind.REFUSED, "no_sandbox", None)
        assert str(address) in found.detail
        assert "apt-get install docker.io" in found.detail
        assert (started, control.phase) == ([], Phase.ENDED)
        assert await executor.doctor() == (False, found.detail)
        assert await executor.cleanup() == 0
    finally:
        await executor.aclose()


def test_the_docker_package_is_loaded_only_when_something_runs() -> None:
    program = "import sys, app.adapters.docker.executor; sys.exit('docker' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0
