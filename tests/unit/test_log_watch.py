"""A change of what keeps the log, or a loss, is recorded once and told, and a lost past ends everything."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import orjson
import pytest

from app.adapters.jetstream.advisories import act_of
from app.adapters.memory import MemoryEventLog
from app.ports.alerts import Alert
from app.ports.clock import SystemClock
from app.ports.event_log import Draft, LogShorter, LogUnavailable
from app.ports.log_store import Act, Holdings
from app.services import log_past
from app.services.log_facts import LogFacts
from app.services.log_past import LogReplaced, SeenBefore, check_past
from app.services.log_watch import LogWatch
from events.codec import decode
from events.log import LogConfigChanged, LogEvent, LogGapDetected
from tests.support.drawn import STAMP
from tests.support.keys import key

WHOLE = Holdings({"max_msgs": -1, "discard": "new"}, "2026-11-21T10:00:00Z", 1, 90, 0)


class Store:
    """A store that a test changes."""

    def __init__(self, now: Holdings | None = WHOLE) -> None:
        self.now = now
        self.removed: list[tuple[int, int]] = []
        self.asked: asyncio.Queue[Act | None] = asyncio.Queue()

    async def look(self) -> Holdings | None:
        return self.now

    async def gaps(self) -> list[tuple[int, int]]:
        return self.removed

    async def acts(self) -> AsyncIterator[Act | None]:
        while True:
            yield await self.asked.get()


class Told:
    def __init__(self) -> None:
        self.alerts: list[Alert] = []

    async def raise_alert(self, alert: Alert) -> None:
        self.alerts.append(alert)

    @property
    def kinds(self) -> list[str]:
        return [alert.kind for alert in self.alerts]


class Acknowledged:
    def __init__(self) -> None:
        self.seqs: list[int] = []

    def acknowledged(self, draft: Draft, seq: int) -> None:
        self.seqs.append(seq)


class Watched:
    """A watch over a store, and what became of it."""

    def __init__(self, memory: Path, store: Store | None = None) -> None:
        self.store = store or Store()
        self.told = Told()
        self.log = MemoryEventLog()
        self.statements = Acknowledged()
        facts = LogFacts(
            component="gateway",
            log=self.log,
            stamp=STAMP,
            key=key("gateway").signing,
            clock=SystemClock(),
            statements=self.statements,
        )
        self.seen_before = SeenBefore(memory)
        self.watch = LogWatch(
            store=self.store,
            facts=facts,
            alerts=self.told,
            seen_before=self.seen_before,
            look_every_s=0.01,
        )

    async def recorded(self) -> list[LogEvent]:
        return [decode(raw.payload)[1] async for raw in self.log.read("symbi.evt._.log.>")]  # type: ignore[misc]

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Watch during the block."""
        running = asyncio.create_task(self.watch.run())
        await asyncio.sleep(0.03)
        try:
            yield
        finally:
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)

    async def until(self, count: int) -> list[LogEvent]:
        """What is recorded once that much is."""
        running = asyncio.create_task(self.watch.run())
        try:
            while await self.log.last_seq() < count:
                assert not running.done(), running.exception()
                await asyncio.sleep(0.005)
            await asyncio.sleep(0.05)  # time enough to record it again, if it did
            return await self.recorded()
        finally:
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(log_past, "LOOKS_AGAIN_AFTER_S", 0.001)


@pytest.fixture
async def watched(tmp_path: Path) -> Watched:
    """It has seen the store whole."""
    watched = Watched(tmp_path / "log-store.json")
    await watched.seen_before.keep(WHOLE)
    return watched


async def test_nothing_is_said_of_a_store_that_only_grows(watched: Watched) -> None:
    async with watched.running():
        for last_seq in range(91, 95):
            watched.store.now = replace(WHOLE, last_seq=last_seq)
            await asyncio.sleep(0.02)
    assert not await watched.recorded()
    assert not watched.told.alerts


async def test_a_changed_setting_is_recorded_once_with_what_it_is_now(watched: Watched) -> None:
    watched.store.now = replace(WHOLE, settings={"max_msgs": 5, "discard": "new", "max_age": 60})
    assert await watched.until(1) == [
        LogConfigChanged(changes={"max_age": 60, "max_msgs": 5}, noticed_by="gateway")
    ]
    assert watched.told.kinds == ["log.config.changed"]
    assert watched.statements.seqs == [1]


async def test_removed_positions_are_recorded_as_gaps(watched: Watched) -> None:
    watched.store.removed = [(20, 23), (31, 32)]
    watched.store.now = replace(WHOLE, first_seq=11, removed=4)
    assert await watched.until(3) == [
        LogGapDetected(expected=1, found=11, detected_by="gateway"),
        LogGapDetected(expected=20, found=23, detected_by="gateway"),
        LogGapDetected(expected=31, found=32, detected_by="gateway"),
    ]
    assert watched.told.kinds == ["log.gap.detected"] * 3
    assert watched.told.alerts[0].summary == "positions 1 to 10 are missing from the log"


async def test_a_log_that_ends_earlier_ends_the_runtime(watched: Watched) -> None:
    watched.store.now = replace(WHOLE, last_seq=80)
    with pytest.raises(LogShorter):
        await asyncio.wait_for(watched.watch.run(), 5)
    assert not await watched.recorded(), "nothing is added to what has lost its end"
    assert watched.told.kinds == ["log.past.lost"]


async def test_a_store_that_lags_for_a_moment_is_believed(
    watched: Watched, monkeypatch: pytest.MonkeyPatch
) -> None:
    answers = [replace(WHOLE, last_seq=80), WHOLE]

    async def look() -> Holdings:
        return answers.pop(0) if len(answers) > 1 else answers[0]

    monkeypatch.setattr(watched.store, "look", look)
    async with watched.running():
        pass
    assert not watched.told.alerts


