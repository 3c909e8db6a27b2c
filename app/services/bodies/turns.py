"""Shares the event loop between bodies: however many compute at once, everything else keeps its turn."""

import asyncio
from collections import deque
from collections.abc import Callable
from typing import Any, TypeVar

BUDGET_S = 0.004
"""How long bodies may compute before everything else in the loop has its turn; the last of them finishes."""

T = TypeVar("T")


class Turns:
    """Carries out short computations in the order in which they ask, a few milliseconds at a time."""

    def __init__(self, budget_s: float = BUDGET_S) -> None:
        self._budget_s = budget_s
        self._waiting: deque[tuple[Callable[[], Any], asyncio.Future[Any]]] = deque()
        self._dispatching: asyncio.Task[None] | None = None

    async def take(self, compute: Callable[[], T]) -> T:
        """What *compute* returns or raises, when it is its turn."""
        turn: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        self._waiting.append((compute, turn))
        if self._dispatching is None or self._dispatching.done():
            self._dispatching = asyncio.create_task(self._dispatch())
        return await turn

    async def _dispatch(self) -> None:
        loop = asyncio.get_running_loop()
        while self._waiting:
            began = loop.time()
            while self._waiting:
                self._carry_out(*self._waiting.popleft())
                if loop.time() - began >= self._budget_s:
                    break
            await asyncio.sleep(0)

    @staticmethod
    def _carry_out(compute: Callable[[], Any], turn: "asyncio.Future[Any]") -> None:
        if turn.done():
            return  # whoever asked has been cancelled
        try:
            turn.set_result(compute())
        except Exception as error:
            turn.set_exception(error)
