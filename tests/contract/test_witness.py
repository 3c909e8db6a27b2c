"""The witness protocol over HTTP: our server, our client, and what each makes of the other's mistakes."""

import hashlib
import http.client
import json
import socket
import sys
import threading
from collections.abc import AsyncIterator, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from subprocess import PIPE, Popen, run
from typing import Protocol
from urllib.parse import urlsplit

import pytest

from app.adapters.audit_store import MemoryTiles
from app.adapters.witness import FileWitnessState, HttpWitness, WitnessRunning, WitnessServer
from app.adapters.witness.client import NotAWitnessUrl
from app.adapters.witness.server import ListenUnavailable
from app.audit.notes import Cosigner, KnownLog, KnownWitness, TrustPolicy, open_note
from app.audit.notes.policy import Group
from app.audit.sealing import Sealed
from app.audit.witnessing import MAX_BYTES, AddCheckpoint
from app.cli import entry
from app.cli.witnessing import witnessed
from app.ports.witness import WitnessSilent
from app.services.witness import Witness
from app.services.witnesses import WitnessAhead, WitnessContradicts, Witnesses, WitnessUnusable
from events.signing import SigningKey, provider
from tests.support.witnessed_log import LOG, ORIGIN, WITNESS, WitnessedLog

PROVIDER = provider()
GOOD, FORK = WitnessedLog(), WitnessedLog("fork")
NOW_S = 1_790_000_000


@contextmanager
def serving(directory: Path, cosigner: Cosigner = WITNESS) -> Iterator[str]:
    """A witness of the log; its address."""
    state = FileWitnessState(directory)
    witness = Witness(cosigner, {ORIGIN: [LOG.verifier]}, state, PROVIDER, lambda: NOW_S)
    server = WitnessServer(witness, "127.0.0.1", 0)
    server.start()
    try:
        yield server.url
    finally:
        server.stop()
        state.close()


@pytest.fixture
def url(tmp_path: Path) -> Iterator[str]:
    with serving(tmp_path / "w") as url:
        yield url


def connection(url: str) -> http.client.HTTPConnection:
    return http.client.HTTPConnection(urlsplit(url).netloc, timeout=10)


def asked(url: str, method: str, path: str, body: bytes | None = None) -> tuple[int, str, bytes]:
    to = connection(url)
    try:
        to.request(method, path, body)
        response = to.getresponse()
        return response.status, response.headers["Content-Type"], response.read()
    finally:
        to.close()


def test_a_checkpoint_is_cosigned_over_one_connection_after_the_other(url: str) -> None:
    to = connection(url)
    for old, new in ((0, 7), (7, 300)):
        to.request("POST", "/add-checkpoint", GOOD.asking(old, new))
        response = to.getresponse()
        line = response.read()
        assert (response.status, response.version) == (200, 11)
        opened = open_note(GOOD.note(new) + line, [WITNESS.verifier], PROVIDER)
        assert [one.time_s for one in opened.signed] == [NOW_S]
    to.close()
    status, kind, note = asked(url, "GET", f"/{hashlib.sha256(ORIGIN.encode()).hexdigest()}/checkpoint")
    assert (status, kind) == (200, "text/plain; charset=utf-8")
    assert note == GOOD.note(300) + line


def test_refusals_have_the_numbers_of_the_protocol(url: str) -> None:
    assert asked(url, "POST", "/add-checkpoint", GOOD.asking(0, 7))[0] == 200
    assert asked(url, "POST", "/add-checkpoint", GOOD.asking(0, 9)) == (409, "text/x.tlog.size", b"7\n")
    assert asked(url, "POST", "/add-checkpoint", FORK.asking(7, 9))[0] == 422
    assert asked(url, "POST", "/add-checkpoint", b"nonsense")[0] == 400
    for method, path in (
        ("POST", "/"),
        ("POST", "/add-checkpoint/"),
        ("GET", "/add-checkpoint"),
        ("GET", "/"),
        ("GET", f"/{'0' * 64}/checkpoint"),
        ("GET", "/../../etc/passwd"),
    ):
        assert asked(url, method, path, b"")[0] == 404, (method, path)
    assert asked(url, "DELETE", "/add-checkpoint")[0] == 501


