"""Time and randomness, as arguments."""

import os
import time
from typing import Protocol


class Clock(Protocol):
    """Where time comes from."""

    def now_ns(self) -> int:
        """Nanoseconds since the epoch."""
        ...


class SystemClock:
    """The machine's clock."""

    def now_ns(self) -> int:
        return time.time_ns()


def random_bytes(count: int) -> bytes:
    """That many bytes from the operating system's generator."""
    return os.urandom(count)
