"""A pool of nodes and agents in memory: what users, workers and a scheduler make of it, step by step."""

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from app.domain.agent import AGENT, Agent
from app.domain.agent import ENDED as AGENT_ENDED
from app.domain.decider import Context
from app.domain.definition import Checked
from app.domain.node import NODE, Node, NodeState
from app.domain.scheduling import Decision, Schedule
from app.domain.task import ON_A_NODE, TASK, Placed, Task, TaskStatus, evolve_task
from app.errors import Invalid, Rejected
from events.agent_config import AgentConfig
from events.agent_definition import DefinitionRef
from events.base import Event
from events.commands import (
    AgentCommand,
    CancelTask,
    Command,
    CompleteTask,
    DrainNode,
    FailTask,
    FireSchedule,
    HaltAgent,
    JoinNode,
    LoseNode,
    NodeCommand,
    QuarantineAgent,
    ReleaseAgent,
    ResumeAgent,
    RetryTask,
    SpawnAgent,
    StartTask,
    SubmitTask,
    SuspendAgent,
    TaskLimits,
    TerminateAgent,
    YieldTask,
)
from events.commands.task import TaskCommand
from events.content import ContentRef
from events.node import Capacity, NodeEvent
from events.task import BodyWork, NoopWork, PriorityTier, TaskEvent

CAPACITIES = [
    Capacity(tasks=1, memory_mb=1024, cpu_cores=8, bodies=2),
    Capacity(tasks=4, memory_mb=96, cpu_cores=1),
    Capacity(tasks=2, memory_mb=64, cpu_cores=4),
]
"""What each node offers, at every start."""
AGENTS = 5
BEGAN_NS = 1_795_255_200_000_000_000
A_MILLISECOND = 1_000_000
DIGEST = "sha256:" + "0" * 64
TEXT = DefinitionRef(digest=DIGEST, content=ContentRef(digest=DIGEST, size=1, scope="x"), agent="x")
BODIED = [
    Checked(DIGEST, "x", AgentConfig(name="x", max_concurrent_tasks=1 + more), (), TEXT) for more in range(2)
]
"""Definitions of agents with a body."""


class Recorded(NamedTuple):
    """One event of the log."""

    seq: int
    agent_id: str | None
    event: Event
    at_ns: int


