"""One at a time: a projection is rebuilt or verified by one process."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from ..errors import BeingRebuilt
from ..projection import Projection


@asynccontextmanager
async def alone(connection: AsyncConnection, projection: Projection[Any]) -> AsyncIterator[None]:
    """Hold the right to rebuild *projection*, which the server takes back when the connection is lost.

    Raises:
        BeingRebuilt: somebody else holds it.
    """
    right = func.hashtextextended(f"symbi rebuild {projection.name}", 0)
    free = await connection.scalar(select(func.pg_try_advisory_lock(right)))
    await connection.rollback()
    if not free:
        raise BeingRebuilt(projection.name)
    try:
        yield
    finally:
        if not connection.invalidated:
            await connection.rollback()
            await connection.execute(select(func.pg_advisory_unlock(right)))
            await connection.rollback()
