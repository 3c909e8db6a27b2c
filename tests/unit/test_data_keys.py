"""Data keys: one per scope, for everyone who asks, until it is destroyed for good."""

import hashlib
import secrets
import stat
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from app.adapters.data_keys import (
    DataKeysUnavailable,
    FileDataKeys,
    MemoryDataKeys,
    UnusableKek,
    WrongKek,
)
from app.errors import Corrupt
from events.personal import KeyDestroyed

SCOPE = "human/3f/account"
KEK = secrets.token_bytes(32)


def file_of(directory: Path, scope: str) -> Path:
    return directory / hashlib.sha256(scope.encode()).hexdigest()


def with_files(directory: Path) -> FileDataKeys:
    return FileDataKeys(directory / "datakeys", KEK)


def in_memory(directory: Path) -> MemoryDataKeys:
    return MemoryDataKeys()


@pytest.fixture(params=[with_files, in_memory])
def keys(request: pytest.FixtureRequest, tmp_path: Path) -> FileDataKeys | MemoryDataKeys:
    make: Callable[[Path], FileDataKeys | MemoryDataKeys] = request.param
    return make(tmp_path)


def test_a_scope_has_one_key_of_32_bytes(keys: FileDataKeys | MemoryDataKeys) -> None:
    assert len(keys.data_key(SCOPE)) == 32
    assert keys.data_key(SCOPE) == keys.data_key(SCOPE)
    assert keys.data_key(SCOPE) != keys.data_key("task/t-1")


def test_a_destroyed_key_stays_destroyed(keys: FileDataKeys | MemoryDataKeys) -> None:
    other = keys.data_key("task/t-1")
    keys.data_key(SCOPE)
    keys.destroy(SCOPE)
    keys.destroy(SCOPE)
    for _ in range(2):
        with pytest.raises(KeyDestroyed):
            keys.data_key(SCOPE)
    assert keys.data_key("task/t-1") == other


def test_a_key_destroyed_before_its_first_use_is_never_made(keys: FileDataKeys | MemoryDataKeys) -> None:
    keys.destroy(SCOPE)
    with pytest.raises(KeyDestroyed):
        keys.data_key(SCOPE)


def test_the_key_survives_the_process(tmp_path: Path) -> None:
    key = FileDataKeys(tmp_path, KEK).data_key(SCOPE)
    again = FileDataKeys(tmp_path, KEK)
    assert again.data_key(SCOPE) == key
    again.destroy(SCOPE)
    with pytest.raises(KeyDestroyed):
        FileDataKeys(tmp_path, KEK).data_key(SCOPE)


def test_a_destruction_reaches_those_who_have_the_key_in_memory(tmp_path: Path) -> None:
    one, other = FileDataKeys(tmp_path, KEK), FileDataKeys(tmp_path, KEK)
    assert one.data_key(SCOPE) == other.data_key(SCOPE)
    other.destroy(SCOPE)
    with pytest.raises(KeyDestroyed):
        one.data_key(SCOPE)


def test_neither_the_scope_nor_the_key_is_readable_on_disk(tmp_path: Path) -> None:
    scope = "../../etc/passwd"
    key = FileDataKeys(tmp_path / "datakeys", KEK).data_key(scope)
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert file_of(tmp_path / "datakeys", scope) in files
    assert {path.parent for path in files} == {tmp_path / "datakeys"}
    assert {stat.S_IMODE(path.stat().st_mode) for path in files} == {0o600}
    assert stat.S_IMODE((tmp_path / "datakeys").stat().st_mode) == 0o700
    assert not any(key in path.read_bytes() or scope.encode() in path.read_bytes() for path in files)


def test_the_wrapped_key_is_gone_from_the_file_after_its_destruction(tmp_path: Path) -> None:
    keys = FileDataKeys(tmp_path, KEK)
    keys.data_key(SCOPE)
    with file_of(tmp_path, SCOPE).open("rb") as opened_before:
        wrapped = opened_before.read()
        keys.destroy(SCOPE)
        opened_before.seek(0)
        left = opened_before.read()
    assert not any(wrapped[at : at + 8] in left for at in range(len(wrapped) - 8))


def test_concurrent_creators_agree(tmp_path: Path) -> None:
    providers = [FileDataKeys(tmp_path, KEK) for _ in range(8)]
    with ThreadPoolExecutor(8) as threads:
        for number in range(20):
            scope = f"task/t-{number}"
            found = [threads.submit(provider.data_key, scope) for provider in providers]
            assert len({future.result() for future in found}) == 1
    assert not list(tmp_path.glob(".*")), "a draft was left behind"


def test_of_a_creation_and_a_destruction_at_once_the_destruction_stays(tmp_path: Path) -> None:
    keys, other = FileDataKeys(tmp_path, KEK), FileDataKeys(tmp_path, KEK)
    with ThreadPoolExecutor(2) as threads:
        for number in range(50):
            scope = f"task/t-{number}"
            use, end = threads.submit(keys.data_key, scope), threads.submit(other.destroy, scope)
            end.result()
            assert use.exception() is None or isinstance(use.exception(), KeyDestroyed)
            with pytest.raises(KeyDestroyed):
                keys.data_key(scope)


def test_memory_holds_only_so_many_keys(tmp_path: Path) -> None:
    keys = FileDataKeys(tmp_path, KEK, cached=2)
    first = keys.data_key("task/t-0")
    for number in range(5):
        keys.data_key(f"task/t-{number}")
    assert len(keys._cache) == 2
    assert keys.data_key("task/t-0") == first


def test_another_kek_is_noticed_at_once(tmp_path: Path) -> None:
    FileDataKeys(tmp_path, KEK).data_key(SCOPE)
    with pytest.raises(WrongKek, match=r"Put back the `kek\.key`"):
        FileDataKeys(tmp_path, secrets.token_bytes(32))
    assert issubclass(WrongKek, Corrupt)


@pytest.mark.parametrize("content", [b"", b"short", b"symbi-dk-v1\n" + bytes(60), b"x" * 200])
def test_a_damaged_file_is_named(tmp_path: Path, content: bytes) -> None:
    keys = FileDataKeys(tmp_path, KEK)
    keys.data_key(SCOPE)
    file_of(tmp_path, SCOPE).write_bytes(content)
    with pytest.raises(WrongKek, match=file_of(tmp_path, SCOPE).name):
        keys.data_key(SCOPE)


def test_the_file_of_one_scope_does_not_serve_another(tmp_path: Path) -> None:
    keys = FileDataKeys(tmp_path, KEK)
    keys.data_key(SCOPE)
    file_of(tmp_path, SCOPE).rename(file_of(tmp_path, "task/t-1"))
    with pytest.raises(WrongKek):
        keys.data_key("task/t-1")


def test_a_kek_of_the_wrong_size_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UnusableKek, match="16 bytes"):
        FileDataKeys(tmp_path, bytes(16))


def test_a_directory_that_cannot_be_used_is_named(tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.write_bytes(b"")
    with pytest.raises(DataKeysUnavailable, match=str(blocked / "datakeys")):
        FileDataKeys(blocked / "datakeys", KEK)