def sent(url: str, raw: bytes) -> bytes:
    """The whole answer to *raw* on a connection of its own, which the witness closes."""
    with socket.create_connection(urlsplit(url).netloc.split(":"), timeout=10) as to:  # type: ignore[arg-type]
        to.sendall(raw)
        to.shutdown(socket.SHUT_WR)
        return b"".join(iter(lambda: to.recv(65_536), b""))


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        (b"", 411),
        (b"Transfer-Encoding: chunked\r\n", 411),
        (b"Content-Length: 3\r\nContent-Length: 4\r\n", 411),
        (b"Content-Length: 3\r\nTransfer-Encoding: chunked\r\n", 411),
        (b"Content-Length: -3\r\n", 400),
        (b"Content-Length: 3x\r\n", 400),
        (b"Content-Length: %d\r\n" % (MAX_BYTES + 1), 413),
    ],
)
def test_a_body_whose_end_is_not_clear_is_not_read(url: str, headers: bytes, status: int) -> None:
    answer = sent(url, b"POST /add-checkpoint HTTP/1.1\r\nHost: w\r\n" + headers + b"\r\nold")
    assert answer.startswith(b"HTTP/1.1 %d" % status)
    assert answer.count(b"HTTP/1.1") == 1
    assert b"Connection: close" in answer


def test_half_a_body_is_no_request(url: str) -> None:
    head = b"POST /add-checkpoint HTTP/1.1\r\nHost: w\r\nContent-Length: 500\r\n\r\n"
    assert sent(url, head + GOOD.asking(0, 7)[:100]) == b""
    assert asked(url, "POST", "/add-checkpoint", GOOD.asking(0, 7))[0] == 200


def test_of_those_who_ask_at_once_one_is_cosigned_and_nobody_rolls_back(url: str) -> None:
    asked(url, "POST", "/add-checkpoint", GOOD.asking(0, 1))
    with ThreadPoolExecutor(16) as threads:
        answers = list(
            threads.map(lambda new: asked(url, "POST", "/add-checkpoint", GOOD.asking(1, new)), range(10, 42))
        )
    statuses = [status for status, _, _ in answers]
    assert (statuses.count(200), statuses.count(409)) == (1, 31)
    size = 10 + statuses.index(200)
    assert {body for status, _, body in answers if status == 409} == {f"{size}\n".encode()}


def test_a_witness_goes_on_after_a_restart(tmp_path: Path) -> None:
    for old, new in ((0, 7), (7, 9)):
        with serving(tmp_path / "w") as url:
            assert asked(url, "POST", "/add-checkpoint", FORK.asking(7, 9))[0] != 200
            assert asked(url, "POST", "/add-checkpoint", GOOD.asking(old, new))[0] == 200


def test_two_witnesses_do_not_share_a_directory(tmp_path: Path) -> None:
    with serving(tmp_path / "w"), pytest.raises(WitnessRunning):
        FileWitnessState(tmp_path / "w")


def test_an_address_that_is_taken_is_said(url: str) -> None:
    port = urlsplit(url).port
    assert port is not None
    with pytest.raises(ListenUnavailable, match=str(port)):
        WitnessServer(_nobody(), "127.0.0.1", port)


def _nobody() -> Witness:
    class Nothing:
        def load(self, origin: str) -> bytes | None:
            return None

        def save(self, origin: str, note: bytes) -> None: ...

    return Witness(WITNESS, {}, Nothing(), PROVIDER, lambda: NOW_S)


def sealed(size: int, log: WitnessedLog = GOOD) -> Sealed:
    return Sealed(size, bytes(32), bytes(32), log.note(size))


NAMES = ("a", "b", "c")
COSIGNERS = {name: Cosigner(f"{name}.example", SigningKey.from_seed(name.encode() * 32)) for name in NAMES}


