"""One task that the scheduler knows, and where it stands."""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from events.task import PriorityTier

from ..needs import Needs
from ..task import Task, TaskStatus
from . import ranking

if TYPE_CHECKING:
    from .lane import Lane
    from .line import Cell
    from .room import Room


REALTIME_RANK = 1_000_000
"""The rank of real-time tasks, which no priority reaches."""


@dataclass(slots=True, eq=False)
class Entry:
    """A task that has not ended well."""

    task: Task
    lane: "Lane"
    body: bool
    cpu: int
    memory: int
    """What it needs, as `Needs` says."""
    due_ms: int
    key: int
    critical: bool
    """Whether what is kept free for critical tasks is for it."""
    realtime: bool
    """Whether it goes with the real-time tasks: it is one, or is overdue by long."""
    cell: "Cell | None" = None
    """Where it is queued."""
    room: "Room | None" = None
    """Where its needs are booked: its node, or the one that is decided and not recorded yet."""
    claim: "Room | None" = None
    """The node that keeps room for it."""
    pending: bool = False
    """Something is decided about it that is no assignment, and not recorded yet."""
    leaves_for: str = ""
    """The task that it makes room for, from the decision until it has left."""
    decided: int = 0
    """How many events its agent had when something was decided about it last."""
    order: int = 0
    """The position of its newest assignment: of two, the younger has the greater."""
    lost: int = 0
    """The assignment that was lost last."""
    barred: frozenset[str] = frozenset()
    """Nodes that policy refused it."""
    refusals: dict[str, str] = field(default_factory=dict)
    """Node → why policy refused it there."""
    shuns: str = ""
    """The node that it failed on, where another one may do better."""

    @classmethod
    def of(cls, task: Task, lane: "Lane", order: int, critical_from: int) -> "Entry":
        """The entry of a task whose submission has this position in the log."""
        realtime, due = task.tier is PriorityTier.REALTIME, ranking.due_ms(task)
        critical = realtime or task.priority >= critical_from
        body, cpu, memory = task.needs.body, task.needs.cpu, task.needs.memory
        return cls(task, lane, body, cpu, memory, due, ranking.key(due, order), critical, realtime)

    @property
    def waits(self) -> bool:
        """Whether it is queued and nothing is decided about it."""
        return self.task.status is TaskStatus.QUEUED and self.room is None and not self.pending

    @property
    def needs(self) -> Needs:
        return self.task.needs

    @property
    def rank(self) -> int:
        """What its right to preempt rests on: greater takes from smaller."""
        return REALTIME_RANK if self.task.tier is PriorityTier.REALTIME else self.task.priority

    def __lt__(self, other: "Entry") -> bool:
        return False  # in heaps beside equal keys, which only the same task has
