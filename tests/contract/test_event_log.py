"""What every event log promises: JetStream, memory."""

import asyncio
import random
from collections import defaultdict
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import aclosing

import pytest

from app.adapters.nats_permissions import EVENTS
from app.errors import SymbiError
from app.ports.event_log import (
    Draft,
    EventLog,
    Expectation,
    IdTaken,
    LogShorter,
    NotASubject,
    TooLarge,
    TooMany,
    WrongRevision,
    inside,
)
from events.codec import Raw

from .event_logs import (
    MAX_PAYLOAD,
    WINDOW,
    JetStreamPlace,
    LogPlace,
    MemoryPlace,
    NatsServer,
    draft,
    jetstream_place,
    of,
    request,
    subject,
    within,
)

BRIEF_WINDOW = 0.1
# One event at a time goes alone or in a batch, depending on how many appends are under way: try both.
ALONE, SHARED = {"crowd": 1_000_000}, {"crowd": 0}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[NatsServer]:
    server = NatsServer(tmp_path_factory.mktemp("nats"))
    server.start()
    yield server
    server.stop()


@pytest.fixture
def window() -> float:
    """For how many seconds the store recognises event ids; a test may choose it with `parametrize`."""
    return WINDOW


@pytest.fixture(params=["memory", "jetstream", "jetstream alone", "jetstream shared"])
async def place(request: pytest.FixtureRequest, window: float) -> AsyncIterator[LogPlace]:
    """Where the log lies."""
    if request.param == "memory":
        yield MemoryPlace()
        return
    options = {"jetstream alone": ALONE, "jetstream shared": SHARED}.get(request.param, {})
    server: NatsServer = request.getfixturevalue("server")
    async with jetstream_place(server, window=window, **options) as place:
        yield place


@pytest.fixture
async def log(place: LogPlace) -> EventLog:
    return await place.open()


async def everything(log: EventLog) -> list[Raw]:
    return [raw async for batch in log.read_all() for raw in batch]


async def inside_of(log: EventLog, boundary: str, after: int = 0) -> list[Raw]:
    return [raw async for raw in log.read(boundary, after=after)]


def same(raw: Raw, draft: Draft) -> bool:
    written = (draft.subject, draft.payload, draft.signature, draft.key)
    return (raw.subject, raw.payload, raw.signature, raw.key) == written


# Appending and reading back


async def test_what_was_appended_is_read_back_with_its_bytes(log: EventLog) -> None:
    drafts = [draft(subject("a1"), payload=bytes(range(256))), draft(subject("a2", "task.t1.submitted"))]
    positions = [(await log.append([each]))[0] for each in drafts]
    raws = await everything(log)
    assert positions == [raw.seq for raw in raws] == [1, 2]
    assert all(same(raw, each) for raw, each in zip(raws, drafts, strict=True))


async def test_the_store_says_when_it_stored_an_event(log: EventLog) -> None:
    await log.append([draft(subject("a1"))])
    await log.append([draft(subject("a1"))])
    read_all = [raw.stored_at for raw in await everything(log)]
    assert 1_700_000_000 * 10**9 < read_all[0] <= read_all[1]
    assert read_all == [raw.stored_at for raw in await inside_of(log, of("a1"))]


async def test_a_decision_gets_contiguous_positions_in_its_order(log: EventLog) -> None:
    await log.append([draft(subject("a1"))])
    drafts = [draft(subject(agent)) for agent in ("a1", "a2", "a1", "a3")]
    assert await log.append(drafts) == [2, 3, 4, 5]
    assert all(same(raw, each) for raw, each in zip((await everything(log))[1:], drafts, strict=True))


async def test_many_appends_at_once_number_the_log_without_gaps(log: EventLog) -> None:
    decisions = [[draft(subject(f"a{n}")) for _ in range(1 + n % 3)] for n in range(90)]
    written = await within(30, *(log.append(decision) for decision in decisions))
    assert sorted(seq for positions in written for seq in positions) == list(range(1, 181))
    raws = await everything(log)
    for decision, positions in zip(decisions, written, strict=True):
        assert all(same(raws[seq - 1], each) for each, seq in zip(decision, positions, strict=True))


