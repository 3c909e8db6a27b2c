"""One process at a time: the lock on a data directory."""

import fcntl
import os
import time
from pathlib import Path

from ..errors import DataDirInUse, DataDirNotWritable

# A reader that asks `is_held` holds the lock for microseconds; that must not look like a runtime.
_PATIENCE_S = 0.2


class DirectoryLock:
    """An flock on one file, which says who holds it; the kernel lets go of it when the holder dies."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file: int | None = None

    @property
    def held(self) -> bool:
        """Whether this object holds the lock."""
        return self._file is not None

    def acquire(self) -> None:
        """Hold the lock; raises `DataDirInUse` with the process id of whoever does already."""
        if self._file is not None:
            return
        file = self._open()
        if not _try_exclusive(file):
            holder = os.pread(file, 32, 0).decode().strip()
            os.close(file)
            raise DataDirInUse(path=self._path.parent, pid=holder or "unknown")
        os.ftruncate(file, 0)
        os.pwrite(file, f"{os.getpid()}\n".encode(), 0)
        self._file = file

    def release(self) -> None:
        """Let go; nothing happens when it is not held."""
        if self._file is not None:
            os.close(self._file)
            self._file = None

    def is_held(self) -> bool:
        """Whether any process, this one included, holds the lock now."""
        file = self._open()
        try:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        finally:
            os.close(file)
        return False

    def _open(self) -> int:
        try:
            # Not inherited by children (close-on-exec): a server that outlives us must not keep the lock.
            return os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise DataDirNotWritable(path=self._path, reason=error.strerror) from error


def _try_exclusive(file: int) -> bool:
    until = time.monotonic() + _PATIENCE_S
    while True:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() > until:
                return False
            time.sleep(0.01)
        else:
            return True
