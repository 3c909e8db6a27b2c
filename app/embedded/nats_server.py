"""The NATS server that runs inside a data directory and keeps the event log."""

import asyncio
import contextlib
import json
import signal
from typing import Any

import psutil

from . import nats_config
from .data_dir import DataDir
from .errors import ReloadRefused, ServerDied
from .files.private_files import write_atomically
from .nats_config import NatsSettings
from .processes import leftover, ports, programs
from .processes.process import ServerProcess
from .processes.threads import finish_in_thread

START_WITHIN_S = 60.0  # the time of a start grows with what is in the streams
STOP_WITHIN_S = 15.0
RELOAD_WITHIN_S = 10.0
POLL_S = 0.01


class EmbeddedNats:
    """nats-server with JetStream on the loopback interface, every write synced to disk.

    `users` is the text that `app.adapters.nats_permissions.render_users` gives. Whoever starts it holds
    the data directory.
    """

    def __init__(self, data: DataDir, users: str, settings: NatsSettings | None = None) -> None:
        self._folder = data.nats
        self._log = data.logs / "nats.log"
        self._conf = data.nats / "nats.conf"
        self._users_conf = data.nats / nats_config.USERS_FILE
        self._pid_file = data.nats / "nats.pid"
        self._port_file = data.nats / "port"
        self._users = users
        self._settings = settings or NatsSettings()
        self._process: ServerProcess | None = None
        self._reloading = asyncio.Lock()
        self.port = self._settings.port

    @property
    def url(self) -> str:
        """nats://127.0.0.1:<port>, known once started; it holds no secret."""
        return f"nats://{ports.HOST}:{self.port}"

    async def start(self) -> None:
        """Start it and return when clients can connect and the streams are recovered.

        Raises `PortInUse`, `ServerNotStarted` or `ServerMissing`; nothing runs then.
        """
        await finish_in_thread(self._stop_leftover)
        self.port = self._choose_port()
        write_atomically(self._users_conf, self._users.encode())
        conf = nats_config.render(self._settings, self.port, self._folder, self._pid_file)
        write_atomically(self._conf, conf.encode())
        command = [str(programs.nats_server()), "--config", str(self._conf)]
        self._process = ServerProcess("NATS", command, log=self._log, death_signal=signal.SIGTERM)
        try:
            await self._wait_until_ready(self._process)
        except BaseException:
            await self.stop()
            raise

    async def reload(self, users: str) -> None:
        """Let these users in from now on, and no others; who stays allowed stays connected.

        Returns when it took effect. Raises `ReloadRefused` when the server does not accept it; it then
        goes on with the users it had.
        """
        async with self._reloading:
            process = self._running()
            write_atomically(self._users_conf, users.encode())
            before = process.log_size
            process.send(signal.SIGHUP)
            refusal = await self._reload_outcome(process, before)
            if refusal is not None:
                write_atomically(self._users_conf, self._users.encode())
                raise ReloadRefused(reason=refusal)
            self._users = users

    async def stop(self) -> None:
        """Stop it and return when it is gone; nothing happens when it does not run."""
        if self._process is not None:
            await self._process.stop(signal.SIGTERM, STOP_WITHIN_S)
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
        assert self._process is not None, "start() the NATS server first"
        return self._process

    def _stop_leftover(self) -> None:
        def is_ours(process: psutil.Process) -> bool:
            return str(self._conf) in process.cmdline()

        found = leftover.process_of(self._pid_file, is_ours)
        leftover.stop_all([found] if found else [], signal.SIGTERM)
        self._pid_file.unlink(missing_ok=True)

    def _choose_port(self) -> int:
        asked = self._settings.port
        if asked:
            if not ports.is_free(asked):
                raise ports.in_use(asked)
            return asked
        kept = self._port_file.read_text().strip() if self._port_file.exists() else ""
        if kept.isdigit() and ports.is_free(int(kept)):
            return int(kept)
        # Nobody asked for the kept one by name, so a stranger on it only means another number.
        chosen = ports.choose()
        write_atomically(self._port_file, f"{chosen}\n".encode())
        return chosen

    async def _wait_until_ready(self, process: ServerProcess) -> None:
        try:
            async with asyncio.timeout(START_WITHIN_S):
                while not await self._answers():
                    if process.died.done():
                        raise self._not_started(process)
                    await asyncio.sleep(POLL_S)
        except TimeoutError as error:
            raise process.not_started(f"not ready after {START_WITHIN_S:.0f} s") from error

    def _not_started(self, process: ServerProcess) -> Exception:
        if "address already in use" in process.output():
            return ports.in_use(self.port)
        return process.not_started("it ended at once")

    async def _answers(self) -> bool:
        """Whether our own server greets us; a stranger may have taken the port meanwhile."""
        try:
            reader, writer = await asyncio.open_connection(ports.HOST, self.port)
        except OSError:
            return False
        try:
            greeting = await asyncio.wait_for(reader.readline(), 1.0)
        except (TimeoutError, OSError):
            return False
        finally:
            writer.close()
            with contextlib.suppress(OSError):
                await writer.wait_closed()
        return self._is_ours(greeting)

    def _is_ours(self, greeting: bytes) -> bool:
        if not greeting.startswith(b"INFO "):
            return False
        info: dict[str, Any] = json.loads(greeting[5:])
        ours = info.get("server_name") == nats_config.server_name(self._folder)
        # A server that lets everybody in counts as not started.
        return ours and info.get("auth_required") is True and info.get("jetstream") is True

    async def _reload_outcome(self, process: ServerProcess, since: int) -> str | None:
        """None once the server has taken its new configuration, or its reason against it."""
        async with asyncio.timeout(RELOAD_WITHIN_S):
            while True:
                for line in process.output(since).splitlines():
                    if "Reloaded server configuration" in line:
                        return None
                    if "Failed to reload server configuration" in line:
                        return line.partition("configuration: ")[2] or line
                if process.died.done():
                    raise process.death()
                await asyncio.sleep(POLL_S)
