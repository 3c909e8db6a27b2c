"""Room that is kept for a task until there is enough: others make it, or it waited too long."""

from collections.abc import Iterable, Iterator

from ..agent import AgentState
from . import ranking
from .entry import Entry
from .nodes import Nodes
from .queue import Queue
from .room import Room, amounts_of

SHARE = 4
"""At most one in so many nodes keeps room for tasks that waited too long."""


class Claims:
    """Which tasks claim room on which nodes, each on one.

    A task with a claim stands in no queue, and its agent counts it as running.
    """

    def __init__(self, nodes: Nodes, queue: Queue) -> None:
        self._nodes = nodes
        self._queue = queue
        self._made: dict[Entry, None] = {}

    def __iter__(self) -> Iterator[Entry]:
        return iter([*self._made])

    def make(self, entry: Entry, room: Room) -> None:
        """Keep room for the task on the node."""
        self._queue.remove(entry)
        entry.claim = room
        room.claims.append(entry)
        entry.lane.expected.add(entry.task.task_id)
        self._made[entry] = None
        self._queue.refresh(entry.lane)

    def drop(self, entry: Entry) -> None:
        """Keep room no more; whoever drops it says what becomes of the task."""
        room = entry.claim
        if room is not None:
            entry.claim = None
            room.claims.remove(entry)
            entry.lane.expected.discard(entry.task.task_id)
            del self._made[entry]
            if self._nodes.rooms.get(room.node_id) is room:
                self._nodes.touch(room)

    def void(self) -> list[Entry]:
        """Those whose claim has come to nothing: the agent may run nothing now, or the node takes nothing."""
        return [entry for entry in self if not _holds(entry)]

    def ripe(self) -> tuple[Entry, Room] | None:
        """One that has enough room now, and where: on the node that it claims, or on another that changed."""
        if self._made and self._nodes.dirty:
            for entry in self._made:
                eligible = self._queue.kind_of(entry).rooms
                for room in self._nodes.dirty:
                    if room.node_id in eligible and room.fits(entry):
                        return entry, room
        return None

    def for_those_who_waited_too_long(self, now_ms: int) -> None:
        """Give claims to first tasks that are due and fit nowhere, while smaller ones pass them by."""
        free = max(1, len(self._nodes.rooms) // SHARE) - len(self._made)
        if free <= 0:
            return
        late = [cell for cell in self._queue.closed_cells() if ranking.is_due(cell.key, now_ms)]
        for cell in sorted(late, key=lambda cell: cell.key)[:free]:
            entry = self._queue.head(cell)
            if entry is None or not ranking.is_due(entry.key, now_ms):
                continue
            if (room := self._nearest(entry, cell.kind.rooms.values())) is not None:
                self.make(entry, room)

    def _nearest(self, entry: Entry, rooms: Iterable[Room]) -> Room | None:
        """The node that lacks least of what the task needs."""
        may = [room for room in rooms if room.takes and not room.claims and room.could_hold(entry)]
        return min(may, key=lambda room: (_lacks(room, entry), room.node_id), default=None)


def _holds(entry: Entry) -> bool:
    agent, room = entry.lane.agent, entry.claim
    may_run = agent.state in (AgentState.READY, AgentState.RUNNING) and not agent.quarantined
    return room is not None and room.takes and may_run


def _lacks(room: Room, entry: Entry) -> int:
    """How much of the node must become free, in thousandths of what it offers."""
    short = amounts_of(entry.needs).less(room.open_to(entry))
    parts = (max(0, lacks) * 1000 // whole for lacks, whole in zip(short, room.offers, strict=True) if whole)
    return max(parts, default=0)
