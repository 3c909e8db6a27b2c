"""`symbi up` in a process of its own, that a test may stop, kill and start again."""

import json
import os
import selectors
import signal
import subprocess
import sys
import time
from contextlib import AbstractAsyncContextManager
from pathlib import Path

from app.bootstrap import Client, connect
from app.embedded.data_dir import DataDir
from app.embedded.files.runtime_info import RuntimeInfo
from tests.support.in_process import settings_of

READY_WITHIN_S = 60.0
GONE_WITHIN_S = 30.0
SYMBI = "from app.cli import main; main()"


class NotReady(AssertionError):
    """`symbi up` has ended, or has said nothing for too long."""


class UpProcess:
    """`symbi up` on one data directory, as a user starts it."""

    def __init__(self, data_dir: Path, *options: str, program: str = SYMBI) -> None:
        """*options* are further ones of `symbi up`; *program* is what Python runs as `symbi`."""
        self._program = program
        self.data_dir = data_dir
        self._options = options
        self._process: subprocess.Popen[bytes] | None = None
        self.log_file = data_dir.with_name(data_dir.name + ".log")
        """What it logged, over all its starts."""

    def start(self) -> "UpProcess":
        """Start it and return when it takes commands.

        Raises:
            NotReady: it does not within a minute.
        """
        command = [sys.executable, "-c", self._program, "up", "--json", "--data-dir", str(self.data_dir)]
        with self.log_file.open("ab") as log:
            self._process = subprocess.Popen(
                [*command, *self._options], stdout=subprocess.PIPE, stderr=log, env=_environment()
            )
        assert self._process.stdout is not None
        line = _first_line(self._process.stdout.fileno())
        if not line:
            self.kill()
            raise NotReady(f"exit code {self.exit_code}; it said:\n{self.log()[-4000:]}")
        assert json.loads(line)["ready"] is True
        return self

    def stop(self, within_s: float = GONE_WITHIN_S) -> int:
        """Ask it to stop, as Ctrl-C does; its exit code."""
        return self._end(signal.SIGINT, within_s)

    def kill(self) -> None:
        """End it as a crash does; its servers go with it."""
        self._end(signal.SIGKILL, GONE_WITHIN_S)

    def wait(self, within_s: float = GONE_WITHIN_S) -> int:
        """Its exit code, once it has ended by itself."""
        assert self._process is not None
        self._process.communicate(timeout=within_s)
        return self._process.returncode

    def send(self, number: signal.Signals) -> None:
        assert self._process is not None
        self._process.send_signal(number)

    def log(self) -> str:
        """What it has logged so far."""
        return self.log_file.read_text() if self.log_file.exists() else ""

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    @property
    def exit_code(self) -> int | None:
        return self._process.poll() if self._process else None

    @property
    def nats_url(self) -> str:
        return self._info.nats_url

    @property
    def postgres_url(self) -> str:
        """SQLAlchemy's URL for asyncpg, password included."""
        return self._info.postgres_url

    @property
    def operator_key(self) -> Path:
        """One line, the base64 of the seed that the operator signs commands with."""
        return DataDir.open(self.data_dir).key_path("operator")

    @property
    def operator_login(self) -> Path:
        """One line, the nkey seed that the operator logs in to NATS with."""
        return DataDir.open(self.data_dir).login_path("operator")

    def client(self) -> AbstractAsyncContextManager[Client]:
        """A client of it, as the operator."""
        return connect(settings_of(self.data_dir))

    @property
    def _info(self) -> RuntimeInfo:
        info = DataDir.open(self.data_dir).read_runtime()
        assert info is not None, "start() it first"
        return info

    def _end(self, how: signal.Signals, within_s: float) -> int:
        assert self._process is not None
        if self._process.poll() is None:
            self._process.send_signal(how)
        self._process.communicate(timeout=within_s)
        return self._process.returncode


def _environment() -> dict[str, str]:
    """This process's, without what would change the runtime's settings."""
    return {name: value for name, value in os.environ.items() if not name.startswith("SYMBI_")}


def _first_line(output: int) -> bytes:
    """What it prints first; nothing when it ends without a word or takes too long."""
    line = b""
    with selectors.DefaultSelector() as selector:
        selector.register(output, selectors.EVENT_READ)
        until = time.monotonic() + READY_WITHIN_S
        while not line.endswith(b"\n"):
            if not selector.select(until - time.monotonic()):
                return b""
            if not (more := os.read(output, 4096)):
                return b""
            line += more
    return line
