"""A server process of ours: it logs to a file, ends with us, and its end can be awaited."""

import asyncio
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Sequence
from pathlib import Path

from ..errors import ServerDied, ServerNotStarted
from .account import Account

LAUNCH = Path(__file__).with_name("launch.py")
LOG_LIMIT = 16 * 1024 * 1024
TAIL_LINES = 12


class ServerProcess:
    """One running server. `died` completes with its exit status when it ends, for whatever reason.

    The terminal's Ctrl-C does not reach it, and on Linux it gets
    `death_signal` when the thread that started it ends: start it on the thread of the event loop.
    """

    def __init__(
        self,
        name: str,
        command: Sequence[str],
        *,
        log: Path,
        death_signal: signal.Signals,
        account: Account | None = None,
    ) -> None:
        """Start it at once; whether it does its work is for the caller to find out."""
        self.name = name
        self.log = log
        self.died: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        _rotate(log)
        self._log_start = log.stat().st_size if log.exists() else 0
        self._popen = _launch(command, log, death_signal, account)
        threading.Thread(target=self._watch, name=f"{name}-watch", daemon=True).start()

    @property
    def pid(self) -> int:
        return self._popen.pid

    def send(self, signal_number: signal.Signals) -> None:
        """Send a signal; nothing happens when the process has ended."""
        self._popen.send_signal(signal_number)

    async def stop(self, politely: signal.Signals, within: float) -> None:
        """Ask it to end; kill it when it has not after `within` seconds. Returns when it is gone."""
        self.send(politely)
        try:
            await asyncio.wait_for(asyncio.shield(self.died), within)
        except TimeoutError:
            self.send(signal.SIGKILL)
            await self.died

    def output(self, since: int = 0) -> str:
        """What it has logged since it was started, or from `since`, a number that `log_size` gave."""
        with self.log.open("rb") as file:
            file.seek(max(since, self._log_start))
            return file.read().decode(errors="replace")

    @property
    def log_size(self) -> int:
        """Bytes in the log by now."""
        return self.log.stat().st_size

    def not_started(self, reason: str) -> ServerNotStarted:
        """The error of a start that failed, with the end of the log."""
        return ServerNotStarted(server=self.name, reason=reason, log=self.log, tail=self._tail())

    def death(self) -> ServerDied:
        """The error of a server that ended by itself, with the end of its log; `died` must be complete."""
        return ServerDied(server=self.name, how=ending(self.died.result()), log=self.log, tail=self._tail())

    def _tail(self) -> str:
        return "\n".join(self.output().splitlines()[-TAIL_LINES:]) or "(nothing)"

    def _watch(self) -> None:
        status = self._popen.wait()
        try:
            self.died.get_loop().call_soon_threadsafe(self._ended, status)
        except RuntimeError:
            # The loop is closed: nobody can be waiting.
            return

    def _ended(self, status: int) -> None:
        if not self.died.done():
            self.died.set_result(status)


def run(command: Sequence[str], account: Account | None, within: float, given: str = "") -> str:
    """Run a program to its end as `account`; what it printed. Raises CalledProcessError or TimeoutExpired."""
    done = subprocess.run(
        _launched(command, signal.SIGKILL, account),
        input=given,
        capture_output=True,
        text=True,
        timeout=within,
        check=True,
        cwd="/",
        env=_environment(),
        start_new_session=True,
    )
    return done.stdout


def ending(status: int) -> str:
    """An exit status in words: "exit status 1", "killed by SIGKILL"."""
    return f"exit status {status}" if status >= 0 else f"killed by {signal.Signals(-status).name}"


def _launch(
    command: Sequence[str], log: Path, death_signal: signal.Signals, account: Account | None
) -> "subprocess.Popen[bytes]":
    output = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    try:
        return subprocess.Popen(
            _launched(command, death_signal, account),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            cwd="/",
            env=_environment(),
            start_new_session=True,
        )
    finally:
        os.close(output)


def _launched(command: Sequence[str], death_signal: signal.Signals, account: Account | None) -> list[str]:
    uid, gid = (account.uid, account.gid) if account else (-1, -1)
    wrapper = [sys.executable, "-I", "-S", str(LAUNCH)]
    return [*wrapper, str(os.getpid()), str(int(death_signal)), str(uid), str(gid), *command]


def _environment() -> dict[str, str]:
    """Little: secrets in our environment are not for the servers, nor settings such as PGPORT."""
    kept = ("PATH", "HOME", "TMPDIR", "LD_LIBRARY_PATH", "GOMEMLIMIT", "GOMAXPROCS")
    return {name: os.environ[name] for name in kept if name in os.environ} | {"LC_ALL": "C"}


def _rotate(log: Path) -> None:
    """Keep one earlier log, once this one is large."""
    if log.exists() and log.stat().st_size > LOG_LIMIT:
        log.replace(log.with_suffix(".log.1"))
