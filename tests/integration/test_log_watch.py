"""An administrator of the broker changes or removes the log behind the runtime's back, and it is noticed."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import orjson
import pytest

from app.adapters.jetstream.advisories import JetStreamStore
from app.adapters.jetstream.streams import events_config
from app.adapters.nats_permissions import ALERT_SUBJECT, ALERTS, EVENTS
from app.embedded.data_dir import DataDir
from app.errors import Corrupt
from app.services.log_past import LogReplaced
from events.log import LogConfigChanged, LogGapDetected
from tests.support.broker_admin import BrokerAdmin, with_server_admin
from tests.support.in_process import SOON_S, InProcess, logged_in, runtime_in_process
from tests.support.servers import Servers


@dataclass
class Tampered:
    """A runtime on servers of somebody else's, who administers them, and the alerts that it raises."""

    runtime: InProcess
    admin: BrokerAdmin
    alerts: "asyncio.Queue[dict[str, Any]]"

    async def alert(self, kind: str) -> dict[str, Any]:
        """The next alert of that kind."""
        async with asyncio.timeout(SOON_S):
            while True:
                alert = await self.alerts.get()
                if alert["kind"] == kind:
                    return alert


@asynccontextmanager
async def tampering(servers: Servers, data_dir: Path) -> AsyncIterator[Tampered]:
    nats_url, postgres_url = servers.nats.url, servers.postgres.url()
    async with runtime_in_process(data_dir, nats__url=nats_url, postgres__url=postgres_url) as runtime:
        admin = await BrokerAdmin.connect(nats_url, runtime.data)
        listener = await logged_in(nats_url, runtime.data, "operator")
        alerts: asyncio.Queue[dict[str, Any]] = asyncio.Queue()

        async def heard(message: Any) -> None:
            alerts.put_nowait(orjson.loads(message.data))

        await listener.subscribe(ALERT_SUBJECT, cb=heard)
        await listener.flush()
        try:
            yield Tampered(runtime, admin, alerts)
        finally:
            await admin.nc.close()
            await listener.close()


@pytest.fixture
async def servers(tmp_path: Path) -> AsyncIterator[Servers]:
    logins = partial(with_server_admin, data=DataDir.open(tmp_path / "symbi"))
    async with Servers(tmp_path / "servers", tmp_path / "symbi", logins) as servers:
        yield servers


async def test_what_an_administrator_does_to_the_log_is_recorded_and_told(
    servers: Servers, tmp_path: Path
) -> None:
    async with tampering(servers, tmp_path / "symbi") as tampered:
        runtime, admin = tampered.runtime, tampered.admin
        for _ in range(5):
            await runtime.spawn()
        refused = await admin.ask("STREAM.MSG.DELETE", {"seq": 3})
        assert refused["error"]["description"] == "message delete not permitted"
        act = await tampered.alert("log.store.act")
        assert (act["severity"], act["details"]["what"]) == ("medium", "message delete")

        await admin.update(description="mine now")
        changed = await runtime.until_named("log.config.changed")
        assert isinstance(changed.event, LogConfigChanged)
        assert changed.event.changes == {"description": "mine now"}
        assert (await tampered.alert("log.config.changed"))["severity"] == "critical"

        last = await runtime.client.log.last_seq()
        await admin.update(max_msgs=last - 5, discard="old")
        gap = await runtime.until(lambda fact: fact.event.name == "log.gap.detected", after=last)
        assert isinstance(gap.event, LogGapDetected)
        assert (gap.event.expected, gap.event.detected_by) == (1, "gateway")
        assert gap.event.found > 1
        await tampered.alert("log.gap.detected")
        # Whatever the administrator may do, what is recorded from now on is recorded.
        await runtime.spawn()


async def test_a_log_that_is_deleted_and_made_anew_ends_the_runtime(servers: Servers, tmp_path: Path) -> None:
    async with tampering(servers, tmp_path / "symbi") as tampered:
        await tampered.runtime.spawn()
        assert (await tampered.admin.ask("STREAM.DELETE"))["success"]
        await tampered.alert("log.gone")
        await tampered.admin.ask("STREAM.CREATE", events_config())
        with pytest.raises(Corrupt):
            await asyncio.wait_for(tampered.runtime.running.until(asyncio.Event()), SOON_S)
    with pytest.raises(LogReplaced):
        await tampering(servers, tmp_path / "symbi").__aenter__()


async def test_a_setup_that_was_changed_while_nothing_ran_is_noticed_at_the_start(
    servers: Servers, tmp_path: Path
) -> None:
    async with tampering(servers, tmp_path / "symbi"):
        pass
    admin = await BrokerAdmin.connect(servers.nats.url, DataDir.open(tmp_path / "symbi"))
    await admin.update(description="while you slept")
    await admin.nc.close()
    async with tampering(servers, tmp_path / "symbi") as tampered:
        changed = await tampered.runtime.until_named("log.config.changed")
        assert isinstance(changed.event, LogConfigChanged)
        assert changed.event.changes == {"description": "while you slept"}


async def test_a_purge_of_the_alerts_is_told(servers: Servers, tmp_path: Path) -> None:
    async with tampering(servers, tmp_path / "symbi") as tampered:
        await BrokerAdmin(tampered.admin.nc, ALERTS).ask("STREAM.PURGE")
        act = await tampered.alert("log.store.act")
        assert (act["details"]["what"], act["details"]["store"]) == ("purge", ALERTS)


async def test_removed_messages_are_found_where_they_were(servers: Servers, tmp_path: Path) -> None:
    """A stream of ours refuses to remove one message; one that was made otherwise does not."""
    admin = await BrokerAdmin.connect(servers.nats.url, DataDir.open(tmp_path / "symbi"))
    config = events_config() | {"deny_delete": False, "deny_purge": False}
    await admin.ask("STREAM.CREATE", config)
    for number in range(10):
        await admin.nc.jetstream().publish(f"symbi.evt.a.agent.a.e{number}", b"x")
    for seq in (3, 4, 8):
        await admin.ask("STREAM.MSG.DELETE", {"seq": seq})
    store = JetStreamStore(admin.nc, EVENTS)
    found = await store.look()
    assert found is not None
    assert (found.first_seq, found.last_seq, found.removed) == (1, 10, 3)
    assert await store.gaps() == [(3, 5), (8, 9)]
    await admin.ask("STREAM.DELETE")
    assert await store.look() is None
    await admin.nc.close()
