"""Trusted time (RFC 3161): tokens of an `openssl ts` authority, asked over HTTP and verified offline."""

import asyncio
import socket
import time
from dataclasses import replace
from pathlib import Path

import pytest

from app.adapters.bundles import open_bundle
from app.adapters.timestamps import HttpAuthority, read_tokens
from app.adapters.timestamps.authority import NotAnAuthorityUrl
from app.adapters.timestamps.tokens import certificates, verify_token
from app.audit.notes import Note
from app.audit.verify.problems import Code
from app.audit.verify.report import Report, Verdict
from app.audit.verify.trust import Trust
from app.ports.timestamps import MalformedRoots, TimestampRefused
from app.services.verifying import Options, verify_bundle
from tests.support.audited_log import SECOND, AuditedLog, lived
from tests.support.timestamps import Authority


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority.make(tmp_path_factory.mktemp("tsa"))


@pytest.fixture(scope="module")
def other(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority.make(tmp_path_factory.mktemp("other"))


async def stamped(authority: Authority, content: bytes) -> bytes:
    with authority.serving() as url:
        return await HttpAuthority("tsa", url, certificates([authority.root])).stamp(content)


async def test_a_token_tells_the_time_at_which_the_bytes_were_there(authority: Authority) -> None:
    before = int(time.time())
    token = await stamped(authority, b"a note")
    seen = verify_token(token, b"a note", certificates([authority.root]))
    assert before * SECOND <= seen <= (int(time.time()) + 1) * SECOND
    assert read_tokens([authority.root])(token, b"a note") == seen


async def test_a_token_is_for_its_bytes_and_its_authority(authority: Authority, other: Authority) -> None:
    token = await stamped(authority, b"a note")
    assert read_tokens([authority.root])(token, b"another note") is None
    assert read_tokens([other.root])(token, b"a note") is None
    assert read_tokens([other.root, authority.root])(token, b"a note") is not None
    for changed in (b"", token[:-1], token[:300] + bytes([token[300] ^ 1]) + token[301:], b"\x30\x00"):
        assert read_tokens([authority.root])(changed, b"a note") is None


async def test_an_authority_that_does_not_answer_as_it_should_is_refused(
    authority: Authority, other: Authority
) -> None:
    with authority.serving() as url, pytest.raises(TimestampRefused):
        await HttpAuthority("tsa", url, certificates([other.root])).stamp(b"a note")
    with socket.create_server(("127.0.0.1", 0)) as closed:
        gone = f"http://127.0.0.1:{closed.getsockname()[1]}"
    with pytest.raises(TimestampRefused):
        await HttpAuthority("tsa", gone, certificates([other.root]), within_s=2).stamp(b"a note")


@pytest.mark.parametrize("url", ["", "tsa.example", "file:///etc/passwd", "ftp://tsa.example"])
def test_what_is_no_address_is_refused(url: str) -> None:
    with pytest.raises(NotAnAuthorityUrl):
        HttpAuthority("tsa", url, [])


EMPTY = b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"


@pytest.mark.parametrize("pem", [b"", b"hello", EMPTY])
def test_what_is_no_root_is_refused(pem: bytes) -> None:
    with pytest.raises(MalformedRoots):
        certificates([pem])


def verified(place: Path, believed: Trust) -> Report:
    return verify_bundle(open_bundle(place), believed, read_tokens, Options(crypto="pynacl", processes=1))


def stamp(log: AuditedLog, authority: Authority) -> None:
    """Have the newest checkpoint stamped, as the log signed it."""
    note = Note.parse(log.kept_checkpoints.kept[-1].note)
    own = Note(note.text, note.signatures[:1]).to_bytes()
    log.stamp(log.kept_checkpoints.kept[-1], asyncio.run(stamped(authority, own)))
    log.tsa_roots = authority.root


def test_timestamps_in_a_bundle_bound_its_times(authority: Authority, tmp_path: Path) -> None:
    log = lived(rounds=1, each=10)
    log.now = time.time_ns() - SECOND
    log.work(5)
    log.seal()
    stamp(log, authority)
    log.seal(recorded=False, witnessed=False)
    log.witness(log.kept_checkpoints.kept[-1], recorded=False)
    place = log.export(tmp_path / "b")
    for believed in (Trust(), Trust(tsa_roots=[authority.root])):
        report = verified(place, believed)
        assert report.verdict is Verdict.VALID, report.document()
        assert report.checked["timestamps"] == 1
    assert report.trust["timestamps"] == "pinned"


def test_events_that_say_to_be_newer_than_their_timestamp_are_found(
    authority: Authority, tmp_path: Path
) -> None:
    log = AuditedLog()
    log.now = time.time_ns() + 3600 * SECOND
    log.work(3)
    log.seal(witnessed=False, recorded=False)
    first = log.kept_checkpoints.kept[-1].size - 2
    stamp(log, authority)
    log.seal(witnessed=False, recorded=False)
    report = verified(log.export(tmp_path / "b"), Trust())
    found = [problem.seq for problem in report.problems.in_order() if problem.code is Code.TIME_OUT_OF_BOUNDS]
    assert found[:3] == [first, first + 1, first + 2]


def test_a_token_of_another_checkpoint_is_not_taken(
    authority: Authority, other: Authority, tmp_path: Path
) -> None:
    log = lived(rounds=2, each=10)
    stamp(log, authority)
    (size, name), token = next(iter(log.timestamps.items()))
    log.timestamps = {(log.kept_checkpoints.kept[0].size, name): token, (size, name): token}
    report = verified(log.export(tmp_path / "b"), Trust())
    assert [problem.code for problem in report.problems.in_order()] == [Code.BAD_SIGNATURE]
    log.timestamps = {(size, name): token}
    report = verified(log.export(tmp_path / "c"), Trust(tsa_roots=[other.root]))
    assert Code.BAD_SIGNATURE in report.problems.counts


def test_a_token_without_a_root_is_not_checked(authority: Authority, tmp_path: Path) -> None:
    log = lived(rounds=1, each=10)
    stamp(log, authority)
    place = log.export(tmp_path / "b", change=lambda contents: replace(contents, tsa_roots=b""))
    report = verified(place, Trust())
    assert report.verdict is Verdict.INCOMPLETE
    assert "timestamps" in {one.check for one in report.unchecked if one.needed}
