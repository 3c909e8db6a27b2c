"""What is going on now: the example agents and their tasks, folded from the events as they come."""

import time
from dataclasses import dataclass, field

from app.domain.agent import AGENT, Agent, AgentState
from app.domain.task import FAILED, Task, TaskStatus, evolve_task
from events.agent import AgentEvent
from events.codec import Fact
from events.task import TaskEvent, TaskFailed, TaskTimedOut
from events.tool import ToolCallRequested, ToolEvent

OVER = frozenset({TaskStatus.COMPLETED, TaskStatus.CANCELLED, TaskStatus.DEAD_LETTERED})
NOT_RUNNABLE = frozenset({"no_sandbox", "image_missing"})
"""Reasons of failure that are the machine's, not the task's."""


@dataclass
class Watched:
    """One task on the scene."""

    agent_id: str
    title: str
    expect: str
    because: str = ""
    proof: str = ""
    """What `written` or `detail` must hold, or it ended for another reason than `because`."""
    written: str = ""
    """Its output, once it is over and was read."""
    task: Task = field(default_factory=Task)
    why: str = ""
    detail: str = ""
    began: float = field(default_factory=time.monotonic)
    ended: float | None = None

    @property
    def over(self) -> bool:
        """Whether nothing more happens to it by itself."""
        status = self.task.status
        return status in OVER or (status in FAILED and not self.task.max_retries)

    @property
    def not_runnable(self) -> bool:
        """Whether it ended because this machine cannot run programs safely."""
        return self.over and self.why in NOT_RUNNABLE

    @property
    def as_expected(self) -> bool:
        """Whether it ended as it should, and for the reason that it should."""
        return self.task.status == self.expect and self.proof in f"{self.written}\n{self.detail}"


@dataclass
class Scene:
    """Agents and tasks by id; `take` moves them on."""

    agents: dict[str, Agent] = field(default_factory=dict)
    tasks: dict[str, Watched] = field(default_factory=dict)
    events: int = 0
    """How many events were taken, of whatever kind."""
    calls: int = 0
    """How many calls of tools were asked for."""

    def take(self, fact: Fact) -> bool:
        """Fold one event; True where it concerns an agent of the scene."""
        self.events += 1
        agent_id, event = fact.envelope.agent, fact.event
        if agent_id not in self.agents:
            return False
        if isinstance(event, ToolEvent):
            self.calls += isinstance(event, ToolCallRequested)
            return True
        if not isinstance(event, AgentEvent | TaskEvent):
            return False
        self.agents[agent_id] = AGENT.evolve(self.agents[agent_id], event)
        watched = self.tasks.get(getattr(event, "task_id", ""))
        if watched is not None and isinstance(event, TaskEvent):
            self._move(watched, event)
        return True

    def _move(self, watched: Watched, event: TaskEvent) -> None:
        watched.task = evolve_task(watched.task, event)
        if isinstance(event, TaskFailed):
            watched.why, watched.detail = event.reason, event.detail
        elif isinstance(event, TaskTimedOut):
            watched.why = "timeout"
        if watched.over and watched.ended is None:
            watched.ended = time.monotonic()

    @property
    def still(self) -> bool:
        """Whether every task is over, and every agent at rest."""
        at_rest = all(agent.state is not AgentState.RUNNING for agent in self.agents.values())
        return at_rest and all(watched.over for watched in self.tasks.values())

    def of(self, agent_id: str) -> list[Watched]:
        """The agent's tasks, in the order of their submission."""
        return [watched for watched in list(self.tasks.values()) if watched.agent_id == agent_id]
