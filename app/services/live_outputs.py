"""What the programs of this node are writing: kept in memory while they run, and a little longer."""

import asyncio
from collections import OrderedDict
from dataclasses import dataclass

from ..ports.executor import Control
from ..ports.live_output import LivePart

PART_BYTES = 64 * 1024
BYTES_S = 4 * 1024 * 1024
"""At this rate, at most, one reader is given the output of one program."""
LOOK_EVERY_S = 0.05
ANSWER_WITHIN_S = 2.0
"""After that long without news the answer is that there is none."""
ENDED_KEPT = 64
"""How many programs that have ended are remembered, so that readers get the last of what they wrote."""


@dataclass(slots=True)
class _Program:
    control: Control
    over: bool = False


class LiveOutputs:
    """`ShowsOutput` of one worker."""

    def __init__(self) -> None:
        self._programs: dict[tuple[str, int], _Program] = {}
        self._ended: OrderedDict[tuple[str, int], None] = OrderedDict()

    def begin(self, task_id: str, assignment: int, control: Control) -> None:
        """The program of this assignment is about to run under *control*."""
        self._programs[task_id, assignment] = _Program(control)

    def end(self, task_id: str, assignment: int) -> None:
        """It writes no more."""
        key = task_id, assignment
        if key in self._programs:
            self._programs[key].over = True
            self._ended[key] = None
            while len(self._ended) > ENDED_KEPT:
                oldest, _ = self._ended.popitem(last=False)
                del self._programs[oldest]

    async def part(self, task_id: str, assignment: int, offset: int) -> LivePart | None:
        """See `ShowsOutput.part`."""
        program = self._programs.get((task_id, assignment))
        if program is None:
            return None
        loop = asyncio.get_running_loop()
        until = loop.time() + ANSWER_WITHIN_S
        # Looked at now and then, since what it writes arrives in another thread.
        while not program.over and _size(program) <= offset and loop.time() < until:  # noqa: ASYNC110
            await asyncio.sleep(LOOK_EVERY_S)
        over = program.over  # asked before the size: what is over grows no more
        written = program.control.written
        if written is None:
            return LivePart(assignment, offset, b"", over)
        start, data = written.part(offset, PART_BYTES)
        await asyncio.sleep(len(data) / BYTES_S)
        return LivePart(assignment, start, data, over and start + len(data) >= written.size)


def _size(program: _Program) -> int:
    written = program.control.written
    return written.size if written is not None else 0
