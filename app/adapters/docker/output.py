"""What a program wrote, as it arrives from the engine: bounded, and line by line for those who watch."""

from collections import deque
from collections.abc import Iterator
from threading import Lock

HEADER_BYTES = 8
WATCHED_LINES = 200
LINE_BYTES = 8192


class Frames:
    """Undoes the engine's multiplexing: `stream[1] zero[3] u32 length`, then that many bytes."""

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._left = 0
        self._stream = 0

    def feed(self, data: bytes) -> Iterator[tuple[int, bytes]]:
        """The program's bytes in *data*, each with its stream: 1 for output, 2 for errors."""
        self._buffer += data
        while self._left or len(self._buffer) >= HEADER_BYTES:
            if not self._left:
                self._stream = self._buffer[0]
                self._left = int.from_bytes(self._buffer[4:HEADER_BYTES], "big")
                del self._buffer[:HEADER_BYTES]
                continue
            part = bytes(self._buffer[: self._left])
            if not part:
                return
            del self._buffer[: len(part)]
            self._left -= len(part)
            yield self._stream, part


class Output:
    """The beginning and the end of what was written, at most *limit* bytes together."""

    def __init__(self, limit: int) -> None:
        self._head_limit = limit - limit // 2
        self._tail_limit = limit // 2
        self._head = bytearray()
        self._tail: deque[bytes] = deque()
        self._tail_size = 0
        self.size = 0
        """How many bytes were written."""

    @property
    def overflows(self) -> bool:
        """Whether something was left out."""
        return self.size > len(self._head) + self._tail_size

    def write(self, data: bytes) -> None:
        self.size += len(data)
        room = self._head_limit - len(self._head)
        self._head += data[:room]
        if rest := data[room:]:
            self._tail.append(rest[-self._tail_limit :] if self._tail_limit else b"")
            self._tail_size += len(self._tail[-1])
            self._forget()

    def kept(self) -> bytes:
        """What was kept, with a line in place of what was not."""
        if not self.overflows:
            return bytes(self._head) + b"".join(self._tail)
        left_out = self.size - len(self._head) - self._tail_size
        return b"%s\n[... %d bytes left out ...]\n%s" % (self._head, left_out, b"".join(self._tail))

    def _forget(self) -> None:
        """Drop from the front of the tail what is over its limit."""
        while (surplus := self._tail_size - self._tail_limit) > 0:
            first = self._tail.popleft()
            self._tail_size -= min(surplus, len(first))
            if len(first) > surplus:
                self._tail.appendleft(first[surplus:])


class Lines:
    """The newest lines, from the thread that reads to the loop that shows them."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._rests: dict[int, bytes] = {}
        self._lines: deque[bytes] = deque()
        self._skipped = 0

    def write(self, stream: int, data: bytes) -> None:
        """Take what was read from one stream; of a flood only the end is looked at."""
        with self._lock:
            older, *lines = (self._rests.get(stream, b"") + data).rsplit(b"\n", WATCHED_LINES + 1)
            if not lines:
                lines = [older]
            elif b"\n" in older:
                self._skipped += older.count(b"\n") + 1
            else:
                lines.insert(0, older)
            rest = lines.pop()
            self._lines.extend(lines)
            if len(rest) > LINE_BYTES:
                self._lines.append(rest)
                rest = b""
            self._rests[stream] = rest
            while len(self._lines) > WATCHED_LINES:
                self._lines.popleft()
                self._skipped += 1

    def end(self) -> None:
        """A last line without an end is a line too."""
        with self._lock:
            self._lines.extend(rest for rest in self._rests.values() if rest)
            self._rests.clear()

    def take(self) -> list[str]:
        """The lines since the last time."""
        with self._lock:
            lines, skipped = list(self._lines), self._skipped
            self._lines.clear()
            self._skipped = 0
        told = [f"[... {skipped} lines not shown ...]"] if skipped else []
        return told + [line[:LINE_BYTES].decode(errors="replace").removesuffix("\r") for line in lines]
