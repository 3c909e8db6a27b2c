"""One agent and its tasks, driven as the runtime drives them: decide on the state, fold every event."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from app.domain.agent import AGENT, Agent
from app.domain.decider import Context
from app.domain.task import TASK, Placed, Task, evolve_task
from app.errors import SymbiError
from events import clock
from events.agent import AgentEvent
from events.commands import (
    AgentCommand,
    AssignTask,
    CancelTask,
    CompleteTask,
    DeadLetterTask,
    DecommissionAgent,
    DeployAgent,
    ExpireTask,
    FailTask,
    FireSchedule,
    HaltAgent,
    PreemptTask,
    ProgressTask,
    QuarantineAgent,
    RefuseTask,
    ReleaseAgent,
    RequeueTask,
    ResumeAgent,
    RetryTask,
    SpawnAgent,
    StartTask,
    SubmitTask,
    SuspendAgent,
    TaskCommand,
    TaskLimits,
    TerminateAgent,
    TimeOutTask,
    YieldTask,
)
from events.task import NoopWork, TaskEvent

AnyEvent = AgentEvent | TaskEvent


class Moment(NamedTuple):
    """One event, and what it changed."""

    event: AnyEvent
    agent_before: Agent
    agent_after: Agent
    task_before: Task | None
    """The task that the event is about, if it is about one."""
    task_after: Task | None


@dataclass
class Boundary:
    """The state of one agent's boundary, and everything that happened in it."""

    agent: Agent = AGENT.initial
    tasks: dict[str, Task] = field(default_factory=dict)
    moments: list[Moment] = field(default_factory=list)
    asked: int = 0

    @property
    def events(self) -> list[AnyEvent]:
        return [moment.event for moment in self.moments]

    def ask(self, command: AgentCommand | TaskCommand) -> Sequence[AnyEvent]:
        """Decide, and fold what follows. Raises what the decision raises."""
        self.asked += 1
        now = self.asked * 1_000_000_000
        context = Context(command_id=f"c{self.asked}", actor="human/alice", now_ns=now)
        events: Sequence[AnyEvent]
        if isinstance(command, AgentCommand):
            events = AGENT.decide(self.agent, command, context)
        else:
            task_id = "" if isinstance(command, SubmitTask | FireSchedule) else command.task_id
            task = self.tasks.get(task_id, Task())
            events = TASK.decide(Placed(self.agent, task), command, context)
        for event in events:
            self.fold(event)
        return events

    def fold(self, event: AnyEvent) -> None:
        """What one event changes, in the agent and in its task."""
        before, self.agent = self.agent, AGENT.evolve(self.agent, event)
        was: Task | None = None
        now: Task | None = None
        if isinstance(event, TaskEvent):
            was = self.tasks.get(event.task_id, Task())
            now = self.tasks[event.task_id] = evolve_task(was, event)
        self.moments.append(Moment(event, before, self.agent, was, now))


class Step(NamedTuple):
    """A random choice of what to ask next; made a command when it is known what there is."""

    verb: int
    which: int
    slip: int
    """Below 3, a report comes from where it should not, or late, or early."""


def live(steps: Sequence[Step]) -> Boundary:
    """The boundary of an agent to which *steps* happened, in whatever order; refusals change nothing."""
    boundary = Boundary()
    for step in steps:
        try:
            boundary.ask(VERBS[step.verb % len(VERBS)](boundary, step))
        except SymbiError:
            continue
    return boundary


def _spawn(_: Boundary, step: Step) -> SpawnAgent:
    name = "greeter" if step.which % 8 else "not a name"
    return SpawnAgent(agent_id="a1", config={"name": name, "max_concurrent_tasks": 1 + step.which % 3})


def _deploy(_: Boundary, step: Step) -> DeployAgent:
    config = {"name": "greeter", "max_concurrent_tasks": step.which % 4}
    return DeployAgent(agent_id="a1", config=config)


def _submit(boundary: Boundary, step: Step) -> SubmitTask:
    limits = [None, TaskLimits(memory_mb=64), TaskLimits(memory_mb=64, cpu_cores=2), TaskLimits()]
    deadline = None if step.slip else clock.to_wire((boundary.asked + 4) * 1_000_000_000)
    return SubmitTask(
        agent_id="a1",
        work=NoopWork(),
        max_retries=step.which % 3,
        limits=limits[step.slip % len(limits)],
        deadline=deadline,
    )


def _names(boundary: Boundary, step: Step) -> dict[str, Any]:
    known = list(boundary.tasks) or ["none"]
    return {"agent_id": "a1", "task_id": known[-1 - step.which % min(len(known), 5)]}


def _assign(boundary: Boundary, step: Step) -> AssignTask:
    return AssignTask(**_names(boundary, step), node_id=f"n{1 + step.slip % 2}")


def _report(command: type[TaskCommand], **more: object) -> "Verb":
    def build(boundary: Boundary, step: Step) -> TaskCommand:
        names = _names(boundary, step)
        task = boundary.tasks.get(names["task_id"], Task())
        node_id, number = task.node_id or "n1", task.assignment
        if step.slip == 0:
            node_id = "n2" if node_id == "n1" else "n1"
        elif step.slip < 3:
            number += 2 * step.slip - 3
        return command.model_validate({**names, "node_id": node_id, "assignment": number, **more})

    return build


def _named(command: type[TaskCommand], **more: object) -> "Verb":
    return lambda boundary, step: command.model_validate({**_names(boundary, step), **more})


def _plain(command: type[AgentCommand]) -> "Verb":
    return lambda boundary, step: command.model_validate({"agent_id": "a1"})


def _seldom(command: type[AgentCommand]) -> "Verb":
    return lambda boundary, step: (_submit if step.which % 4 else _plain(command))(boundary, step)


Verb = Callable[[Boundary, Step], AgentCommand | TaskCommand]

VERBS: list[Verb] = [
    _spawn,
    *[_submit] * 2,
    *[_assign] * 6,
    *[_report(StartTask)] * 4,
    _report(ProgressTask),
    *[_report(CompleteTask)] * 2,
    *[_report(FailTask, reason="exit")] * 2,
    *[_report(TimeOutTask, after_seconds=1)] * 2,
    *[_named(PreemptTask, reason="urgent")] * 2,
    *[_report(YieldTask)] * 3,
    _named(RefuseTask, reason="no_sandbox"),
    _named(ExpireTask),
    *[_named(RetryTask)] * 3,
    _named(RequeueTask),
    _named(CancelTask),
    *[_named(DeadLetterTask)] * 2,
    *[_plain(SuspendAgent)] * 2,
    *[_plain(ResumeAgent)] * 2,
    _plain(QuarantineAgent),
    *[_plain(ReleaseAgent)] * 2,
    _deploy,
    _seldom(HaltAgent),
    _seldom(TerminateAgent),
    _plain(DecommissionAgent),
]
"""Everything that can be asked, the likely more often, so that lives are long enough to be interesting."""