def policy(needed: int, of: dict[str, str]) -> TrustPolicy:
    witnesses = {name: KnownWitness(COSIGNERS[name].verifier, url) for name, url in of.items()}
    return TrustPolicy((KnownLog(LOG.verifier),), witnesses, {"q": Group(needed, tuple(of))}, "q")


@pytest.fixture
async def three(tmp_path: Path) -> AsyncIterator[dict[str, str]]:
    """Three witnesses of the log: their addresses."""
    with (
        serving(tmp_path / "a", COSIGNERS["a"]) as a,
        serving(tmp_path / "b", COSIGNERS["b"]) as b,
        serving(tmp_path / "c", COSIGNERS["c"]) as c,
    ):
        yield dict(zip(NAMES, (a, b, c), strict=True))


class Asking(Protocol):
    def __call__(self, needed: int, of: dict[str, str], log: WitnessedLog = GOOD) -> Witnesses: ...


@pytest.fixture
def asking() -> Iterator[Asking]:
    """Makes the witnesses of a log, of which so many are needed; hangs up in the end."""
    every: list[HttpWitness] = []

    def make(needed: int, of: dict[str, str], log: WitnessedLog = GOOD) -> Witnesses:
        tiles = MemoryTiles()
        tiles.kept = {tile: content for kept, content in log.tiles.items() for tile in (kept, kept.full)}
        ways = {name: HttpWitness(url, within_s=5) for name, url in of.items()}
        every.extend(ways.values())
        return Witnesses(policy(needed, of), ways, tiles, PROVIDER)

    yield make
    for way in every:
        way.close()


async def test_a_quorum_cosigns_what_the_log_sealed(three: dict[str, str], asking: Asking) -> None:
    witnesses = asking(3, three)
    for size in (7, 7, 300):
        came = await witnesses.cosign(sealed(size))
        assert came.quorum
        assert (set(came.lines), came.failed) == (set(NAMES), {})
        keys = [cosigner.verifier for cosigner in COSIGNERS.values()]
        assert len(open_note(came.sealed.note, keys, PROVIDER).signed) == 3


async def test_a_restarted_log_learns_what_the_witnesses_know(three: dict[str, str], asking: Asking) -> None:
    await asking(3, three).cosign(sealed(7))
    assert (await asking(3, three).cosign(sealed(300))).quorum


async def test_a_witness_that_is_away_costs_its_voice_only(three: dict[str, str], asking: Asking) -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        gone = f"http://127.0.0.1:{closed.getsockname()[1]}"
    of = {**three, "c": gone}
    came = await asking(2, of).cosign(sealed(7))
    assert (came.quorum, set(came.lines)) == (True, {"a", "b"})
    assert isinstance(came.failed["c"], WitnessSilent)
    assert not (await asking(3, of).cosign(sealed(7))).quorum


async def test_a_log_that_lost_its_past_hears_of_it(three: dict[str, str], asking: Asking) -> None:
    await asking(3, three).cosign(sealed(300))
    came = await asking(3, three).cosign(sealed(7))
    assert not came.quorum
    assert {type(error) for error in came.failed.values()} == {WitnessAhead}
    assert came.failed["a"].facts == {"witness": "a", "found": 300, "size": 7}


@pytest.mark.parametrize("size", [7, 300])
async def test_a_forked_log_hears_of_it(three: dict[str, str], asking: Asking, size: int) -> None:
    await asking(3, three).cosign(sealed(7))
    came = await asking(3, three, FORK).cosign(sealed(size, FORK))
    assert not came.quorum
    assert {type(error) for error in came.failed.values()} == {WitnessContradicts}


@contextmanager
def answering(status: int, body: bytes) -> Iterator[str]:
    """A server that says the same to everybody."""

    class Always(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None: ...

    with HTTPServer(("127.0.0.1", 0), Always) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}"
        finally:
            server.shutdown()
            thread.join()


