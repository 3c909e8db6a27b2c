"""Each write of the event log fails twice, *not stored* and *stored anyway*; servers die; nothing is lost."""

import asyncio
import random
import re
import time
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import aclosing, asynccontextmanager, suppress
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path

import pytest

from app.adapters.jetstream import JetStreamEventLog, ensure_streams
from app.adapters.jetstream.streams import events_config
from app.adapters.nats_permissions import EVENTS
from app.ports.event_log import (
    Draft,
    EventLog,
    Expectation,
    LogShorter,
    LogUnavailable,
    PositionMissing,
    WrongRevision,
)
from events.codec import Raw
from tests.contract.event_logs import (
    JetStreamPlace,
    NatsServer,
    draft,
    jetstream_place,
    of,
    request,
    subject,
    within,
)

ALONE, SHARED = 1_000_000, 0
ACK_WITHIN = 0.4
FATES = ["not stored", "half", "stored anyway", "unanswered", "late"]
WAYS = [
    pytest.param(ALONE, 1, id="plain"),
    pytest.param(SHARED, 1, id="in a batch"),
    pytest.param(SHARED, 3, id="a batch"),
]
"""How events reach the server: with how many appends under way they share batches, and how many they are."""


class Proxy:
    """Stands between a client and the server, and does something to the next publish.

    `fate` is "not stored": the connection is cut before the server gets it; "half": when the server has
    got half of it; "stored anyway": when the server has stored it; "unanswered": the acknowledgement is
    swallowed; "late": it is delivered when the client has given up waiting for it. "dropped" makes an event
    vanish that the server sends.
    """

    def __init__(self, port: int) -> None:
        self._port = port
        self._listening: asyncio.Server | None = None
        self._links: set[asyncio.StreamWriter] = set()
        self._pumps: set[asyncio.Task[None]] = set()
        self.fate = ""
        self.struck = asyncio.Event()
        self.url = ""

    @asynccontextmanager
    async def open(self) -> AsyncIterator["Proxy"]:
        await self.listen()
        try:
            yield self
        finally:
            await self.refuse()

    async def listen(self, port: int = 0) -> None:
        """Let clients connect."""
        self._listening = await asyncio.start_server(self._accept, "127.0.0.1", port)
        self.url = f"nats://127.0.0.1:{self._listening.sockets[0].getsockname()[1]}"

    async def refuse(self) -> None:
        """Cut everybody off, and let nobody in."""
        if self._listening is not None:
            self._listening.close()
            self._listening = None
        self.cut()
        await asyncio.gather(*self._pumps, return_exceptions=True)

    async def listen_again(self) -> None:
        await self.listen(int(self.url.rsplit(":", 1)[1]))

    def cut(self) -> None:
        """End every connection."""
        for link in self._links:
            link.transport.abort()
        self._links.clear()

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            server_reader, server_writer = await asyncio.open_connection("127.0.0.1", self._port)
        except OSError:
            writer.transport.abort()
            return
        self._links |= {writer, server_writer}
        for source, sink, up in ((reader, server_writer, True), (server_reader, writer, False)):
            pump = asyncio.create_task(self._pump(source, sink, up=up))
            self._pumps.add(pump)
            pump.add_done_callback(self._pumps.discard)

    async def _pump(self, source: asyncio.StreamReader, sink: asyncio.StreamWriter, *, up: bool) -> None:
        with suppress(OSError):
            while data := await source.read(1 << 20):
                for piece in await self._strike_up(data) if up else await self._strike_down(data):
                    sink.write(piece)
                    await sink.drain()
        sink.transport.abort()

    async def _strike_up(self, data: bytes) -> Sequence[bytes]:
        if self.fate not in ("not stored", "half") or b"HPUB symbi.evt" not in data:
            return [data]
        passed = data[: len(data) // 2] if self.fate == "half" else b""
        self._struck()
        # The half that passes must arrive before the connection ends.
        asyncio.get_running_loop().call_later(0.05, self.cut)
        return [passed]

    async def _strike_down(self, data: bytes) -> Sequence[bytes]:
        if self.fate == "dropped" and (found := _event(data)):
            self._struck()
            return [data[: found.start], data[found.stop :]]
        if self.fate not in ("stored anyway", "unanswered", "late") or b'"seq":' not in data:
            return [data]
        fate = self.fate
        self._struck()
        if fate == "stored anyway":
            self.cut()
        if fate == "late":
            await asyncio.sleep(1.5 * ACK_WITHIN)
            return [data]
        return []

    def _struck(self) -> None:
        self.fate = ""
        self.struck.set()


def _event(data: bytes) -> slice | None:
    """The second stored event in *data*, if it is there as a whole."""
    lines = list(re.finditer(rb"HMSG \S+ \d+ (?:\$JS\.ACK\S+ )?\d+ (\d+)\r\n", data))
    for line in lines[1:]:
        end = line.end() + int(line[1]) + 2
        if end <= len(data) and b"Symbi-Key" in data[line.end() : end]:
            return slice(line.start(), end)
    return None


@pytest.fixture(scope="module")
def steady_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[NatsServer]:
    yield from running(tmp_path_factory.mktemp("nats"))


@pytest.fixture
def server(tmp_path: Path) -> Iterator[NatsServer]:
    """A server for a test that kills it."""
    yield from running(tmp_path)


def running(directory: Path) -> Iterator[NatsServer]:
    server = NatsServer(directory)
    server.start()
    yield server
    server.stop()


@pytest.fixture
def crowd() -> int:
    """With how many appends under way single events share batches."""
    return SHARED


@pytest.fixture
async def place(crowd: int, steady_server: NatsServer) -> AsyncIterator[JetStreamPlace]:
    async with jetstream_place(steady_server, crowd=crowd, ack_within=ACK_WITHIN, patience=10.0) as place:
        yield place


@pytest.fixture
async def proxy(steady_server: NatsServer) -> AsyncIterator[Proxy]:
    async with Proxy(steady_server.port).open() as proxy:
        yield proxy


async def everything(log: EventLog) -> list[Raw]:
    return [raw async for batch in log.read_all() for raw in batch]


def payloads(drafts: Sequence[Draft]) -> list[bytes]:
    return [draft.payload for draft in drafts]


# A write that nobody hears of


@pytest.mark.parametrize("guarded", [True, False], ids=["guarded", "unguarded"])
@pytest.mark.parametrize(("crowd", "count"), WAYS)
@pytest.mark.parametrize("fate", FATES)
async def test_a_write_that_failed_is_stored_once(
    place: JetStreamPlace, proxy: Proxy, fate: str, count: int, guarded: bool
) -> None:
    log = await place.open_at(proxy.url)
    await log.append([first := draft(subject("a1"))])
    drafts = [draft(subject("a1", f"task.t{n}.started")) for n in range(count)]
    proxy.fate = fate
    [positions] = await within(10, log.append(drafts, Expectation(of("a1"), 1) if guarded else None))
    assert proxy.struck.is_set()
    assert positions == list(range(2, count + 2))
    await log.append([last := draft(subject("a1"))], Expectation(of("a1"), count + 1))
    assert [raw.payload for raw in await everything(log)] == payloads([first, *drafts, last])


@pytest.mark.parametrize("crowd", [ALONE, SHARED], ids=["plain", "shared"])
@pytest.mark.parametrize("fate", FATES)
async def test_a_crowd_whose_writes_failed_is_stored_once(
    place: JetStreamPlace, proxy: Proxy, fate: str
) -> None:
    log = await place.open_at(proxy.url)
    await log.append([draft(subject("stale"))])
    decisions = [[draft(subject(f"a{n}")) for _ in range(1 + n % 2)] for n in range(30)]
    appends = [log.append(each, Expectation(of(f"a{n}"), 0)) for n, each in enumerate(decisions)]
    stale = log.append([draft(subject("stale"))], Expectation(of("stale"), 0))
    proxy.fate = fate
    async with asyncio.timeout(20):
        *written, lost = await asyncio.gather(*appends, stale, return_exceptions=True)
    assert proxy.struck.is_set()
    assert isinstance(lost, WrongRevision)
    raws = await everything(log)
    assert len(raws) == 1 + 45
    for each, positions in zip(decisions, written, strict=True):
        assert isinstance(positions, list)
        assert [raws[seq - 1].payload for seq in positions] == payloads(each)


@pytest.mark.parametrize(("crowd", "count"), WAYS)
async def test_a_rival_between_two_attempts_wins_the_race(
    place: JetStreamPlace, proxy: Proxy, count: int
) -> None:
    """Our write got lost, somebody else wrote, and the second attempt is stale: it may not pass for ours."""
    log, rival = await place.open_at(proxy.url), await place.open()
    await log.append([draft(subject("a1"))])
    drafts = [draft(subject("a1")) for _ in range(count)]
    proxy.fate = "not stored"
    ours = asyncio.create_task(log.append(drafts, Expectation(of("a1"), 1)))
    await within(5, proxy.struck.wait())
    assert await rival.append([draft(subject("a1"))], Expectation(of("a1"), 1)) == [2]
    with pytest.raises(WrongRevision):
        await within(10, ours)
    assert await log.last_seq() == 2


@pytest.mark.parametrize(("crowd", "count"), WAYS)
async def test_a_rival_after_our_unheard_write_does_not_hide_it(
    place: JetStreamPlace, proxy: Proxy, count: int
) -> None:
    log, rival = await place.open_at(proxy.url), await place.open()
    await log.append([draft(subject("a1"))])
    drafts = [draft(subject("a1")) for _ in range(count)]
    proxy.fate = "stored anyway"
    ours = asyncio.create_task(log.append(drafts, Expectation(of("a1"), 1)))
    await within(5, proxy.struck.wait())
    assert await rival.append([draft(subject("a1"))], Expectation(of("a1"), count + 1)) == [count + 2]
    assert await within(10, ours) == [list(range(2, count + 2))]


@pytest.mark.parametrize(("crowd", "count"), WAYS)
async def test_a_lost_connection_is_noticed_at_once(
    steady_server: NatsServer, proxy: Proxy, crowd: int, count: int
) -> None:
    """Long before an acknowledgement would be given up."""
    async with jetstream_place(steady_server, crowd=crowd, ack_within=60.0, patience=60.0) as place:
        log = await place.open_at(proxy.url)
        await log.append([draft(subject("a1"))])
        proxy.fate = "stored anyway"
        drafts = [draft(subject("a1")) for _ in range(count)]
        assert await within(5, log.append(drafts)) == [list(range(2, count + 2))]
        assert proxy.struck.is_set()


# A server that stays away


@pytest.mark.parametrize("stored", [True, False], ids=["stored anyway", "not stored"])
@pytest.mark.parametrize("count", [1, 2])
async def test_a_log_that_stays_away_says_so_and_a_later_repetition_is_stored_once(
    steady_server: NatsServer, proxy: Proxy, count: int, stored: bool
) -> None:
    async with jetstream_place(steady_server, patience=1.0, ack_within=ACK_WITHIN) as place:
        log = await place.open_at(proxy.url)
        await log.append([draft(subject("a1"))])
        drafts = [draft(subject("a1")) for _ in range(count)]
        proxy.fate = "stored anyway" if stored else "not stored"
        ours = asyncio.create_task(log.append(drafts, Expectation(of("a1"), 1)))
        await within(5, proxy.struck.wait())
        await proxy.refuse()
        asked = (ours, log.last_seq(), log.append([draft(subject("a2"))]), anext(aiter(log.read_all())))
        async with asyncio.timeout(5):
            answers = await asyncio.gather(*asked, return_exceptions=True)
        assert [type(answer) for answer in answers] == [LogUnavailable] * 4
        assert await (await place.open()).last_seq() == (1 + count if stored else 1)
        await proxy.listen_again()
        await _until_answering(log)
        assert await log.append(drafts, Expectation(of("a1"), 1)) == list(range(2, count + 2))
        assert await log.last_seq() == count + 1


async def _until_answering(log: EventLog) -> None:
    async with asyncio.timeout(10):
        while True:
            with suppress(LogUnavailable):
                await log.last_seq()
                return


async def test_nobody_waits_for_a_connection_that_was_closed(steady_server: NatsServer) -> None:
    async with jetstream_place(steady_server) as place:
        nc = await steady_server.login("gateway")
        log = JetStreamEventLog(nc)
        await log.append([draft(subject("a1"))])
        following = log.follow(after=1)
        waiting = asyncio.ensure_future(anext(aiter(following)))
        appends = [asyncio.create_task(log.append([draft(subject("a1"))])) for _ in range(30)]
        await asyncio.sleep(0)
        await nc.close()
        async with asyncio.timeout(5):
            outcomes = await asyncio.gather(waiting, *appends, log.last_seq(), return_exceptions=True)
        assert isinstance(outcomes[0], LogUnavailable | list)
        assert isinstance(outcomes[-1], LogUnavailable)
        assert all(isinstance(outcome, LogUnavailable | list) for outcome in outcomes[1:-1])
        stored = sum(isinstance(outcome, list) for outcome in outcomes[1:-1])
        assert stored <= await (await place.open()).last_seq() - 1


# Readers


async def test_readers_go_on_where_a_connection_was_cut(steady_server: NatsServer, proxy: Proxy) -> None:
    async with jetstream_place(steady_server, patience=10.0, ack_within=ACK_WITHIN) as place:
        writer = await place.open()
        for _ in range(6):
            await writer.append([draft(subject("a1"), payload=b"x" * 4000) for _ in range(500)])
        log = await place.open_at(proxy.url)
        read_all: list[int] = []
        async for batch in log.read_all(batch=100):
            read_all.extend(raw.seq for raw in batch)
            if len(read_all) in (100, 1500):
                proxy.cut()
        assert read_all == list(range(1, 3001))
        inside: list[int] = []
        async for raw in log.read(of("a1")):
            inside.append(raw.seq)
            if len(inside) in (10, 1200):
                proxy.cut()
        assert inside == list(range(1, 3001))


async def test_a_follower_goes_on_after_its_connection_was_cut(
    steady_server: NatsServer, proxy: Proxy
) -> None:
    async with jetstream_place(steady_server) as place:
        writer, log = await place.open(), await place.open_at(proxy.url)
        seen: list[int] = []
        following = asyncio.create_task(_follow(log, 300, seen))
        for _ in range(300):
            await writer.append([draft(subject("a1"))])
            if len(seen) % 100 == 50:
                proxy.cut()
        await within(20, following)
        assert seen == list(range(1, 301))


async def test_a_delivery_that_vanished_is_asked_for_again(place: JetStreamPlace, proxy: Proxy) -> None:
    """It is no gap in the log."""
    await (await place.open()).append([draft(subject("a1")) for _ in range(50)])
    log = await place.open_at(proxy.url)
    readings = [log.read_all, log.follow]
    for reading in readings:
        proxy.struck.clear()
        proxy.fate = "dropped"
        seen: list[int] = []
        async with asyncio.timeout(10), aclosing(reading(batch=10)) as batches:  # type: ignore[type-var]
            async for batch in batches:
                seen.extend(raw.seq for raw in batch)
                if len(seen) >= 50:
                    break
        assert proxy.struck.is_set()
        assert seen == list(range(1, 51))


async def test_an_event_that_vanished_from_an_answer_is_asked_for_again(
    place: JetStreamPlace, proxy: Proxy
) -> None:
    await (await place.open()).append([draft(subject("a1")) for _ in range(50)])
    log = await place.open_at(proxy.url)
    proxy.fate = "dropped"
    assert [raw.seq async for raw in log.read(of("a1"))] == list(range(1, 51))
    assert proxy.struck.is_set()


async def _follow(log: EventLog, count: int, seen: list[int]) -> None:
    following = log.follow()
    assert isinstance(following, AsyncIterator)
    async with aclosing(following):  # type: ignore[type-var]
        async for batch in following:
            seen.extend(raw.seq for raw in batch)
            if len(seen) >= count:
                return


# A log that lost events


async def test_a_missing_position_stops_readers(server: NatsServer) -> None:
    async with await server.root() as root, await server.login("gateway") as nc:
        await request(root, f"STREAM.CREATE.{EVENTS}", events_config() | {"deny_delete": False})
        log = JetStreamEventLog(nc)
        await log.append([draft(subject("a1")) for _ in range(5)])
        await request(root, f"STREAM.MSG.DELETE.{EVENTS}", {"seq": 3})
        for reading in (log.read_all(), log.follow()):
            assert [raw.seq for raw in await anext(aiter(reading))] == [1, 2]
            with pytest.raises(PositionMissing) as missing:
                await anext(aiter(reading))
            assert missing.value.facts == {"expected": 3, "found": 4}
        await log.close()


async def test_a_log_that_lost_its_tail_stops_followers(server: NatsServer) -> None:
    """The server comes back with an older log: a follower that has read more must not go on."""
    async with jetstream_place(server) as place:
        writer, log = await place.open(), await place.open()
        await writer.append([draft(subject("a1")) for _ in range(5)])
        following = log.follow()
        assert len(await anext(aiter(following))) == 5
        server.kill()
        server.forget()
        server.start()
        async with await server.login("admin") as admin:
            await ensure_streams(admin)
        await writer.append([draft(subject("a1"))])
        with pytest.raises(LogShorter):
            await within(20, anext(aiter(following)))


# A server that dies


@dataclass
class Ledger:
    """What writers were told."""

    acknowledged: dict[int, Draft] = field(default_factory=dict)
    decisions: list[list[Draft]] = field(default_factory=list)

    def __len__(self) -> int:
        return len(self.acknowledged)

    async def append(self, log: EventLog, drafts: list[Draft], expected: Expectation | None) -> list[int]:
        self.decisions.append(drafts)
        positions = await log.append(drafts, expected)
        self.acknowledged |= dict(zip(positions, drafts, strict=True))
        return positions

    def check(self, raws: Sequence[Raw]) -> None:
        """Every acknowledged event lies where it was said to, none lies there twice, no decision by half."""
        assert [raw.seq for raw in raws] == list(range(1, len(raws) + 1))
        for seq, each in self.acknowledged.items():
            assert (raws[seq - 1].subject, raws[seq - 1].payload) == (each.subject, each.payload)
        where = {raw.payload: raw.seq for raw in raws}
        assert len(where) == len(raws)
        for drafts in self.decisions:
            positions = [where[each.payload] for each in drafts if each.payload in where]
            assert positions in (
                [],
                list(range(positions[0], positions[0] + len(drafts))) if positions else [],
            )


@pytest.mark.parametrize("seed", [1, 2])
async def test_a_server_killed_under_load_loses_and_doubles_nothing(server: NatsServer, seed: int) -> None:
    chance = random.Random(seed)
    async with jetstream_place(server, patience=30.0, ack_within=1.0) as place:
        logs = [await place.open() for _ in range(2)]
        ledger, seen, done = Ledger(), list[int](), asyncio.Event()
        following = asyncio.create_task(_follow(await place.open(), 1_000_000, seen))
        writers = [
            asyncio.create_task(_write(logs[n % 2], f"a{n}", ledger, random.Random(seed * 100 + n), done))
            for n in range(40)
        ]
        for _ in range(3):
            await _grown(ledger, chance.randrange(100, 400))
            server.kill()
            await asyncio.sleep(chance.uniform(0, 0.3))
            server.start()
        await _grown(ledger, 200)
        done.set()
        await within(60, *writers)
        raws = await everything(logs[0])
        ledger.check(raws)
        await _until(lambda: len(seen) >= len(raws))
        following.cancel()
        assert seen == [raw.seq for raw in raws]


async def _write(
    log: EventLog, agent: str, ledger: Ledger, chance: random.Random, done: asyncio.Event
) -> None:
    """One agent's decisions, each on the state that the one before it left, and readings in between."""
    last = 0
    for n in count():
        if done.is_set():
            return
        drafts = [draft(subject(agent, f"task.t{n}.started")) for _ in range(chance.choice([1, 1, 2, 5]))]
        positions = await ledger.append(log, drafts, Expectation(of(agent), last))
        last = positions[-1]
        if chance.random() < 0.3:
            readings = [draft(subject("_", f"node.{agent}.measured")) for _ in range(chance.choice([1, 3]))]
            await ledger.append(log, readings, None)


async def _grown(ledger: Ledger, by: int) -> None:
    target = len(ledger) + by
    await _until(lambda: len(ledger) >= target)


async def _until(holds: Callable[[], bool]) -> None:
    """Wait for progress, and fail when there is none for long."""
    deadline = time.monotonic() + 60
    while not holds():
        assert time.monotonic() < deadline
        await asyncio.sleep(0.01)
