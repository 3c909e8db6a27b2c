"""Which queued task runs next, and where: a function of the events seen, and of nothing else.

Non-goals: gangs of tasks that only run together, and moving tasks that run, but for preemption.
"""

from collections.abc import Iterable, Mapping
from dataclasses import replace

from events.agent_config import SandboxTier
from events.base import Event
from events.commands import AssignTask, ExpireTask, PreemptTask, RefuseTask

from ..agent import Agent
from ..node import Node, NodeState
from ..task import ENDED, Task, TaskStatus
from . import folding, ranking, troubles
from .ahead import Ahead
from .assigning import Assigning
from .decision import Decision
from .entry import Entry
from .pool import Pool
from .preempting import Preempting
from .tuning import Tuning
from .why import Waiting, why

LOOKS_ROUND_EVERY_NS = 1_000_000_000
"""How often, at most, it is looked for tasks that have waited too long."""


class Schedule:
    """The scheduler's state, folded from the log; `decide` says what to command next.

    Given the same calls in the same order it decides the same. What it has decided counts as done until an
    event says otherwise or `refused` or `denied` is called, so nothing is decided twice. No decision takes
    longer because more tasks wait: what it costs depends on how many different sizes and demands they have.
    """

    def __init__(self, tuning: Tuning = Tuning()) -> None:
        self._pool = Pool(tuning)
        self._assigning = Assigning(self._pool)
        self._preempting = Preempting(self._pool)
        self._ahead = Ahead({})
        self._looked_round_ns = 0

    @classmethod
    def restored(
        cls,
        agents: Mapping[str, Agent],
        tasks: Iterable[tuple[str, Task]],
        nodes: Iterable[Node],
        ahead: Mapping[str, int] | None = None,
        tuning: Tuning = Tuning(),
    ) -> "Schedule":
        """The state as of a snapshot; *tasks* are (agent id, task), oldest first.

        *ahead* says of boundaries whose events are in the state already, up to which position; these events
        will be taken once more.
        """
        self = cls(tuning)
        self._ahead = Ahead(ahead or {})
        pool = self._pool
        for node in nodes:
            if node.state in (NodeState.JOINED, NodeState.DRAINING) and node.capacity is not None:
                pool.nodes.join(node)
            elif node.state is NodeState.LOST:
                pool.nodes.know(node)
        pool.settle_nodes()
        for agent_id, agent in agents.items():
            pool.queue.lane(agent_id).agent = agent
        for order, (agent_id, task) in enumerate(tasks):
            if task.status not in ENDED:
                entry = pool.know(task, pool.queue.lane(agent_id), order)
                entry.order = order
                folding.settle(pool, entry, None)
        for lane in pool.queue.lanes.values():
            if lane.ended:
                troubles.after_agents_end(pool, lane)
            pool.queue.refresh(lane)
        return self

    def take(self, seq: int, agent_id: str | None, event: Event, at_ns: int = 0) -> None:
        """Fold one event at position *seq*, which happened at *at_ns*, in nanoseconds since the epoch."""
        self._tell_time(at_ns)
        if not self._ahead.passes_over(self._pool, seq, agent_id, event):
            folding.fold(self._pool, seq, agent_id, event)

    def decide(self, most: int = 500, *, now_ns: int = 0) -> list[Decision]:
        """What to command now, about *most* at a time; an empty list when everything must wait.

        *now_ns* is what the clock says, where that is later than the newest event.
        """
        self._tell_time(now_ns)
        self._ahead.lose_suspects(self._pool)
        self._look_round()
        decisions: list[Decision] = [*self._due(most)]
        while len(decisions) < most:
            if (found := self._assigning.next()) is not None:
                decisions.append(found)
            elif preempted := self._preempting.next():
                decisions += preempted
            else:
                break
        return decisions

    @property
    def wakes_at(self) -> int | None:
        """When there will be something to decide even if nothing happens; none where there will not."""
        pool, next_look = self._pool, self._looked_round_ns + LOOKS_ROUND_EVERY_NS
        looking = (pool.nodes.rests_until(), self._assigning.looks_again_at_ns)
        times = [max(at, next_look) for at in looking if at is not None]
        owed = pool.duties.next_at()
        return min(times if owed is None else [*times, owed], default=None)

    def refused(self, decision: Decision) -> None:
        """A decision was not carried out: its task waits for an event of the agent that is newer than it."""
        task_id = getattr(decision, "task_id", None)
        entry = self._pool.entries.get(task_id) if task_id else None
        if entry is None:
            return
        if isinstance(decision, PreemptTask):
            self._keeps_its_place(entry)
        elif isinstance(decision, AssignTask | RefuseTask):
            self._waits_again(entry)
        elif isinstance(decision, ExpireTask) and entry.task.status is TaskStatus.QUEUED:
            entry.pending = False
            self._pool.enqueue(entry)
            self._pool.duties.owe(entry.task.task_id, decision, self._pool.now_ns + LOOKS_ROUND_EVERY_NS)
            self._pool.queue.refresh(entry.lane)

    def denied(self, decision: AssignTask, why: str) -> None:
        """Policy said no to an assignment: that node is not asked for again before there is news.

        News is an event of the agent itself, or `policy_changed`. The task may go to other nodes.
        """
        entry = self._decided(decision)
        if entry is not None:
            entry.refusals[decision.node_id] = why
            entry.barred |= {decision.node_id}
            self._try_anew(entry)
            entry.lane.denied[entry.task.task_id] = entry

    def demanded(self, decision: AssignTask, tier: SandboxTier) -> None:
        """Policy wants the run isolated more strictly than was assigned: it is placed anew, with that."""
        entry = self._decided(decision)
        if entry is not None:
            entry.task = replace(entry.task, needs=replace(entry.task.needs, tier=tier))
            self._try_anew(entry)

    def policy_changed(self) -> None:
        """Other policies are active: what they denied is tried again."""
        for lane in self._pool.queue.lanes.values():
            if lane.denied:
                folding.forgive_denials(self._pool, lane)
                self._pool.queue.refresh(lane)

    def why(self, task_id: str) -> Waiting:
        """Why the task waits, and what would let it run."""
        return why(self._pool, task_id)

    @property
    def waiting(self) -> int:
        """How many tasks are queued and not placed."""
        return sum(1 for entry in self._pool.entries.values() if entry.waits)

    @property
    def claims(self) -> dict[str, str]:
        """The tasks that a node keeps room for until there is enough of it, and which node that is."""
        claims = self._pool.claims
        return {entry.task.task_id: entry.claim.node_id for entry in claims if entry.claim is not None}

    @property
    def nodes(self) -> list[str]:
        """The nodes that have joined and are not lost."""
        return list(self._pool.nodes.rooms)

    def _tell_time(self, now_ns: int) -> None:
        if now_ns > self._pool.now_ns:
            self._pool.now_ns = now_ns

    def _due(self, most: int) -> list[Decision]:
        """What is owed now; a task that something is decided about stands in no queue."""
        pool, due = self._pool, self._pool.duties.take(most, self._pool.now_ns)
        for duty in due:
            entry = pool.entries.get(getattr(duty, "task_id", ""))
            if entry is not None and entry.waits:
                pool.take_out(entry)
                entry.pending = True
                pool.queue.refresh(entry.lane)
        return [*due]

    def _look_round(self) -> None:
        """See what time alone has changed."""
        pool = self._pool
        if pool.now_ns < self._looked_round_ns + LOOKS_ROUND_EVERY_NS:
            return
        self._looked_round_ns = pool.now_ns
        pool.nodes.rest(pool.now_ns)
        self._assigning.look_again()
        for entry in pool.claims.void():
            pool.let_go(entry)
        self._promote()
        pool.claims.for_those_who_waited_too_long(pool.now_ms)

    def _promote(self) -> None:
        """Let batch tasks that are overdue by long go with the real-time tasks."""
        pool = self._pool
        overdue = pool.now_ms - ranking.PROMOTED_AFTER_MS
        for line in [*pool.queue.lines()]:
            if line.realtime:
                continue
            for cell in [*line.open, *line.closed]:
                while ranking.is_due(cell.key, overdue) and (entry := pool.queue.head(cell)) is not None:
                    if not ranking.is_due(entry.key, overdue):
                        break
                    pool.enqueue(entry)
                    pool.queue.refresh(entry.lane)

    def _decided(self, decision: AssignTask) -> Entry | None:
        """The task of an assignment that was decided and is not recorded."""
        entry = self._pool.entries.get(decision.task_id)
        if entry is None or entry.task.status is not TaskStatus.QUEUED or entry.room is None:
            return None
        return entry

    def _try_anew(self, entry: Entry) -> None:
        pool = self._pool
        entry.lane.expected.discard(entry.task.task_id)
        pool.unbook(entry)
        pool.enqueue(entry)
        troubles.expire_at_deadline(pool, entry)
        pool.queue.refresh(entry.lane)

    def _waits_again(self, entry: Entry) -> None:
        pool, lane, task_id = self._pool, entry.lane, entry.task.task_id
        lane.expected.discard(task_id)
        if entry.task.status is TaskStatus.QUEUED:
            entry.pending = False
            pool.unbook(entry)
            lane.refused[task_id] = entry
            if lane.events > entry.decided:
                folding.forgive(pool, lane)
        if lane.ended:
            troubles.after_agents_end(pool, lane)
        pool.queue.refresh(lane)

    def _keeps_its_place(self, victim: Entry) -> None:
        pool, room, other = self._pool, victim.room, victim.leaves_for
        victim.leaves_for = ""
        if room is not None:
            room.leaving.pop(victim.task.task_id, None)
            pool.nodes.expose(victim)
            still = any(each.leaves_for == other for each in room.leaving.values())
            for claim in [] if still else [each for each in room.claims if each.task.task_id == other]:
                pool.let_go(claim)