async def test_appending_nothing_appends_nothing(log: EventLog) -> None:
    assert await log.append([], Expectation(of("a1"), 7)) == []
    assert await log.last_seq() == 0


async def test_the_last_position_is_zero_in_an_empty_log_and_then_that_of_the_newest(log: EventLog) -> None:
    assert await log.last_seq() == 0
    await log.append([draft(subject("a1")), draft(subject("a1"))])
    assert await log.last_seq() == 2


# Reading


async def test_a_boundary_holds_its_own_events_only(log: EventLog) -> None:
    for agent in ("a1", "a2", "a1", "a11"):
        await log.append([draft(subject(agent))])
    assert [raw.seq for raw in await inside_of(log, of("a1"))] == [1, 3]
    assert await inside_of(log, of("a3")) == []


async def test_a_boundary_is_read_from_a_position_on(log: EventLog) -> None:
    for _ in range(3):
        await log.append([draft(subject("a1")), draft(subject("a2"))])
    assert [raw.seq for raw in await inside_of(log, of("a1"), after=1)] == [3, 5]
    assert [raw.seq for raw in await inside_of(log, of("a1"), after=2)] == [3, 5]
    assert await inside_of(log, of("a1"), after=5) == []
    assert await inside_of(log, of("a1"), after=500) == []


async def test_a_boundary_of_one_subject_or_of_any_token_can_be_read(log: EventLog) -> None:
    names = ["agent.a.readied", "task.t1.started", "task.t2.started", "task.t2.failed"]
    for name in names:
        await log.append([draft(subject("a1", name))])
    for boundary, expected in {
        subject("a1", "task.t2.started"): [3],
        "symbi.evt.a1.task.*.started": [2, 3],
        "symbi.evt.*.task.t2.*": [3, 4],
        "symbi.evt.*.task.>": [2, 3, 4],
    }.items():
        assert [raw.seq for raw in await inside_of(log, boundary)] == expected
        assert [n for n, name in enumerate(names, 1) if inside(boundary, subject("a1", name))] == expected


async def test_a_long_boundary_is_read_whole(log: EventLog) -> None:
    for _ in range(3):
        await log.append([draft(subject("a1")) for _ in range(600)])
    assert [raw.seq for raw in await inside_of(log, of("a1"))] == list(range(1, 1801))


async def test_everything_is_read_in_batches_of_at_most_the_size_asked_for(log: EventLog) -> None:
    await log.append([draft(subject("a1")) for _ in range(25)])
    batches = [[raw.seq for raw in batch] async for batch in log.read_all(after=3, batch=10)]
    assert [seq for batch in batches for seq in batch] == list(range(4, 26))
    assert max(map(len, batches)) <= 10


async def test_reading_everything_of_an_empty_log_ends(log: EventLog) -> None:
    assert await everything(log) == []


async def test_reading_after_the_end_says_that_the_log_is_shorter(log: EventLog) -> None:
    await log.append([draft(subject("a1"))])
    with pytest.raises(LogShorter):
        await anext(aiter(log.read_all(after=2)))
    with pytest.raises(LogShorter):
        await anext(aiter(log.follow(after=2)))


# Following


async def follow(log: EventLog, count: int, *, after: int = 0, batch: int = 1000) -> list[list[Raw]]:
    """The batches that a follower gets until it has *count* events."""
    batches: list[list[Raw]] = []
    following = log.follow(after=after, batch=batch)
    assert isinstance(following, AsyncIterator)
    async with asyncio.timeout(30), aclosing(following):  # type: ignore[type-var]
        async for raws in following:
            batches.append(list(raws))
            if sum(map(len, batches)) >= count:
                break
    return batches


async def test_a_follower_gets_what_is_there_and_what_arrives(log: EventLog) -> None:
    await log.append([draft(subject("a1"))])
    following = asyncio.create_task(follow(log, 3, after=0))
    for _ in range(2):
        await log.append([draft(subject("a2"))])
    assert [raw.seq for batch in await following for raw in batch] == [1, 2, 3]


