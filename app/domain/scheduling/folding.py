"""How events change what the scheduler knows."""

from events.agent import AgentEvent
from events.base import Event
from events.node import NodeDrained, NodeEvent, NodeJoined, NodeRemoved
from events.task import TaskAssigned, TaskEvent

from ..agent import AGENT
from ..node import NODE, Node
from ..task import ENDED, ON_A_NODE, Task, TaskStatus, evolve_task
from . import troubles
from .entry import Entry
from .lane import Lane
from .pool import Pool
from .room import Room


def fold(pool: Pool, seq: int, agent_id: str | None, event: Event) -> None:
    """Fold one event at position *seq*; *agent_id* is the agent in whose history it lies."""
    if isinstance(event, NodeEvent):
        _fold_node(pool, event)
    elif agent_id is not None and isinstance(event, AgentEvent | TaskEvent):
        lane = pool.queue.lane(agent_id)
        lane.agent = AGENT.evolve(lane.agent, event)
        lane.events += 1
        forgive(pool, lane)
        if isinstance(event, TaskEvent):
            _fold_task(pool, seq, lane, event)
        else:
            forgive_denials(pool, lane)
            if lane.ended:
                troubles.after_agents_end(pool, lane)
        pool.queue.refresh(lane)


def forgive(pool: Pool, lane: Lane) -> None:
    """Have tasks tried again about which a decision was refused; the lane is to be refreshed."""
    refused, lane.refused = lane.refused, {}
    for entry in refused.values():
        if entry.waits:
            pool.enqueue(entry)
            troubles.expire_at_deadline(pool, entry)


def forgive_denials(pool: Pool, lane: Lane) -> None:
    """Have tasks tried again that policy refused some node; the lane is to be refreshed."""
    denied, lane.denied = lane.denied, {}
    for entry in denied.values():
        entry.barred = frozenset()
        entry.refusals.clear()
        if entry.cell is not None:
            pool.enqueue(entry)


def settle(pool: Pool, entry: Entry, room: Room | None) -> None:
    """Book, queue or clear up after a task that has just reached its status, on that node before."""
    task = entry.task
    entry.pending = False
    if task.status not in ON_A_NODE or task.assignment != entry.lost:
        pool.duties.forget(task.task_id)
    if task.status in ON_A_NODE:
        _settle_on_node(pool, entry)
        return
    entry.leaves_for = ""
    pool.unbook(entry)
    if task.status is TaskStatus.QUEUED:
        pool.enqueue(entry)
        troubles.expire_at_deadline(pool, entry)
        if entry.lane.ended:
            troubles.after_agents_end(pool, entry.lane)
        return
    pool.take_out(entry)
    if task.status in ENDED:
        if room is not None:
            pool.nodes.tried(room, failed=False, now_ns=pool.now_ns)
        pool.forget(entry)
    else:
        pool.remember_failure(entry)
        troubles.after_failure(pool, entry, room)


def _settle_on_node(pool: Pool, entry: Entry) -> None:
    node_id = entry.task.node_id
    room = pool.nodes.rooms.get(node_id)
    pool.take_out(entry)
    if room is None:
        pool.unbook(entry)
        troubles.after_loss(pool, entry, "its node was lost")
        return
    if entry.room is not room:
        pool.book(entry, room)
    if entry.task.leaving is not None:
        entry.leaves_for = entry.task.leaving.by_task_id or "?"
        room.leaving[entry.task.task_id] = entry
    pool.nodes.expose(entry)
    if entry.task.status is TaskStatus.RUNNING and room.on_trial():
        pool.nodes.tried(room, failed=False, now_ns=pool.now_ns)


def _fold_task(pool: Pool, seq: int, lane: Lane, event: TaskEvent) -> None:
    entry = pool.entries.get(event.task_id)
    if entry is None:
        task = evolve_task(Task(), event)
        if task.status is TaskStatus.QUEUED:
            settle(pool, pool.know(task, lane, seq), None)
        return
    before, room = entry.task, entry.room
    if isinstance(event, TaskAssigned):
        if room is not None:
            pool.nodes.spare(entry, room)
        entry.order = seq
    entry.task = evolve_task(before, event)
    if _standing(before) != _standing(entry.task):
        lane.expected.discard(event.task_id)
        settle(pool, entry, room)


def _standing(task: Task) -> tuple[TaskStatus, int, bool]:
    return task.status, task.assignment, task.leaving is not None


def _fold_node(pool: Pool, event: NodeEvent) -> None:
    nodes, node_id = pool.nodes, event.node_id
    if isinstance(event, NodeDrained):
        if (room := nodes.rooms.get(node_id)) is not None:
            room.accepting = False
    elif isinstance(event, NodeJoined):
        before = nodes.leave(node_id)
        _lose(pool, before, "its node started again", nodes.join(NODE.evolve(Node(), event)))
    else:
        _lose(pool, nodes.leave(node_id, for_good=isinstance(event, NodeRemoved)), "its node was lost")
    pool.settle_nodes()


def _lose(pool: Pool, before: Room | None, why: str, now: Room | None = None) -> None:
    """Owe what is to be done about the tasks of a node that is gone, or is empty *now*."""
    if before is None:
        return
    for entry in [*before.held.values()]:
        if entry.task.status in ON_A_NODE:
            pool.unbook(entry)
            troubles.after_loss(pool, entry, why)
        elif now is not None:  # an assignment that is decided and not recorded yet
            pool.book(entry, now)
    for claim in [*before.claims]:
        pool.let_go(claim)
