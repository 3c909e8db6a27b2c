"""Revisions, statements and times are judged in the order of the log, and each mistake is told once."""

import hashlib
from array import array
from collections.abc import Iterable, Sequence
from itertools import accumulate

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.audit.verify.examined import Examined, Produced, Run, Statement
from app.audit.verify.problems import Code, Problem, Problems
from app.audit.verify.producers import Producers
from app.audit.verify.report import Report, Unchecked, Verdict
from app.audit.verify.revisions import Revisions
from app.audit.verify.times import Times
from app.audit.verify.trunk import Start, Trunk
from events import chain
from events.merkle import CompactRange, root

SECOND = 1_000_000_000


def revised(*runs: tuple[int, Sequence[int]], from_beginning: bool = True) -> tuple[list[int], set[int]]:
    """Where revisions are wrong, and what was recorded again; each run is a revision and its positions."""
    problems = Problems()
    revisions = Revisions(from_beginning=from_beginning, problems=problems)
    again: set[int] = set()
    for revision, seqs in runs:
        again |= revisions.take({"b": [Run(revision, array("Q", seqs))]})
    return [problem.seq for problem in problems.kept], again


@pytest.mark.parametrize(
    ("runs", "wrong", "again"),
    [
        ([(1, [5, 6, 7]), (4, [9])], [], set()),
        ([(2, [5])], [5], set()),
        ([(1, [5, 6]), (4, [8, 9]), (6, [11])], [8], set()),
        ([(1, [5, 6]), (1, [7]), (3, [8])], [7], {7}),
        ([(1, [5, 6, 7]), (2, [8, 9, 10])], [8, 9], {8, 9}),
        ([(1, [5]), (99, [6]), (2, [7, 8])], [6], set()),
    ],
)
def test_revisions_follow_each_other(
    runs: list[tuple[int, list[int]]], wrong: list[int], again: set[int]
) -> None:
    assert revised(*runs) == (wrong, again)


def test_a_range_begins_at_any_revision() -> None:
    assert revised((7, [5]), (8, [6]), from_beginning=False) == ([], set())


def leaf(seq: int) -> bytes:
    return hashlib.sha256(b"%d" % seq).digest()


def produced(seqs: Iterable[int]) -> Produced:
    made = Produced()
    for seq in seqs:
        made.seqs.append(seq)
        made.leaves += leaf(seq)
    return made


def statement(n: int, seqs: Sequence[int], *, seq: int = 0, prev: str = "", time_ns: int = 0) -> Statement:
    whole = root(leaf(one) for one in seqs).hex()
    return Statement(seq, "k", n, prev, seqs[0], seqs[-1], len(seqs), whole, f"digest {n}", time_ns)


def stated(
    pieces: Sequence[tuple[Sequence[int], Sequence[Statement]]],
    *,
    first: int = 1,
    copies: Sequence[Statement] = (),
    last: int = 100,
    log_size: int = 100,
) -> tuple[list[tuple[int, int | None]], Producers]:
    problems = Problems()
    producers = Producers(first, problems, {"k": copies})
    for seqs, statements in pieces:
        piece = Examined(1, produced={"k": produced(seqs)} if seqs else {}, statements=list(statements))
        producers.take(piece, set())
    producers.finish(last, log_size, as_of_ns=50)
    return [(problem.seq, problem.last) for problem in problems.kept], producers


ONE = statement(1, [1, 2, 5], seq=6)
TWO = statement(2, [6, 8], seq=9, prev="digest 1")


def test_statements_cover_what_is_there() -> None:
    problems, producers = stated([([1, 2, 5, 6], [ONE]), ([8, 9], [TWO])], copies=[ONE, TWO])
    assert problems == []
    assert (producers.checked, producers.tails()) == (2, [("k", 9, 1)])


@pytest.mark.parametrize("lost", [1, 2, 5])
def test_an_event_that_a_statement_covers_and_that_is_not_there_is_missed(lost: int) -> None:
    there = [seq for seq in (1, 2, 5, 6) if seq != lost]
    ((first, last),), _ = stated([(there, [ONE])])
    assert last is not None
    assert first <= lost <= last


def test_an_event_too_many_is_noticed() -> None:
    problems, _ = stated([([1, 2, 3, 5, 6], [ONE])])
    assert problems == [(1, 5)]


def test_a_missing_statement_is_told_once() -> None:
    third = statement(3, [9], seq=10, prev="digest 2")
    problems, _ = stated([([1, 2, 5, 6], [ONE]), ([8, 9, 10], [third])])
    assert problems == [(10, None)]
    with_copy, _ = stated([([1, 2, 5, 6], [ONE]), ([8, 9, 10], [third])], copies=[ONE, TWO, third])
    assert with_copy == [(6, 8), (10, None)]


def test_a_statement_that_is_recorded_again_is_told() -> None:
    problems, _ = stated([([1, 2, 5, 6], [ONE]), ([7], [statement(1, [1, 2, 5], seq=7)])])
    assert problems == [(7, None)]


def test_another_statement_outside_the_log_is_told() -> None:
    other = Statement(0, "k", 1, "", 1, 5, 3, ONE.root, "another digest", 0)
    problems, _ = stated([([1, 2, 5, 6], [ONE])], copies=[other])
    assert problems == [(6, None)]


def test_what_a_copy_covers_behind_the_end_is_missed() -> None:
    copy = statement(2, [6, 8, 12], prev="digest 1")
    problems, _ = stated([([1, 2, 5, 6, 8], [ONE])], copies=[ONE, copy], last=9, log_size=9)
    assert problems == [(10, 12)]


