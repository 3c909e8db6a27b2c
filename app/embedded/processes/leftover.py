"""Servers of this data directory that outlived the runtime that started them."""

import contextlib
import signal
import time
from collections.abc import Callable, Iterable
from pathlib import Path

import psutil

PATIENCE_S = 10.0
POLL_S = 0.01


def process_of(pid_file: Path, is_ours: Callable[[psutil.Process], bool]) -> psutil.Process | None:
    """The process named by a pid file if it runs and is ours: the number may be another's by now."""
    try:
        process = psutil.Process(int(pid_file.read_text().split(maxsplit=1)[0]))
        return process if is_ours(process) else None
    except (OSError, ValueError, IndexError, psutil.Error):
        return None


def stop_all(processes: Iterable[psutil.Process], politely: signal.Signals) -> None:
    """End the processes: politely, and by force after ten seconds. Returns when they are gone. Blocks."""
    found = list(processes)
    _send(found, politely)
    stubborn = wait_gone(found, PATIENCE_S)
    _send(stubborn, signal.SIGKILL)
    wait_gone(stubborn, PATIENCE_S)


def wait_gone(processes: Iterable[psutil.Process], within: float) -> list[psutil.Process]:
    """Those that still run after `within` seconds; sooner when none does. Blocks."""
    until = time.monotonic() + within
    left = [process for process in processes if _runs(process)]
    while left and time.monotonic() < until:
        time.sleep(POLL_S)
        left = [process for process in left if _runs(process)]
    return left


def _runs(process: psutil.Process) -> bool:
    """A zombie has ended and only waits for its new parent to take notice, which may take seconds."""
    try:
        return process.is_running() and bool(process.status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False


def _send(processes: Iterable[psutil.Process], signal_number: signal.Signals) -> None:
    for process in processes:
        with contextlib.suppress(psutil.NoSuchProcess):
            process.send_signal(signal_number)
