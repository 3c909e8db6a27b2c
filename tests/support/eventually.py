"""Waiting for what nobody tells of: a file that grows, a connection that is cut."""

import asyncio
from collections.abc import Callable

WITHIN_S = 20.0


async def eventually(holds: Callable[[], bool], *, within_s: float = WITHIN_S) -> None:
    """Return once *holds* says so; `TimeoutError` when it does not within that many seconds."""
    async with asyncio.timeout(within_s):
        while not holds():  # noqa: ASYNC110
            await asyncio.sleep(0.02)
