"""What is wanted of a run from outside: that it goes on, pauses or stops; and how much time it has left."""

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

from ...ports.executor import Control, Wish

T = TypeVar("T")


class Cancelled(Exception):
    """The run is to stop: its task was taken away."""


class OutOfTime(Exception):
    """The run has used up its time."""


class Hold:
    """The worker's hold on one run; its clock stands still while it is paused."""

    def __init__(self, control: Control, seconds: float) -> None:
        self._control = control
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
            Cancelled, OutOfTime: it may not.
        """
        if self._control.wish is Wish.PAUSE:
            since = self._loop.time()
            await self._control.rethought(Wish.PAUSE)
            self._paused += self._loop.time() - since
        if self._control.wish is Wish.CANCEL:
            raise Cancelled
        if self.used >= self._seconds:
            raise OutOfTime

    async def during(self, work: Coroutine[Any, Any, T]) -> T:
        """What *work* returns; it is cut off where the run is to stop, or has no time left.

        Raises:
            Cancelled, OutOfTime: it was cut off, and has ended.
        """
        doing = asyncio.ensure_future(work)
        told = asyncio.ensure_future(self._cancelled())
        try:
            await asyncio.wait(
                {doing, told},
                timeout=max(0.0, self._seconds - self.used),
                return_when=asyncio.FIRST_COMPLETED,
            )
            if doing.done():
                return doing.result()
            raise Cancelled if told.done() else OutOfTime
        finally:
            told.cancel()
            if not doing.done():
                doing.cancel()
                await asyncio.gather(doing, return_exceptions=True)

    async def _cancelled(self) -> None:
        while (wish := self._control.wish) is not Wish.CANCEL:
            await self._control.rethought(wish)