async def test_a_follower_of_an_idle_log_gets_the_next_event_alone(log: EventLog) -> None:
    await log.append([draft(subject("a1"))])
    following = asyncio.create_task(follow(log, 1, after=1))
    done, _ = await asyncio.wait([following], timeout=0.3)
    assert not done
    await log.append([draft(subject("a2"))])
    assert [[raw.seq for raw in batch] for batch in await following] == [[2]]


async def test_a_follower_sees_all_that_many_writers_write_in_order(place: LogPlace) -> None:
    writers = [await place.open() for _ in range(3)]
    following = asyncio.create_task(follow(await place.open(), 600, batch=50))

    async def write(log: EventLog, name: str) -> None:
        for n in range(100):
            await log.append([draft(subject(f"{name}{n}")) for _ in range(1 + 2 * (n % 2))])

    await within(60, *(write(log, f"w{n}-") for n, log in enumerate(writers)))
    batches = await following
    assert [raw.seq for batch in batches for raw in batch] == list(range(1, 601))
    assert max(map(len, batches)) <= 50
    assert [raw for batch in batches for raw in batch] == await everything(writers[0])


async def test_a_slow_follower_loses_nothing(place: LogPlace) -> None:
    log, written = await place.open(), 0
    for _ in range(4):
        written += len(await log.append([draft(subject("a1")) for _ in range(1000)]))
    seen: list[int] = []
    async for raws in (await place.open()).follow(batch=100):
        seen.extend(raw.seq for raw in raws)
        if written == 4000 and len(seen) >= 100:
            written += len(await log.append([draft(subject("a1")) for _ in range(1000)]))
            await asyncio.sleep(0.3)
        if len(seen) >= written:
            break
    assert seen == list(range(1, 5001))


# Expectations


async def test_an_append_succeeds_on_the_state_that_it_was_decided_on(log: EventLog) -> None:
    [first] = await log.append([draft(subject("a1"))], Expectation(of("a1"), 0))
    await log.append([draft(subject("a2"))])
    [second] = await log.append([draft(subject("a1"))], Expectation(of("a1"), first))
    assert await log.append([draft(subject("a1")), draft(subject("a1"))], Expectation(of("a1"), second)) == [
        4,
        5,
    ]


@pytest.mark.parametrize("count", [1, 3])
@pytest.mark.parametrize("stale", [0, 1, 2, 9])
async def test_a_stale_expectation_is_refused_with_what_was_found(
    log: EventLog, stale: int, count: int
) -> None:
    await log.append([draft(subject("a1")), draft(subject("a2")), draft(subject("a1", "task.t1.submitted"))])
    with pytest.raises(WrongRevision) as refused:
        await log.append([draft(subject("a1")) for _ in range(count)], Expectation(of("a1"), stale))
    assert refused.value.facts == {"boundary": of("a1"), "expected": stale, "found": 3}
    assert await log.last_seq() == 3


async def test_a_boundary_covers_every_aggregate_inside_it(log: EventLog) -> None:
    await log.append([draft(subject("a1", "agent.a1.readied"))], Expectation(of("a1"), 0))
    await log.append([draft(subject("a1", "task.t1.assigned"))], Expectation(of("a1"), 1))
    with pytest.raises(WrongRevision):
        await log.append([draft(subject("a1", "agent.a1.terminated"))], Expectation(of("a1"), 1))
    await log.append([draft(subject("a2", "agent.a2.readied"))], Expectation(of("a2"), 0))


async def test_of_writers_that_decide_on_the_same_state_one_wins(place: LogPlace) -> None:
    logs = [await place.open() for _ in range(4)]
    last = 0
    for size in (1, 2, 1, 3):
        attempts = [
            log.append([draft(subject("a1")) for _ in range(size)], Expectation(of("a1"), last))
            for log in logs
        ]
        async with asyncio.timeout(30):
            outcomes = await asyncio.gather(*attempts, return_exceptions=True)
        won = [outcome for outcome in outcomes if not isinstance(outcome, BaseException)]
        assert len(won) == 1
        assert all(isinstance(outcome, WrongRevision) for outcome in outcomes if outcome not in won)
        last = won[0][-1]
    assert await logs[0].last_seq() == 7


