"""What the scheduler knows: the tasks of one pool of nodes, where each is queued or booked, what is owed."""

from events.agent_config import SandboxTier

from ..needs import strictness
from ..task import Task, TaskStatus
from . import ranking
from .claims import Claims
from .duties import Duties
from .entry import Entry
from .lane import Lane
from .nodes import Nodes
from .queue import Queue
from .room import Room
from .tuning import Tuning


class Pool:
    """Tasks, agents and nodes as of the newest event, and what is decided and not recorded yet."""

    def __init__(self, tuning: Tuning) -> None:
        self.tuning = tuning
        self.entries: dict[str, Entry] = {}
        self.nodes = Nodes(tuning)
        self.queue = Queue(tuning, self.nodes)
        self.claims = Claims(self.nodes, self.queue)
        self.duties = Duties()
        self._failed: dict[str, None] = {}
        """Tasks that have failed, in the order in which they did."""
        self.now_ns = 0
        """The newest time that anybody told of."""
        self.nodes_since_ns = 0
        """When a node came or went last."""

    @property
    def now_ms(self) -> int:
        return self.now_ns // 1_000_000

    def know(self, task: Task, lane: Lane, order: int) -> Entry:
        """A task that is new; *order* is the position of its submission."""
        entry = Entry.of(task, lane, order, self.tuning.critical_from)
        self.entries[task.task_id] = entry
        return entry

    def enqueue(self, entry: Entry) -> None:
        """Queue a task, or queue it anew after what it asks for has changed."""
        if not entry.realtime and entry.due_ms + ranking.PROMOTED_AFTER_MS <= self.now_ms:
            entry.realtime = True
        self._failed.pop(entry.task.task_id, None)
        self.queue.add(entry)

    def take_out(self, entry: Entry) -> None:
        """Take a task out of the queue, and its claim from the node that keeps room for it."""
        self.queue.remove(entry)
        self.claims.drop(entry)
        entry.lane.refused.pop(entry.task.task_id, None)
        entry.lane.denied.pop(entry.task.task_id, None)

    def book(self, entry: Entry, room: Room | None) -> None:
        """Book the task's needs on a node, and nowhere else."""
        self.unbook(entry)
        if room is not None:
            self.nodes.book(entry, room)
            self.queue.tenants.book(entry)

    def unbook(self, entry: Entry) -> None:
        """Book it nowhere."""
        if entry.room is not None:
            self.nodes.release(entry)
            self.queue.tenants.release(entry)

    def remember_failure(self, entry: Entry) -> None:
        """Keep a task that failed, and may be tried again, until too many others have failed since."""
        self._failed.pop(entry.task.task_id, None)
        self._failed[entry.task.task_id] = None
        if len(self._failed) > self.tuning.failures_kept:
            self.forget(self.entries[next(iter(self._failed))])

    def forget(self, entry: Entry) -> None:
        """It has ended well, or has been called off, or failed too long ago."""
        self.entries.pop(entry.task.task_id, None)
        self._failed.pop(entry.task.task_id, None)
        self.duties.forget(entry.task.task_id)

    def settle_nodes(self) -> None:
        """After nodes came or went: count shares of what there is now, and find out who may run where."""
        self.nodes_since_ns = self.now_ns
        self.nodes.rest(self.now_ns)
        self.queue.tenants.share_out(self.nodes.total)
        self.queue.settle_kinds()
        for entry in self.claims.void():
            self.let_go(entry)

    def let_go(self, entry: Entry) -> None:
        """Queue a task again that claimed a node."""
        self.claims.drop(entry)
        if entry.task.status is TaskStatus.QUEUED and not entry.lane.ended:
            self.enqueue(entry)
        self.queue.refresh(entry.lane)

    def tier_for(self, entry: Entry, room: Room) -> SandboxTier | None:
        """The loosest tier of the node that is strict enough for the task."""
        least = strictness(entry.needs.tier)
        enough = [tier for tier in room.tiers if strictness(tier) >= least]
        return min(enough, key=strictness, default=None) if least else None
