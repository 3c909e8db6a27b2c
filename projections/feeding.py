"""Shows a batch of the log to projections: rows and checkpoints in the caller's one transaction."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from sqlalchemy.ext.asyncio import AsyncConnection

from events.codec import Bad, Fact

from .checkpoints import Checkpoint, count_parked, lock, move
from .errors import Behind
from .parking import ParkedRow, hold_back, park, parked_row, stopped_subjects
from .poison import is_poison
from .projection import Projection
from .storable import storable

Item: TypeAlias = Fact | Bad


@dataclass(frozen=True, slots=True)
class Fed:
    """What a batch came to."""

    position: int | None
    """Every projection that is up to date in itself has seen everything up to here."""
    parked: list[ParkedRow]
    outdated: list[str]
    """Projections whose rows another version of their code wrote; they wait for a rebuild."""


async def feed(
    connection: AsyncConnection,
    projections: Sequence[Projection[Any]],
    items: Sequence[Item],
    after: int,
    *,
    isolating: bool = False,
) -> Fed:
    """Apply *items*, which are all that the log holds after the position *after* up to their last.

    What a projection has seen is not applied again. An event that a projection cannot take makes this raise
    what it raises (`is_poison`), unless *isolating*: then it is parked (`parking`). That costs more, so
    it is for the second attempt.

    Raises:
        Behind: a projection has not seen everything up to *after*.
    """
    checkpoints = await lock(connection, projections)
    current = [p for p in projections if checkpoints[p.name].version == p.version]
    last = items[-1].seq if items else after
    shares = _shares(connection, [(p, checkpoints[p.name]) for p in current], items, after, last)
    for share in shares:
        await share.recall_stopped()
        await (share.isolate(share.items) if isolating else share.apply(share.items))
        await share.settle()
    if shares:
        await move(connection, [share.projection.name for share in shares], last)
    seen = [max(checkpoints[p.name].position, last) for p in current]
    parked = [row for share in shares for row in share.parked]
    return Fed(min(seen, default=None), parked, [p.name for p in projections if p not in current])


def _shares(
    connection: AsyncConnection,
    projections: Sequence[tuple[Projection[Any], Checkpoint]],
    items: Sequence[Item],
    after: int,
    last: int,
) -> list["_Share"]:
    kinds: dict[type[object], list[Any]] = {
        Fact: [storable(item) for item in items if isinstance(item, Fact)],
        Bad: [item for item in items if isinstance(item, Bad)],
    }
    return [
        _Share(connection, projection, checkpoint.parked, _unseen(checkpoint, kinds[projection.reads], after))
        for projection, checkpoint in projections
        if checkpoint.position < last
    ]


def _unseen(checkpoint: Checkpoint, items: list[Item], after: int) -> list[Item]:
    if checkpoint.position < after:
        raise Behind(checkpoint.projection, checkpoint.position, after)
    if checkpoint.position == after:
        return items
    return [item for item in items if item.seq > checkpoint.position]


@dataclass
class _Share:
    """One projection's part of a batch."""

    connection: AsyncConnection
    projection: Projection[Any]
    stopped_before: int
    items: list[Item]
    parked: list[ParkedRow] = field(default_factory=list)
    _stopped: set[str] = field(default_factory=set)
    _held: dict[str, list[int]] = field(default_factory=dict)

    async def recall_stopped(self) -> None:
        """Leave out the events of subjects that stopped in an earlier batch."""
        if not self.stopped_before:
            return
        self._stopped = await stopped_subjects(self.connection, self.projection.name)
        self.items = self._without_stopped(self.items)

    async def apply(self, items: list[Item]) -> None:
        if items:
            await self.projection.apply(self.connection, items)

    async def isolate(self, items: list[Item]) -> None:
        """Apply *items* in ever smaller parts, until those that cannot be taken are alone; park these."""
        items = self._without_stopped(items)
        try:
            async with self.connection.begin_nested():
                await self.apply(items)
        except Exception as error:
            if not is_poison(error):
                raise
            if len(items) == 1:
                await self._park(items[0], error)
            else:
                middle = len(items) // 2
                await self.isolate(items[:middle])
                await self.isolate(items[middle:])

    async def settle(self) -> None:
        """Write down what was parked and held back."""
        await hold_back(self.connection, self.projection.name, self._held)
        if self.parked:
            await count_parked(self.connection, self.projection.name)

    async def _park(self, item: Item, error: Exception) -> None:
        row = parked_row(self.projection.name, self.projection.subject(item), item, error)
        await park(self.connection, row)
        self._stopped.add(row.subject)
        self.parked.append(row)

    def _without_stopped(self, items: list[Item]) -> list[Item]:
        if not self._stopped:
            return items
        left = []
        for item in items:
            subject = self.projection.subject(item)
            if subject in self._stopped:
                self._held.setdefault(subject, []).append(item.seq)
            else:
                left.append(item)
        return left