async def test_a_loser_fails_none_of_its_neighbours(log: EventLog) -> None:
    await log.append([draft(subject("stale"))])
    attempts = [log.append([draft(subject(f"a{n}"))] * 1, Expectation(of(f"a{n}"), 0)) for n in range(40)]
    attempts += [
        log.append([draft(subject(f"b{n}")), draft(subject(f"b{n}"))], Expectation(of(f"b{n}"), 0))
        for n in range(40)
    ]
    attempts.insert(
        50, log.append([draft(subject("stale")), draft(subject("stale"))], Expectation(of("stale"), 0))
    )
    attempts.insert(10, log.append([draft(subject("stale"))], Expectation(of("stale"), 0)))
    async with asyncio.timeout(30):
        outcomes = await asyncio.gather(*attempts, return_exceptions=True)
    assert [n for n, outcome in enumerate(outcomes) if isinstance(outcome, BaseException)] == [10, 51]
    assert await log.last_seq() == 1 + 40 + 80


@pytest.mark.parametrize("seed", [1, 2, 3])
async def test_exactly_the_right_decisions_of_a_crowd_fail(log: EventLog, seed: int) -> None:
    """Each agent gets decisions made on the present state, of which one must win, and stale ones."""
    chance = random.Random(seed)
    last: dict[str, int] = defaultdict(int)
    for _ in range(4):
        attempts: list[tuple[str, bool, list[Draft]]] = []
        for agent in (f"a{n}" for n in range(40)):
            for _ in range(chance.choice([0, 1, 1, 1, 2])):
                attempts.append((agent, True, _some(agent, chance)))
            if last[agent] and chance.random() < 0.15:
                attempts.append((agent, False, _some(agent, chance)))
        chance.shuffle(attempts)
        outcomes = await _attempt(log, attempts, last, chance)
        for agent in {agent for agent, _, _ in attempts}:
            fresh = [
                o
                for (a, up_to_date, _), o in zip(attempts, outcomes, strict=True)
                if a == agent and up_to_date
            ]
            stale = [
                o
                for (a, up_to_date, _), o in zip(attempts, outcomes, strict=True)
                if a == agent and not up_to_date
            ]
            won = [outcome for outcome in fresh if not isinstance(outcome, WrongRevision)]
            assert len(won) == (1 if fresh else 0)
            assert all(isinstance(outcome, WrongRevision) for outcome in stale)
            for positions in won:
                last[agent] = positions[-1]
    raws = await everything(log)
    assert {
        agent: [r for r in raws if inside(of(agent), r.subject)][-1].seq for agent in last if last[agent]
    } == {agent: seq for agent, seq in last.items() if seq}


def _some(agent: str, chance: random.Random) -> list[Draft]:
    return [
        draft(subject(agent, f"task.t{chance.randrange(9)}.started"))
        for _ in range(chance.choice([1, 2, 2, 5]))
    ]


async def _attempt(
    log: EventLog,
    attempts: Sequence[tuple[str, bool, list[Draft]]],
    last: dict[str, int],
    chance: random.Random,
) -> list[list[int] | WrongRevision]:
    async def one(agent: str, up_to_date: bool, drafts: list[Draft]) -> list[int] | WrongRevision:
        seq = last[agent] if up_to_date else chance.randrange(last[agent])
        try:
            positions = await log.append(drafts, Expectation(of(agent), seq))
        except WrongRevision as refused:
            return refused
        assert positions == list(range(positions[0], positions[0] + len(drafts)))
        return positions

    return await within(60, *(one(*attempt) for attempt in attempts))


# Repetition


@pytest.mark.parametrize("count", [1, 3])
async def test_appending_the_same_decision_again_gives_its_old_positions(log: EventLog, count: int) -> None:
    drafts = [draft(subject("a1", f"task.t{n}.started")) for n in range(count)]
    expected = Expectation(of("a1"), 0)
    positions = await log.append(drafts, expected)
    await log.append([draft(subject("a1"))])
    assert await log.append(drafts, expected) == positions
    assert await log.last_seq() == count + 1


