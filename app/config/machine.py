"""What this machine has to give, as its limits allow."""

import os
from pathlib import Path

_CGROUP = Path("/sys/fs/cgroup")
MIB = 1024 * 1024


def memory_mb() -> int:
    """Its memory in MiB, or less where a container is allowed less."""
    installed = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    return max(1, min(installed, _container_memory() or installed) // MIB)


def cpu_cores() -> float:
    """The cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return float(len(os.sched_getaffinity(0)))
    return float(os.cpu_count() or 1)


def _container_memory() -> int | None:
    for name in ("memory.max", "memory/memory.limit_in_bytes"):
        try:
            text = (_CGROUP / name).read_text().strip()
        except OSError:
            continue
        return int(text) if text.isdigit() else None
    return None
