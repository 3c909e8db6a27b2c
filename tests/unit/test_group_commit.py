"""Decisions that share a write: who travels with whom, and that nobody fails for another."""

import asyncio
from collections import deque
from collections.abc import Sequence
from itertools import count

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.adapters.jetstream.batching import SHARED_BYTES, SHARED_MESSAGES, GroupCommit
from app.adapters.jetstream.errors import (
    BATCH_TOO_LARGE,
    DUPLICATE_IN_BATCH,
    WRONG_LAST_SEQUENCE,
    Effort,
    Refused,
    Unanswered,
)
from app.adapters.jetstream.wire import Decision
from app.errors import SymbiError
from app.ports.event_log import Draft, Expectation, LogUnavailable, TooMany, WrongRevision, inside

_ids = count(1)


def decision(
    agent: str, last: int | None = None, *, events: int = 1, size: int = 10, of: str = ""
) -> Decision:
    """Some events of an agent, guarded by *last* where it is given."""
    drafts = [
        Draft(f"e{next(_ids)}", f"symbi.evt.{agent}.agent.a.x", b"x" * size, "s", "k") for _ in range(events)
    ]
    boundary = of or f"symbi.evt.{agent}.>"
    return Decision(tuple(drafts), None if last is None else Expectation(boundary, last))


class Tries:
    """Another attempt makes sense a few times."""

    def __init__(self, left: int) -> None:
        self._left = left

    async def wait(self, cause: Refused | Unanswered) -> None:
        self._left -= 1
        if self._left < 0 or (isinstance(cause, Refused) and cause.code == 0):
            raise LogUnavailable(cause=cause)
        await asyncio.sleep(0)


class Book:
    """A stream that keeps the server's rules for batches, and can be made to misbehave.

    A batch is refused as a whole, for the first event that breaks a rule, and each expectation is compared
    with the stream as it was before the batch.
    """

    def __init__(self, *, tries: int = 3, limit: int = 1000) -> None:
        self.stream: list[Draft] = []
        self.batches: list[list[Decision]] = []
        self.attempts = 0
        self.open = asyncio.Event()
        self.open.set()
        self.fates: deque[str] = deque()
        """What becomes of the next writes: lost "before" they are stored, or "after"."""
        self.blind = False
        self._tries = tries
        self._limit = limit

    def last(self, boundary: str) -> int:
        found = [seq for seq, draft in enumerate(self.stream, 1) if inside(boundary, draft.subject)]
        return found[-1] if found else 0

    async def write(self, decisions: Sequence[Decision]) -> int:
        self.attempts += 1
        await self.open.wait()
        fate = self.fates.popleft() if self.fates else ""
        if fate == "before":
            raise Unanswered("lost before it was stored")
        self._judge(decisions)
        first = len(self.stream) + 1
        self.stream += [draft for decision in decisions for draft in decision.drafts]
        self.batches.append(list(decisions))
        if fate == "after":
            raise Unanswered("lost after it was stored")
        return first

    def _judge(self, decisions: Sequence[Decision]) -> None:
        if sum(len(decision.drafts) for decision in decisions) > self._limit:
            raise Refused(BATCH_TOO_LARGE, f"atomic publish batch is too large: {self._limit}")
        known = {draft.event_id for draft in self.stream}
        for decision in decisions:
            for draft in decision.drafts:
                if draft.event_id in known:
                    raise Refused(DUPLICATE_IN_BATCH, "duplicate")
                known.add(draft.event_id)
            expected = decision.expected
            if expected and (found := self.last(expected.boundary)) != expected.last_seq:
                raise Refused(WRONG_LAST_SEQUENCE, f"wrong last sequence: {found}")

    async def check(self, decision: Decision, effort: Effort, *, repeated: bool) -> list[int] | None:
        if self.blind:
            return None
        expected = decision.expected
        stale = expected is not None and self.last(expected.boundary) != expected.last_seq
        ids = [draft.event_id for draft in self.stream]
        if (stale or repeated) and decision.drafts[0].event_id in ids:
            first = ids.index(decision.drafts[0].event_id) + 1
            return list(range(first, first + len(decision.drafts)))
        if stale:
            raise WrongRevision(boundary=expected, expected=0, found=0)
        return None

    async def verdict(self, decision: Decision, refusal: Refused, effort: Effort) -> SymbiError | None:
        if refusal.code == BATCH_TOO_LARGE:
            return TooMany(count=len(decision.drafts), limit=self._limit)
        return (
            WrongRevision(boundary="", expected=0, found=0) if refusal.code == WRONG_LAST_SEQUENCE else None
        )

    def effort(self, decisions: Sequence[Decision], since: float) -> Effort:
        return Tries(self._tries)


