"""A bundle as a directory."""

import errno
import os
import secrets
import shutil
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from ...errors import Rejected
from ...ports.bundles import BundleFileMissing, NotABundle
from .. import durable_files
from .pieces import lines_of, open_plain, read_piece, translated


class BundleExists(Rejected):
    """{place} exists already; choose another name for the bundle."""


@dataclass(frozen=True, slots=True)
class DirectoryBundle:
    """`app.ports.bundles.BundleReader` over a directory. Links in it are not followed."""

    place: Path

    def names(self, below: str = "") -> Iterator[str]:
        """See `BundleReader.names`."""
        folder, slash, _ = below.rpartition("/")
        with translated(self.place):
            yield from (name for name in self._below(folder + slash) if name.startswith(below))

    def read(self, name: str, *, limit: int) -> bytes:
        """See `BundleReader.read`."""
        with translated(self.place), self._open(name) as file:
            return read_piece(file, os.fstat(file.fileno()).st_size, limit, name, self.place)

    def lines(self, name: str, *, limit: int) -> Iterator[bytes]:
        """See `BundleReader.lines`."""
        with translated(self.place), self._open(name) as file:
            yield from lines_of(file, os.fstat(file.fileno()).st_size, limit, name, self.place)

    def _open(self, name: str) -> BinaryIO:
        try:
            return open_plain(self.place / name)
        except OSError as error:
            if error.errno in (errno.ENOENT, errno.ENOTDIR):
                raise BundleFileMissing(name=name) from None
            if error.errno == errno.ELOOP:
                raise NotABundle(place=self.place, reason=f"{name} is a link") from None
            raise

    def _below(self, folder: str) -> Iterator[str]:
        """Every file below *folder*, which is empty or ends in a slash, by the octets of its whole name."""
        try:
            found = list(os.scandir(self.place / folder))
        except (FileNotFoundError, NotADirectoryError):
            return
        # A directory comes where the first of its files does: behind `a.b`, before `a0`.
        for entry in sorted(found, key=lambda entry: entry.name + ("/" if _is_folder(entry) else "")):
            if _is_folder(entry):
                yield from self._below(f"{folder}{entry.name}/")
            else:
                yield f"{folder}{entry.name}"


def _is_folder(entry: "os.DirEntry[str]") -> bool:
    return entry.is_dir(follow_symlinks=False)


class DirectoryBundleWriter:
    """`app.ports.bundles.BundleWriter` into a directory, which appears under its name when it is whole."""

    def __init__(self, place: Path) -> None:
        """Raises `BundleExists`."""
        if os.path.lexists(place):
            raise BundleExists(place=place)
        self._place = place
        self._draft = place.with_name(f".{place.name}.{secrets.token_hex(6)}")
        self._folders: set[Path] = set()

    def put(self, name: str, content: bytes) -> None:
        """See `BundleWriter.put`."""
        self.put_lines(name, (content,))

    def put_lines(self, name: str, lines: Iterable[bytes]) -> None:
        """See `BundleWriter.put_lines`."""
        path = self._draft / name
        with translated(self._place):
            if path.parent not in self._folders:
                path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
                self._folders.add(path.parent)
            with path.open("xb") as file:
                file.writelines(lines)

    def finish(self) -> None:
        """See `BundleWriter.finish`."""
        with translated(self._place):
            for folder, _, files in os.walk(self._draft):
                for name in files:
                    with open(os.path.join(folder, name), "rb") as file:
                        os.fsync(file.fileno())
                durable_files.sync_directory(Path(folder))
            try:
                os.rename(self._draft, self._place)
            except OSError as error:
                if error.errno in (errno.ENOTEMPTY, errno.EEXIST, errno.ENOTDIR):
                    raise BundleExists(place=self._place) from None
                raise
            durable_files.sync_directory(self._place.parent)

    def discard(self) -> None:
        """See `BundleWriter.discard`."""
        shutil.rmtree(self._draft, ignore_errors=True)