@pytest.mark.parametrize("window", [BRIEF_WINDOW])
@pytest.mark.parametrize("count", [1, 3])
async def test_a_decision_with_its_expectation_is_recognised_at_any_time(log: EventLog, count: int) -> None:
    await log.append([draft(subject("a1"))])
    drafts = [draft(subject("a1", f"task.t{n}.started")) for n in range(count)]
    expected = Expectation(of("a1"), 1)
    positions = await log.append(drafts, expected)
    await log.append([draft(subject("a1"))])
    await asyncio.sleep(4 * BRIEF_WINDOW)
    assert await log.append(drafts, expected) == positions
    assert await log.last_seq() == count + 2


async def test_a_repeated_decision_is_recognised_by_its_part_inside_the_boundary(log: EventLog) -> None:
    drafts = [
        draft(subject("_", "node.n1.drained")),
        draft(subject("a1")),
        draft(subject("_", "node.n2.drained")),
    ]
    expected = Expectation(of("a1"), 0)
    positions = await log.append(drafts, expected)
    await log.append([draft(subject("a1"))])
    assert await log.append(drafts, expected) == positions == [1, 2, 3]


@pytest.mark.parametrize("count", [1, 3])
async def test_a_repetition_without_expectation_is_recognised_for_a_while(log: EventLog, count: int) -> None:
    drafts = [draft(subject("a1", f"task.t{n}.started")) for n in range(count)]
    positions = await log.append(drafts)
    await log.append([draft(subject("a1", "task.t1.started"))])
    assert await log.append(drafts) == positions
    assert await log.last_seq() == count + 1


@pytest.mark.parametrize("count", [1, 2])
@pytest.mark.parametrize("guarded", [True, False])
async def test_the_same_decision_twice_at_once_is_stored_once(
    log: EventLog, guarded: bool, count: int
) -> None:
    for n in range(10):
        drafts = [draft(subject(f"a{n}")) for _ in range(count)]
        expected = Expectation(of(f"a{n}"), 0) if guarded else None
        others = [log.append([draft(subject("b")), draft(subject("b"))]) for _ in range(3)]
        first, *_, second = await within(
            30, log.append(drafts, expected), *others, log.append(drafts, expected)
        )
        assert first == second
    assert await log.last_seq() == 10 * (count + 6)


@pytest.mark.parametrize("count", [1, 2])
async def test_repetitions_in_a_crowd_fail_nobody(log: EventLog, count: int) -> None:
    """Old and new decisions together: the old ones are found, the new ones are stored."""
    old = [[draft(subject(f"a{n}")) for _ in range(count)] for n in range(12)]
    before = [await log.append(drafts, _guard(n)) for n, drafts in enumerate(old)]
    new = [[draft(subject(f"b{n}")) for _ in range(count)] for n in range(30)]
    appends = [log.append(drafts) for drafts in new]
    appends[5:5] = [log.append(drafts, _guard(n)) for n, drafts in enumerate(old)]
    outcomes = await within(30, *appends)
    assert outcomes[5:17] == before
    stored = sorted(seq for positions in outcomes[:5] + outcomes[17:] for seq in positions)
    assert stored == list(range(12 * count + 1, 42 * count + 1))


def _guard(n: int) -> Expectation | None:
    return Expectation(of(f"a{n}"), 0) if n % 2 else None


async def test_an_event_id_cannot_be_used_again_for_other_content(log: EventLog) -> None:
    await log.append([draft(subject("a1"), event_id="taken")])
    for drafts in (
        [draft(subject("a1"), event_id="taken", payload=b"other")],
        [draft(subject("a2"), event_id="taken", payload=b"payload of taken")],
        [draft(subject("a1"), event_id="taken"), draft(subject("a1"))],
        [draft(subject("a1")), draft(subject("a1"), event_id="taken")],
    ):
        with pytest.raises(IdTaken):
            await log.append(drafts)
    assert await log.last_seq() == 1


async def test_other_content_under_a_known_id_loses_to_what_was_there_first(log: EventLog) -> None:
    await log.append([draft(subject("a1"), event_id="first")], Expectation(of("a1"), 0))
    with pytest.raises(WrongRevision):
        await log.append([draft(subject("a1"), event_id="first", payload=b"else")], Expectation(of("a1"), 0))