async def append_all(book: Book, decisions: Sequence[Decision]) -> list[list[int] | BaseException]:
    """Append all at the same time."""
    group_commit = GroupCommit(book)
    async with asyncio.timeout(10):
        appends = (group_commit.append(each) for each in decisions)
        return await asyncio.gather(*appends, return_exceptions=True)


def sizes(book: Book) -> list[int]:
    return [sum(len(decision.drafts) for decision in batch) for batch in book.batches]


async def test_decisions_that_wait_share_a_write_in_their_order() -> None:
    book = Book()
    decisions = [decision(f"a{n}", 0, events=2) for n in range(20)]
    outcomes = await append_all(book, decisions)
    assert outcomes == [[2 * n + 1, 2 * n + 2] for n in range(20)]
    assert book.stream == [draft for each in decisions for draft in each.drafts]
    assert len(book.batches) == 1


async def test_what_arrives_during_a_write_makes_up_the_next_one() -> None:
    book = Book()
    book.open.clear()
    group_commit = GroupCommit(book)
    first = asyncio.create_task(group_commit.append(decision("a")))
    await asyncio.sleep(0.01)
    others = [asyncio.create_task(group_commit.append(decision(f"b{n}"))) for n in range(5)]
    await asyncio.sleep(0.01)
    book.open.set()
    await asyncio.wait_for(asyncio.gather(first, *others), 5)
    assert sizes(book) == [1, 5]


