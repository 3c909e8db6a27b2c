"""The streams that the log needs, and the connection to them."""

import asyncio
import socket
from collections.abc import Iterator
from contextlib import suppress

import pytest

from app.adapters.jetstream import LoginRefused, NatsUnavailable, StreamUnusable, connect, ensure_streams
from app.adapters.jetstream.streams import events_config
from app.adapters.nats_permissions import ALERTS, EVENTS
from app.ports.event_log import LogUnavailable

from .event_logs import NatsServer, draft, jetstream_place, new_seed, request, subject, within


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[NatsServer]:
    server = NatsServer(tmp_path_factory.mktemp("nats"))
    server.start()
    yield server
    server.stop()


# The streams


async def test_the_streams_are_made_once_however_many_start_at_the_same_time(server: NatsServer) -> None:
    async with jetstream_place(server) as place, await server.root() as root:
        await (await place.open()).append([draft(subject("a1"))])
        logins = [await server.login("admin") for _ in range(5)]
        await within(20, *(ensure_streams(login) for login in logins))
        for login in logins:
            await login.close()
        info = await request(root, f"STREAM.INFO.{EVENTS}")
        assert info["state"]["last_seq"] == 1
        assert info["config"].items() >= events_config().items()
        alerts = (await request(root, f"STREAM.INFO.{ALERTS}"))["config"]
        assert (alerts["subjects"], alerts["max_age"]) == (["security.alerts"], 30 * 24 * 3600 * 10**9)


@pytest.mark.parametrize(
    "other",
    [
        {"subjects": ["symbi.evt.a1.>"]},
        {"max_age": 3600 * 10**9},
        {"max_msgs": 1000},
        {"max_msgs_per_subject": 1},
        {"discard": "old"},
        {"storage": "memory"},
        {"retention": "interest"},
        {"deny_delete": False},
        {"deny_purge": False},
        {"deny_purge": False, "allow_rollup_hdrs": True},
        {"allow_direct": False},
        {"allow_atomic": False},
        {"allow_msg_ttl": True},
        {"no_ack": True},
        {"duplicate_window": 10**9},
        {"first_seq": 100},
    ],
    ids=str,
)
async def test_a_stream_that_could_lose_events_is_refused(
    server: NatsServer, other: dict[str, object]
) -> None:
    async with await server.root() as root, await server.login("admin") as admin:
        with suppress(AssertionError):
            await request(root, f"STREAM.DELETE.{EVENTS}")
        await request(root, f"STREAM.CREATE.{EVENTS}", events_config() | other)
        with pytest.raises(StreamUnusable) as refused:
            await ensure_streams(admin)
        assert refused.value.facts["setting"] in other
        await request(root, f"STREAM.DELETE.{EVENTS}")


async def test_a_stream_with_fewer_replicas_than_asked_for_is_refused(server: NatsServer) -> None:
    async with jetstream_place(server), await server.login("admin") as admin:
        with pytest.raises(StreamUnusable, match="num_replicas = 1, where the log needs at least 3"):
            await ensure_streams(admin, replicas=3)


async def test_a_stream_that_cannot_be_made_says_why(server: NatsServer) -> None:
    """More replicas than there are servers."""
    async with await server.login("admin") as admin:
        with pytest.raises(LogUnavailable, match="replicas"):
            await ensure_streams(admin, replicas=3, patience=2)


# The connection


async def test_a_server_that_is_not_there_is_reported_in_time() -> None:
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        url = f"nats://someone:secret@127.0.0.1:{nobody.getsockname()[1]}"
        async with asyncio.timeout(5):
            with pytest.raises(
                NatsUnavailable, match=r"at nats://127\.0\.0\.1:\d+ cannot be reached"
            ) as absent:
                await connect(url, name="gateway", within=1)
    assert "secret" not in str(absent.value)


async def test_a_server_that_says_nothing_is_reported_in_time() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        async with asyncio.timeout(5):
            with pytest.raises(NatsUnavailable, match="no answer within 1 s"):
                await connect(f"nats://127.0.0.1:{silent.getsockname()[1]}", name="gateway", within=1)


async def test_a_login_that_the_server_does_not_know_is_refused_at_once(server: NatsServer) -> None:
    async with asyncio.timeout(2):
        with pytest.raises(
            (LoginRefused, NatsUnavailable), match=r"(?i)does not let gateway in|reset by peer"
        ):
            await connect(server.url, name="gateway", seed=new_seed(), within=30)


async def test_a_login_refused_while_the_server_reads_new_ones_is_tried_again(server: NatsServer) -> None:
    """A server that reloads its logins refuses connections that have not said yet who they are."""
    refusals = iter((b"-ERR 'Authorization Violation'\r\n",))

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there, back = await asyncio.open_connection("127.0.0.1", server.port)
        writer.write(await there.readline())  # INFO
        refusal = next(refusals, None)
        if refusal is not None:
            await reader.readline()  # CONNECT
            writer.write(refusal)
        else:
            await asyncio.gather(_pipe(reader, back), _pipe(there, writer))
        for end in (back, writer):
            end.close()
            await end.wait_closed()
        closed.release()

    closed = asyncio.Semaphore(0)
    relay = await asyncio.start_server(answer, "127.0.0.1", 0)
    async with relay:
        url = f"nats://127.0.0.1:{relay.sockets[0].getsockname()[1]}"
        async with asyncio.timeout(10):
            client = await server.login("gateway", url)
            assert client.is_connected
            await client.close()
            for _ in ("refused", "let in"):
                await closed.acquire()
        assert next(refusals, None) is None


async def _pipe(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while data := await reader.read(65536):
        writer.write(data)
    writer.close()
