"""Which queued task runs next, and where: a function of the events seen, and of nothing else.

Non-goals, for now: fairness between tenants, deadlines, ageing, preemption, sandbox tiers.
"""

import heapq
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from itertools import islice
from typing import TypeAlias

from events.agent import AgentEvent
from events.base import Event
from events.commands import AssignTask, CancelTask, DeadLetterTask, RequeueTask, RetryTask
from events.identifiers import boundary
from events.node import Capacity, NodeDrained, NodeEvent, NodeJoined, NodeLost, NodeRemoved
from events.task import PriorityTier, TaskAssigned, TaskEvent

from .agent import AGENT, ENDED, Agent, AgentState
from .node import Node as NodeFacts
from .node import NodeState
from .task import ENDED as TASK_ENDED
from .task import FAILED as TASK_FAILED
from .task import ON_A_NODE, Task, TaskStatus, evolve_task

Decision: TypeAlias = AssignTask | CancelTask | RetryTask | RequeueTask | DeadLetterTask
Rank: TypeAlias = tuple[int, int, int]
"""Tier, priority and age: the smallest goes first."""

UNRETRIED = frozenset({"no_sandbox", "image_missing", "refused"})
"""Failures that another try on the same machines cannot mend."""

LOST_TRIES = 3
"""How often a task is tried again because its node was lost, beyond the retries it asked for."""

FAILED_KEPT = 200_000
"""Failed tasks are remembered up to this many, as many as those who decide remember of all that have ended:
one that is forgotten here cannot be tried again there."""

PASSED_BY = 64
"""How many tasks that fit on no node now are passed by in the search for one that does."""


@dataclass(slots=True)
class _Entry:
    """One task that has not ended well, and where its demand is booked."""

    task: Task
    agent_id: str
    rank: Rank
    booked: str = ""
    losses: int = 0
    lost: int = 0
    """The assignment that was lost last."""
    decided: int = 0
    """How many events its agent had when its assignment was decided last."""


@dataclass(slots=True)
class _Node:
    """One joined node and what is booked on it."""

    node_id: str
    capacity: Capacity
    accepting: bool = True
    booked: dict[str, tuple[float, int]] = field(default_factory=dict)
    bodies: set[str] = field(default_factory=set)
    cpu_used: float = 0.0
    memory_used: int = 0

    def has_room(self, *, body: bool) -> bool:
        """Whether it has a place for one more task of this kind."""
        if body:
            return self.accepting and len(self.bodies) < self.capacity.bodies
        return self.accepting and len(self.booked) < self.capacity.tasks

    def could_hold(self, task: Task) -> bool:
        """Whether it fits when the node has nothing else to do."""
        if task.needs.body:
            return self.capacity.bodies > 0
        return (
            task.needs.cpu / 1000 <= self.capacity.cpu_cores + 1e-9
            and task.needs.memory <= self.capacity.memory_mb
        )

    def fits(self, task: Task) -> bool:
        return (
            self.has_room(body=task.needs.body)
            and self.cpu_used + task.needs.cpu / 1000 <= self.capacity.cpu_cores + 1e-9
            and self.memory_used + task.needs.memory <= self.capacity.memory_mb
        )

    def load(self, task: Task) -> int:
        """How many tasks of its kind are here."""
        return len(self.bodies if task.needs.body else self.booked)

    def book(self, task: Task) -> None:
        if task.needs.body:
            self.bodies.add(task.task_id)
        elif task.task_id not in self.booked:
            self.booked[task.task_id] = (task.needs.cpu / 1000, task.needs.memory)
            self.cpu_used += task.needs.cpu / 1000
            self.memory_used += task.needs.memory

    def release(self, task_id: str) -> None:
        self.bodies.discard(task_id)
        cpu, memory = self.booked.pop(task_id, (0.0, 0))
        self.cpu_used = max(0.0, self.cpu_used - cpu)
        self.memory_used -= memory


@dataclass(slots=True)
class _Lane:
    """One agent and its queued tasks, best first."""

    agent: Agent = field(default_factory=Agent)
    queue: list[tuple[Rank, str]] = field(default_factory=list)
    expected: set[str] = field(default_factory=set)
    """Tasks whose assignment is decided and not recorded yet."""
    refused: set[str] = field(default_factory=set)
    """Queued tasks whose assignment was refused; they wait for the agent's next event."""
    offered: Rank | None = None
    """The rank under which its best task is among the offers; what is there under another is void."""
    events: int = 0

    @property
    def may_run(self) -> bool:
        agent = self.agent
        return (
            agent.state in (AgentState.READY, AgentState.RUNNING)
            and not agent.quarantined
            and agent.config is not None
            and len(agent.running | self.expected) < agent.config.max_concurrent_tasks
        )


