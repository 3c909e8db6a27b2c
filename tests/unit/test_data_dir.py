"""The data directory: what is accepted as one, who holds it, and the secrets in it."""

import os
import pwd
import signal
import stat
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from app.embedded.data_dir import DataDir
from app.embedded.errors import (
    DataDirForeign,
    DataDirInUse,
    DataDirIsLink,
    DataDirMissing,
    DataDirNotWritable,
    DataDirTooNew,
    NotADataDir,
    SecretExposed,
    UnusableName,
)
from app.embedded.files.runtime_info import RuntimeInfo

INFO = RuntimeInfo("nats://127.0.0.1:14222", 14222, "postgresql+asyncpg://symbi:x@/symbi", ["gateway"])

HOLD = """
import sys
from app.embedded.data_dir import DataDir
from app.embedded.files.runtime_info import RuntimeInfo
data = DataDir.open(sys.argv[1])
data.acquire()
data.write_runtime(RuntimeInfo("nats://127.0.0.1:1", 1, "postgresql://", ["worker"]))
print("held", flush=True)
sys.stdin.read()
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "data"


@pytest.fixture
def elsewhere(path: Path) -> Iterator["subprocess.Popen[str]"]:
    """Another process that holds the directory."""
    with subprocess.Popen(
        [sys.executable, "-c", HOLD, str(path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=Path(__file__).parents[2],
    ) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        yield holder
        holder.kill()


def mode(path: Path) -> int:
    return stat.S_IMODE(path.lstat().st_mode)


def test_a_new_one_is_private_throughout(path: Path) -> None:
    DataDir.open(path)
    assert (path / "VERSION").read_text() == "1\n"
    folders = [path, *(found for found in path.rglob("*") if found.is_dir())]
    assert len(folders) == 9
    assert {mode(folder) for folder in folders} == {0o700}


def test_opening_it_again_changes_nothing(path: Path) -> None:
    DataDir.open(path).secret("root", lambda: b"one")
    before = sorted(path.rglob("*"))
    assert DataDir.open(path).secret("root", lambda: b"two") == b"one"
    assert sorted(path.rglob("*")) == before


def test_one_that_was_opened_to_others_is_closed_again(path: Path) -> None:
    DataDir.open(path)
    path.chmod(0o755)
    DataDir.open(path)
    assert mode(path) == 0o700


def test_an_empty_directory_becomes_one(path: Path) -> None:
    path.mkdir()
    DataDir.open(path)
    assert (path / "VERSION").exists()


def test_a_first_start_that_was_cut_off_is_finished(path: Path) -> None:
    path.mkdir()
    (path / "VERSION").touch()
    DataDir.open(path)
    assert (path / "VERSION").read_text() == "1\n"


def test_a_missing_one_is_not_made_when_it_must_exist(path: Path) -> None:
    with pytest.raises(DataDirMissing, match="symbi up"):
        DataDir.open(path, create=False)
    assert not path.exists()


def test_an_empty_directory_is_no_data_directory_when_it_must_exist(path: Path) -> None:
    path.mkdir()
    with pytest.raises(DataDirMissing):
        DataDir.open(path, create=False)
    assert not list(path.iterdir())


def test_a_directory_with_other_things_is_refused_and_left_alone(path: Path) -> None:
    path.mkdir()
    path.chmod(0o755)
    (path / "thesis.tex").write_text("…")
    with pytest.raises(NotADataDir, match="not empty"):
        DataDir.open(path)
    assert [found.name for found in path.iterdir()] == ["thesis.tex"]
    assert mode(path) == 0o755


def test_somebody_elses_version_file_is_no_sign_of_ours(path: Path) -> None:
    path.mkdir()
    (path / "VERSION").write_text("v2.1-rc\n")
    with pytest.raises(NotADataDir):
        DataDir.open(path)


def test_a_file_is_refused(path: Path) -> None:
    path.write_text("")
    with pytest.raises(NotADataDir, match="not a directory"):
        DataDir.open(path)


def test_one_of_a_newer_version_is_refused(path: Path) -> None:
    DataDir.open(path)
    (path / "VERSION").write_text("2\n")
    with pytest.raises(DataDirTooNew, match="layout 2; this one knows 1"):
        DataDir.open(path)
    assert (path / "VERSION").read_text() == "2\n"


def test_one_of_somebody_else_is_refused(path: Path) -> None:
    if os.geteuid() == 0:
        path.mkdir()
        os.chown(path, pwd.getpwnam("nobody").pw_uid, -1)
        foreign, owner = path, "nobody"
    else:
        foreign, owner = Path("/usr"), "root"
    with pytest.raises(DataDirForeign, match=owner):
        DataDir.open(foreign)


def test_a_place_where_nothing_can_be_made_is_refused() -> None:
    with pytest.raises(DataDirNotWritable, match="/proc/self/symbi"):
        DataDir.open("/proc/self/symbi")


def test_a_link_is_refused(path: Path, tmp_path: Path) -> None:
    (tmp_path / "victim").mkdir()
    path.symlink_to(tmp_path / "victim")
    with pytest.raises(DataDirIsLink):
        DataDir.open(path)
    assert not list((tmp_path / "victim").iterdir())


def test_a_link_in_place_of_a_folder_is_refused(path: Path, tmp_path: Path) -> None:
    DataDir.open(path)
    (path / "audit").rmdir()
    (path / "audit").symlink_to(tmp_path)
    with pytest.raises(DataDirIsLink, match="audit"):
        DataDir.open(path)


def test_a_link_in_place_of_the_lock_is_refused(path: Path, tmp_path: Path) -> None:
    data = DataDir.open(path)
    (tmp_path / "victim").write_text("precious")
    (path / "lock").symlink_to(tmp_path / "victim")
    with pytest.raises(DataDirNotWritable):
        data.acquire()
    assert (tmp_path / "victim").read_text() == "precious"


def test_only_one_holds_it(path: Path, elsewhere: "subprocess.Popen[str]") -> None:
    with pytest.raises(DataDirInUse, match=f"process id {elsewhere.pid}\\."):
        DataDir.open(path).acquire()


def test_whoever_dies_lets_go_of_it(path: Path, elsewhere: "subprocess.Popen[str]") -> None:
    elsewhere.send_signal(signal.SIGKILL)
    elsewhere.wait(10)
    with DataDir.open(path) as data:
        assert data.held


def test_holding_it_twice_is_once(path: Path) -> None:
    data = DataDir.open(path)
    data.acquire()
    data.acquire()
    data.release()
    with DataDir.open(path) as other:
        assert other.held
    assert not other.held


def test_how_to_reach_the_runtime_is_told_while_it_runs(path: Path) -> None:
    with DataDir.open(path) as data:
        assert DataDir.open(path).read_runtime() is None
        data.write_runtime(INFO)
        assert DataDir.open(path).read_runtime() == INFO
        assert mode(path / "runtime.json") == 0o600
    assert DataDir.open(path).read_runtime() is None
    assert not (path / "runtime.json").exists()


def test_what_a_dead_runtime_told_is_ignored(path: Path, elsewhere: "subprocess.Popen[str]") -> None:
    data = DataDir.open(path)
    told = data.read_runtime()
    assert told is not None
    assert told.pid == elsewhere.pid
    elsewhere.send_signal(signal.SIGKILL)
    elsewhere.wait(10)
    assert (path / "runtime.json").exists()
    assert data.read_runtime() is None


def test_what_a_dead_runtime_told_is_not_taken_for_the_next_ones(
    path: Path, elsewhere: "subprocess.Popen[str]"
) -> None:
    elsewhere.send_signal(signal.SIGKILL)
    elsewhere.wait(10)
    with DataDir.open(path):
        assert DataDir.open(path).read_runtime() is None


def test_what_is_not_ours_to_read_as_a_runtime_is_ignored(path: Path) -> None:
    with DataDir.open(path) as data:
        for content in (b"", b"{}", b'{"pid": 1', b"[1]"):
            (path / "runtime.json").write_bytes(content)
            (path / "runtime.json").chmod(0o600)
            assert data.read_runtime() is None


def test_a_secret_is_made_once_and_private(path: Path) -> None:
    data = DataDir.open(path)
    with ThreadPoolExecutor(8) as racers:
        answers = set(racers.map(lambda _: data.secret("root", lambda: os.urandom(32)), range(64)))
    assert len(answers) == 1
    assert len(answers.pop()) == 32
    assert [found.name for found in data.keys.iterdir()] == ["root.key"]
    assert mode(data.key_path("root")) == 0o600


@pytest.mark.parametrize("permissions", [0o640, 0o604, 0o620, 0o666])
def test_a_secret_that_others_can_reach_is_refused(path: Path, permissions: int) -> None:
    data = DataDir.open(path)
    data.secret("root", lambda: b"one")
    data.key_path("root").chmod(permissions)
    with pytest.raises(SecretExposed, match="chmod 600"):
        data.secret("root", lambda: b"two")


def test_a_link_in_place_of_a_secret_is_refused(path: Path, tmp_path: Path) -> None:
    data = DataDir.open(path)
    (tmp_path / "known").write_bytes(b"known to others")
    (tmp_path / "known").chmod(0o600)
    data.key_path("root").symlink_to(tmp_path / "known")
    with pytest.raises(SecretExposed):
        data.secret("root", lambda: b"fresh")
    data.key_path("other").symlink_to(tmp_path / "nowhere")
    with pytest.raises(SecretExposed):
        data.secret("other", lambda: b"fresh")
    assert not (tmp_path / "nowhere").exists()


@pytest.mark.parametrize("name", ["", "..", "a/b", "../../etc/x", ".hidden", "a\0b", "-rf"])
def test_a_name_that_could_leave_the_folder_is_refused(path: Path, name: str) -> None:
    data = DataDir.open(path)
    with pytest.raises(UnusableName):
        data.key_path(name)
    with pytest.raises(UnusableName):
        data.login_path(name)
