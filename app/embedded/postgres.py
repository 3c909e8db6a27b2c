"""The PostgreSQL server that runs inside a data directory and keeps the projections."""

import asyncio
import contextlib
import os
import secrets
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote, urlencode

import psutil

from . import postgres_config
from .data_dir import DataDir
from .errors import ServerDied, ServerNotStarted
from .files.private_files import read_or_create, sync_directory, write_atomically
from .postgres_config import DATABASE, ROLE, SOCKET
from .processes import leftover, programs, socket_dir
from .processes.account import Account, unprivileged
from .processes.process import ServerProcess, run
from .processes.threads import finish_in_thread

INIT_WITHIN_S = 120.0
START_WITHIN_S = 60.0  # crash recovery replays at most 1 GB of WAL
STOP_WITHIN_S = 20.0
LEFTOVER_WITHIN_S = 10.0
POLL_S = 0.01
STILL_USED = "pre-existing shared memory block"


class EmbeddedPostgres:
    """PostgreSQL on a Unix socket in a private directory, with one role whose password lies in the data
    directory. Started by root it runs as `nobody`. Whoever starts it holds the data directory.
    """

    def __init__(self, data: DataDir) -> None:
        self._folder = data.postgres
        self._cluster = data.postgres / "data"
        self._log = data.logs / "postgres.log"
        self._pid_file = self._cluster / "postmaster.pid"
        self._socket_dir = data.postgres / "run"
        self._password = ""
        self._process: ServerProcess | None = None

    def url(self, database: str = DATABASE) -> str:
        """SQLAlchemy's URL for asyncpg, known once started. It holds the password: keep it out of logs."""
        host = urlencode({"host": str(self._socket_dir)})
        return f"postgresql+asyncpg://{ROLE}:{quote(self._password)}@/{quote(database)}?{host}"

    async def start(self) -> None:
        """Start it, making the cluster, the role and the database at the first start; return when it
        takes connections. What a crash left behind is recovered.

        Raises `ServerNotStarted`, `ServerMissing` or `NoAccountForServer`; nothing runs then.
        """
        account = unprivileged()
        self._password = read_or_create(self._folder / "password", _new_password).decode().strip()
        await finish_in_thread(self._prepare, account)
        program, conf = programs.postgres("postgres"), self._folder / "postgresql.conf"
        command = [str(program), "-D", str(self._cluster), "-c", f"config_file={conf}"]
        until = time.monotonic() + LEFTOVER_WITHIN_S
        while True:
            try:
                await self._launch(command, account)
                return
            except ServerNotStarted as error:
                # Workers of a killed server that we could not see; PostgreSQL did, and they end soon.
                if STILL_USED not in error.message or time.monotonic() > until:
                    raise
                await asyncio.sleep(0.1)

    async def _launch(self, command: list[str], account: Account | None) -> None:
        # SIGINT is PostgreSQL's fast shutdown: clients are cut off, nothing is lost.
        self._process = ServerProcess(
            "PostgreSQL", command, log=self._log, death_signal=signal.SIGINT, account=account
        )
        try:
            await self._wait_until_ready(self._process)
        except BaseException:
            await self._end()
            raise

    async def stop(self) -> None:
        """Cut off its clients, stop it and return when it is gone; nothing happens when it does not run."""
        await self._end()
        if self._socket_dir.parent != self._folder:
            # The short directory outside the data directory comes back at the next start.
            with contextlib.suppress(OSError):
                self._socket_dir.rmdir()

    async def _end(self) -> None:
        if self._process is not None:
            await self._process.stop(signal.SIGINT, STOP_WITHIN_S)
            self._process = None

    async def wait_died(self) -> ServerDied:
        """Returns when the running server has ended without `stop()`, with what happened."""
        process = self._running()
        await asyncio.shield(process.died)
        return process.death()

    @property
    def pid(self) -> int:
        """The process id of the running server."""
        return self._running().pid

    def _running(self) -> ServerProcess:
        assert self._process is not None, "start() the PostgreSQL server first"
        return self._process

    def _prepare(self, account: Account | None) -> None:
        self._stop_leftover()
        if not self._cluster.exists():
            self._create_cluster(account)
        remembered = self._folder / "socket_dir"
        self._socket_dir = socket_dir.prepare(self._folder / "run", SOCKET, remembered, account)
        # Outside the cluster: we may be root, and root writes nothing where the server's account could
        # have put a link.
        hba = self._folder / "pg_hba.conf"
        write_atomically(hba, postgres_config.HBA.encode())
        conf = postgres_config.render(self._socket_dir, hba)
        write_atomically(self._folder / "postgresql.conf", conf.encode())

    def _create_cluster(self, account: Account | None) -> None:
        """Make the cluster under another name first: a start that is cut off here begins again."""
        draft = self._folder / "data.new"
        shutil.rmtree(draft, ignore_errors=True)
        draft.mkdir(mode=0o700)
        if account:
            account.own(draft)
        options = ["--username=postgres", "--encoding=UTF8", "--auth=reject", "--no-instructions"]
        # The same order of text on every machine.
        locale = ["--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C"]
        self._run([str(programs.postgres("initdb")), "-D", str(draft), *options, *locale], account)
        single = [str(programs.postgres("postgres")), "--single", "-D", str(draft), "postgres"]
        self._run(single, account, postgres_config.bootstrap_sql(self._password))
        draft.rename(self._cluster)
        sync_directory(self._folder)

    def _run(self, command: list[str], account: Account | None, given: str = "") -> None:
        try:
            run(command, account, INIT_WITHIN_S, given)
        except (subprocess.CalledProcessError, subprocess.TimeoutExpired) as error:
            said = error.stderr.decode() if isinstance(error.stderr, bytes) else error.stderr or ""
            with self._log.open("a") as log:
                log.write(said)
            reason = f"`{Path(command[0]).name}` failed"
            raise ServerNotStarted(server="PostgreSQL", reason=reason, log=self._log, tail=said) from error

    def _stop_leftover(self) -> None:
        if not self._pid_file.exists():
            return
        main = leftover.process_of(self._pid_file, self._serves_here)
        leftover.stop_all([main] if main else [], signal.SIGINT)
        # Workers of a server that was killed: they end by themselves soon, and must have before we start.
        leftover.stop_all(self._workers(), signal.SIGQUIT)
        self._disown_pid_file()

    def _disown_pid_file(self) -> None:
        """Let the file name us: its number may be a stranger's by now, which would prevent the start.

        PostgreSQL ignores its own parent there, and goes by the shared memory that the file also names,
        which tells it whether anybody still works on the cluster.
        """
        # We may be root, and the directory is not: a link there is not followed.
        with contextlib.suppress(FileNotFoundError):
            file = os.open(self._pid_file, os.O_RDWR | os.O_NOFOLLOW | os.O_CLOEXEC)
            with open(file, "r+") as lines:
                _, *rest = lines.read().splitlines() or [""]
                lines.seek(0)
                lines.write("\n".join([str(os.getpid()), *rest, ""]))
                lines.truncate()

    def _serves_here(self, process: psutil.Process) -> bool:
        return process.name() == "postgres" and str(self._cluster) in process.cmdline()

    def _works_here(self, process: psutil.Process) -> bool:
        # A worker's command line names no directory. Root in a container may not see where it works.
        return process.name() == "postgres" and bool(process.cwd() == str(self._cluster.resolve()))

    def _workers(self) -> Iterator[psutil.Process]:
        for process in psutil.process_iter():
            with contextlib.suppress(psutil.Error):
                if self._works_here(process):
                    yield process

    async def _wait_until_ready(self, process: ServerProcess) -> None:
        try:
            async with asyncio.timeout(START_WITHIN_S):
                while not self._says_ready(process.pid):
                    if process.died.done():
                        raise process.not_started("it ended at once")
                    await asyncio.sleep(POLL_S)
        except TimeoutError as error:
            raise process.not_started(f"not ready after {START_WITHIN_S:.0f} s") from error

    def _says_ready(self, pid: int) -> bool:
        """postmaster.pid: process id on the first line, status on the eighth, as pg_ctl reads it."""
        try:
            lines = self._pid_file.read_text().splitlines()
        except OSError:
            return False
        return len(lines) >= 8 and lines[0].strip() == str(pid) and lines[7].strip() == "ready"


def _new_password() -> bytes:
    return secrets.token_urlsafe(32).encode() + b"\n"