@dataclass
class Pool:
    """The log, the state that commands are decided on, and a scheduler that reads behind it."""

    log: list[Recorded] = field(default_factory=list)
    agents: dict[str, Agent] = field(default_factory=dict)
    tasks: dict[str, Task] = field(default_factory=dict)
    owners: dict[str, str] = field(default_factory=dict)
    nodes: dict[str, Node] = field(default_factory=dict)
    schedule: Schedule = field(default_factory=Schedule)
    read: int = 0
    """How much of the log the scheduler has read."""
    sent: list[Decision] = field(default_factory=list)
    """What it has decided and nobody has answered yet."""
    asked: int = 0
    now_ns: int = BEGAN_NS

    def ask(self, command: Command) -> bool:
        """Carry out *command* if the state allows it; whether it did."""
        self.asked += 1
        self.now_ns += A_MILLISECOND
        context = Context(
            command_id=f"c{self.asked}",
            actor="human/alice",
            definition=BODIED[self.asked % 2],
            now_ns=self.now_ns,
        )
        agent_id: str | None = getattr(command, "agent_id", None)
        try:
            events = self._decide(command, agent_id, context)
        except (Rejected, Invalid):
            return False
        for event in events:
            self._record(agent_id, event)
        return True

    def _decide(self, command: Command, agent_id: str | None, context: Context) -> list[Event]:
        if isinstance(command, NodeCommand):
            return [*NODE.decide(self.nodes.get(command.node_id, Node()), command, context)]
        agent = self.agents.get(agent_id or "", Agent())
        if isinstance(command, AgentCommand):
            return [*AGENT.decide(agent, command, context)]
        assert isinstance(command, TaskCommand)
        task_id = "" if isinstance(command, SubmitTask | FireSchedule) else command.task_id
        return [*TASK.decide(Placed(agent, self.tasks.get(task_id, Task())), command, context)]

    def _record(self, agent_id: str | None, event: Event) -> None:
        self.log.append(Recorded(len(self.log) + 1, agent_id, event, self.now_ns))
        if isinstance(event, NodeEvent):
            self.nodes[event.node_id] = NODE.evolve(self.nodes.get(event.node_id, Node()), event)
            return
        assert agent_id is not None
        self.agents[agent_id] = AGENT.evolve(self.agents.get(agent_id, Agent()), event)  # type: ignore[arg-type]
        if isinstance(event, TaskEvent):
            self.tasks[event.task_id] = evolve_task(self.tasks.get(event.task_id, Task()), event)
            self.owners[event.task_id] = agent_id

    def deliver(self, most: int) -> None:
        """Let the scheduler read on."""
        for recorded in self.log[self.read : self.read + most]:
            self.schedule.take(*recorded)
        self.read = min(len(self.log), self.read + most)

    def decide(self, most: int = 500) -> None:
        """Let it decide."""
        self.sent += self.schedule.decide(most, now_ns=self.now_ns)

    def answer(self, index: int) -> None:
        """Carry out one of its decisions, in any order, or refuse it."""
        if self.sent:
            decision = self.sent.pop(index % len(self.sent))
            if not self.ask(decision):
                self.schedule.refused(decision)

    def restart(self) -> None:
        """Another scheduler takes over, from the state as it is; what was sent still arrives before that."""
        while self.sent:
            self.answer(0)
        self.schedule = Schedule.restored(
            self.agents, [(self.owners[name], task) for name, task in self.tasks.items()], self.nodes.values()
        )
        self.read = len(self.log)

    def settle(self) -> None:
        """Let it read, decide and be answered until there is nothing left to do, however long that takes."""
        for _ in range(10_000):
            self.deliver(len(self.log))
            self.decide()
            rests = not self.sent
            while self.sent:
                self.answer(0)
            self.make_room()
            if rests and self.read == len(self.log) and not self.wait():
                return
        raise AssertionError("the scheduler never comes to rest")

    def make_room(self) -> None:
        """Let the nodes stop what is to leave them."""
        for task in self.tasks.values():
            if task.leaving is not None and task.status in ON_A_NODE:
                self.ask(YieldTask.model_validate(self.names(task)))

    def wait(self) -> bool:
        """Let the time pass until there is something to decide; whether there will be."""
        at = self.schedule.wakes_at
        if at is not None:
            self.now_ns = max(self.now_ns + A_MILLISECOND, at)
        return at is not None

    def names(self, task: Task) -> dict[str, object]:
        """What a report about the task names."""
        return {
            "agent_id": self.owners[task.task_id],
            "task_id": task.task_id,
            "node_id": task.node_id,
            "assignment": task.assignment,
        }

    def on_node(self, node_id: str) -> list[Task]:
        return [task for task in self.tasks.values() if task.status in ON_A_NODE and task.node_id == node_id]

    def rank(self, task: Task) -> tuple[bool, int, int]:
        """Who goes first has the smallest."""
        age = list(self.tasks).index(task.task_id)
        return task.tier is not PriorityTier.REALTIME, -task.priority, age

    def runnable(self) -> list[Task]:
        """The queued tasks whose agents may run one more; room that is kept for a task counts as its run."""
        claims = self.schedule.claims
        return [
            task
            for name, task in self.tasks.items()
            if task.status is TaskStatus.QUEUED
            and (name in claims or self.may_run(self.owners[name], [self.owners[of] for of in claims]))
        ]

    def fitting(self) -> list[Task]:
        """Those of them that some node has room for."""
        return [task for task in self.runnable() if any(self.has_room(node, task) for node in self.nodes)]

    def has_room(self, node_id: str, task: Task) -> bool:
        """Whether the task fits beside what is there, and what room is kept for."""
        node, held = self.nodes[node_id], self.on_node(node_id)
        claims = self.schedule.claims.items()
        claimed = [self.tasks[name] for name, at in claims if at == node_id and name != task.task_id]
        realtime = task.tier is PriorityTier.REALTIME
        held += [each for each in claimed if each.tier is PriorityTier.REALTIME or not realtime]
        same = [each for each in held if each.needs.body == task.needs.body]
        return (
            node.state is NodeState.JOINED
            and node.capacity is not None
            and len(same) < (node.capacity.bodies if task.needs.body else node.capacity.tasks)
            and sum(each.needs.memory for each in held) + task.needs.memory <= node.capacity.memory_mb
            and sum(each.needs.cpu / 1000 for each in held) + task.needs.cpu / 1000
            <= node.capacity.cpu_cores + 1e-9
        )

    def may_run(self, agent_id: str, also: Sequence[str] = ()) -> bool:
        agent = self.agents[agent_id]
        return (
            agent.state in ("ready", "running")
            and not agent.quarantined
            and agent.config is not None
            and len(agent.running) + also.count(agent_id) < agent.config.max_concurrent_tasks
        )

    def has_ended(self, agent_id: str) -> bool:
        return self.agents[agent_id].state in AGENT_ENDED


