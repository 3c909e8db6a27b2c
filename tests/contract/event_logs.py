"""Event logs to test: in memory, and on a real nats-server with the permissions of the real logins."""

import asyncio
import json
import os
import shutil
import signal
import socket
import subprocess
import sysconfig
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any, Protocol

import nkeys  # type: ignore[import-untyped]
from nats.aio.client import Client

from app.adapters.jetstream import JetStreamEventLog, connect, ensure_streams
from app.adapters.memory import MemoryEventLog
from app.adapters.nats_permissions import EVENTS, NatsUser, render_users
from app.ports.event_log import Draft, EventLog

START_WITHIN = 20.0
MAX_PAYLOAD = 64 * 1024
WINDOW = 120.0

_ids = count(1)


def draft(subject: str, *, event_id: str | None = None, payload: bytes | None = None) -> Draft:
    """An event with an id of its own and bytes that no other one has."""
    event_id = event_id or f"event-{next(_ids)}"
    return Draft(
        event_id, subject, payload or f"payload of {event_id}".encode(), "c2lnbmF0dXJl", "ed25519:0ab1"
    )


def subject(agent: str, name: str = "agent.a.readied") -> str:
    return f"symbi.evt.{agent}.{name}"


def of(agent: str) -> str:
    """The boundary of an agent."""
    return f"symbi.evt.{agent}.>"


class NatsServer:
    """A nats-server that may be killed and started again on what it has stored."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._seeds = {name: new_seed() for name in ("gateway", "admin")}
        self._process: subprocess.Popen[bytes] | None = None
        self.port = _free_port()
        self.url = f"nats://127.0.0.1:{self.port}"
        self._config = directory / "nats.conf"
        self._config.write_text(self._render())

    def start(self) -> None:
        """Start it and wait until it answers."""
        program = Path(sysconfig.get_path("scripts")) / "nats-server"
        with (self._directory / "nats.log").open("ab") as log:
            self._process = subprocess.Popen([program, "-c", self._config], stdout=log, stderr=log)
        deadline = time.monotonic() + START_WITHIN
        while not self._answers():
            if self._process.poll() is not None or time.monotonic() > deadline:
                raise AssertionError(f"nats-server did not start: {self.log()}")
            time.sleep(0.01)

    def kill(self) -> None:
        """End it as a crash would."""
        self._end(signal.SIGKILL)

    def forget(self) -> None:
        """Lose everything that was stored; the server must not be running."""
        shutil.rmtree(self._directory / "jetstream")

    def stop(self) -> None:
        self._end(signal.SIGTERM)

    def log(self) -> str:
        return (self._directory / "nats.log").read_text()

    async def login(self, name: str, url: str | None = None) -> Client:
        """A connection as the gateway or the administrator."""
        return await connect(url or self.url, name=name, seed=self._seeds[name], within=START_WITHIN)

    async def root(self) -> Client:
        """A connection without limits, for what only a test may do."""
        return await connect(self.url.replace("//", "//test:test@"), name="test", within=START_WITHIN)

    def _end(self, how: signal.Signals) -> None:
        if self._process is not None:
            self._process.send_signal(how)
            self._process.wait(START_WITHIN)
            self._process = None

    def _answers(self) -> bool:
        with suppress(OSError), socket.create_connection(("127.0.0.1", self.port), timeout=1) as probe:
            return probe.recv(4).startswith(b"INFO")
        return False

    def _render(self) -> str:
        logins = [
            NatsUser("gateway", _public(self._seeds["gateway"]), "gateway"),
            NatsUser("admin", _public(self._seeds["admin"]), "admin"),
        ]
        test_login = "users: [\n    { user: test, password: test }"
        return "\n".join(
            [
                "server_name: test",
                f'listen: "127.0.0.1:{self.port}"',
                f"max_payload: {MAX_PAYLOAD}",
                f'jetstream {{ store_dir: "{self._directory}", sync_interval: always }}',
                render_users(logins).replace("users: [", test_login, 1),
            ]
        )


class LogPlace(Protocol):
    """Where one log lies; several writers may open it."""

    async def open(self) -> EventLog:
        """The log, for one more writer."""
        ...


@dataclass
class MemoryPlace:
    """A log in memory, which all writers share."""

    log: MemoryEventLog = field(default_factory=lambda: MemoryEventLog(max_event=MAX_PAYLOAD))

    async def open(self) -> EventLog:
        return self.log


@dataclass
class JetStreamPlace:
    """A stream of a server; each writer has its own connection."""

    server: NatsServer
    stack: AsyncExitStack
    options: dict[str, Any] = field(default_factory=dict)

    async def open(self) -> JetStreamEventLog:
        return await self.open_at(self.server.url)

    async def open_at(self, url: str) -> JetStreamEventLog:
        nc = await self.server.login("gateway", url)
        self.stack.push_async_callback(nc.close)
        log = JetStreamEventLog(nc, **self.options)
        self.stack.push_async_callback(log.close)
        return log


@asynccontextmanager
async def jetstream_place(
    server: NatsServer, *, window: float = WINDOW, **options: Any
) -> AsyncIterator[JetStreamPlace]:
    """The stream of the events, made new and removed afterwards; *options* are those of the adapter."""
    async with await server.root() as root, AsyncExitStack() as stack:
        await _make_new(server, root, window)
        stack.push_async_callback(request, root, f"STREAM.DELETE.{EVENTS}")
        yield JetStreamPlace(server, stack, options)


async def _make_new(server: NatsServer, root: Client, window: float) -> None:
    """Make an empty stream.

    A stream that is made where one was removed just before now and then has what that one held (nats-server
    2.15.1, one time in a thousand).
    """
    async with await server.login("admin") as admin:
        while True:
            await ensure_streams(admin, window_ns=int(window * 1e9))
            if (await request(root, f"STREAM.INFO.{EVENTS}"))["state"]["last_seq"] == 0:
                return
            await request(root, f"STREAM.DELETE.{EVENTS}")


async def request(nc: Client, verb: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
    """Ask JetStream, and expect no error."""
    message = await nc.request(f"$JS.API.{verb}", json.dumps(body).encode() if body else b"", timeout=10)
    answer: dict[str, Any] = json.loads(message.data)
    assert "error" not in answer, answer
    return answer


async def within(seconds: float, *awaitables: Any) -> list[Any]:
    """Everything that *awaitables* give, or a failure when it takes longer."""
    async with asyncio.timeout(seconds):
        return list(await asyncio.gather(*awaitables))


def new_seed() -> str:
    """The secret half of a login."""
    encoded: bytes = nkeys.encode_seed(os.urandom(32), nkeys.PREFIX_BYTE_USER)
    return encoded.decode()


def _public(seed: str) -> str:
    public: bytes = nkeys.from_seed(bytearray(seed.encode())).public_key
    return public.decode()


def _free_port() -> int:
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        return int(listening.getsockname()[1])
