"""A scheduler fed by hand: events one after the other, at a time that the test sets."""

from dataclasses import dataclass, field
from typing import Any

from app.domain.scheduling import Decision, Schedule, Tuning
from events import clock
from events.agent import AgentReadied, AgentRegistered, AgentSpawned
from events.agent_config import AgentConfig, DataClass, ResourceLimits, SandboxTier
from events.base import Event
from events.commands import AssignTask, PreemptTask
from events.node import Capacity, NodeJoined
from events.placement import Placement
from events.task import (
    BodyWork,
    CommandWork,
    NoopWork,
    PriorityTier,
    TaskAssigned,
    TaskCompleted,
    TaskFailed,
    TaskPreempted,
    TaskPreemptionRequested,
    TaskStarted,
    TaskSubmitted,
)
from tests.support.facts import DIGEST

BEGAN_NS = 1_795_255_200_000_000_000
SECOND = 1_000_000_000


@dataclass
class SmallPool:
    """The scheduler, what has happened, and what runs where as the log says."""

    tuning: Tuning = field(default_factory=Tuning)
    now_ns: int = BEGAN_NS
    seq: int = 0
    at: dict[str, str] = field(default_factory=dict)
    """Task → the node that it stands on."""
    of: dict[str, str] = field(default_factory=dict)
    """Task → its agent."""
    assignments: dict[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.schedule = Schedule(self.tuning)

    def take(self, event: Event, agent: str | None = None) -> None:
        """An event of the log, a millisecond after the one before."""
        self.seq += 1
        self.now_ns += 1_000_000
        self.schedule.take(self.seq, agent, event, self.now_ns)

    def wait(self, seconds: float) -> None:
        """Time passes."""
        self.now_ns += int(seconds * SECOND)

    def node(
        self,
        name: str = "n1",
        *,
        cores: float = 4,
        memory: int = 4096,
        tasks: int = 10,
        bodies: int = 0,
        tiers: tuple[SandboxTier, ...] = (),
        cleared_for: list[DataClass] | None = None,
        **labels: str,
    ) -> None:
        """A node joins."""
        capacity = Capacity(cpu_cores=cores, memory_mb=memory, tasks=tasks, bodies=bodies)
        joined = NodeJoined(
            node_id=name, capacity=capacity, tiers=[*tiers], labels=labels, cleared_for=cleared_for
        )
        self.take(joined)

    def agent(self, name: str = "a1", at_once: int = 100, **settings: Any) -> None:
        """An agent is ready."""
        config = AgentConfig(name="x", max_concurrent_tasks=at_once, **settings)
        self.take(
            AgentRegistered(agent_id=name, title="x", definition_digest=DIGEST, owner="human/alice"), name
        )
        self.take(AgentSpawned(agent_id=name, definition_digest=DIGEST), name)
        self.take(AgentReadied(agent_id=name, config=config), name)

    def submit(
        self,
        task: str,
        agent: str = "a1",
        *,
        cores: float = 1,
        memory: int = 512,
        priority: int = 0,
        realtime: bool = False,
        body: bool = False,
        program: bool = False,
        tier: SandboxTier | None = None,
        tenant: str = "default",
        retries: int = 0,
        due_in: float | None = None,
        classes: tuple[DataClass, ...] = (),
        **placement: dict[str, str],
    ) -> None:
        """A task is queued; its deadline is *due_in* seconds from now."""
        work = CommandWork(argv=["true"], image="x") if program else BodyWork() if body else NoopWork()
        self.of[task] = agent
        self.take(
            TaskSubmitted(
                task_id=task,
                agent_id=agent,
                work=work,
                limits=ResourceLimits(cpu_cores=cores, memory_mb=memory),
                priority=priority,
                tier=PriorityTier.REALTIME if realtime else PriorityTier.BATCH,
                sandbox=tier,
                tenant=tenant,
                max_retries=retries,
                submitted_at=clock.to_wire(self.now_ns),
                deadline=None if due_in is None else clock.to_wire(self.now_ns + int(due_in * SECOND)),
                data_classes=[*classes],
                placement=Placement(**placement) if placement else None,
            ),
            agent,
        )

    def decide(self, most: int = 500) -> list[Decision]:
        """What the scheduler decides now."""
        return self.schedule.decide(most, now_ns=self.now_ns)

    def record(self, decision: Decision) -> None:
        """An assignment or a preemption is carried out; a victim leaves at once."""
        if isinstance(decision, AssignTask):
            number = self.assignments[decision.task_id] = self.assignments.get(decision.task_id, 0) + 1
            self.at[decision.task_id] = decision.node_id
            self.take(
                TaskAssigned(
                    task_id=decision.task_id,
                    agent_id=decision.agent_id,
                    node_id=decision.node_id,
                    assignment=number,
                    attempt=1,
                    sandbox=decision.sandbox,
                ),
                decision.agent_id,
            )
        elif isinstance(decision, PreemptTask):
            task, number = decision.task_id, self.assignments[decision.task_id]
            self.take(
                TaskPreemptionRequested(
                    task_id=task, assignment=number, by_task_id=decision.by_task_id, reason=decision.reason
                ),
                decision.agent_id,
            )
            self.leave(task)

    def leave(self, task: str) -> None:
        """The node says that nothing of a task that was to make room runs any more."""
        del self.at[task]
        self.take(TaskPreempted(task_id=task, reason="made room"), self.of[task])

    def go_on(self) -> list[Decision]:
        """Decide and carry out until there is nothing left to do; what was decided."""
        made: list[Decision] = []
        while decisions := self.decide():
            for decision in decisions:
                self.record(decision)
            made += decisions
        return made

    def start(self, task: str) -> None:
        """Its node begins to run it."""
        started = TaskStarted(task_id=task, node_id=self.at[task], assignment=self.assignments[task])
        self.take(started, self.of[task])

    def complete(self, *tasks: str) -> None:
        """Tasks end well."""
        for task in tasks:
            del self.at[task]
            self.take(TaskCompleted(task_id=task, assignment=self.assignments[task]), self.of[task])

    def fail(self, task: str, reason: str = "exit") -> None:
        """A task ends badly."""
        del self.at[task]
        failed = TaskFailed(task_id=task, assignment=self.assignments[task], reason=reason)
        self.take(failed, self.of[task])

    def why(self, task: str) -> str:
        """Why it waits, as people are told."""
        return str(self.schedule.why(task))