def test_a_copy_that_is_newer_than_the_bundle_says_nothing() -> None:
    copy = statement(2, [6, 8, 12], prev="digest 1", time_ns=51)
    assert stated([([1, 2, 5, 6, 8], [ONE])], copies=[ONE, copy], last=9, log_size=9)[0] == []


def test_a_copy_about_what_lies_behind_the_range_says_nothing() -> None:
    assert stated([([1, 2, 5, 6], [ONE])], copies=[ONE, TWO], last=7, log_size=20)[0] == []


def test_a_range_begins_in_the_middle_of_a_statement() -> None:
    problems, producers = stated([([5, 6], [ONE]), ([8, 9], [TWO])], first=4, copies=[ONE, TWO])
    assert (problems, producers.partial, producers.checked) == ([], 1, 1)


def test_memory_for_events_without_statements_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.audit.verify.producers.MAX_PENDING", 3)
    problems, producers = stated([([1, 2, 5, 6], [ONE])])
    assert (problems, producers.partial) == ([], 1)


def told(
    times: Sequence[int],
    *,
    seen: Sequence[tuple[int, int]] = (),
    over: int = 0,
    claimed: Sequence[tuple[int, int]] = (),
) -> list[int]:
    """Positions whose times are wrong; everything in seconds, clocks may be 10 apart."""
    problems = Problems()
    bounds = Times([(size, at * SECOND) for size, at in seen], 10 * SECOND, problems)
    bounds.over(over * SECOND)
    bounds.stored(1, [at * SECOND for at in times])
    for seq, at in claimed:
        bounds.claimed(seq, at * SECOND)
    return [problem.seq for problem in problems.kept]


@pytest.mark.parametrize(
    ("times", "more", "wrong"),
    [
        ([100, 101, 95, 105], {}, []),
        ([100, 120, 105, 121], {}, [3]),
        ([100, 200, 300], {"seen": [(2, 195)]}, []),
        ([100, 206, 300], {"seen": [(2, 195)]}, [2]),
        ([100, 206, 300], {"seen": [(2, 195), (3, 150)]}, [2, 3]),
        ([100, 300, 310], {"seen": [(1, 195)]}, []),
        ([100, 9999, 101], {"seen": [(2, 195)]}, [2]),
        ([100, 101], {"over": 110}, []),
        ([99, 105, 111], {"over": 110}, [1]),
        ([0, 200, 0], {"over": 110}, []),
        ([200], {"over": 110, "claimed": [(5, 100), (6, 99)]}, [6]),
    ],
)
def test_times_lie_between_what_was_before_and_who_saw_it(
    times: list[int], more: dict[str, object], wrong: list[int]
) -> None:
    assert told(times, **more) == wrong  # type: ignore[arg-type]


@given(st.integers(0, 2), st.lists(st.integers(0, 2), min_size=1, max_size=3))
@settings(max_examples=10)
def test_the_trunk_knows_every_root_and_link(before: int, tiles: list[int]) -> None:
    """Pieces of whole tiles, and a last one that ends within a tile."""
    start, end = before * 256, (before + sum(tiles)) * 256 + 7
    leaves = [leaf(number) for number in range(end)]
    links = list(accumulate(leaves, chain.extend, initial=chain.genesis("o")))
    tree = CompactRange()
    for one in leaves[:start]:
        tree.append(one)
    trunk = Trunk(Start(start, tree.hashes, links[start]))
    for number, count in enumerate(tiles):
        chunk = leaves[trunk.size : trunk.size + count * 256 + (7 if number == len(tiles) - 1 else 0)]
        trunk.grow(b"".join(chunk), [root(chunk[at : at + 256]) for at in range(0, len(chunk) - 255, 256)])
    for size in {start + 1, start + 255, start + 256, end - 7, end - 1, end}:
        if start < size <= end:
            assert (trunk.root(size), trunk.chain_hash(size)) == (root(leaves[:size]), links[size])
    assert trunk.root(end + 1) is None


def test_problems_are_all_counted_and_some_are_kept() -> None:
    problems = Problems(limit=2)
    for seq in range(5):
        problems.add(Code.UNSIGNED, seq, "x")
    other = Problems(limit=2)
    for seq in range(3):
        other.add(Code.BAD_SIGNATURE, seq, "y")
        other.add(Code.UNSIGNED, seq, "y")
    problems.take(other)
    assert problems.counts == {Code.UNSIGNED: 8, Code.BAD_SIGNATURE: 3}
    assert list(problems.in_order()) == [
        Problem(Code.BAD_SIGNATURE, 0, "y"),
        Problem(Code.UNSIGNED, 0, "x"),
        Problem(Code.BAD_SIGNATURE, 1, "y"),
        Problem(Code.UNSIGNED, 1, "x"),
    ]


def test_the_verdict_is_the_worst_that_can_be_said() -> None:
    report = Report({})
    report.leave_out("x", "not there", needed=False)
    assert (report.verdict, report.verdict.exit_code) == (Verdict.VALID, 0)
    report.leave_out("y", "lost")
    report.leave_out("y", "lost")
    assert report.unchecked == [Unchecked("x", "not there", needed=False), Unchecked("y", "lost")]
    assert (report.verdict, report.verdict.exit_code) == (Verdict.INCOMPLETE, 6)
    report.problems.add(Code.MALFORMED, 0, "broken")
    assert (report.verdict, report.verdict.exit_code) == (Verdict.BROKEN, 5)
