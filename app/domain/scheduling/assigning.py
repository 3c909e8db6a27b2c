"""Which task is given to which node next."""

from events.commands import AssignTask, RefuseTask

from ..risk import missing
from .entry import Entry
from .line import Cell, Line
from .pool import Pool
from .room import Room
from .tuning import Strategy

SEARCHED = 4
"""From more nodes on that have changed, what waits is tried on all of them rather than on each by itself."""

_WHY = {
    Strategy.FIRST_FIT: "the least loaded node with room",
    Strategy.BEST_FIT: "the fullest node with room",
    Strategy.PRIORITY: "the least loaded node with room for its priority",
}


class Assigning:
    """Finds the first task that may run and fits somewhere, and books it."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self.looks_again_at_ns: int | None = None
        """When what needs a tier that no node offers is refused; none where nothing does."""

    def next(self) -> AssignTask | RefuseTask | None:
        """The next decision; none where nothing that waits can be placed now."""
        pool = self._pool
        if (ripe := pool.claims.ripe()) is not None:
            return self._assign(*ripe, "room was kept for it")
        if len(pool.nodes.dirty) > SEARCHED:
            self._open_what_fits()
        if pool.queue.open or pool.nodes.dirty:
            for line in pool.queue.lines():
                if (found := self._first_that_fits(line)) is not None:
                    return found
            pool.nodes.dirty.clear()
        return None

    def look_again(self) -> None:
        """Try what needs a tier that no node offered, once its time is over."""
        if self.looks_again_at_ns is not None and self._pool.now_ns >= self.looks_again_at_ns:
            self.looks_again_at_ns = None
            for cell in self._pool.queue.closed_cells():
                if cell.kind.tier_is_missing:
                    self._pool.queue.open_cell(cell)

    def _first_that_fits(self, line: Line) -> AssignTask | RefuseTask | None:
        pool, dirty = self._pool, [room for room in self._pool.nodes.dirty if room.takes]
        closed = _first_closed(line, dirty)
        while True:
            cell = line.first_open()
            if closed is not None and (cell is None or closed.key < cell.key):
                cell = closed
            if cell is None:
                return None
            known = cell.key
            entry = pool.queue.head(cell)
            if entry is None or entry.key != known:
                pool.queue.open_cell(cell)
                closed = _first_closed(line, dirty)
                continue
            if cell.kind.tier_is_missing and self._has_waited(entry):
                return self._refuse(entry)
            room = pool.nodes.place(entry, cell.kind)
            if room is not None:
                return self._assign(entry, room, self._why(cell, room))
            pool.queue.close_cell(cell)

    def _why(self, cell: Cell, room: Room) -> str:
        if cell.kind.demands.prefers and cell.kind.matches(room):
            return "it has labels that the task prefers"
        return _WHY[self._pool.tuning.strategy]

    def _assign(self, entry: Entry, room: Room, reason: str) -> AssignTask:
        pool, lane, task_id = self._pool, entry.lane, entry.task.task_id
        pool.take_out(entry)
        pool.book(entry, room)
        pool.duties.forget(task_id)
        entry.decided = lane.events
        lane.expected.add(task_id)
        pool.queue.refresh(lane)
        return AssignTask(
            agent_id=lane.agent_id,
            task_id=task_id,
            node_id=room.node_id,
            reason=reason,
            sandbox=pool.tier_for(entry, room),
        )

    def _has_waited(self, entry: Entry) -> bool:
        """Whether a node with its tier has had time to come, since its submission and the last coming."""
        pool = self._pool
        since = max(entry.task.submitted, pool.nodes_since_ns)
        over = since + pool.tuning.missing_tier_after_ms * 1_000_000
        if pool.now_ns >= over:
            return True
        self.looks_again_at_ns = min(over, self.looks_again_at_ns or over)
        return False

    def _refuse(self, entry: Entry) -> RefuseTask:
        tier = entry.needs.tier
        assert tier is not None
        self._pool.take_out(entry)
        self._pool.duties.forget(entry.task.task_id)
        entry.pending, entry.decided = True, entry.lane.events
        self._pool.queue.refresh(entry.lane)
        return RefuseTask(
            agent_id=entry.lane.agent_id,
            task_id=entry.task.task_id,
            reason="no_sandbox",
            detail=missing(tier),
        )

    def _open_what_fits(self) -> None:
        """Open every cell whose first task fits on a node that has changed, and take the nodes as seen."""
        queue, dirty = self._pool.queue, [room for room in self._pool.nodes.dirty if room.takes]
        for cell in queue.closed_cells():
            if _fits_one(cell, dirty):
                queue.open_cell(cell)
        self._pool.nodes.dirty.clear()


def _first_closed(line: Line, dirty: list[Room]) -> Cell | None:
    """Of the closed cells whose first task fits on a node that has changed, the one that goes first."""
    best: Cell | None = None
    if dirty:
        cpu, memory = max(room.cpu for room in dirty), max(room.memory for room in dirty)
        for cell in line.closed:
            if cell.cpu > cpu or cell.memory > memory or (best is not None and cell.key > best.key):
                continue
            if _fits_one(cell, dirty):
                best = cell
    return best


def _fits_one(cell: Cell, rooms: list[Room]) -> bool:
    head, eligible = cell.head, cell.kind.rooms
    if head is None:
        return True
    return any(room.node_id in eligible and room.fits(head) for room in rooms)
