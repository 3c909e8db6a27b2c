"""What a container used: from its cgroup where that can be seen, else from the engine."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from docker import APIClient

CGROUPS = Path("/sys/fs/cgroup")
PROCESSES = Path("/proc")


@dataclass(frozen=True, slots=True)
class Reading:
    """Counters that only grow."""

    cpu_seconds: float = 0.0
    memory_peak_bytes: int = 0
    refused_processes: int = 0
    """How often it was refused a process or thread by the limit; 0 also where that cannot be seen."""

    def at_least(self, other: "Reading") -> "Reading":
        """The greater of each."""
        return Reading(
            max(self.cpu_seconds, other.cpu_seconds),
            max(self.memory_peak_bytes, other.memory_peak_bytes),
            max(self.refused_processes, other.refused_processes),
        )


class Meter:
    """Reads the counters of one container; they go when it ends, and what was seen last stays."""

    def __init__(self, container_id: str, pid: int, *, cgroups: Path = CGROUPS) -> None:
        """*pid* is that of its first process, as the engine sees it; the engine may be on another machine."""
        self._container_id = container_id
        self._paths = _paths(container_id, pid, cgroups)
        self.reading = Reading()
        """The highest seen so far."""

    def read(self, client: "APIClient") -> None:
        """Read them, or ask the engine where they cannot be seen from here."""
        if self._paths:
            self.reading = self.reading.at_least(_from_files(self._paths))
            return
        from docker.utils import version_gte

        # Without `one-shot` the engine takes two readings, a second apart.
        at_once = True if version_gte(client.api_version, "1.41") else None
        stats: Any = client.stats(self._container_id, stream=False, one_shot=at_once)
        self.reading = self.reading.at_least(_from_stats(stats))


def _paths(container_id: str, pid: int, root: Path) -> dict[str, Path]:
    """The cgroup of each controller; `""` is that of cgroup v2."""
    try:
        lines = (PROCESSES / str(pid) / "cgroup").read_text().splitlines()
    except OSError:
        return {}
    paths = {}
    for line in lines:
        _, controllers, path = line.split(":", 2)
        # Another process may have that number here, if the engine runs elsewhere.
        if container_id in path:
            for controller in controllers.split(","):
                paths[controller] = root / controller / path.lstrip("/")
    return {controller: path for controller, path in paths.items() if path.is_dir()}


def _from_files(paths: dict[str, Path]) -> Reading:
    found = Reading()
    if unified := paths.get(""):
        found = Reading(
            _field(unified / "cpu.stat", "usage_usec") / 1e6,
            _number(unified / "memory.peak") or _number(unified / "memory.current"),
            _field(unified / "pids.events", "max"),
        )
    if cpu := paths.get("cpuacct"):
        found = replace(found, cpu_seconds=_number(cpu / "cpuacct.usage") / 1e9)
    if memory := paths.get("memory"):
        found = replace(found, memory_peak_bytes=_number(memory / "memory.max_usage_in_bytes"))
    if pids := paths.get("pids"):
        found = replace(found, refused_processes=_field(pids / "pids.events", "max"))
    return found


def _from_stats(stats: Any) -> Reading:
    memory = stats.get("memory_stats", {})
    cpu = stats.get("cpu_stats", {}).get("cpu_usage", {})
    return Reading(
        cpu.get("total_usage", 0) / 1e9,
        # The engine tells the peak with cgroup v1 only; of the current ones we keep the highest.
        memory.get("max_usage") or memory.get("usage", 0),
    )


def _number(path: Path) -> int:
    try:
        return int(path.read_text())
    except (OSError, ValueError):
        return 0


def _field(path: Path, name: str) -> int:
    """The value of `name value` in one line of the file."""
    try:
        lines = path.read_text().splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) for line in lines if line.startswith(f"{name} ")), 0)
