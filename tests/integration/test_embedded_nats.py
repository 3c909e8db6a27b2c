"""The NATS server in a data directory: it keeps what it has, and says what is wrong."""

import asyncio
import os
import signal
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import nats
import psutil
import pytest
from nats.aio.client import Client
from nats.errors import Error as NatsError
from nats.js.api import StreamConfig

from app.adapters.nats_permissions import NatsUser, Role, render_users
from app.embedded.data_dir import DataDir
from app.embedded.errors import PortInUse, ReloadRefused, ServerNotStarted
from app.embedded.nats_config import NatsSettings
from app.embedded.nats_logins import NatsLogin, login
from app.embedded.nats_server import EmbeddedNats
from app.embedded.processes import ports

STREAM = StreamConfig(name="SYMBI_EVENTS", subjects=["symbi.evt.>"])
SOON = 2.0
EVENTUALLY = 10.0


@pytest.fixture
def data(tmp_path: Path) -> DataDir:
    return DataDir.open(tmp_path / "data")


def users(data: DataDir, **roles: Role) -> str:
    return render_users(NatsUser(name, login(data, name).public_nkey, role) for name, role in roles.items())


@asynccontextmanager
async def running(data: DataDir, settings: NatsSettings | None = None) -> AsyncIterator[EmbeddedNats]:
    server = EmbeddedNats(data, users(data, admin="admin", gateway="gateway"), settings)
    await server.start()
    try:
        yield server
    finally:
        await server.stop()


@asynccontextmanager
async def connected(server: EmbeddedNats, who: NatsLogin) -> AsyncIterator[Client]:
    client = await nats.connect(
        server.url, nkeys_seed_str=who.seed, inbox_prefix=who.inbox_prefix, allow_reconnect=False
    )
    try:
        yield client
    finally:
        await client.close()


async def test_what_was_stored_is_there_after_a_restart_on_the_same_port(data: DataDir) -> None:
    async with running(data) as server:
        first = server.port
        async with connected(server, login(data, "admin")) as admin:
            await admin.jetstream().add_stream(STREAM)
        async with connected(server, login(data, "gateway")) as gateway:
            await gateway.jetstream().publish("symbi.evt.a.agent.a.spawned", b"one")
    async with running(data) as server:
        assert server.port == first
        async with connected(server, login(data, "gateway")) as gateway:
            assert (await gateway.jetstream().get_msg("SYMBI_EVENTS", 1)).data == b"one"


async def test_acknowledged_events_survive_a_kill(data: DataDir) -> None:
    async with running(data) as server:
        async with connected(server, login(data, "admin")) as admin:
            await admin.jetstream().add_stream(STREAM)
        async with connected(server, login(data, "gateway")) as gateway:
            for number in range(100):
                await gateway.jetstream().publish(f"symbi.evt.a.agent.a.e{number}", b"x")
            os.kill(server.pid, signal.SIGKILL)
            await asyncio.wait_for(server.wait_died(), SOON)
    async with running(data) as server, connected(server, login(data, "gateway")) as gateway:
        assert (await gateway.jetstream().stream_info("SYMBI_EVENTS")).state.messages == 100


async def test_a_kill_is_noticed_and_told_with_the_log(data: DataDir) -> None:
    async with running(data) as server:
        noticed = asyncio.create_task(server.wait_died())
        os.kill(server.pid, signal.SIGKILL)
        death = await asyncio.wait_for(noticed, SOON)
    assert death.facts["server"] == "NATS"
    assert death.facts["how"] == "killed by SIGKILL"
    assert "Server is ready" in death.message


async def test_stopping_is_not_dying(data: DataDir) -> None:
    async with running(data) as server:
        pid, noticed = server.pid, asyncio.create_task(server.wait_died())
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)
    # Whoever still waits is told, and can see that the end was wanted.
    assert (await asyncio.wait_for(noticed, EVENTUALLY)).facts["how"] == "exit status 0"


async def test_it_is_out_of_reach_of_the_terminals_ctrl_c(data: DataDir) -> None:
    async with running(data) as server:
        assert os.getsid(server.pid) == server.pid != os.getsid(0)


async def test_it_listens_on_the_loopback_interface_only(data: DataDir) -> None:
    async with running(data) as server:
        found = psutil.Process(server.pid).net_connections("inet")
        listening = [c.laddr for c in found if c.status == psutil.CONN_LISTEN]
        assert listening == [("127.0.0.1", server.port)]
        assert "sync_interval: always" in (data.nats / "nats.conf").read_text()