class Schedule:
    """The scheduler's state, folded from the log; `decide` says what to command next.

    What it has decided counts as done until an event says otherwise or `refused` is called, so nothing is
    decided twice. Costs are logarithmic in the length of the queue.
    """

    def __init__(self) -> None:
        self._lanes: dict[str, _Lane] = {}
        self._entries: dict[str, _Entry] = {}
        self._failed: dict[str, None] = {}
        """Tasks that have failed, in the order in which they did."""
        self._nodes: dict[str, _Node] = {}
        self._offers: dict[bool, list[tuple[Rank, str]]] = {False: [], True: []}
        """The best task of each lane; those that are bodies by themselves, since others may have no room."""
        self._too_large: list[tuple[Rank, str, bool]] = []
        """Offers that no node could hold, whatever ends: they wait for another node."""
        self._ahead: dict[str, int] = {}
        """Boundary → up to which position its events are known without having been taken."""
        self._suspects: dict[str, tuple[int, str]] = {}
        """Task → the assignment that is lost, and why, unless it turns out to be newer than the loss."""
        self._owed: dict[str, Decision] = {}
        """Task → what must be commanded about it, where that is no assignment."""

    @classmethod
    def restored(
        cls,
        agents: Mapping[str, Agent],
        tasks: Iterable[tuple[str, Task]],
        nodes: Iterable[NodeFacts],
        ahead: Mapping[str, int] | None = None,
    ) -> "Schedule":
        """The state as of a snapshot; *tasks* are (agent id, task), oldest first.

        *ahead* says of boundaries whose events are in the state already, up to which position: whoever takes
        a snapshot knows what it wrote itself before the log brings it. These events will come once more.
        """
        self = cls()
        self._ahead = dict(ahead or {})
        for node in nodes:
            if node.state in (NodeState.JOINED, NodeState.DRAINING) and node.capacity is not None:
                self._nodes[node.node_id] = _Node(node.node_id, node.capacity, node.state is NodeState.JOINED)
        self._lanes = {agent_id: _Lane(agent) for agent_id, agent in agents.items()}
        for age, (agent_id, task) in enumerate(tasks):
            if task.status not in TASK_ENDED:
                self._entries[task.task_id] = entry = _Entry(task, agent_id, _rank(task, age))
                self._settle(entry)
        for agent_id, lane in self._lanes.items():
            if lane.agent.state in ENDED:
                self._abandon(agent_id, lane)
        self._offer_all()
        return self

    def take(self, seq: int, agent_id: str | None, event: Event) -> None:
        """Fold one event at position *seq*."""
        if isinstance(event, TaskAssigned):
            self._suspects.pop(event.task_id, None)
        if self._ahead and seq <= self._ahead.get(_boundary_of(agent_id, event), 0):
            if isinstance(event, NodeJoined | NodeLost | NodeRemoved):
                self._suspect(event)
        elif isinstance(event, NodeEvent):
            self._take_node(event)
        elif agent_id is not None and isinstance(event, AgentEvent | TaskEvent):
            lane = self._lanes.get(agent_id)
            if lane is None:
                lane = self._lanes[agent_id] = _Lane()
            lane.agent = AGENT.evolve(lane.agent, event)
            lane.events += 1
            self._forgive(lane)
            if isinstance(event, TaskEvent):
                lane.expected.discard(event.task_id)
                self._take_task(seq, agent_id, event)
            elif lane.agent.state in ENDED:
                self._abandon(agent_id, lane)
            self._offer(agent_id, lane)

    def decide(self, most: int = 500) -> list[Decision]:
        """What to command now, at most *most*; an empty list when everything must wait."""
        self._lose_suspects()
        decisions = [self._owed.pop(task_id) for task_id in list(islice(self._owed, most))]
        while len(decisions) < most and (assignment := self._next_assignment()) is not None:
            decisions.append(assignment)
        return decisions

    def refused(self, decision: Decision) -> None:
        """A decision was not carried out: its task waits for an event of the agent that is newer than it."""
        entry = self._entries.get(decision.task_id)
        if entry is None or not isinstance(decision, AssignTask):
            return
        lane = self._lanes[entry.agent_id]
        lane.expected.discard(decision.task_id)
        if entry.task.status is TaskStatus.QUEUED:
            self._unbook(entry)
            lane.refused.add(decision.task_id)
            if lane.events > entry.decided:
                self._forgive(lane)
        if lane.agent.state in ENDED:
            self._abandon(entry.agent_id, lane)
        self._offer(entry.agent_id, lane)

    @property
    def waiting(self) -> int:
        """How many tasks are queued and not placed."""
        return sum(1 for entry in self._entries.values() if _waits(entry))

    @property
    def nodes(self) -> list[str]:
        """The nodes that have joined and are not lost."""
        return list(self._nodes)

    def _take_task(self, seq: int, agent_id: str, event: TaskEvent) -> None:
        known = self._entries.get(event.task_id)
        task = evolve_task(known.task if known else Task(), event)
        if known is None:
            if task.status is not TaskStatus.QUEUED:
                return
            known = self._entries[event.task_id] = _Entry(task, agent_id, _rank(task, seq))
            self._settle(known)
            return
        before, known.task = known.task, task
        if before.status is not task.status or before.assignment != task.assignment:
            self._settle(known)

    def _settle(self, entry: _Entry) -> None:
        """Book, queue or clear up after a task that has just reached its status."""
        task, names = entry.task, {"agent_id": entry.agent_id, "task_id": entry.task.task_id}
        if task.status not in ON_A_NODE or task.assignment != entry.lost:
            self._owed.pop(task.task_id, None)
        self._remember_failure(task)
        if task.status in ON_A_NODE:
            if entry.booked != task.node_id or entry.booked not in self._nodes:
                self._unbook(entry)
                self._book(entry, task.node_id)
            if task.node_id not in self._nodes:
                self._lost(entry, "its node was lost")
            return
        self._unbook(entry)
        if task.status is TaskStatus.QUEUED:
            heapq.heappush(self._lanes.setdefault(entry.agent_id, _Lane()).queue, (entry.rank, task.task_id))
        elif task.status in TASK_ENDED:
            del self._entries[task.task_id]
        elif task.status is TaskStatus.DEAD_LETTERED or self._lanes[entry.agent_id].agent.state in ENDED:
            pass  # a person may still ask for another try, unless the agent has ended
        elif task.failure not in UNRETRIED and task.attempt < task.max_retries:
            self._owed[task.task_id] = RetryTask(**names, reason=f"retry after: {task.failure}")
        elif task.max_retries:
            tries = task.attempt + 1
            reason = f"gave up after {tries} tries: {task.failure}"
            self._owed[task.task_id] = DeadLetterTask(**names, reason=reason)

    def _remember_failure(self, task: Task) -> None:
        """Keep the newest failures only."""
        self._failed.pop(task.task_id, None)
        if task.status in TASK_FAILED:
            self._failed[task.task_id] = None
            if len(self._failed) > FAILED_KEPT:
                oldest = next(iter(self._failed))
                del self._failed[oldest], self._entries[oldest]
                self._owed.pop(oldest, None)

    def _take_node(self, event: NodeEvent) -> None:
        if isinstance(event, NodeJoined):
            self._nodes[event.node_id] = _Node(event.node_id, event.capacity)
            self._lose_tasks(event.node_id, "its node started again")
            for rank, agent_id, body in self._too_large:
                heapq.heappush(self._offers[body], (rank, agent_id))
            self._too_large.clear()
        elif isinstance(event, NodeDrained):
            if event.node_id in self._nodes:
                self._nodes[event.node_id].accepting = False
        else:
            self._nodes.pop(event.node_id, None)
            self._lose_tasks(event.node_id, "its node was lost")

    def _lose_tasks(self, node_id: str, why: str) -> None:
        for entry in self._entries.values():
            if entry.task.status in ON_A_NODE and entry.task.node_id == node_id:
                entry.booked = ""
                self._lost(entry, why)
            elif entry.booked == node_id:  # an assignment that is decided and not recorded yet
                self._book(entry, node_id)

    def _suspect(self, event: NodeJoined | NodeLost | NodeRemoved) -> None:
        """What the node held before *event* is lost; what it was given since will be told of again."""
        why = "its node started again" if isinstance(event, NodeJoined) else "its node was lost"
        for task_id, entry in self._entries.items():
            if entry.task.status in ON_A_NODE and entry.task.node_id == event.node_id:
                self._suspects[task_id] = (entry.task.assignment, why)

    def _lose_suspects(self) -> None:
        for task_id, (assignment, why) in self._suspects.items():
            entry = self._entries.get(task_id)
            if entry is not None and entry.task.status in ON_A_NODE and entry.task.assignment == assignment:
                self._lost(entry, why)
        self._suspects.clear()

    def _lost(self, entry: _Entry, why: str) -> None:
        if entry.lost == entry.task.assignment:
            return
        entry.lost = entry.task.assignment
        entry.losses += 1
        names = {"agent_id": entry.agent_id, "task_id": entry.task.task_id}
        if entry.losses <= LOST_TRIES + entry.task.max_retries:
            self._owed[entry.task.task_id] = RequeueTask(**names, reason=why)
        else:
            reason = f"{why}, {entry.losses} times over"
            self._owed[entry.task.task_id] = CancelTask(**names, reason=reason)

    def _abandon(self, agent_id: str, lane: _Lane) -> None:
        """Cancel what waits for an agent that will run nothing any more."""
        for _, task_id in sorted(lane.queue):
            entry = self._entries.get(task_id)
            if entry is not None and entry.task.status is TaskStatus.QUEUED:
                reason = "its agent has ended"
                self._owed[task_id] = CancelTask(agent_id=agent_id, task_id=task_id, reason=reason)
        lane.queue.clear()

    def _forgive(self, lane: _Lane) -> None:
        """Let the tasks of a lane whose assignment was refused be tried again."""
        for task_id in lane.refused:
            entry = self._entries.get(task_id)
            if entry is not None and entry.task.status is TaskStatus.QUEUED:
                heapq.heappush(lane.queue, (entry.rank, task_id))
        lane.refused.clear()

    def _book(self, entry: _Entry, node_id: str) -> None:
        node = self._nodes.get(node_id)
        if node is not None:
            node.book(entry.task)
            entry.booked = node_id

    def _unbook(self, entry: _Entry) -> None:
        node = self._nodes.get(entry.booked)
        if node is not None:
            node.release(entry.task.task_id)
        entry.booked = ""

    def _best(self, lane: _Lane) -> _Entry | None:
        """The best task of the lane that waits, if its agent may run one more."""
        while lane.queue and not _waits(self._entries.get(lane.queue[0][1])):
            heapq.heappop(lane.queue)
        return self._entries[lane.queue[0][1]] if lane.queue and lane.may_run else None

    def _offer(self, agent_id: str, lane: _Lane) -> None:
        """Put the lane's best task forward."""
        best = self._best(lane)
        if best is not None and best.rank != lane.offered:
            lane.offered = best.rank
            heapq.heappush(self._offers[best.task.needs.body], (best.rank, agent_id))

    def _offer_all(self) -> None:
        for agent_id, lane in self._lanes.items():
            self._offer(agent_id, lane)

    def _next_assignment(self) -> AssignTask | None:
        """The best task that an agent may run and a node can hold."""
        passed: list[tuple[Rank, str, bool]] = []
        found: AssignTask | None = None
        while found is None and len(passed) < PASSED_BY and (body := self._next_kind()) is not None:
            rank, agent_id = heapq.heappop(self._offers[body])
            lane = self._lanes[agent_id]
            if lane.offered != rank:
                continue  # another offer of the lane has taken its place
            entry = self._best(lane)
            if entry is None or entry.rank != rank:
                lane.offered = None
                self._offer(agent_id, lane)
                continue
            node = self._place(entry.task)
            if node is None:
                aside = passed if self._could_hold(entry.task) else self._too_large
                aside.append((rank, agent_id, body))
                continue
            found = self._assign(agent_id, lane, entry, node)
        for rank, agent_id, body in passed:
            heapq.heappush(self._offers[body], (rank, agent_id))
        return found

    def _next_kind(self) -> bool | None:
        """Which kind of task has the best offer of those that a node has a place for; None: there is none."""
        kinds = [
            body
            for body, offers in self._offers.items()
            if offers and any(node.has_room(body=body) for node in self._nodes.values())
        ]
        return min(kinds, key=lambda body: self._offers[body][0], default=None)

    def _assign(self, agent_id: str, lane: _Lane, entry: _Entry, node: _Node) -> AssignTask:
        heapq.heappop(lane.queue)
        self._book(entry, node.node_id)
        entry.decided = lane.events
        lane.expected.add(entry.task.task_id)
        lane.offered = None
        self._offer(agent_id, lane)
        return AssignTask(
            agent_id=agent_id, task_id=entry.task.task_id, node_id=node.node_id, reason="least loaded"
        )

    def _could_hold(self, task: Task) -> bool:
        return any(node.could_hold(task) for node in self._nodes.values())

    def _place(self, task: Task) -> _Node | None:
        """The least loaded node that the task fits on."""
        fitting = [node for node in self._nodes.values() if node.fits(task)]
        return min(fitting, key=lambda node: (node.load(task), node.node_id), default=None)


def _boundary_of(agent_id: str | None, event: Event) -> str:
    return boundary(agent_id, event.aggregate, event.about() or "")


def _rank(task: Task, age: int) -> Rank:
    return (0 if task.tier is PriorityTier.REALTIME else 1, -task.priority, age)


def _waits(entry: _Entry | None) -> bool:
    return entry is not None and entry.task.status is TaskStatus.QUEUED and not entry.booked
