"""Every attack on the log is found, by its code and at its position; and none where there is none."""

import shutil
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.adapters.bundles import DirectoryBundle, TarBundle, open_bundle
from app.adapters.timestamps import read_tokens
from app.audit.notes import Note, TrustPolicy
from app.audit.verify.problems import Code, Problem
from app.audit.verify.report import Report, Verdict
from app.audit.verify.trust import Trust
from app.errors import Corrupt
from app.services.verifying import Options, verify_bundle
from events.codec import Raw
from tests.support.audited_log import (
    LOG,
    ORIGIN,
    ROOT,
    SECOND,
    AuditedLog,
    key_of,
    lived,
    resealed,
    signed_again,
)

OPTIONS = Options(crypto="pynacl", processes=1)


@pytest.fixture(scope="module")
def clean() -> AuditedLog:
    """About 180 events in three rounds, each stated, sealed and witnessed."""
    return lived(rounds=3, each=50)


def trust(log: AuditedLog, **more: Any) -> Trust:
    """What an auditor knows of the true log: its root, its policy, its newest checkpoint, its statements."""
    newest = log.kept_checkpoints.kept[-1]
    known = {
        "root": ROOT.key_id,
        "policy": TrustPolicy.parse(log.policy().encode()),
        "checkpoints": {"held": newest.note},
        "statements": {
            f"{key.replace(':', '-')}.jsonl": b"".join(producer.lines)
            for key, producer in log.statements.items()
        },
    }
    return Trust(**{**known, **more})


def verified(place: Path, believed: Trust | None = None, **options: Any) -> Report:
    return verify_bundle(open_bundle(place), believed or Trust(), read_tokens, replace(OPTIONS, **options))


def found(report: Report, code: Code) -> list[Problem]:
    return [problem for problem in report.problems.in_order() if problem.code is code]


def at(report: Report, code: Code) -> list[tuple[int, int]]:
    """Where problems of that code are."""
    return [(problem.seq, problem.last or problem.seq) for problem in found(report, code)]


def covers(report: Report, code: Code, seq: int) -> bool:
    return any(first <= seq <= last for first, last in at(report, code))


# Nothing is wrong.


@pytest.mark.parametrize("name", ["bundle", "bundle.tar"])
def test_a_clean_log_is_valid(clean: AuditedLog, tmp_path: Path, name: str) -> None:
    report = verified(clean.export(tmp_path / name), trust(clean))
    assert report.document()["problems"] == []
    assert (report.verdict, report.unchecked[0].check) == (Verdict.VALID, "timestamps")
    count = clean.kept_checkpoints.kept[-1].size
    assert report.checked["events"] == report.checked["signatures"] == report.checked["chain"] == count
    assert report.checked["statements"] == 8
    assert report.trust == {"root": "pinned", "checkpoints": "pinned"}


OPERATIONS = st.sampled_from(
    ["work", "state", "seal", "seal unseen", "witness late", "rest", "issue", "rotate"]
)


@given(st.lists(OPERATIONS, min_size=1, max_size=14), st.integers(0, 1000), st.data())
@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_whatever_happens_in_good_order_is_valid(
    tmp_path_factory: pytest.TempPathFactory, operations: list[str], seed: int, data: st.DataObject
) -> None:
    log = AuditedLog(seed)
    for number, operation in enumerate(operations):
        match operation:
            case "work":
                log.work(data.draw(st.integers(1, 300)))
            case "state":
                log.state(copied=data.draw(st.booleans()))
            case "seal":
                log.seal()
            case "seal unseen":
                log.seal(witnessed=False, recorded=data.draw(st.booleans()))
            case "witness late" if log.kept_checkpoints.kept:
                log.witness(data.draw(st.sampled_from(log.kept_checkpoints.kept)))
            case "rest":
                log.rest(data.draw(st.integers(0, 100_000)))
            case "issue":
                log.register(f"component{number}", "event")
            case "rotate":
                log.state()
                log.revoke("gateway")
                log.register("gateway", "event", key_of(f"gateway {number}"))
    log.seal(witnessed=False, recorded=False)
    log.witness(log.kept_checkpoints.kept[-1], recorded=False)
    size = log.kept_checkpoints.kept[-1].size
    first = data.draw(st.integers(1, size))
    last = data.draw(st.integers(first, size))
    agent = data.draw(st.sampled_from([None, "a1", "nobody"]))
    folder = tmp_path_factory.mktemp("clean")
    for place in (log.export(folder / "all"), log.export(folder / "part.tar", first, last, agent)):
        report = verified(place, trust(log))
        assert report.document()["problems"] == []
        assert report.verdict is Verdict.VALID, report.unchecked
    shutil.rmtree(folder)


