"""A running program is watched: its clock, its caller's wishes and what it uses."""

import asyncio
import time
from collections.abc import Coroutine
from typing import Any

from ...ports.executor import Control, OutcomeKind, Phase, Wish
from .sandbox import Sandbox

MEASURED_FIRST_S = 0.02
MEASURED_EVERY_S = 1.0


class Clock:
    """How long a program has run; it stands still while the program is paused, and before `go_on`."""

    def __init__(self) -> None:
        self._since: float | None = None
        self._before = 0.0
        self._first: float | None = None

    @property
    def elapsed(self) -> float:
        """Seconds, without pauses."""
        return self._before + (time.monotonic() - self._since if self._since is not None else 0.0)

    @property
    def paused(self) -> float:
        """Seconds of pauses."""
        return time.monotonic() - self._first - self.elapsed if self._first is not None else 0.0

    def stop(self) -> None:
        self._before, self._since = self.elapsed, None

    def go_on(self) -> None:
        self._since = time.monotonic()
        self._first = self._first or self._since


async def attend(
    sandbox: Sandbox, control: Control, clock: Clock, *, limit: float, grace: float
) -> OutcomeKind | None:
    """Carry out the caller's wishes and the time limit until the program is gone, or will not go.

    The kind of outcome if we ended it, None if it ended by itself.
    """
    paused = False
    while not sandbox.ended.done():
        wish = control.wish
        if wish is Wish.CANCEL or clock.elapsed >= limit:
            await sandbox.stop(paused=paused, grace=grace)
            return OutcomeKind.CANCELLED if wish is Wish.CANCEL else OutcomeKind.TIMED_OUT
        if wish is Wish.PAUSE and not paused and await sandbox.pause():
            paused = True
            clock.stop()
            control.enter(Phase.PAUSED)
        elif wish is Wish.RUN and paused:
            await sandbox.resume()
            paused = False
            clock.go_on()
            control.enter(Phase.RUNNING)
        await first(sandbox.ended, control.rethought(wish), None if paused else limit - clock.elapsed)
    return None


async def measure(sandbox: Sandbox) -> None:
    """Read its counters until cancelled; often at first, since most programs are short."""
    delay = MEASURED_FIRST_S
    while True:
        await sandbox.measure()
        await asyncio.sleep(delay)
        delay = min(2 * delay, MEASURED_EVERY_S)


async def first(
    ended: "asyncio.Future[Any]", rethought: Coroutine[Any, Any, None], timeout: float | None
) -> None:
    """Wait for whichever comes first, at most *timeout* seconds."""
    change = asyncio.ensure_future(rethought)
    try:
        await asyncio.wait([ended, change], timeout=timeout, return_when=asyncio.FIRST_COMPLETED)
    finally:
        change.cancel()
