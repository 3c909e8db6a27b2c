"""What a task's container may do: little. In the words of the Docker Engine API."""

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from ...ports.executor import MEBIBYTE, Job
from .errors import UnusableJob

WORKING_DIRECTORY = "/task"
SCRATCH = "/tmp"
NOBODY = "65534:65534"
OPEN_FILES = 1024
LEAST_PROCESSES = 16
"""What the engine's own launcher takes, as threads, before it makes way for the program."""
SHARED_MEMORY_BYTES = 16 * MEBIBYTE

RUNTIME_LABEL = "symbi.runtime"
TASK_LABEL = "symbi.task"
ATTEMPT_LABEL = "symbi.attempt"
ASSIGNMENT_LABEL = "symbi.assignment"


class Image(NamedTuple):
    """An image that is on this machine."""

    id: str
    volumes: frozenset[str]
    """Paths for which the engine would make a volume on the disk, writable and of any size."""


def labels(runtime_id: str, job: Job) -> dict[str, str]:
    """By what the leftovers of a run are found."""
    return {
        RUNTIME_LABEL: runtime_id,
        TASK_LABEL: job.task_id,
        ATTEMPT_LABEL: str(job.attempt),
        ASSIGNMENT_LABEL: str(job.assignment),
    }


def check(job: Job) -> None:
    """Raise `UnusableJob` for what the engine would read as something else, or cannot start."""
    if job.limits.max_pids < LEAST_PROCESSES:
        needed = f"a container cannot start with fewer than {LEAST_PROCESSES}"
        raise UnusableJob(reason=f"max_pids is {job.limits.max_pids}, and {needed}")
    if not job.work.argv[0]:
        raise UnusableJob(reason="the program has no name")
    for name in job.work.environment:
        if not name or "=" in name or "\0" in name:
            raise UnusableJob(reason=f"{name!r} cannot name an environment variable")
    strings = [*job.work.argv, *job.work.environment.values()]
    if any("\0" in string for string in strings):
        raise UnusableJob(reason="an argument or an environment variable holds a zero byte")


def container(
    job: Job, image: Image, *, cpus: float, volume: str | None, marks: Mapping[str, str]
) -> dict[str, Any]:
    """The container that runs *job*: its files come from *volume*, and the machine has *cpus*."""
    return {
        "Image": image.id,
        "Entrypoint": job.work.argv,
        "Cmd": [],
        "User": NOBODY,
        "WorkingDir": WORKING_DIRECTORY,
        "Env": _environment(job),
        "Hostname": "sandbox",
        "Labels": dict(marks),
        "AttachStdout": True,
        "AttachStderr": True,
        "NetworkDisabled": True,
        "Healthcheck": {"Test": ["NONE"]},
        "HostConfig": _confinement(job, image, cpus) | {"Mounts": _mounts(job, image, volume)},
    }


def carrier(image: Image, volume: str, marks: Mapping[str, str]) -> dict[str, Any]:
    """A container that is never started: through it the files get into *volume*."""
    return {
        "Image": image.id,
        "Entrypoint": ["none"],
        "Labels": dict(marks),
        "NetworkDisabled": True,
        "HostConfig": {
            "NetworkMode": "none",
            "ReadonlyRootfs": True,
            "Mounts": [
                _volume(volume, read_only=False),
                *_in_memory(image.volumes - {WORKING_DIRECTORY}, MEBIBYTE),
            ],
        },
    }


def _environment(job: Job) -> list[str]:
    given = {"HOME": SCRATCH, "TMPDIR": SCRATCH} | job.work.environment
    return [f"{name}={value}" for name, value in given.items()]


def _confinement(job: Job, image: Image, cpus: float) -> dict[str, Any]:
    memory = job.limits.memory_mb * MEBIBYTE
    return {
        "NetworkMode": "none",
        "Dns": ["127.0.0.1"],  # else the machine's own resolver settings are copied in
        "DnsSearch": ["."],
        "ReadonlyRootfs": True,
        "CapDrop": ["ALL"],
        "SecurityOpt": ["no-new-privileges:true"],
        "IpcMode": "private",
        "ShmSize": min(SHARED_MEMORY_BYTES, memory // 4),
        "Memory": memory,
        "MemorySwap": memory,  # both together: no swap
        "NanoCpus": int(max(0.01, min(job.limits.cpu_cores, cpus)) * 1e9),
        "PidsLimit": job.limits.max_pids,
        "OomScoreAdj": 500,  # where the machine itself runs out, this goes before the runtime
        "Ulimits": [
            {"Name": "nofile", "Soft": OPEN_FILES, "Hard": OPEN_FILES},
            {"Name": "core", "Soft": 0, "Hard": 0},
        ],
        "Init": True,  # it passes SIGTERM on, and reaps
        "LogConfig": {"Type": "none", "Config": {}},  # we read as it is written; nothing lands on the disk
        "RestartPolicy": {"Name": "no"},
    }


def _mounts(job: Job, image: Image, volume: str | None) -> list[dict[str, Any]]:
    size = job.limits.memory_mb * MEBIBYTE // 2
    writable = image.volumes | {SCRATCH}
    if volume is None:
        return _in_memory(writable, size)
    return [_volume(volume, read_only=True), *_in_memory(writable - {WORKING_DIRECTORY}, size)]


def _in_memory(paths: Iterable[str], size: int) -> list[dict[str, Any]]:
    """What may be written lies in memory, and counts as the container's."""
    return [
        {"Type": "tmpfs", "Target": path, "TmpfsOptions": {"SizeBytes": size, "Mode": 0o1777}}
        for path in sorted(paths)
    ]


def _volume(name: str, *, read_only: bool) -> dict[str, Any]:
    return {
        "Type": "volume",
        "Source": name,
        "Target": WORKING_DIRECTORY,
        "ReadOnly": read_only,
        "VolumeOptions": {"NoCopy": True},
    }