async def test_a_log_that_was_made_anew_ends_the_runtime(watched: Watched) -> None:
    watched.store.now = replace(WHOLE, made_at="2026-11-22T10:00:00Z", last_seq=200)
    with pytest.raises(LogReplaced):
        await asyncio.wait_for(watched.watch.run(), 5)
    assert not await watched.recorded()
    assert watched.told.kinds == ["log.past.lost"]


async def test_a_log_that_is_gone_is_told_once(watched: Watched) -> None:
    watched.store.now = None
    async with watched.running():
        await asyncio.sleep(0.05)
    assert watched.told.kinds == ["log.gone"]


async def test_what_was_changed_while_nobody_looked_shows_at_the_next_start(tmp_path: Path) -> None:
    memory = tmp_path / "audit" / "log-store.json"
    first = Watched(memory)
    async with first.running():
        pass
    await first.watch.end()
    second = Watched(memory, Store(replace(WHOLE, settings={"max_msgs": 7, "discard": "new"})))
    assert await second.until(1) == [LogConfigChanged(changes={"max_msgs": 7}, noticed_by="gateway")]


@pytest.mark.parametrize(
    ("now", "error"),
    [(replace(WHOLE, last_seq=10), LogShorter), (replace(WHOLE, made_at="later", last_seq=99), LogReplaced)],
)
async def test_a_lost_past_refuses_every_start(
    watched: Watched, now: Holdings, error: type[Exception]
) -> None:
    watched.store.now = now
    for _ in range(2):
        with pytest.raises(error):
            await check_past(watched.store, watched.seen_before)
        with pytest.raises(error):
            await asyncio.wait_for(watched.watch.run(), 5)


async def test_the_first_start_of_all_and_a_store_that_has_grown_are_fine(tmp_path: Path) -> None:
    seen = SeenBefore(tmp_path / "log-store.json")
    await check_past(Store(), seen)
    await seen.keep(replace(WHOLE, last_seq=10))
    await check_past(Store(), seen)
    await check_past(Store(None), seen)


async def test_gaps_that_were_there_before_the_first_look_are_recorded(tmp_path: Path) -> None:
    watched = Watched(tmp_path / "log-store.json", Store(replace(WHOLE, first_seq=4)))
    assert await watched.until(1) == [LogGapDetected(expected=1, found=4, detected_by="gateway")]


async def test_what_the_log_could_not_take_is_recorded_when_it_can(
    watched: Watched, monkeypatch: pytest.MonkeyPatch
) -> None:
    append = watched.log.append
    tries = 0

    async def away(drafts: Sequence[Draft]) -> list[int]:
        nonlocal tries
        tries += 1
        if tries < 3:
            raise LogUnavailable(cause="away")
        return await append(drafts)

    monkeypatch.setattr(watched.log, "append", away)
    watched.store.now = replace(WHOLE, first_seq=2)
    assert await watched.until(1) == [LogGapDetected(expected=1, found=2, detected_by="gateway")]
    assert watched.told.kinds == ["log.gap.detected"]
    kept = await watched.seen_before.recall()
    assert kept is not None
    assert kept.first_seq == 2


async def test_what_was_seen_before_and_cannot_be_read_stops_nothing(tmp_path: Path) -> None:
    memory = tmp_path / "log-store.json"
    memory.write_text("{")
    watched = Watched(memory)
    async with watched.running():
        pass
    assert not watched.told.alerts


async def test_an_act_is_told_at_once_and_makes_the_watch_look(watched: Watched) -> None:
    watched.store.now = replace(WHOLE, removed=1)
    watched.store.removed = [(5, 6)]
    watched.store.asked.put_nowait(Act("message delete", "SYMBI_EVENTS", "UABC", "", "a1"))
    assert await watched.until(1) == [LogGapDetected(expected=5, found=6, detected_by="gateway")]
    act = next(alert for alert in watched.told.alerts if alert.kind == "log.store.act")
    assert (act.severity, act.summary) == (
        "critical",
        "UABC asked for a message delete of SYMBI_EVENTS, and got it",
    )


def advisory(subject: str, response: object) -> bytes:
    return orjson.dumps(
        {
            "id": "a1",
            "client": {"user": "UABC"},
            "subject": subject,
            "response": orjson.dumps(response).decode(),
        }
    )


def test_an_advisory_about_a_call_names_who_asked_for_what_and_whether_it_was_refused() -> None:
    refused = {"error": {"code": 500, "description": "message delete not permitted"}}
    assert act_of(advisory("$JS.API.STREAM.MSG.DELETE.SYMBI_EVENTS", refused)) == Act(
        "message delete", "SYMBI_EVENTS", "UABC", "message delete not permitted", "a1"
    )
    assert act_of(advisory("$JS.hub.API.STREAM.UPDATE.SYMBI_ALERTS", {})) == Act(
        "update", "SYMBI_ALERTS", "UABC", "", "a1"
    )


@pytest.mark.parametrize(
    "subject",
    [
        "$JS.API.STREAM.INFO.SYMBI_EVENTS",
        "$JS.API.STREAM.MSG.GET.SYMBI_EVENTS",
        "$JS.API.CONSUMER.CREATE.SYMBI_EVENTS.c1",
        "$JS.API.STREAM.PURGE.SOMEBODY_ELSES",
    ],
)
def test_calls_that_read_or_are_about_other_streams_are_no_acts(subject: str) -> None:
    assert act_of(advisory(subject, {})) is None


@pytest.mark.parametrize("advisory", [b"", b"{}", b"[]", b'{"subject": 1}', b"{"])
def test_an_advisory_that_cannot_be_read_is_passed_over(advisory: bytes) -> None:
    assert act_of(advisory) is None