async def test_two_events_of_a_decision_cannot_have_the_same_id(log: EventLog) -> None:
    with pytest.raises(IdTaken) as refused:
        await log.append([draft(subject("a1"), event_id="x"), draft(subject("a1"), event_id="x")])
    assert refused.value.facts == {"event_id": "x"}
    assert await log.last_seq() == 0


# Limits


@pytest.mark.parametrize("count", [1, 2])
async def test_too_large_an_event_is_refused_and_nothing_of_its_decision_is_stored(
    log: EventLog, count: int
) -> None:
    large = draft(subject("a1"), payload=b"x" * (MAX_PAYLOAD + 1))
    with pytest.raises(TooLarge):
        await log.append([*(draft(subject("a1")) for _ in range(count - 1)), large])
    await log.append([draft(subject("a1"))])
    assert await log.last_seq() == 1


async def test_a_large_event_is_stored(log: EventLog) -> None:
    large = draft(subject("a1"), payload=b"x" * (MAX_PAYLOAD - 1024))
    await log.append([large])
    await log.append(
        [large := draft(subject("a1"), payload=b"y" * (MAX_PAYLOAD - 1024)), draft(subject("a1"))]
    )
    assert same((await everything(log))[1], large)


@pytest.mark.parametrize(
    "bad", ["", "symbi.evt", "symbi.evt.a b", "symbi.evt.a..b", "symbi.evt.a.", "symbi.evt.*", "x.y"]
)
async def test_what_is_no_subject_is_refused_and_fails_nobody_else(log: EventLog, bad: str) -> None:
    appends = [log.append([draft(subject("a1")), draft(subject("a2"))]) for _ in range(20)]
    appends[7:7] = [log.append([draft(bad)]), log.append([draft(subject("a1")), draft(bad)])]
    async with asyncio.timeout(10):
        outcomes = await asyncio.gather(*appends, return_exceptions=True)
    assert [type(outcome) for outcome in outcomes] == [list] * 7 + [NotASubject] * 2 + [list] * 13


@pytest.mark.parametrize("bad", ["", ">", "symbi.>", "symbi.evt.a b.>", "symbi.evt.>.a", "symbi.evt..>"])
async def test_what_is_no_boundary_is_refused(log: EventLog, bad: str) -> None:
    with pytest.raises(NotASubject):
        await log.append([draft(subject("a1"))], Expectation(bad, 0))


async def test_too_many_events_are_refused(log: EventLog) -> None:
    with pytest.raises(TooMany):
        await log.append([draft(subject("a1")) for _ in range(1001)])
    assert await log.append([draft(subject("a1")) for _ in range(1000)]) == list(range(1, 1001))


# What only the stream can do


async def test_the_limits_of_the_stream_and_of_the_server_count(server: NatsServer) -> None:
    """Limits that the adapter learns before and after it has started to append."""
    async with await server.root() as root, jetstream_place(server) as place:
        log = await place.open()
        await log.append([draft(subject("a1"))])
        config = (await request(root, f"STREAM.INFO.{EVENTS}"))["config"]
        await request(root, f"STREAM.UPDATE.{EVENTS}", config | {"max_msg_size": 2000})
        for opened in (log, await place.open()):
            for drafts in _one_large_among(1), _one_large_among(3):
                with pytest.raises(TooLarge) as refused:
                    await opened.append(drafts)
                assert refused.value.facts["limit"] == 2000
        assert await log.last_seq() == 1


def _one_large_among(count: int) -> list[Draft]:
    return [draft(subject("a1"), payload=b"x" * 2500), *(draft(subject("a1")) for _ in range(count - 1))]


async def test_closing_the_log_fails_whoever_waits(server: NatsServer) -> None:
    async with jetstream_place(server) as place:
        log = await place.open()
        assert isinstance(place, JetStreamPlace)
        await log.append([draft(subject("a1"))])
        appends = [asyncio.create_task(log.append([draft(subject("a1"))] * 1)) for _ in range(40)]
        await asyncio.sleep(0)
        await log.close()
        async with asyncio.timeout(10):
            outcomes = await asyncio.gather(*appends, return_exceptions=True)
        assert all(isinstance(outcome, SymbiError | list) for outcome in outcomes)
        assert any(isinstance(outcome, SymbiError) for outcome in outcomes)
