"""Feeds the log to projections, each event exactly once."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, TypeAlias

from sqlalchemy.ext.asyncio import AsyncEngine

from .checkpoints import Checkpoint, lock, positions
from .feeding import Fed, Item, feed
from .parking import ParkedRow
from .poison import is_poison
from .projection import Projection
from .waiting import Waiters

OnParked: TypeAlias = Callable[[Sequence[ParkedRow]], Awaitable[None]]


class Runner:
    """Keeps *projections* up to date with the log.

    Several runners may be fed the same log, in one process or many: each event is applied once.
    *on_parked* is told of events that a projection could not take, after they are written down.
    The driver's errors come as they are; after any of them, `start` again.
    """

    def __init__(
        self,
        engine: AsyncEngine,
        projections: Sequence[Projection[Any]],
        on_parked: OnParked | None = None,
    ) -> None:
        self._engine = engine
        self._projections = projections
        self._on_parked = on_parked
        self._waiters = Waiters()
        self._turn = asyncio.Lock()
        self.outdated: frozenset[str] = frozenset()
        """Projections whose rows another version of their code wrote: not fed until they are rebuilt."""

    @property
    def position(self) -> int:
        """Everything up to here is in every projection that is not outdated."""
        return self._waiters.position

    async def start(self) -> int:
        """Find out where the projections are; returns the position to read the log after.

        That is behind what was applied before where the database crashed and lost its newest rows; so begin
        here again whenever `apply` has failed.
        """
        async with self._engine.begin() as connection:
            checkpoints = await lock(connection, self._projections)
        versions = {p.name: p.version for p in self._projections}
        self.outdated = frozenset(
            c.projection for c in checkpoints.values() if c.version != versions[c.projection]
        )
        current = [c.position for c in checkpoints.values() if c.projection not in self.outdated]
        position = min(current, default=max((c.position for c in checkpoints.values()), default=0))
        self._waiters.start(position)
        return position

    async def apply(self, batch: Sequence[Item], *, after: int | None = None) -> None:
        """Apply *batch*: rows and checkpoints in one transaction, all or nothing.

        The batch is everything in the log after the position *after*, which is the one before its first
        event unless given. What was seen before is skipped, so delivering a batch again is harmless. On any
        error nothing of it is applied, and it may be applied again.

        Raises:
            Behind: a projection misses events before this batch; `start` again.
        """
        if not batch:
            return
        async with self._turn:
            fed = await self._feed(batch, batch[0].seq - 1 if after is None else after)
            self.outdated = frozenset(fed.outdated)
            self._waiters.reached(self.position if fed.position is None else fed.position)
        if fed.parked and self._on_parked is not None:
            await self._on_parked(fed.parked)

    async def _feed(self, batch: Sequence[Item], after: int) -> Fed:
        try:
            return await self._attempt(batch, after, isolating=False)
        except Exception as error:
            if not is_poison(error):
                raise
            return await self._attempt(batch, after, isolating=True)

    async def _attempt(self, batch: Sequence[Item], after: int, *, isolating: bool) -> Fed:
        async with self._engine.begin() as connection:
            return await feed(connection, self._projections, batch, after, isolating=isolating)

    async def wait_for(self, seq: int) -> None:
        """Return when what this runner applied covers the position *seq*; bound it with `asyncio.timeout`."""
        await self._waiters.wait_for(seq)

    async def positions(self) -> list[Checkpoint]:
        """The checkpoint of every projection, as stored."""
        async with self._engine.connect() as connection:
            return await positions(connection)

    async def lag(self, head: int) -> dict[str, int]:
        """How many events each projection is behind the log's newest, at position *head*."""
        return {c.projection: max(0, head - c.position) for c in await self.positions()}