# Who has the store, and no key.


def edited(raw: Raw) -> Raw:
    """The same event saying something else."""
    document = orjson.loads(raw.payload)
    document["data"]["agent_id" if "agent_id" in document["data"] else "reason"] = "other"
    return replace(raw, payload=orjson.dumps(document))


def an_event(log: AuditedLog) -> Raw:
    """Some event of an agent, about in the middle."""
    return next(raw for raw in log.raws[len(log.raws) // 2 - 5 :] if raw.subject.endswith(".suspended"))


def instead(log: AuditedLog, raw: Raw) -> list[Raw]:
    return [*log.raws[: raw.seq - 1], raw, *log.raws[raw.seq :]]


def test_an_edited_event_has_a_bad_signature(clean: AuditedLog, tmp_path: Path) -> None:
    event = edited(an_event(clean))
    attacked = resealed(clean, instead(clean, event))
    report = verified(attacked.export(tmp_path / "b"), trust(clean))
    assert at(report, Code.BAD_SIGNATURE) == [(event.seq, event.seq)]
    assert covers(report, Code.CHECKPOINT_MISMATCH, event.seq)
    assert report.verdict is Verdict.BROKEN


def test_an_event_edited_behind_the_tree_is_found_alone(clean: AuditedLog, tmp_path: Path) -> None:
    event = edited(an_event(clean))
    before, clean.raws[event.seq - 1] = clean.raws[event.seq - 1], event
    try:
        place = clean.export(tmp_path / "b")
    finally:
        clean.raws[event.seq - 1] = before
    report = verified(place, trust(clean))
    assert at(report, Code.BAD_SIGNATURE) == at(report, Code.CHECKPOINT_MISMATCH) == [(event.seq, event.seq)]


# Who has the store and the keys of the log and of a component, and no checkpoint that others hold.


def with_stolen_key(log: AuditedLog) -> tuple[list[Raw], int]:
    event = an_event(log)
    return instead(log, signed_again(event, edited(event).payload, log.keys["gateway"])), event.seq


def deleted(log: AuditedLog) -> tuple[list[Raw], int]:
    event = an_event(log)
    return [raw for raw in log.raws if raw.seq != event.seq], event.seq


def reordered(log: AuditedLog) -> tuple[list[Raw], int]:
    seq = an_event(log).seq
    return [*log.raws[: seq - 1], log.raws[seq], log.raws[seq - 1], *log.raws[seq + 1 :]], seq


def inserted(log: AuditedLog) -> tuple[list[Raw], int]:
    seq = an_event(log).seq
    return [*log.raws[:seq], log.raws[seq - 2], *log.raws[seq:]], seq + 1


def cut(log: AuditedLog) -> tuple[list[Raw], int]:
    size = log.kept_checkpoints.kept[-1].size
    return log.raws[: size - 30], size - 29


HISTORIES = [with_stolen_key, deleted, reordered, inserted, cut]


@pytest.mark.parametrize("attack", HISTORIES)
def test_a_rewritten_history_does_not_match_a_checkpoint_held_outside(
    clean: AuditedLog, tmp_path: Path, attack: Callable[[AuditedLog], tuple[list[Raw], int]]
) -> None:
    raws, seq = attack(clean)
    attacked = resealed(clean, raws)
    report = verified(attacked.export(tmp_path / "b"), trust(clean))
    assert covers(report, Code.CHECKPOINT_MISMATCH, seq), report.problems.kept
    assert report.verdict is Verdict.BROKEN
    assert not any(one.check == "witnesses" and not one.needed for one in report.unchecked)


@pytest.mark.parametrize("attack", [with_stolen_key, deleted, reordered, inserted])
def test_a_checkpoint_of_every_seal_says_where_more_closely(
    clean: AuditedLog, tmp_path: Path, attack: Callable[[AuditedLog], tuple[list[Raw], int]]
) -> None:
    raws, seq = attack(clean)
    held = {str(sealed.size): sealed.note for sealed in clean.kept_checkpoints.kept}
    report = verified(resealed(clean, raws).export(tmp_path / "b"), trust(clean, checkpoints=held))
    before = max((size for size in map(int, held) if size < seq), default=0)
    behind = min(size for size in map(int, held) if size >= seq)
    assert (before + 1, behind) in at(report, Code.CHECKPOINT_MISMATCH)


@pytest.mark.parametrize("attack", [with_stolen_key, deleted, reordered, inserted])
def test_two_histories_are_inconsistent(
    clean: AuditedLog, tmp_path: Path, attack: Callable[[AuditedLog], tuple[list[Raw], int]]
) -> None:
    raws, seq = attack(clean)
    report = verified(resealed(clean, raws).export(tmp_path / "b"), trust(clean))
    assert at(report, Code.INCONSISTENT), report.problems.kept
    assert all(first >= seq for first, _ in at(report, Code.INCONSISTENT))


def test_two_checkpoints_of_one_size_are_inconsistent(clean: AuditedLog, tmp_path: Path) -> None:
    newest = clean.kept_checkpoints.kept[-1]
    text = Note.parse(newest.note).text.split("\n")
    text[2] = "A" * 43 + "="
    forked = Note("\n".join(text), (LOG.sign("\n".join(text)),)).to_bytes()
    report = verified(clean.export(tmp_path / "b"), trust(clean, checkpoints={"held": forked}))
    assert (newest.size, newest.size) in at(report, Code.INCONSISTENT)


def test_a_witness_that_saw_another_history_proves_the_fork(clean: AuditedLog, tmp_path: Path) -> None:
    """The log's own line is taken off: what remains is the witnesses' word."""
    newest = clean.kept_checkpoints.kept[-1]
    note = Note.parse(newest.note)
    of_witnesses = Note(note.text, tuple(line for line in note.signatures if line.name != ORIGIN)).to_bytes()
    raws, seq = with_stolen_key(clean)
    place = resealed(clean, raws).export(tmp_path / "b")
    report = verified(place, trust(clean, checkpoints={"held": of_witnesses}))
    assert covers(report, Code.CHECKPOINT_MISMATCH, seq)


# What the broker had acknowledged, and has no more.


def after_the_last_checkpoint(log: AuditedLog, count: int) -> AuditedLog:
    """Goes on for a while, stated and copied, and not sealed."""
    log.work(count)
    log.state()
    return log


def test_a_tail_cut_behind_the_last_checkpoint_leaves_a_gap(tmp_path: Path) -> None:
    log = after_the_last_checkpoint(lived(rounds=2, each=20), 25)
    believed = trust(log)
    sealed = log.kept_checkpoints.kept[-1].size
    log.raws = log.raws[: sealed + 4]
    report = verified(log.export(tmp_path / "b"), believed)
    assert covers(report, Code.PRODUCER_GAP, sealed + 5)
    assert not at(report, Code.CHECKPOINT_MISMATCH)


@pytest.mark.parametrize("own", [True, False])
def test_an_acknowledged_event_that_was_lost_leaves_a_gap(tmp_path: Path, own: bool) -> None:
    """It never came into the log, although the producer was told so: whatever came next took its place."""
    log = lived(rounds=1, each=20)
    log.work(10)
    lost = log.raws.pop()
    log.work(10)
    log.state()
    log.seal()
    believed = trust(log) if own else trust(log, statements={})
    report = verified(log.export(tmp_path / "b"), believed)
    assert covers(report, Code.PRODUCER_GAP, lost.seq)
    assert len(at(report, Code.PRODUCER_GAP)) == 1


def test_a_statement_that_is_missing_leaves_a_gap(clean: AuditedLog, tmp_path: Path) -> None:
    gateway = clean.keys["gateway"].key_id
    statements = [raw for raw in clean.raws if raw.subject.endswith("acknowledged") and raw.key == gateway]
    without = [raw for raw in clean.raws if raw is not statements[1]]
    report = verified(resealed(clean, without).export(tmp_path / "b"), trust(clean, checkpoints={}))
    missing = statements[2].seq - 1
    assert any(first <= missing for first, _ in at(report, Code.PRODUCER_GAP))


# Keys.


def forged(log: AuditedLog, key_name: str) -> Raw:
    """An event at the end of the log that says to be by that key, and is."""
    event = an_event(log)
    document = {**orjson.loads(event.payload), "actorkey": key_of(key_name).key_id, "revision": 99}
    raw = signed_again(event, orjson.dumps(document), key_of(key_name))
    raw = replace(raw, seq=len(log.raws) + 1, stored_at=log.now)
    log.raws.append(raw)
    return raw


def test_an_event_under_an_unknown_key_is_found(tmp_path: Path) -> None:
    log = lived(rounds=1, each=20)
    raw = forged(log, "nobody")
    log.seal()
    report = verified(log.export(tmp_path / "b"), trust(log))
    assert at(report, Code.KEY_NOT_VALID) == [(raw.seq, raw.seq)]


def test_an_event_under_a_revoked_key_is_found(tmp_path: Path) -> None:
    log = lived(rounds=1, each=20)
    log.register("helper", "event")
    log.work(5)
    log.revoke("helper")
    log.work(5)
    raw = forged(log, "helper/event")
    log.seal()
    report = verified(log.export(tmp_path / "b"), trust(log))
    assert at(report, Code.KEY_NOT_VALID) == [(raw.seq, raw.seq)]


def test_an_event_under_a_key_that_comes_later_is_found(tmp_path: Path) -> None:
    log = lived(rounds=1, each=20)
    raw = forged(log, "helper/event")
    log.register("helper", "event")
    log.seal()
    report = verified(log.export(tmp_path / "b"), trust(log))
    assert at(report, Code.KEY_NOT_VALID) == [(raw.seq, raw.seq)]


def test_an_event_under_a_key_for_another_use_is_found(tmp_path: Path) -> None:
    log = lived(rounds=1, each=20)
    log.register("alice", "command")
    raw = forged(log, "alice/command")
    log.seal()
    report = verified(log.export(tmp_path / "b"), trust(log))
    assert at(report, Code.KEY_NOT_VALID) == [(raw.seq, raw.seq)]


def test_a_key_that_a_component_gave_itself_is_found(tmp_path: Path) -> None:
    log = lived(rounds=1, each=20)
    issued = log.register("helper", "event")
    document = {**orjson.loads(issued.payload), "actorkey": log.keys["gateway"].key_id}
    again = signed_again(issued, orjson.dumps(document), log.keys["gateway"])
    log.raws[issued.seq - 1] = again
    log.seal()
    report = verified(log.export(tmp_path / "b"), trust(log))
    assert at(report, Code.WRONG_SIGNER) == [(issued.seq, issued.seq)]


def test_what_a_suspected_key_signed_is_told_and_is_no_error(tmp_path: Path) -> None:
    log = lived(rounds=1, each=20)
    log.register("helper", "event")
    since = log.append(_suspended(), key=key_of("helper/event"), agent="a1").seq
    log.append(_suspended(), key=key_of("helper/event"), agent="a1")
    log.state()
    log.revoke("helper", suspected_since=since)
    log.seal()
    report = verified(log.export(tmp_path / "b"), trust(log))
    assert report.verdict is Verdict.VALID
    (doubt,) = report.doubts
    assert (doubt.key_id, doubt.first, doubt.count) == (key_of("helper/event").key_id, since, 3)


def _suspended() -> Any:
    from events.agent import AgentSuspended

    return AgentSuspended(agent_id="a1", reason="because")


def test_a_key_that_is_revoked_afterwards_in_the_past_does_not_match(
    clean: AuditedLog, tmp_path: Path
) -> None:
    """With the root key stolen: a revocation is put where the key was still good."""
    other = lived(rounds=1, each=5)
    revocation = other.revoke("sealer")
    seq = an_event(clean).seq
    raws = [*clean.raws[: seq - 1], revocation, *clean.raws[seq - 1 :]]
    report = verified(resealed(clean, raws).export(tmp_path / "b"), trust(clean))
    assert covers(report, Code.CHECKPOINT_MISMATCH, seq)


# Times.


def test_a_broker_that_sets_its_clock_back_is_found(tmp_path: Path) -> None:
    log = lived(rounds=2, each=20)
    log.rest(3600)
    log.work(5)
    raw = log.append(_suspended(), stored_ns=log.now - 3000 * SECOND)
    log.seal()
    report = verified(log.export(tmp_path / "b"), trust(log))
    assert at(report, Code.TIME_OUT_OF_BOUNDS) == [(raw.seq, raw.seq)]


def test_an_event_that_says_to_be_older_than_the_checkpoint_before_it_is_found(tmp_path: Path) -> None:
    log = lived(rounds=2, each=20)
    log.rest(3600)
    log.seal()
    raw = log.append(_suspended(), time_ns=log.now - 3000 * SECOND)
    log.seal()
    report = verified(log.export(tmp_path / "b"), trust(log))
    assert at(report, Code.TIME_OUT_OF_BOUNDS) == [(raw.seq, raw.seq)]


def test_events_that_say_to_be_newer_than_their_witness_are_found(tmp_path: Path) -> None:
    log = lived(rounds=1, each=20)
    raw = log.append(_suspended(), stored_ns=log.now + 3600 * SECOND)
    log.seal()
    report = verified(log.export(tmp_path / "b"), trust(log))
    assert at(report, Code.TIME_OUT_OF_BOUNDS) == [(raw.seq, raw.seq)]


def test_clocks_may_be_a_little_apart(tmp_path: Path) -> None:
    log = lived(rounds=1, each=20)
    log.rest(10)
    log.append(_suspended(), stored_ns=log.now + 100 * SECOND, time_ns=log.now - 100 * SECOND)
    log.work(3)
    log.seal()
    place = log.export(tmp_path / "b")
    assert verified(place, trust(log)).verdict is Verdict.VALID
    assert at(verified(place, trust(log), skew_s=50.0), Code.TIME_OUT_OF_BOUNDS)


# Whose bundle is it?


def test_another_root_is_not_believed(clean: AuditedLog, tmp_path: Path) -> None:
    report = verified(clean.export(tmp_path / "b"), trust(clean, root=key_of("mallory").key_id))
    assert (1, 1) in at(report, Code.KEY_NOT_VALID)


def test_another_log_key_is_not_believed(clean: AuditedLog, tmp_path: Path) -> None:
    policy = TrustPolicy.parse(b"quorum none\n")
    other = clean.policy().replace(str(LOG.verifier), str(type(LOG)(ORIGIN, key_of("x")).verifier))
    report = verified(clean.export(tmp_path / "b"), trust(clean, policy=TrustPolicy.parse(other.encode())))
    assert found(report, Code.KEY_NOT_VALID) or report.verdict is Verdict.INCOMPLETE
    assert verified(tmp_path / "b", trust(clean, policy=policy)).verdict is Verdict.VALID


def test_a_quorum_that_is_not_reached_is_incomplete(clean: AuditedLog, tmp_path: Path) -> None:
    stripped = replace(
        clean.kept_checkpoints.kept[-1],
        note=resealed(clean, clean.raws).kept_checkpoints.kept[-1].note,
    )
    place = clean.export(
        tmp_path / "b", change=lambda contents: replace(contents, newest=stripped, checkpoints=[stripped])
    )
    report = verified(place, trust(clean, checkpoints={}))
    assert report.verdict is Verdict.INCOMPLETE
    assert [one.check for one in report.unchecked if one.needed] == ["witnesses"]


# Bundles that are not whole, or not as they were made.


@given(st.data())
@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_byte_of_a_bundle_that_is_changed_is_noticed(
    clean: AuditedLog, tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    place = _shared_bundle(clean, tmp_path_factory)
    files = sorted(path for path in place.rglob("*") if path.is_file())
    path = data.draw(st.sampled_from(files))
    good = path.read_bytes()
    where = data.draw(st.integers(0, len(good) - 1))
    changed = bytearray(good)
    changed[where] ^= data.draw(st.integers(1, 255))
    path.write_bytes(changed)
    try:
        assert verdict_of(place) is not Verdict.VALID, (path.name, where)
    finally:
        path.write_bytes(good)


_places: dict[int, Path] = {}


def _shared_bundle(log: AuditedLog, folders: pytest.TempPathFactory) -> Path:
    """One bundle for all the examples of a test, each of which leaves it as it was."""
    if id(log) not in _places:
        _places[id(log)] = log.export(folders.mktemp("shared") / "b", first=40)
    return _places[id(log)]


def verdict_of(place: Path) -> Verdict:
    try:
        return verified(place).verdict
    except Corrupt:
        return Verdict.BROKEN


def test_a_bundle_without_one_of_its_files_is_not_valid(
    clean: AuditedLog, tmp_path_factory: pytest.TempPathFactory
) -> None:
    place = _shared_bundle(clean, tmp_path_factory)
    for path in sorted(path for path in place.rglob("*") if path.is_file()):
        hidden = path.rename(place.parent / "hidden")
        assert verdict_of(place) is not Verdict.VALID, path.name
        hidden.rename(path)
    assert verdict_of(place) is Verdict.VALID


@pytest.mark.parametrize("name", ["x", "tile/0/005", "tile/3/000", "events/x.jsonl", "checkpoints/x"])
def test_a_file_that_does_not_belong_into_a_bundle_is_told(
    clean: AuditedLog, tmp_path: Path, name: str
) -> None:
    place = clean.export(tmp_path / "b")
    (place / name).parent.mkdir(exist_ok=True)
    (place / name).write_bytes(b"?")
    assert verified(place).verdict is Verdict.BROKEN


@pytest.mark.parametrize("agent", [None, "a1"])
def test_a_line_that_is_taken_out_put_in_or_moved_is_found(
    clean: AuditedLog, tmp_path: Path, agent: str | None
) -> None:
    place = clean.export(tmp_path / "b", agent=agent)
    (path,) = (place / "events").iterdir()
    lines = path.read_bytes().splitlines(keepends=True)
    at_line = next(n for n, line in enumerate(lines) if b".a1." in line and n > 20)
    seq = orjson.loads(lines[at_line])["seq"]
    for changed in (
        [*lines[:at_line], *lines[at_line + 1 :]],
        [*lines[:at_line], lines[at_line], *lines[at_line:]],
        [*lines[:at_line], lines[at_line + 1], lines[at_line], *lines[at_line + 2 :]],
    ):
        path.write_bytes(b"".join(changed))
        report = verified(place)
        assert covers(report, Code.CHECKPOINT_MISMATCH, seq), report.problems.kept


def test_the_history_of_one_agent_is_complete_and_discloses_no_other(
    clean: AuditedLog, tmp_path: Path
) -> None:
    place = clean.export(tmp_path / "b", first=30, last=150, agent="a1")
    report = verified(place, trust(clean))
    assert report.verdict is Verdict.VALID, report.document()
    (path,) = (place / "events").iterdir()
    subjects = {orjson.loads(line)["subject"] for line in path.read_bytes().splitlines()}
    assert all(subject.startswith(("symbi.evt.a1.", "symbi.evt._.")) for subject in subjects)
    of_agent = [raw for raw in clean.raws[29:150] if raw.subject.startswith("symbi.evt.a1.")]
    assert sum(subject.startswith("symbi.evt.a1.") for subject in subjects) <= len(of_agent)
    assert report.checked["events"] < 121


def test_chain_and_tree_alone_are_checked_without_signatures(clean: AuditedLog, tmp_path: Path) -> None:
    report = verified(clean.export(tmp_path / "b"), trust(clean), signatures=False)
    assert (report.verdict, report.checked["signatures"]) == (Verdict.INCOMPLETE, 0)
    assert report.checked["chain"] == clean.kept_checkpoints.kept[-1].size
    assert not report.problems


def test_several_processes_find_the_same(tmp_path: Path) -> None:
    log = lived(rounds=2, each=8500)
    event = edited(next(raw for raw in log.raws[16_500:] if raw.subject.endswith(".suspended")))
    log.raws[event.seq - 1] = event
    place = log.export(tmp_path / "b.tar")
    one, two = (verified(place, trust(log), processes=count) for count in (1, 2))
    assert at(one, Code.BAD_SIGNATURE) == [(event.seq, event.seq)]
    ours, theirs = one.document(), two.document()
    assert {**ours, "took_s": 0} == {**theirs, "took_s": 0}


def test_both_providers_find_the_same(clean: AuditedLog, tmp_path: Path) -> None:
    place = clean.export(tmp_path / "b")
    documents = [verified(place, crypto=crypto).document() for crypto in ("pynacl", "cryptography")]
    assert {**documents[0], "took_s": 0} == {**documents[1], "took_s": 0}


def test_readers_of_both_sorts_are_equal(clean: AuditedLog, tmp_path: Path) -> None:
    folder = DirectoryBundle(clean.export(tmp_path / "b"))
    archive = TarBundle(clean.export(tmp_path / "b.tar"))
    names: Sequence[str] = list(folder.names())
    assert names == list(archive.names()) == sorted(names)
    for name in names:
        assert folder.read(name, limit=10**7) == archive.read(name, limit=10**7)
        assert list(folder.lines(name, limit=10**7)) == list(archive.lines(name, limit=10**7))
    assert list(folder.names("tile/")) == [name for name in names if name.startswith("tile/")]
    assert list(folder.names("events/0000")) == list(archive.names("events/0000")) != []
