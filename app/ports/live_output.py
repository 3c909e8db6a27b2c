"""What a running program writes, for whoever may read it, while it writes."""

from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class LivePart:
    """Some of what one assignment's program has written."""

    assignment: int
    offset: int
    """Where it begins, in bytes from the start of the output. Later than asked for where what lies between is
    kept no more."""
    data: bytes
    over: bool
    """True where the program has ended, and this is the last of it."""


class ShowsOutput(Protocol):
    """The side of the node that runs it."""

    async def part(self, task_id: str, assignment: int, offset: int) -> LivePart | None:
        """What comes at *offset*, as soon as there is something, or after a while nothing.

        None where that assignment of the task does not run here, and has not just ended.
        """
        ...


class LiveOutput(Protocol):
    """The side of the reader."""

    async def part(self, node: str, task_id: str, assignment: int, offset: int) -> LivePart | None:
        """As `ShowsOutput.part`, asked of *node*; None, too, where the node does not answer."""
        ...
