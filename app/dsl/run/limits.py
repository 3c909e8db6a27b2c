"""What a run may use up, and the meter that stops it."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Final

from .failures import LimitReached
from .sizes import live_size


@dataclass(frozen=True, slots=True)
class Limits:
    """What one run may use. Reaching any of them ends it, and nothing in the body can prevent that."""

    fuel: int = 50_000_000
    """Steps: one for each instruction, and more for built-ins by what they go through or create."""
    memory: int = 64 * 1024 * 1024
    """Bytes of values alive at one time, by this package's own measure, which is above what they take."""
    depth: int = 200
    """Calls of functions and lambdas inside one another."""
    calls: int = 10_000
    """Calls of capabilities."""
    output: int = 4 * 1024 * 1024
    """Bytes of JSON of the arguments of one call, and of the result."""


MOST_AT_ONCE: Final = 5_000_000
"""Steps that one operation or built-in may take: it cannot be interrupted, and others wait for their turn."""

Roots = Callable[[], Iterable[Iterable[Any]]]


class Meter:
    """Counts the fuel and the memory of one run.

    Memory is counted as it is created, and again from what is alive when it seems used up. So a run stops
    before more than `memory` is alive, and not before seven eighths of it are.
    """

    __slots__ = ("began", "free", "fuel", "limits", "roots")

    def __init__(self, limits: Limits, roots: Roots) -> None:
        self.limits, self.roots = limits, roots
        self.fuel = limits.fuel
        """Steps that are left; the machine's loop keeps the current number to itself between calls."""
        self.began = limits.fuel
        """Steps that were left when the operation began that is under way."""
        self.free = limits.memory
        """Bytes that may be created before what is alive is counted again."""

    def spend(self, steps: int) -> None:
        """Take *steps*. Raises `LimitReached` when there are not so many left, or for one operation."""
        self.fuel -= steps
        if self.fuel < 0:
            raise LimitReached("fuel", f"more than {self.limits.fuel} steps")
        if self.began - self.fuel > MOST_AT_ONCE:
            raise LimitReached("fuel", f"more than {MOST_AT_ONCE} steps in one operation")

    def allocate(self, size: int) -> None:
        """Take *size* bytes, and a step for every 256 of them; call it before they are created.

        Raises `LimitReached` when there is no room.
        """
        self.free -= size
        if self.free < 0:
            self.count_again(size)
        if size > 255:
            self.spend(size >> 8)

    def count_again(self, coming: int = 0) -> None:
        """Count what is alive; *coming* bytes are taken already and not there yet."""
        limit = self.limits.memory
        if coming <= limit:
            alive, counted = live_size(self.roots(), most=limit)
            self.spend(counted)
            self.free = limit - alive - coming
            if self.free >= limit >> 3:
                return
        raise LimitReached("memory", f"more than {limit} bytes at one time")