async def test_a_batch_has_bounds() -> None:
    book = Book()
    await append_all(book, [decision(f"a{n}", events=3) for n in range(200)])
    assert max(sizes(book)) <= SHARED_MESSAGES
    assert len(book.batches) == 3
    book = Book()
    await append_all(book, [decision(f"a{n}", size=SHARED_BYTES // 3) for n in range(4)])
    assert sizes(book) == [2, 2]


async def test_a_decision_larger_than_what_others_share_travels_alone() -> None:
    book = Book()
    await append_all(book, [decision("a"), decision("b", events=SHARED_MESSAGES + 1), decision("c")])
    assert sizes(book) == [1, SHARED_MESSAGES + 1, 1]


@pytest.mark.parametrize("boundary", ["symbi.evt.a.>", "symbi.evt.*.agent.a.x", "symbi.evt.a.agent.a.x"])
@pytest.mark.parametrize("first", [None, 0])
async def test_a_decision_never_follows_an_event_inside_its_boundary(
    boundary: str, first: int | None
) -> None:
    """The server would compare it with the stream before the batch, and let both pass."""
    book = Book()
    outcomes = await append_all(book, [decision("a", first), decision("b"), decision("a", 0, of=boundary)])
    assert outcomes[:2] == [[1], [2]]
    assert isinstance(outcomes[2], WrongRevision)


async def test_a_decision_without_expectation_may_follow_one_with() -> None:
    book = Book()
    assert await append_all(book, [decision("a", 0), decision("a"), decision("a")]) == [[1], [2], [3]]
    assert sizes(book) == [3]


async def test_a_stale_decision_costs_its_neighbours_one_more_write() -> None:
    book = Book()
    await append_all(book, [decision("a")])
    outcomes = await append_all(
        book, [*(decision(f"b{n}", 0) for n in range(9)), decision("a", 0), decision("c")]
    )
    assert isinstance(outcomes.pop(9), WrongRevision)
    assert outcomes == [[seq] for seq in range(2, 12)]
    assert book.attempts == 3


async def test_where_nothing_can_be_found_out_the_group_is_split() -> None:
    book = Book()
    await append_all(book, [decision("a")])
    book.blind = True
    outcomes = await append_all(
        book, [*(decision(f"b{n}", 0) for n in range(9)), decision("a", 0), decision("c")]
    )
    assert isinstance(outcomes.pop(9), WrongRevision)
    assert sorted(outcomes) == [[seq] for seq in range(2, 12)]  # type: ignore[type-var]


async def test_a_server_with_a_lower_limit_gets_smaller_batches() -> None:
    book = Book(limit=4)
    outcomes = await append_all(
        book, [decision(f"a{n}", events=2) for n in range(5)] + [decision("b", events=5)]
    )
    assert isinstance(outcomes.pop(), TooMany)
    assert sorted(outcomes) == [[n, n + 1] for n in range(1, 10, 2)]  # type: ignore[type-var]


@pytest.mark.parametrize("fates", [["before"], ["after"], ["before", "after", "before"]])
async def test_a_write_without_answer_is_repeated_and_stored_once(fates: list[str]) -> None:
    book = Book()
    book.fates.extend(fates)
    decisions = [decision("a", 0), decision("b", events=2), decision("c", 0)]
    assert await append_all(book, decisions) == [[1], [2, 3], [4]]
    assert len(book.stream) == 4
    assert book.attempts > 1


async def test_a_log_that_stays_away_fails_those_who_wait_and_nobody_later() -> None:
    book = Book(tries=2)
    book.fates.extend(["before"] * 3)
    group_commit = GroupCommit(book)
    outcomes = await asyncio.gather(
        *(group_commit.append(decision(f"a{n}")) for n in range(3)), return_exceptions=True
    )
    assert all(isinstance(outcome, LogUnavailable) for outcome in outcomes)
    assert await group_commit.append(decision("b")) == [1]


async def test_who_has_gone_is_not_written() -> None:
    book = Book()
    book.open.clear()
    group_commit = GroupCommit(book)
    appends = [asyncio.create_task(group_commit.append(decision(f"a{n}"))) for n in range(3)]
    await asyncio.sleep(0.01)
    late = [asyncio.create_task(group_commit.append(decision(f"b{n}"))) for n in range(3)]
    await asyncio.sleep(0.01)
    late[1].cancel()
    await asyncio.sleep(0.01)
    book.open.set()
    await asyncio.wait_for(asyncio.gather(*appends, late[0], late[2]), 5)
    assert sizes(book) == [3, 2]


async def test_stopping_fails_whoever_waits() -> None:
    book = Book()
    book.open.clear()
    group_commit = GroupCommit(book)
    appends = [asyncio.create_task(group_commit.append(decision(f"a{n}"))) for n in range(2)]
    await asyncio.sleep(0.01)
    appends += [asyncio.create_task(group_commit.append(decision("b")))]
    await asyncio.sleep(0)
    await group_commit.stop(LogUnavailable(cause="closed"))
    outcomes = await asyncio.wait_for(asyncio.gather(*appends, return_exceptions=True), 5)
    assert [type(outcome) for outcome in outcomes] == [LogUnavailable] * 3


@given(st.data())
async def test_whatever_happens_the_right_ones_are_stored_once(data: st.DataObject) -> None:
    """Present, stale and repeated decisions on few agents, with writes that get lost on either side."""
    book = Book(tries=20, limit=data.draw(st.sampled_from([6, 1000])))
    await append_all(book, old := [decision(f"a{n}", 0) for n in range(3)])
    book.fates.extend(data.draw(st.lists(st.sampled_from(["before", "after"]), max_size=6)))
    kinds = st.tuples(
        st.sampled_from(["present", "stale", "old", "free"]), st.integers(0, 4), st.integers(1, 3)
    )
    wanted = data.draw(st.lists(kinds, min_size=1, max_size=25))
    decisions = [_make(kind, agent, events, old) for kind, agent, events in wanted]
    outcomes = await append_all(book, decisions)
    ids = [draft.event_id for draft in book.stream]
    assert len(set(ids)) == len(ids)
    free = {agent for kind, agent, _ in wanted if kind == "free"}
    for (kind, _, _), each, outcome in zip(wanted, decisions, outcomes, strict=True):
        if isinstance(outcome, list):
            assert [ids[seq - 1] for seq in outcome] == [draft.event_id for draft in each.drafts]
        else:
            assert isinstance(outcome, WrongRevision)
            assert not {draft.event_id for draft in each.drafts} & set(ids)
        match kind:
            case "free" | "old":
                assert isinstance(outcome, list)
            case "stale":
                assert isinstance(outcome, WrongRevision)
    for agent in range(5):
        won = [
            outcome
            for (kind, whose, _), outcome in zip(wanted, outcomes, strict=True)
            if (kind, whose) == ("present", agent) and isinstance(outcome, list)
        ]
        rivals = ("present", agent) in [(kind, whose) for kind, whose, _ in wanted]
        assert len(won) <= 1 if agent in free else len(won) == rivals


def _make(kind: str, agent: int, events: int, old: list[Decision]) -> Decision:
    """*agent* 0, 1 and 2 have an event at position 1, 2 and 3; 3 and 4 have none."""
    present = agent + 1 if agent < 3 else 0
    match kind:
        case "present":
            return decision(f"a{agent}", present, events=events)
        case "stale":
            return decision(f"a{agent}", present + 1000, events=events)
        case "old":
            return old[agent % 3]
        case _:
            return decision(f"a{agent}", events=events)
