"""One agent, and the queue of its tasks."""

import heapq
from dataclasses import dataclass, field

from ..agent import ENDED, Agent, AgentState
from ..task import TaskStatus
from .entry import Entry
from .line import Cell


@dataclass(slots=True, eq=False)
class Lane:
    """An agent's queued tasks, by the cell that each is queued in; its best of each cell is offered there."""

    agent_id: str
    agent: Agent = field(default_factory=Agent)
    tasks: dict[Cell, list[tuple[int, Entry]]] = field(default_factory=dict)
    """Heaps; an entry that is queued elsewhere, or not at all, is void."""
    offers: dict[Cell, int] = field(default_factory=dict)
    """The key under which its best task is offered in each cell; what lies there under another is void."""
    withheld: dict[Cell, None] = field(default_factory=dict)
    """Cells in which it has tasks to offer as soon as it may run one more."""
    expected: set[str] = field(default_factory=set)
    """Tasks whose assignment is decided and not recorded yet."""
    refused: dict[str, Entry] = field(default_factory=dict)
    """Queued tasks about which a decision was refused; they wait for the agent's next event."""
    denied: dict[str, Entry] = field(default_factory=dict)
    """Tasks that policy refused some node; they wait for news of the agent itself, or of policy."""
    events: int = 0
    """How many events of the agent have been seen."""

    @property
    def busy(self) -> bool:
        """Whether it runs as many tasks as its configuration allows at once."""
        agent, expected = self.agent, self.expected
        running = len(agent.running | expected) if expected else len(agent.running)
        return agent.config is None or running >= agent.config.max_concurrent_tasks

    @property
    def may_run(self) -> bool:
        """Whether it may be given one more task now."""
        agent = self.agent
        return (
            (agent.state is AgentState.READY or agent.state is AgentState.RUNNING)
            and not agent.quarantined
            and not self.busy
        )

    @property
    def ended(self) -> bool:
        return self.agent.state in ENDED

    def best(self, cell: Cell) -> Entry | None:
        """Its first task of the cell that waits; none where there is none."""
        heap = self.tasks.get(cell)
        while heap:
            entry = heap[0][1]
            if entry.cell is cell and entry.waits:
                return entry
            heapq.heappop(heap)
        self.tasks.pop(cell, None)
        return None

    def queued(self) -> list[Entry]:
        """All of its tasks that are queued, those that wait for something too, in the order of their keys."""
        found = {
            entry.task.task_id: entry
            for heap in self.tasks.values()
            for _, entry in heap
            if entry.task.status is TaskStatus.QUEUED
        }
        return sorted({**found, **self.refused}.values(), key=lambda entry: entry.key)

    def __lt__(self, other: "Lane") -> bool:
        return False  # in heaps beside equal keys, which only the same lane has