Step = Callable[[Pool, int], object]


def _agent(choice: int) -> str:
    return f"a{choice % AGENTS}"


def _node(choice: int) -> str:
    return f"n{choice % len(CAPACITIES)}"


def _task(pool: Pool, choice: int, *statuses: TaskStatus) -> Task | None:
    found = [task for task in pool.tasks.values() if task.status in statuses]
    return found[choice % len(found)] if found else None


def _spawn(pool: Pool, choice: int) -> None:
    pool.ask(SpawnAgent(agent_id=f"{_agent(choice)}-{pool.asked}", source="agent x { }"))


def _submit(pool: Pool, choice: int) -> None:
    if not pool.agents:
        return _spawn(pool, choice)
    agent_id = list(pool.agents)[choice % len(pool.agents)]
    pool.ask(
        SubmitTask(
            agent_id=agent_id,
            work=BodyWork() if choice % 4 == 0 else NoopWork(),
            priority=choice % 3,
            tier=PriorityTier.REALTIME if choice % 5 == 0 else PriorityTier.BATCH,
            max_retries=choice % 2,
            limits=TaskLimits(memory_mb=16 << choice % 4, cpu_cores=0.5),
        )
    )


def _of_agent(command: Callable[..., Command]) -> Step:
    def step(pool: Pool, choice: int) -> None:
        if pool.agents:
            pool.ask(command(agent_id=list(pool.agents)[choice % len(pool.agents)]))

    return step


def _of_task(command: Callable[..., Command], *statuses: TaskStatus) -> Step:
    def step(pool: Pool, choice: int) -> None:
        if (task := _task(pool, choice, *statuses)) is not None:
            pool.ask(command(agent_id=pool.owners[task.task_id], task_id=task.task_id))

    return step


def _report(command: Callable[..., Command], status: TaskStatus) -> Step:
    def step(pool: Pool, choice: int) -> None:
        if (task := _task(pool, choice, status)) is not None:
            pool.ask(command(**pool.names(task)))

    return step


def _fail(**names: object) -> FailTask:
    return FailTask.model_validate({**names, "reason": "exit"})


def _join(pool: Pool, choice: int) -> None:
    capacity = CAPACITIES[choice % len(CAPACITIES)]
    pool.ask(JoinNode(node_id=_node(choice), capacity=capacity, tiers=[]))


STEPS: list[tuple[int, Step]] = [
    (12, _submit),
    (2, _spawn),
    (3, _join),
    (1, lambda pool, choice: pool.ask(LoseNode(node_id=_node(choice), reason="silent"))),
    (1, lambda pool, choice: pool.ask(DrainNode(node_id=_node(choice), reason="stops"))),
    (8, _report(StartTask, TaskStatus.ASSIGNED)),
    (6, _report(CompleteTask, TaskStatus.RUNNING)),
    (4, _report(_fail, TaskStatus.RUNNING)),
    (1, _of_agent(SuspendAgent)),
    (2, _of_agent(ResumeAgent)),
    (1, _of_agent(HaltAgent)),
    (1, _of_agent(TerminateAgent)),
    (1, _of_agent(QuarantineAgent)),
    (2, _of_agent(ReleaseAgent)),
    (1, _of_task(CancelTask, TaskStatus.QUEUED, TaskStatus.ASSIGNED, TaskStatus.RUNNING)),
    (1, _of_task(RetryTask, TaskStatus.FAILED, TaskStatus.DEAD_LETTERED)),
    (12, lambda pool, choice: pool.deliver(1 + choice % 5)),
    (8, lambda pool, choice: pool.decide(1 + choice % 3)),
    (12, lambda pool, choice: pool.answer(choice)),
    (3, lambda pool, choice: pool.make_room()),
    (1, lambda pool, choice: pool.restart()),
]
"""Whatever may happen, and how often; each takes a number that it chooses by."""

WITHOUT_RESTARTS = STEPS[:-1]


def course(seed: int, steps: int, happening: Sequence[tuple[int, Step]] = STEPS) -> Pool:
    """A pool to which that many of them happened."""
    chance, pool = random.Random(seed), Pool()
    weights = [weight for weight, _ in happening]
    for _, step in chance.choices(happening, weights, k=steps):
        step(pool, chance.randrange(2**16))
    return pool