async def test_nobody_gets_in_without_a_key(data: DataDir) -> None:
    async def heard(_: Exception) -> None:
        """The client reports the refusal here too; it is raised as well."""

    unknown = login(DataDir.open(data.path.parent / "other"), "admin").seed
    async with running(data) as server:
        for nkey, user in ((None, None), (unknown, None), (None, "admin")):
            client = Client()
            with pytest.raises(NatsError):
                await client.connect(
                    server.url, allow_reconnect=False, error_cb=heard, nkeys_seed_str=nkey, user=user
                )
            await client.close()


async def test_monitoring_is_off_unless_asked_for(data: DataDir) -> None:
    async with running(data):
        assert "http" not in (data.nats / "nats.conf").read_text()
    monitor = ports.choose()
    async with running(data, NatsSettings(monitor_port=monitor)):
        reader, writer = await asyncio.open_connection("127.0.0.1", monitor)
        writer.write(b"GET /healthz HTTP/1.0\r\n\r\n")
        assert b'"status":"ok"' in await asyncio.wait_for(reader.read(), EVENTUALLY)
        writer.close()
        await writer.wait_closed()


async def test_a_port_that_was_asked_for_and_is_taken_is_an_error_naming_the_holder(
    data: DataDir,
) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(PortInUse) as refused:
            async with running(data, NatsSettings(port=port)):
                pytest.fail("it started")
    assert f"Port {port} is taken by" in refused.value.message
    assert f"process id {os.getpid()}" in refused.value.message
    assert refused.value.exit_code == 4


async def test_a_port_that_nobody_asked_for_moves_out_of_the_way(data: DataDir) -> None:
    async with running(data) as server:
        first = server.port
    with socket.socket() as taken:
        taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        taken.bind(("127.0.0.1", first))
        taken.listen()
        async with running(data) as server:
            second = server.port
    assert second != first
    async with running(data) as server:
        assert server.port == second


async def test_a_configuration_that_it_refuses_ends_the_start_with_its_words(data: DataDir) -> None:
    server = EmbeddedNats(data, "accounts { nonsense")
    with pytest.raises(ServerNotStarted, match=r"users\.conf"):
        await server.start()


async def test_a_server_that_would_let_everybody_in_is_not_started(
    data: DataDir, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.embedded.nats_server.START_WITHIN_S", 0.5)
    server = EmbeddedNats(data, "accounts {}")
    with pytest.raises(ServerNotStarted):
        await server.start()


async def test_a_reload_lets_in_the_new_throws_out_the_removed_and_keeps_the_rest(data: DataDir) -> None:
    thrown_out = asyncio.Event()

    async def closed() -> None:
        thrown_out.set()

    async with running(data) as server, connected(server, login(data, "gateway")) as gateway:
        seed = login(data, "admin").seed
        await nats.connect(server.url, nkeys_seed_str=seed, allow_reconnect=False, closed_cb=closed)
        await server.reload(users(data, gateway="gateway", ann="principal"))
        async with connected(server, login(data, "ann")) as ann:
            assert ann.is_connected
        await asyncio.wait_for(thrown_out.wait(), EVENTUALLY)
        await gateway.flush()
        assert gateway.is_connected


async def test_a_refused_reload_leaves_everything_as_it_was(data: DataDir) -> None:
    async with running(data) as server:
        before = (data.nats / "users.conf").read_text()
        for broken in ("accounts {", "accounts { LOG { users: [ { nkey: UXYZ } ] } }"):
            with pytest.raises(ReloadRefused, match=r"users\.conf"):
                await server.reload(broken)
        assert (data.nats / "users.conf").read_text() == before
        async with connected(server, login(data, "admin")) as admin:
            assert admin.is_connected
    async with running(data) as server:
        assert server.port


async def test_a_server_that_outlived_its_runtime_is_replaced(data: DataDir) -> None:
    async with running(data) as orphan:
        watching = asyncio.create_task(orphan.wait_died())
        async with running(data) as server:
            assert (await asyncio.wait_for(watching, EVENTUALLY)).facts["how"] == "exit status 0"
            assert server.port == orphan.port


async def test_a_strangers_process_with_the_recorded_number_is_left_alone(data: DataDir) -> None:
    (data.nats / "nats.pid").write_text(f"{os.getpid()}\n")
    async with running(data) as server:
        assert server.pid != os.getpid()
