"""Preemption: a task takes the place of less important ones when nothing else makes room for it."""

from events.commands import PreemptTask

from .entry import REALTIME_RANK, Entry
from .line import Cell
from .pool import Pool
from .victims import Victims, victims_for

CONSIDERED = 8
"""How many first tasks are considered at a time: those that go first."""


class Preempting:
    """Finds victims for what waits in vain, and keeps the room that they make."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    def next(self) -> list[PreemptTask]:
        """The victims of the first task that may preempt; ask when nothing that waits fits anywhere."""
        pool = self._pool
        lowest = pool.nodes.lowest_rank()
        if lowest is not None:
            for cell in self._pressing(lowest):
                if (found := self._victims(cell)) is not None and (asked := self._preempt(*found)):
                    return asked
        pool.nodes.changed.clear()
        return []

    def _pressing(self, lowest: int) -> list[Cell]:
        """The cells whose first tasks outrank something that runs, in their order."""
        cells = [
            cell
            for cell in self._pool.queue.closed_cells()
            if cell.head is not None and cell.head.rank > lowest
        ]
        cells.sort(key=lambda cell: (not cell.line.realtime, cell.key))
        return cells[:CONSIDERED]

    def _victims(self, cell: Cell) -> tuple[Entry, Victims] | None:
        pool = self._pool
        entry = pool.queue.head(cell)
        if entry is None:
            return None
        rooms = [*cell.kind.rooms.values()]
        if cell.tested is entry:  # only where something has changed since can it be otherwise now
            rooms = [room for room in rooms if room in pool.nodes.changed]
        cell.tested = entry
        found = victims_for(entry, rooms, pool.queue.tenants)
        return None if found is None else (entry, found)

    def _preempt(self, entry: Entry, victims: Victims) -> list[PreemptTask]:
        pool = self._pool
        pool.claims.make(entry, victims.room)
        for victim in victims.entries:
            victim.leaves_for = entry.task.task_id
            victims.room.leaving[victim.task.task_id] = victim
            pool.nodes.spare(victim, victims.room)
        return [
            PreemptTask(
                agent_id=victim.lane.agent_id,
                task_id=victim.task.task_id,
                by_task_id=entry.task.task_id,
                reason=f"{entry.task.task_id} needs its place: {_rank(entry)} against {_rank(victim)}",
            )
            for victim in victims.entries
        ]


def _rank(entry: Entry) -> str:
    return "real time" if entry.rank >= REALTIME_RANK else f"priority {entry.rank}"
