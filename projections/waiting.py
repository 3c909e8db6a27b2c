"""Waiting until a position is reached, thousands at a time."""

import asyncio
import heapq
from itertools import count


class Waiters:
    """Who waits for which position; a step wakes only those who waited for it."""

    def __init__(self) -> None:
        self.position = 0
        self._waiting: list[tuple[int, int, asyncio.Future[None]]] = []
        self._ticket = count()

    async def wait_for(self, position: int) -> None:
        """Return when *position* is reached; bound it with `asyncio.timeout`."""
        if position <= self.position:
            return
        reached = asyncio.get_running_loop().create_future()
        heapq.heappush(self._waiting, (position, next(self._ticket), reached))
        await reached

    def start(self, position: int) -> None:
        """Everything up to *position* is there, and nothing more, whatever was said before."""
        self.position = position
        self.reached(position)

    def reached(self, position: int) -> None:
        """Everything up to *position* is there."""
        self.position = max(self.position, position)
        while self._waiting and self._waiting[0][0] <= self.position:
            _, _, reached = heapq.heappop(self._waiting)
            if not reached.done():
                reached.set_result(None)
