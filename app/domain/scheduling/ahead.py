"""What a snapshot knows already, and the log tells once more.

Whoever takes a snapshot knows what it wrote itself before the log brings it, so a state may be ahead of its
position inside some boundaries. Their events are passed over when they come, but for what they say of nodes:
a task that stood on a node which was lost since has lost it, unless it was given to a node again since.
"""

from collections.abc import Mapping

from events.base import Event
from events.identifiers import boundary
from events.node import NodeJoined, NodeLost, NodeRemoved
from events.task import TaskAssigned

from ..task import ON_A_NODE
from . import troubles
from .pool import Pool


class Ahead:
    """The boundaries in which the state is ahead of what has been read."""

    def __init__(self, known: Mapping[str, int]) -> None:
        """*known* is up to which position the events of each boundary are in the state."""
        self._known = dict(known)
        self._suspects: dict[str, tuple[int, str]] = {}
        """Task → the assignment that is lost, and why, unless it turns out to be newer than the loss."""

    def passes_over(self, pool: Pool, seq: int, agent_id: str | None, event: Event) -> bool:
        """Whether the event is in the state already."""
        if isinstance(event, TaskAssigned):
            self._suspects.pop(event.task_id, None)
        if not self._known:
            return False
        of = boundary(agent_id, event.aggregate, event.about() or "")
        if seq > self._known.get(of, 0):
            self._known.pop(of, None)
            return False
        if isinstance(event, NodeJoined | NodeLost | NodeRemoved):
            why = "its node started again" if isinstance(event, NodeJoined) else "its node was lost"
            for task_id, entry in pool.entries.items():
                if entry.task.status in ON_A_NODE and entry.task.node_id == event.node_id:
                    self._suspects[task_id] = (entry.task.assignment, why)
        return True

    def lose_suspects(self, pool: Pool) -> None:
        """Owe what is to be done about the tasks that have lost their nodes."""
        for task_id, (assignment, why) in self._suspects.items():
            entry = pool.entries.get(task_id)
            if entry is not None and entry.task.status in ON_A_NODE and entry.task.assignment == assignment:
                pool.unbook(entry)
                troubles.after_loss(pool, entry, why)
        self._suspects.clear()
