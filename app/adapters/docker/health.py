"""Whether an engine can hold a sandbox."""

from typing import Any, NamedTuple

from .errors import WeakSandbox

NEEDED = {"MemoryLimit": "memory", "CpuCfsQuota": "processor time", "PidsLimit": "processes"}


class EngineFacts(NamedTuple):
    """The engine, as far as sandboxes depend on it."""

    cpus: float
    description: str


def examine(address: str, info: Any) -> EngineFacts:
    """The engine of which it says *info*.

    Raises:
        WeakSandbox: it would run a container without a limit that we ask for, and only mention that.
    """
    if missing := [name for key, name in NEEDED.items() if info.get(key) is False]:
        raise WeakSandbox(address=address, missing=" and ".join(missing))
    filters = [option for option in info.get("SecurityOptions") or [] if "seccomp" in option]
    notes = [
        f"Docker {info['ServerVersion']} at {address}",
        f"cgroup v{info.get('CgroupVersion', '1')}",
        "system calls filtered" if filters else "system calls NOT filtered (no seccomp)",
    ]
    if info.get("SwapLimit") is False:
        notes.append("swap not limited")
    return EngineFacts(float(info["NCPU"]), ", ".join(notes))
