"""`symbi audit verify`: what it reads, what it says, and how it ends."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from app.cli import entry
from tests.support.audited_log import ROOT, AuditedLog, lived


@pytest.fixture(scope="module")
def log() -> AuditedLog:
    return lived(rounds=2, each=15)


@pytest.fixture(scope="module")
def bundle(log: AuditedLog, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return log.export(tmp_path_factory.mktemp("cli") / "bundle")


def said(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    code = entry.run(["audit", "verify", *arguments])
    captured = capsys.readouterr()
    return code, captured.out, captured.err


def test_a_clean_bundle_is_valid_and_says_whose_word_it_took(
    bundle: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, out, _ = said(capsys, str(bundle))
    assert code == 0
    assert out.startswith("valid: events 1 to ")
    assert f"{ROOT.key_id} is the bundle's own word" in out


def test_the_auditors_own_evidence_is_taken(
    log: AuditedLog, bundle: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "policy").write_text(log.policy())
    (tmp_path / "held").write_bytes(log.kept_checkpoints.kept[-1].note)
    (tmp_path / "copies").mkdir()
    for key, producer in log.statements.items():
        (tmp_path / "copies" / f"{key.replace(':', '-')}.jsonl").write_bytes(b"".join(producer.lines))
    code, out, _ = said(
        capsys,
        *(str(bundle), "--json", "--root", ROOT.key_id, "--policy", str(tmp_path / "policy")),
        *("--checkpoint", str(tmp_path / "held"), "--statements", str(tmp_path / "copies")),
    )
    document = json.loads(out)
    assert (code, document["verdict"]) == (0, "valid")
    assert document["trust"] == {"root": "pinned", "checkpoints": "pinned"}
    assert [one["check"] for one in document["not_checked"]] == ["timestamps"]


def test_one_changed_byte_ends_with_5_and_its_position(
    log: AuditedLog, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    place = log.export(tmp_path / "b")
    (path,) = (place / "events").iterdir()
    lines = path.read_bytes().splitlines(keepends=True)
    lines[9] = lines[9].replace(b'"payload":"eyJzcGVj', b'"payload":"eyJzcGVk')
    path.write_bytes(b"".join(lines))
    code, out, _ = said(capsys, str(place), "--json")
    assert code == 5
    assert {"bad_signature", "checkpoint_mismatch"} <= {
        problem["code"] for problem in json.loads(out)["problems"] if problem["seq"] == 10
    }
    code, out, _ = said(capsys, str(place))
    assert code == 5
    assert "bad_signature" in out


def test_what_is_left_out_ends_with_6(bundle: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = said(capsys, str(bundle), "--without-signatures")
    assert code == 6
    assert "not checked: signatures, left out on request" in out


@pytest.mark.parametrize(
    ("options", "code", "error"),
    [
        (["/nonexistent"], 5, "NotABundle"),
        (["--root", "mallory"], 2, "NotAKey"),
        (["--policy", "/nonexistent"], 2, "MalformedPolicy"),
        (["--checkpoint", "/nonexistent"], 2, "EvidenceUnreadable"),
        (["--tsa-root", "/dev/null"], 2, "MalformedRoots"),
    ],
)
def test_what_cannot_be_read_is_said(
    bundle: Path, capsys: pytest.CaptureFixture[str], options: list[str], code: int, error: str
) -> None:
    place = [] if options == ["/nonexistent"] else [str(bundle)]
    ended, _, err = said(capsys, *place, *options, "--json")
    assert (ended, json.loads(err)["error"]["code"]) == (code, error)


def test_neither_nats_nor_postgres_is_loaded(bundle: Path) -> None:
    program = (
        "import sys; from app.cli.entry import run; "
        f"code = run(['audit', 'verify', {str(bundle)!r}]); "
        "print(sorted({'nats', 'sqlalchemy', 'asyncpg', 'docker'} & set(sys.modules)), code, file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60)
    assert done.stderr.strip() == "[] 0"
