"""What is wanted of a run from outside: that it goes on, pauses or stops; and how much time it has left."""

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

from ...ports.executor import Wish
from ..reporting import Run, RunLeaving

GRACE_S = 10.0
"""How long a call may go on when its run is to make room."""

T = TypeVar("T")


class Cancelled(Exception):
    """The run is to stop: its task was taken away."""


class OutOfTime(Exception):
    """The run has used up its time."""


class Hold:
    """The worker's hold on one run; its clock stands still while it is paused."""

    def __init__(self, run: Run, seconds: float) -> None:
        self._control = run.control
        self._leaving = run.leaving
        self._loop = asyncio.get_running_loop()
        self._began = self._loop.time()
        self._seconds = seconds
        self._paused = 0.0

    @property
    def used(self) -> float:
        """Seconds that it went on for."""
        return self._loop.time() - self._began - self._paused

    async def go_on(self) -> None:
        """Return when it may go on; at once, unless it is paused.

        Raises:
            Cancelled, OutOfTime, RunLeaving: it may not.
        """
        if self._control.wish is Wish.PAUSE and not self._leaving.is_set():
            since = self._loop.time()
            await self._rethought()
            self._paused += self._loop.time() - since
        if self._control.wish is Wish.CANCEL:
            raise Cancelled
        if self._leaving.is_set():
            raise RunLeaving
        if self.used >= self._seconds:
            raise OutOfTime

    async def during(self, work: Coroutine[Any, Any, T]) -> T:
        """What *work* returns; it is cut off where the run is to stop or has no time left, and soon where the
        run is to make room.

        Raises:
            Cancelled, OutOfTime, RunLeaving: it was cut off, and has ended.
        """
        doing = asyncio.ensure_future(work)
        told, left = asyncio.ensure_future(self._cancelled()), asyncio.ensure_future(self._left())
        try:
            await asyncio.wait(
                {doing, told, left},
                timeout=max(0.0, self._seconds - self.used),
                return_when=asyncio.FIRST_COMPLETED,
            )
            if doing.done():
                return doing.result()
            raise Cancelled if told.done() else RunLeaving if left.done() else OutOfTime
        finally:
            told.cancel()
            left.cancel()
            if not doing.done():
                doing.cancel()
                await asyncio.gather(doing, return_exceptions=True)

    async def _rethought(self) -> None:
        """Wait until it may go on from a pause, or is to stop or to make room."""
        waiting = [
            asyncio.ensure_future(self._control.rethought(Wish.PAUSE)),
            asyncio.ensure_future(self._leaving.wait()),
        ]
        try:
            await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for each in waiting:
                each.cancel()

    async def _left(self) -> None:
        await self._leaving.wait()
        await asyncio.sleep(GRACE_S)

    async def _cancelled(self) -> None:
        while (wish := self._control.wish) is not Wish.CANCEL:
            await self._control.rethought(wish)
