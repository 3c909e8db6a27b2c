"""What the broker itself refuses to whom, and the ways around permissions that must stay closed."""

import asyncio
import json
import subprocess
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import nats
import pytest
from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.errors import NoRespondersError
from nats.js.api import AckPolicy, ConsumerConfig, StreamConfig

from app.adapters.nats_permissions import ALERTS, BLOBS, EVENTS, NatsUser, Role, render_users
from app.embedded.data_dir import DataDir
from app.embedded.nats_logins import login
from app.embedded.nats_server import EmbeddedNats
from app.embedded.processes import programs

LOGINS: dict[str, Role] = {
    "admin": "admin",
    "gateway": "gateway",
    "projector": "projector",
    "scheduler": "scheduler",
    "worker-1": "worker",
    "ann": "principal",
    "bob": "principal",
}
READERS = ("projector", "scheduler", "worker-1", "ann", "gateway")
EVENT = "symbi.evt.a1.agent.a1.spawned"
SOON = 5.0


@dataclass
class Login:
    """A connected login, and what the server complained about to it."""

    client: Client
    complaints: "asyncio.Queue[str]" = field(default_factory=asyncio.Queue)

    async def complaint(self) -> str:
        return await asyncio.wait_for(self.complaints.get(), SOON)


@dataclass
class Broker:
    """A server with the streams, and a login of each kind."""

    logins: dict[str, Login]

    def __getitem__(self, name: str) -> Client:
        return self.logins[name].client

    async def refuses(self, name: str, subject: str) -> None:
        """Publishing this is refused, and the server says so."""
        await self[name].publish(subject, b"x")
        assert "permissions violation for publish" in await self.logins[name].complaint()

    async def refuses_to_hear(self, name: str, subject: str) -> None:
        await self[name].subscribe(subject)
        assert "permissions violation for subscription" in await self.logins[name].complaint()

    async def stored(self, stream: str = EVENTS) -> int:
        return (await self["admin"].jetstream().stream_info(stream)).state.messages


def users(data: DataDir) -> list[NatsUser]:
    """`ann` is an operator, who reads the log; `bob` may only command."""
    return [
        NatsUser(name, login(data, name).public_nkey, role, reader=name == "ann")
        for name, role in LOGINS.items()
    ]


async def connect(server: EmbeddedNats, data: DataDir, name: str) -> Login:
    complaints: asyncio.Queue[str] = asyncio.Queue()

    async def complain(error: Exception) -> None:
        complaints.put_nowait(str(error))

    who = login(data, name)
    client = await nats.connect(
        server.url, nkeys_seed_str=who.seed, inbox_prefix=who.inbox_prefix, error_cb=complain
    )
    return Login(client, complaints)


async def settled(client: Client) -> None:
    """All that was sent before is done. Twice, since the client's first ping may overtake its own queue."""
    await client.flush()
    await client.flush()


@asynccontextmanager
async def started(data: DataDir) -> AsyncIterator[Broker]:
    server = EmbeddedNats(data, render_users(users(data)))
    await server.start()
    async with AsyncExitStack() as stack:
        stack.push_async_callback(server.stop)
        logins = {}
        for name in LOGINS:
            logins[name] = await connect(server, data, name)
            stack.push_async_callback(logins[name].client.close)
        admin = logins["admin"].client.jetstream()
        await admin.add_stream(StreamConfig(name=EVENTS, subjects=["symbi.evt.>"], allow_direct=True))
        await admin.add_stream(StreamConfig(name=ALERTS, subjects=["security.alerts"]))
        await admin.create_object_store(BLOBS)
        yield Broker(logins)


@pytest.fixture
async def broker(tmp_path: Path) -> AsyncIterator[Broker]:
    async with started(DataDir.open(tmp_path / "data")) as broker:
        yield broker


async def test_only_the_gateway_can_publish_events(broker: Broker) -> None:
    await broker["gateway"].jetstream().publish(EVENT, b"x")
    for name in set(LOGINS) - {"gateway"}:
        await broker.refuses(name, EVENT)
    assert await broker.stored() == 1


async def test_nobody_can_change_or_remove_what_is_stored(broker: Broker) -> None:
    await broker["gateway"].jetstream().publish(EVENT, b"x")
    for name in LOGINS:
        for verb in ("UPDATE", "DELETE", "PURGE", "MSG.DELETE", "SNAPSHOT", "RESTORE"):
            await broker.refuses(name, f"$JS.API.STREAM.{verb}.{EVENTS}")
    assert await broker.stored() == 1


async def test_a_principal_commands_under_its_own_name_only(broker: Broker) -> None:
    await broker.refuses("bob", "symbi.cmd.ann.agent.spawn")
    await broker.refuses("bob", "symbi.cmd.scheduler.task.assign")
    await broker.refuses("worker-1", "symbi.cmd.scheduler.task.assign")
    await broker.refuses("bob", "security.alerts")


