"""What bundles on the disk promise, directories and archives: also those that a stranger made."""

import io
import os
import pickle
import tarfile
from pathlib import Path

import pytest

from app.adapters.bundles import create_bundle, open_bundle
from app.adapters.bundles.directory import BundleExists
from app.ports.bundles import BundleFileMissing, BundleReader, BundleUnavailable, NotABundle

FILES = {
    "manifest.json": b"{}",
    "events/1.jsonl": b"one\ntwo\nthree",
    "tile/0/000.p/5": b"5",
    "tile/0/000": b"",
    "tile/0/x001/000": b"x",
    "a.b": b"1",
    "a/c": b"2",
    "a0": b"3",
}
BOTH = pytest.mark.parametrize("name", ["bundle", "bundle.tar"])


def written(place: Path) -> BundleReader:
    writer = create_bundle(place)
    for number, (name, content) in enumerate(FILES.items()):
        if number % 2:
            writer.put_lines(name, iter(content.splitlines(keepends=True)))
        else:
            writer.put(name, content)
    assert not place.exists()
    writer.finish()
    writer.discard()
    return open_bundle(place)


@BOTH
def test_files_come_back_as_they_were_put(tmp_path: Path, name: str) -> None:
    bundle = written(tmp_path / name)
    assert {each: bundle.read(each, limit=100) for each in bundle.names()} == FILES
    assert list(bundle.names()) == sorted(FILES)
    assert list(bundle.names("tile/0/000")) == ["tile/0/000", "tile/0/000.p/5"]
    assert list(bundle.names("a")) == ["a.b", "a/c", "a0"]
    assert list(bundle.names("nothing/")) == []


@BOTH
def test_lines_come_one_by_one_and_are_not_longer_than_allowed(tmp_path: Path, name: str) -> None:
    bundle = written(tmp_path / name)
    assert list(bundle.lines("events/1.jsonl", limit=5)) == [b"one\n", b"two\n", b"three"]
    with pytest.raises(NotABundle, match="more than 4 bytes"):
        list(bundle.lines("events/1.jsonl", limit=4))
    with pytest.raises(NotABundle, match="13 bytes"):
        bundle.read("events/1.jsonl", limit=12)


@BOTH
def test_what_is_not_there_is_missing(tmp_path: Path, name: str) -> None:
    bundle = written(tmp_path / name)
    for missing in ("nothing", "events", "manifest.json/x"):
        with pytest.raises((BundleFileMissing, NotABundle)):
            bundle.read(missing, limit=100)
        with pytest.raises((BundleFileMissing, NotABundle)):
            list(bundle.lines(missing, limit=100))


@BOTH
def test_a_bundle_goes_to_another_process(tmp_path: Path, name: str) -> None:
    bundle = pickle.loads(pickle.dumps(written(tmp_path / name)))
    assert bundle.read("a0", limit=1) == b"3"


@BOTH
def test_nothing_is_written_over(tmp_path: Path, name: str) -> None:
    first = create_bundle(tmp_path / name)
    written(tmp_path / name)
    with pytest.raises(BundleExists):
        create_bundle(tmp_path / name)
    first.put("x", b"x")
    with pytest.raises(BundleExists):
        first.finish()
    first.discard()
    assert [path.name for path in tmp_path.iterdir()] == [name]


@BOTH
def test_a_bundle_that_is_given_up_leaves_nothing(tmp_path: Path, name: str) -> None:
    writer = create_bundle(tmp_path / name)
    writer.put("x", b"x")
    writer.discard()
    assert list(tmp_path.iterdir()) == []


def test_there_is_no_bundle_where_there_is_nothing(tmp_path: Path) -> None:
    with pytest.raises(NotABundle, match="nothing of that name"):
        open_bundle(tmp_path / "nothing")
    (tmp_path / "file").write_bytes(b"hello")
    with pytest.raises(NotABundle):
        open_bundle(tmp_path / "file")


def test_links_and_devices_in_a_directory_are_not_followed(tmp_path: Path) -> None:
    written(tmp_path / "b")
    (tmp_path / "secret").write_bytes(b"secret")
    for name in ("link", "events/2.jsonl"):
        (tmp_path / "b" / name).symlink_to(tmp_path / "secret")
        with pytest.raises(NotABundle, match="is a link"):
            open_bundle(tmp_path / "b").read(name, limit=100)
    os.mkfifo(tmp_path / "b" / "pipe")
    with pytest.raises(NotABundle, match="is no file"):
        open_bundle(tmp_path / "b").read("pipe", limit=100)
    (tmp_path / "b" / "folder").symlink_to(tmp_path)
    assert "folder" in set(open_bundle(tmp_path / "b").names())
    assert not any(name.startswith("folder/") for name in open_bundle(tmp_path / "b").names())


def archive(place: Path, *members: tuple[tarfile.TarInfo, bytes]) -> Path:
    with tarfile.open(place, "w") as made:
        for member, content in members:
            member.size = len(content)
            made.addfile(member, io.BytesIO(content))
    return place


def member(name: str, kind: bytes = tarfile.REGTYPE) -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.type = kind
    return info


@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.FIFOTYPE, tarfile.CHRTYPE])
def test_an_archive_of_anything_but_files_is_refused(tmp_path: Path, kind: bytes) -> None:
    place = archive(tmp_path / "b.tar", (member("a"), b"a"), (member("b", kind), b""))
    with pytest.raises(NotABundle, match="b is no file"):
        open_bundle(place)


def test_an_archive_with_a_name_twice_is_refused(tmp_path: Path) -> None:
    place = archive(tmp_path / "b.tar", (member("a"), b"a"), (member("a"), b"b"))
    with pytest.raises(NotABundle, match="twice"):
        open_bundle(place)


def test_an_archive_that_ends_too_early_is_refused(tmp_path: Path) -> None:
    place = archive(tmp_path / "b.tar", (member("a"), b"a" * 100_000))
    os.truncate(place, 50_000)
    with pytest.raises(NotABundle):
        open_bundle(place).read("a", limit=10**6)


def test_names_in_an_archive_lead_nowhere(tmp_path: Path) -> None:
    (tmp_path / "secret").write_bytes(b"secret")
    place = archive(tmp_path / "b.tar", (member("../secret"), b"x"), (member("/etc/passwd"), b"y"))
    bundle = open_bundle(place)
    assert {name: bundle.read(name, limit=10) for name in bundle.names()}.keys() <= {
        "../secret",
        "/etc/passwd",
        "etc/passwd",
    }
    assert b"secret" not in {bundle.read(name, limit=10) for name in bundle.names()}


def test_an_error_of_the_file_system_is_unavailable(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(BundleUnavailable):
        create_bundle(tmp_path / "file" / "b.tar").put("x", b"x")
    with pytest.raises(BundleUnavailable):
        create_bundle(tmp_path / "file" / "b").put("x", b"x")
