"""A file that only grows, line by line: a line counts from its newline on."""

import os
from collections.abc import Iterator
from pathlib import Path

from .. import durable_files

_STEP = 64 * 1024


class Lines:
    """One such file. Whoever writes to it must be the only one at that moment."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._known: tuple[int, bytes] = (-1, b"")
        """The length of the file when its last line was looked up, and that."""

    def append(self, line: bytes) -> None:
        """Add *line*, which ends in a newline, durably; after an error the file is as it was."""
        self.last()  # removes what a crash left
        with self.path.open("ab") as file:
            length = file.tell()
            try:
                file.write(line)
                file.flush()
                os.fsync(file.fileno())
            except OSError:
                # What may have been written must not be read as kept, since nobody knows whether it is.
                os.ftruncate(file.fileno(), length)
                raise
        self._known = (length + len(line), line)
        if not length:
            durable_files.sync_directory(self.path.parent)

    def last(self) -> bytes:
        """The last line; empty where there is none. What lies after the last newline is removed."""
        try:
            length = self.path.stat().st_size
        except FileNotFoundError:
            return b""
        if self._known[0] != length:
            line, end = self._look_up(length)
            if end != length:
                os.truncate(self.path, end)
            self._known = (end, line)
        return self._known[1]

    def _look_up(self, length: int) -> tuple[bytes, int]:
        """The last whole line, and where it ends."""
        tail, start = b"", length
        with self.path.open("rb") as file:
            while start and tail.count(b"\n") < 2:
                step = min(_STEP, start)
                start -= step
                file.seek(start)
                tail = file.read(step) + tail
        end = tail.rfind(b"\n") + 1
        return tail[tail.rfind(b"\n", 0, end - 1) + 1 : end] if end else b"", start + end

    def __iter__(self) -> Iterator[bytes]:
        """Every whole line, the oldest first."""
        try:
            with self.path.open("rb") as file:
                yield from (line for line in file if line.endswith(b"\n"))
        except FileNotFoundError:
            return