async def test_nobody_listens_to_anybody_else(broker: Broker) -> None:
    for subject in ("_INBOX.ann.>", "_INBOX.gateway.>", "_INBOX.>", "_R_.>", "symbi.cmd.ann.>", EVENT, ">"):
        await broker.refuses_to_hear("bob", subject)


async def test_a_principal_without_the_right_reads_nothing(broker: Broker) -> None:
    for question in ("INFO", f"STREAM.INFO.{EVENTS}", f"CONSUMER.CREATE.{EVENTS}.c1", f"DIRECT.GET.{EVENTS}"):
        await broker.refuses("bob", f"$JS.API.{question}")


async def answering(broker: Broker) -> None:
    async def answer(message: Msg) -> None:
        await message.respond(b"accepted " + message.subject.encode())

    await broker["gateway"].subscribe("symbi.cmd.>", queue="gateway", cb=answer)
    await settled(broker["gateway"])


async def test_commands_are_answered_across_the_accounts(broker: Broker) -> None:
    with pytest.raises(NoRespondersError):
        await broker["bob"].request("symbi.cmd.bob.agent.spawn", b"")
    await answering(broker)
    for name in ("bob", "ann", "scheduler", "worker-1"):
        subject = f"symbi.cmd.{name}.agent.spawn"
        answer = await broker[name].request(subject, b"", timeout=SOON)
        assert answer.data == b"accepted " + subject.encode()


async def test_headers_cross_the_accounts_unchanged(broker: Broker) -> None:
    seen: asyncio.Queue[Msg] = asyncio.Queue()
    await broker["gateway"].subscribe("symbi.cmd.>", queue="gateway", cb=seen.put)
    await settled(broker["gateway"])
    headers = {"Symbi-Signature": "c2ln", "Symbi-Key": "k1"}
    await broker["bob"].publish("symbi.cmd.bob.agent.spawn", b"{}", headers=headers)
    arrived = (await asyncio.wait_for(seen.get(), SOON)).headers or {}
    # The server adds which account it came from, and nothing about who asked.
    info = arrived.pop("Nats-Request-Info")
    assert (json.loads(info)["acc"], arrived) == ("CLIENTS", headers)
    await broker["gateway"].jetstream().publish(EVENT, b"{}", headers=headers)
    read = await broker["ann"].jetstream().get_msg(EVENTS, 1)
    assert (read.subject, read.headers) == (EVENT, headers)


@pytest.mark.parametrize("name", READERS)
async def test_readers_read_in_every_way_there_is(broker: Broker, name: str) -> None:
    for number in range(3):
        await broker["gateway"].jetstream().publish(f"symbi.evt.a1.agent.a1.e{number}", b"x")
    stream = broker[name].jetstream()
    ordered = await stream.subscribe("symbi.evt.>", ordered_consumer=True)
    assert [(await ordered.next_msg(SOON)).subject[-2:] for _ in range(3)] == ["e0", "e1", "e2"]
    pulled = await stream.pull_subscribe("symbi.evt.a1.>", durable="mine", stream=EVENTS)
    for message in await pulled.fetch(3, timeout=SOON):
        await message.ack_sync()
    assert (await pulled.consumer_info()).num_ack_pending == 0
    assert (await stream.get_msg(EVENTS, 2, direct=True)).subject == "symbi.evt.a1.agent.a1.e1"
    assert (await stream.get_last_msg(EVENTS, "symbi.evt.a1.agent.a1.e2", direct=True)).seq == 3
    assert await stream.find_stream_name_by_subject("symbi.evt.>") == EVENTS
    await stream.delete_consumer(EVENTS, "mine")
    await ordered.unsubscribe()
    assert broker.logins[name].complaints.empty()


async def test_flow_control_works_across_the_accounts(broker: Broker) -> None:
    many = 3000
    gateway = broker["gateway"].jetstream()
    sent = [await gateway.publish_async(f"symbi.evt.a1.agent.a1.e{n}", b"x" * 1000) for n in range(many)]
    await asyncio.gather(*sent)
    config = ConsumerConfig(ack_policy=AckPolicy.NONE)
    reader = (
        await broker["ann"]
        .jetstream()
        .subscribe("symbi.evt.>", config=config, flow_control=True, idle_heartbeat=0.5)
    )
    for number in range(many):
        assert (await reader.next_msg(SOON)).metadata.sequence.stream == number + 1
    await reader.unsubscribe()
    assert broker.logins["ann"].complaints.empty()


@pytest.mark.parametrize("name", ["worker-1", "gateway"])
async def test_who_works_with_content_stores_and_reads_it(broker: Broker, name: str) -> None:
    content = b"content" * 100_000
    store = await broker[name].jetstream().object_store(BLOBS)
    await store.put("sha256-abc", content)
    assert (await store.get("sha256-abc")).data == content
    assert broker.logins[name].complaints.empty()