TEXT = GOOD.note(7).decode().partition("\n\n")[0] + "\n"


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (200, b""),
        (200, b"welcome\n"),
        (200, b"\xff"),
        (200, str(COSIGNERS["b"].sign(TEXT, NOW_S)).encode()),
        (200, str(COSIGNERS["a"].sign("another text\n", NOW_S)).encode()),
        (409, b"many\n"),
        (409, b"3\n"),
        (403, b"no"),
        (500, b""),
        (302, b""),
    ],
)
async def test_what_is_no_cosignature_is_not_taken_for_one(asking: Asking, status: int, body: bytes) -> None:
    with answering(status, body) as url:
        came = await asking(1, {"a": url}).cosign(sealed(7))
    assert isinstance(came.failed["a"], WitnessUnusable)
    assert (came.quorum, came.sealed) == (False, sealed(7))


async def test_an_endless_answer_is_not_read() -> None:
    with answering(200, b"x" * 100_000) as url, pytest.raises(WitnessSilent, match="more than"):
        await HttpWitness(url).add_checkpoint(b"")


async def test_a_connection_that_the_witness_closed_is_opened_again(tmp_path: Path) -> None:
    with serving(tmp_path / "w") as url:
        way = HttpWitness(url)
        assert (await way.add_checkpoint(GOOD.asking(0, 7))).status == 200
        assert way._connection.sock is not None
        way._connection.sock.shutdown(socket.SHUT_RDWR)
        assert (await way.add_checkpoint(GOOD.asking(7, 9))).status == 200
        way.close()


@pytest.mark.parametrize("url", ["", "witness.example", "ftp://w.example", "http://", "file:///etc"])
def test_what_is_no_address_is_refused(url: str) -> None:
    with pytest.raises(NotAWitnessUrl):
        HttpWitness(url)


SYMBI = [sys.executable, "-c", "from app.cli import main; main()", "witness"]


def test_the_program_serves_and_keeps_its_key(tmp_path: Path) -> None:
    state = ["--state", str(tmp_path / "w"), "--name", "w.example", "--json"]
    shown = run([*SYMBI, "key", *state], capture_output=True, timeout=60, check=True)
    vkey = json.loads(shown.stdout)["vkey"]
    (tmp_path / "policy").write_text(f"log {LOG.verifier}\nquorum none\n")
    serve = [*SYMBI, "serve", *state, "--listen", "127.0.0.1:0", "--policy", str(tmp_path / "policy")]
    with Popen(serve, stdout=PIPE, stderr=PIPE) as process:
        try:
            assert process.stdout is not None
            ready = json.loads(process.stdout.readline())
            assert (ready["vkey"], ready["logs"]) == (vkey, [ORIGIN])
            assert asked(ready["url"], "POST", "/add-checkpoint", GOOD.asking(0, 7))[0] == 200
            other = run(serve, capture_output=True, timeout=60)
            assert other.returncode == 1
            assert b"WitnessRunning" in other.stderr
        finally:
            process.terminate()
        assert process.wait(20) == 0


@pytest.mark.parametrize(
    ("options", "error"),
    [
        ([], "NoLogs"),
        (["--log", "x"], "MalformedKey"),
        (["--policy", "/nonexistent"], "MalformedPolicy"),
        (["--log", str(LOG.verifier), "--listen", "here"], "NotAnAddress"),
        (["--log", str(LOG.verifier), "--name", "two words"], "MalformedKey"),
    ],
)
def test_the_program_says_what_it_lacks(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], options: list[str], error: str
) -> None:
    state = ["--state", str(tmp_path), "--name", "w.example", "--json"]
    assert entry.run(["witness", "serve", *state, *options]) == 2
    assert json.loads(capsys.readouterr().err)["error"]["code"] == error


def test_the_policy_may_name_an_origin_that_is_not_the_keys_name() -> None:
    assert witnessed([f"go.sum database tree={LOG.verifier}", str(LOG.verifier)], None) == {
        "go.sum database tree": [LOG.verifier],
        ORIGIN: [LOG.verifier],
    }


def test_a_request_of_the_largest_size_is_read(url: str) -> None:
    body = AddCheckpoint(0, (), b"x" * (MAX_BYTES - 7)).to_bytes()
    assert len(body) == MAX_BYTES
    assert asked(url, "POST", "/add-checkpoint", body)[0] == 400
