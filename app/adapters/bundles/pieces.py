"""Reads a stretch of a file, and no more of it than a limit allows."""

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from ...ports.bundles import BundleUnavailable, NotABundle


@contextmanager
def translated(place: Path) -> Iterator[None]:
    """Raise errors of the file system as `BundleUnavailable`."""
    try:
        yield
    except OSError as error:
        raise BundleUnavailable(place=place, reason=error.strerror or str(error)) from error


def read_piece(file: BinaryIO, size: int, limit: int, name: str, place: Path) -> bytes:
    """The next *size* bytes. Raises `NotABundle` for more than *limit*, or where the file ends before."""
    if size > limit:
        raise NotABundle(place=place, reason=f"{name} has {size} bytes, and {limit} are accepted")
    content = file.read(size)
    if len(content) != size:
        raise NotABundle(place=place, reason=f"it ends within {name}")
    return content


def lines_of(file: BinaryIO, size: int, limit: int, name: str, place: Path) -> Iterator[bytes]:
    """The lines in the next *size* bytes. Raises as `read_piece` does, the limit being a line's."""
    while size > 0:
        line = file.readline(min(size, limit + 1))
        if len(line) > limit:
            raise NotABundle(place=place, reason=f"a line of {name} has more than {limit} bytes")
        if not line:
            raise NotABundle(place=place, reason=f"it ends within {name}")
        size -= len(line)
        yield line


def open_plain(path: Path) -> BinaryIO:
    """Open a file that is one: no link, no pipe, no device.

    Raises:
        NotABundle: it is something else.
        OSError: it cannot be opened; for a link, with `ELOOP`.
    """
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise NotABundle(place=path.parent, reason=f"{path.name} is no file")
    return os.fdopen(descriptor, "rb", buffering=256 * 1024)
