"""What a program wrote, as it arrives from the engine: bounded, and to be looked at while it writes on."""

from collections import deque
from collections.abc import Iterator
from threading import Lock

HEADER_BYTES = 8


class Frames:
    """Undoes the engine's multiplexing: `stream[1] zero[3] u32 length`, then that many bytes."""

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._left = 0

    def feed(self, data: bytes) -> Iterator[bytes]:
        """The program's bytes in *data*, of whichever stream."""
        self._buffer += data
        while self._left or len(self._buffer) >= HEADER_BYTES:
            if not self._left:
                self._left = int.from_bytes(self._buffer[4:HEADER_BYTES], "big")
                del self._buffer[:HEADER_BYTES]
                continue
            part = bytes(self._buffer[: self._left])
            if not part:
                return
            del self._buffer[: len(part)]
            self._left -= len(part)
            yield part


class Output:
    """The beginning and the end of what was written, at most *limit* bytes together; safe among threads."""

    def __init__(self, limit: int) -> None:
        self._lock = Lock()
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
        with self._lock:
            self.size += len(data)
            room = self._head_limit - len(self._head)
            self._head += data[:room]
            if rest := data[room:]:
                self._tail.append(rest[-self._tail_limit :] if self._tail_limit else b"")
                self._tail_size += len(self._tail[-1])
                self._forget()

    def part(self, offset: int, most: int) -> tuple[int, bytes]:
        """At most *most* bytes from *offset* on, or from the next that is kept; where they begin."""
        with self._lock:
            if offset < len(self._head):
                return offset, bytes(self._head[offset : offset + most])
            tail_begins = self.size - self._tail_size
            start = min(max(offset, tail_begins), self.size)
            return start, b"".join(self._tail)[start - tail_begins :][:most]

    def kept(self) -> bytes:
        """What was kept, with a line in place of what was not."""
        with self._lock:
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