async def test_a_worker_reports_and_the_scheduler_hears(broker: Broker) -> None:
    heard: asyncio.Queue[Msg] = asyncio.Queue()
    await broker["scheduler"].subscribe("symbi.node.>", cb=heard.put)
    await settled(broker["scheduler"])
    await broker["worker-1"].publish("symbi.node.worker-1.heartbeat", b"1")
    assert (await asyncio.wait_for(heard.get(), SOON)).subject == "symbi.node.worker-1.heartbeat"
    await broker.refuses("worker-1", "symbi.node.worker-2.heartbeat")


async def test_a_worker_answers_who_asks_for_output_once_and_says_nothing_else(broker: Broker) -> None:
    asked: asyncio.Queue[Msg] = asyncio.Queue()
    await broker["worker-1"].subscribe("symbi.output.worker-1.*", cb=asked.put)
    await settled(broker["worker-1"])
    asking = asyncio.create_task(broker["ann"].request("symbi.output.worker-1.t1", b"", timeout=SOON))
    question = await asyncio.wait_for(asked.get(), SOON)
    await question.respond(b"one")
    assert (await asking).data == b"one"
    await question.respond(b"two")
    assert "permissions violation for publish" in await broker.logins["worker-1"].complaint()
    for name in ("bob", "scheduler", "projector"):
        await broker.refuses(name, "symbi.output.worker-1.t1")
    await broker.refuses("worker-1", "_INBOX.ann.x")
    await broker.refuses_to_hear("worker-1", "symbi.output.worker-2.*")
    await broker.refuses_to_hear("ann", "symbi.output.worker-1.*")


async def test_alerts_are_kept_and_heard_wherever_they_come_from(broker: Broker) -> None:
    heard: asyncio.Queue[Msg] = asyncio.Queue()
    await broker["bob"].subscribe("security.alerts", cb=heard.put)
    await settled(broker["bob"])
    for name in ("gateway", "projector"):
        await broker[name].jetstream().publish("security.alerts", name.encode())
        assert (await asyncio.wait_for(heard.get(), SOON)).data == name.encode()
    assert await broker.stored(ALERTS) == 2


@pytest.mark.parametrize("name", ["ann", "worker-1", "projector", "scheduler"])
async def test_no_answer_of_the_server_can_be_made_an_event(broker: Broker, name: str) -> None:
    """JetStream answers with rights of its own, to whatever subject the asker names."""
    await broker["gateway"].jetstream().publish(EVENT, b"x")
    stream = broker[name].jetstream()
    config = ConsumerConfig(name="c1", ack_policy=AckPolicy.NONE, inactive_threshold=60)
    await stream.add_consumer(EVENTS, config)
    questions = [
        ("$JS.API.INFO", b""),
        (f"$JS.API.STREAM.INFO.{EVENTS}", b""),
        (f"$JS.API.DIRECT.GET.{EVENTS}", b'{"seq":1}'),
        (f"$JS.API.STREAM.MSG.GET.{EVENTS}", b'{"seq":1}'),
        (f"$JS.API.CONSUMER.MSG.NEXT.{EVENTS}.c1", b"1"),
    ]
    for subject, question in questions:
        await broker[name].publish(subject, question, reply="symbi.evt.a1.agent.a1.forged")
    await settled(broker[name])
    # Asked after the others on one connection, so answered after them.
    assert (await stream.stream_info(EVENTS)).state.messages == 1
    forged = {"stream_name": EVENTS, "config": {"name": "c2", "deliver_subject": "symbi.evt.a1.forged"}}
    refused = await broker[name].request(f"$JS.API.CONSUMER.CREATE.{EVENTS}.c2", json.dumps(forged).encode())
    assert "forms a cycle" in refused.data.decode()
    assert await broker.stored() == 1


async def test_no_answer_to_a_command_can_be_made_an_event(broker: Broker) -> None:
    """The gateway may publish events, and answers where it is told to."""
    await answering(broker)
    await broker["bob"].publish("symbi.cmd.bob.agent.spawn", b"", reply="symbi.evt.a1.agent.a1.forged")
    # The gateway answers in the order of asking.
    await broker["bob"].request("symbi.cmd.bob.agent.spawn", b"", timeout=SOON)
    await settled(broker["gateway"])
    assert await broker.stored() == 0


async def test_the_shipped_configuration_is_one_that_the_server_accepts(tmp_path: Path) -> None:
    shipped = Path(__file__).parents[2] / "compose" / "nats.conf"
    (tmp_path / "nats.conf").write_text(shipped.read_text())
    (tmp_path / "users.conf").write_text(render_users(users(DataDir.open(tmp_path / "data"))))
    command = [str(programs.nats_server()), "-t", "-c", str(tmp_path / "nats.conf")]
    checked = await asyncio.to_thread(subprocess.run, command, capture_output=True, text=True, timeout=10)
    assert checked.returncode == 0, checked.stderr
    assert "sync_interval: always" in shipped.read_text()
