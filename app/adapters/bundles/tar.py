"""A bundle as a .tar archive, not compressed: every file in it can be read where it lies."""

import os
import secrets
import tarfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path
from tempfile import SpooledTemporaryFile
from typing import IO

from ...ports.bundles import BundleFileMissing, NotABundle
from .. import durable_files
from .directory import BundleExists
from .pieces import lines_of, open_plain, read_piece, translated

IN_MEMORY = 32 * 1024 * 1024
"""Larger files go through the disk: an archive wants to know their size first."""


@dataclass(slots=True)
class TarBundle:
    """`app.ports.bundles.BundleReader` over an archive; nothing is unpacked, only names are in memory."""

    place: Path
    _files: dict[str, tuple[int, int]] = field(init=False, repr=False)
    """Where each file lies: offset and length."""

    def __post_init__(self) -> None:
        """Raises `NotABundle` where the archive is damaged, or holds what is no file, or a name twice."""
        with translated(self.place):
            try:
                found = dict(self._scan())
            except tarfile.TarError as error:
                raise NotABundle(place=self.place, reason=error) from None
        self._files = {name: found[name] for name in sorted(found)}

    def names(self, below: str = "") -> Iterator[str]:
        """See `BundleReader.names`."""
        return (name for name in self._files if name.startswith(below))

    def read(self, name: str, *, limit: int) -> bytes:
        """See `BundleReader.read`."""
        offset, size = self._find(name)
        with translated(self.place), open_plain(self.place) as file:
            file.seek(offset)
            return read_piece(file, size, limit, name, self.place)

    def lines(self, name: str, *, limit: int) -> Iterator[bytes]:
        """See `BundleReader.lines`."""
        offset, size = self._find(name)
        with translated(self.place), open_plain(self.place) as file:
            file.seek(offset)
            yield from lines_of(file, size, limit, name, self.place)

    def _find(self, name: str) -> tuple[int, int]:
        try:
            return self._files[name]
        except KeyError:
            raise BundleFileMissing(name=name) from None

    def _scan(self) -> Iterator[tuple[str, tuple[int, int]]]:
        seen: set[str] = set()
        with tarfile.open(self.place, "r:") as archive:
            while (member := archive.next()) is not None:
                archive.members = []  # type: ignore[attr-defined]  # it would keep all of them
                if member.isdir():
                    continue
                if not member.isreg() or member.issparse():
                    raise NotABundle(place=self.place, reason=f"{member.name} is no file")
                if member.name in seen:
                    raise NotABundle(place=self.place, reason=f"{member.name} is in it twice")
                seen.add(member.name)
                yield member.name, (member.offset_data, member.size)


class TarBundleWriter:
    """`app.ports.bundles.BundleWriter` into an archive, which appears under its name when it is whole."""

    def __init__(self, place: Path) -> None:
        """Raises `BundleExists`, `BundleUnavailable`."""
        if os.path.lexists(place):
            raise BundleExists(place=place)
        self._place = place
        self._draft = place.with_name(f".{place.name}.{secrets.token_hex(6)}")
        with translated(place):
            durable_files.make_directory(place.parent)
            descriptor = os.open(self._draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
            self._file = os.fdopen(descriptor, "wb")
        self._archive = tarfile.TarFile(fileobj=self._file, mode="w", format=tarfile.PAX_FORMAT)

    def put(self, name: str, content: bytes) -> None:
        """See `BundleWriter.put`."""
        self._add(name, BytesIO(content), len(content))

    def put_lines(self, name: str, lines: Iterable[bytes]) -> None:
        """See `BundleWriter.put_lines`."""
        folder = str(self._place.parent)
        with translated(self._place), SpooledTemporaryFile(IN_MEMORY, dir=folder) as spool:
            spool.writelines(lines)
            size = spool.tell()
            spool.seek(0)
            self._add(name, spool, size)

    def _add(self, name: str, content: IO[bytes], size: int) -> None:
        member = tarfile.TarInfo(name)
        member.size, member.mode = size, 0o600
        with translated(self._place):
            self._archive.addfile(member, content)
            self._archive.members = []  # type: ignore[attr-defined]  # it would keep all of them

    def finish(self) -> None:
        """See `BundleWriter.finish`."""
        with translated(self._place):
            self._archive.close()
            self._file.flush()
            os.fsync(self._file.fileno())
            self._file.close()
            try:
                os.link(self._draft, self._place)
            except FileExistsError:
                raise BundleExists(place=self._place) from None
            self._draft.unlink()
            durable_files.sync_directory(self._place.parent)

    def discard(self) -> None:
        """See `BundleWriter.discard`."""
        self._file.close()
        self._draft.unlink(missing_ok=True)
