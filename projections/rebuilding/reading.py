"""The log, as a rebuild reads it."""

from collections.abc import AsyncIterator, Callable, Sequence
from typing import Any, TypeAlias

from sqlalchemy.ext.asyncio import AsyncConnection

from ..feeding import Fed, Item, feed
from ..poison import is_poison
from ..projection import Projection

Read: TypeAlias = Callable[[int, int], AsyncIterator[Sequence[Item]]]
"""Verified batches of everything after the first position, up to and including the second, in order."""


async def feed_beside(
    connection: AsyncConnection, projection: Projection[Any], batch: Sequence[Item], after: int
) -> Fed:
    """Feed one projection inside the caller's transaction, whatever its events do."""
    try:
        async with connection.begin_nested():
            return await feed(connection, [projection], batch, after)
    except Exception as error:
        if not is_poison(error):
            raise
        return await feed(connection, [projection], batch, after, isolating=True)
