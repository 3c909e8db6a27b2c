"""The task: queued, assigned, running and ended, inside the boundary of its agent."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import NamedTuple, assert_never

from events import clock
from events.agent import AgentEvent
from events.agent_config import AgentConfig, DataClass, ResourceLimits, SandboxTier, SecurityLevel
from events.commands import (
    AssignTask,
    CancelTask,
    CompleteTask,
    DeadLetterTask,
    ExpireTask,
    FailTask,
    FireSchedule,
    PreemptTask,
    Program,
    ProgressTask,
    RefuseTask,
    RequeueTask,
    RetryTask,
    StartTask,
    SubmitTask,
    TaskCommand,
    TaskLimits,
    TimeOutTask,
    YieldTask,
)
from events.identifiers import derived_id
from events.placement import together
from events.risk import RiskAssessment
from events.task import (
    BodyWork,
    CommandWork,
    NoopWork,
    PriorityTier,
    ScheduleFired,
    TaskAssigned,
    TaskCancelled,
    TaskCompleted,
    TaskDeadLettered,
    TaskEvent,
    TaskFailed,
    TaskPreempted,
    TaskPreemptionRequested,
    TaskProgressed,
    TaskRetried,
    TaskStarted,
    TaskSubmitted,
    TaskTimedOut,
)

from .agent import ENDED as AGENT_ENDED
from .agent import Agent, AgentState, nanoseconds
from .agent import evolve as evolve_agent
from .decider import Context, Decider
from .needs import NOTHING, Needs, needs_of
from .rejections import (
    AgentBusy,
    AgentHasEnded,
    AgentHasFailed,
    AgentHasNoBody,
    AgentInQuarantine,
    AgentNotReady,
    AgentNotRunning,
    AgentUnknown,
    InputsInvalid,
    ScheduleFiredAlready,
    ScheduleUnknown,
    StaleAssignment,
    TaskExists,
    TaskHasEnded,
    TaskHasTime,
    TaskInvalid,
    TaskIsLeaving,
    TaskNotAssigned,
    TaskNotFailed,
    TaskNotLeaving,
    TaskNotQueued,
    TaskNotRetryable,
    TaskNotRunning,
    TaskUnknown,
)
from .risk import assess, circumstances
from .unrunnable import reasons_against


class TaskStatus(StrEnum):
    """Where a task stands; `absent` is before its submission."""

    ABSENT = "absent"
    QUEUED = "queued"
    ASSIGNED = "assigned"
    RUNNING = "running"
    COMPLETED = "completed"
    FAILED = "failed"
    TIMED_OUT = "timed_out"
    CANCELLED = "cancelled"
    DEAD_LETTERED = "dead_lettered"


ON_A_NODE = frozenset({TaskStatus.ASSIGNED, TaskStatus.RUNNING})
ENDED = frozenset({TaskStatus.COMPLETED, TaskStatus.CANCELLED})
FAILED = frozenset({TaskStatus.FAILED, TaskStatus.TIMED_OUT, TaskStatus.DEAD_LETTERED})


class Leaving(NamedTuple):
    """Why a task is to leave its node."""

    by_task_id: str | None
    reason: str


@dataclass(frozen=True, slots=True)
class Task:
    """One task, as far as decisions depend on it."""

    task_id: str = ""
    status: TaskStatus = TaskStatus.ABSENT
    node_id: str = ""
    assignment: int = 0
    attempt: int = 0
    """Tries charged so far; a try is charged when its failure is retried."""
    max_retries: int = 0
    tier: PriorityTier = PriorityTier.BATCH
    priority: int = 0
    needs: Needs = NOTHING
    tenant: str = "default"
    submitted: int = 0
    """Nanoseconds since the epoch; 0 where it is not recorded."""
    deadline: int = 0
    """Nanoseconds since the epoch; 0 for none."""
    leaving: Leaving | None = None
    """Set from the request that it makes room until its node says that nothing of it runs any more."""
    losses: int = 0
    """How often its node was lost while it had the task."""
    failure: str = ""
    """Why it failed last, in one word."""
    run: int = 1
    """Counts its runs: one that failed and is tried again begins anew, one that was interrupted goes on."""


@dataclass(frozen=True, slots=True)
class Placed:
    """A task beside the agent that it belongs to: what a decision about it depends on."""

    agent: Agent = field(default_factory=Agent)
    task: Task = field(default_factory=Task)


def decide(placed: Placed, command: TaskCommand, context: Context) -> Sequence[TaskEvent]:
    """Answer *command* with the facts it causes, or raise `Rejected`."""
    agent, task = placed.agent, placed.task
    if agent.state is AgentState.ABSENT:
        raise AgentUnknown(agent_id=command.agent_id)
    if isinstance(command, SubmitTask | FireSchedule):
        if task.task_id == submitted_id(context.command_id):
            raise TaskExists(task_id=task.task_id)
        if isinstance(command, FireSchedule):
            return _fire(agent, command, context)
        _check_body(command)
        return [_submit(agent, command, context)]
    if task.status is TaskStatus.ABSENT:
        raise TaskUnknown(task_id=command.task_id, agent_id=command.agent_id)
    match command:
        case AssignTask():
            return [_assign(agent, task, command)]
        case PreemptTask():
            return [_ask_to_leave(task, command)]
        case RefuseTask(reason=reason, detail=detail):
            if task.status is not TaskStatus.QUEUED:
                raise TaskNotQueued(task_id=task.task_id, status=task.status)
            return [
                TaskFailed(task_id=task.task_id, assignment=task.assignment, reason=reason, detail=detail)
            ]
        case ExpireTask():
            return [_expire(task, context)]
        case RetryTask(reason=reason):
            return [_queued_again(agent, task, reason, FAILED, TaskNotRetryable)]
        case RequeueTask(reason=reason):
            return [_queued_again(agent, task, reason, ON_A_NODE, TaskNotRunning)]
        case CancelTask(reason=reason):
            if task.status in ENDED:
                raise TaskHasEnded(task_id=task.task_id, status=task.status)
            return [TaskCancelled(task_id=task.task_id, reason=reason)]
        case DeadLetterTask(reason=reason):
            if task.status not in (TaskStatus.FAILED, TaskStatus.TIMED_OUT):
                raise TaskNotFailed(task_id=task.task_id, status=task.status)
            return [TaskDeadLettered(task_id=task.task_id, reason=reason)]
        case StartTask() | ProgressTask() | CompleteTask() | FailTask() | TimeOutTask() | YieldTask():
            return [_report(agent, task, command)]
        case _:
            assert_never(command)


def _submit(agent: Agent, command: SubmitTask, context: Context) -> TaskSubmitted:
    if agent.state in AGENT_ENDED:
        raise AgentHasEnded(agent_id=command.agent_id, state=agent.state)
    if agent.state is AgentState.FAILED:
        raise AgentHasFailed(agent_id=command.agent_id)
    if agent.config is None:
        raise AgentNotReady(agent_id=command.agent_id, state=agent.state)
    config = agent.config
    reasons = reasons_against(command, config.limits, now_ns=context.now_ns, task_image=context.task_image)
    if reasons:
        raise TaskInvalid(summary="; ".join(reasons), reasons=reasons)
    data_classes = sorted({*command.data_classes, *config.data_classes})
    risk = _risk(config, command, data_classes, context)
    return TaskSubmitted(
        task_id=submitted_id(context.command_id),
        agent_id=command.agent_id,
        work=_work(agent, command, context),
        tier=command.tier,
        priority=config.priority if command.priority is None else command.priority,
        limits=_granted(command.limits, config.limits),
        deadline=command.deadline,
        max_retries=command.max_retries,
        data_classes=data_classes,
        labels=command.labels,
        tenant=context.tenant,
        submitted_at=clock.to_wire(context.now_ns),
        placement=together(config.placement, command.placement),
        sandbox=risk.tier if risk else None,
        risk=risk,
    )


def _risk(
    config: AgentConfig, command: SubmitTask, data_classes: Sequence[DataClass], context: Context
) -> RiskAssessment | None:
    """What comes of assessing a program; nothing else is isolated by a sandbox of its own."""
    if not isinstance(command.work, Program) or context.default_tier is None:
        return None
    known = circumstances(config, data_classes=data_classes, filesystem=bool(command.work.files))
    strict = SandboxTier.GVISOR if config.security is SecurityLevel.MAXIMUM else None
    demands = ((command.sandbox, "the task"), (config.tier, "its agent"), (strict, "its agent's security"))
    demanded = [(tier, who) for tier, who in demands if tier is not None]
    return assess(known, default=context.default_tier, demanded=demanded)


def _work(agent: Agent, command: SubmitTask, context: Context) -> CommandWork | NoopWork | BodyWork:
    """The work as it will be done: in that image, and a body is that of the agent's definition as of now."""
    work = command.work
    match work:
        case Program():
            return CommandWork(
                argv=work.argv,
                image=context.task_image if work.image is None else work.image,
                environment=work.environment,
                files=work.files,
            )
        case BodyWork():
            if agent.definition is None:
                raise AgentHasNoBody(agent_id=command.agent_id)
            return work.model_copy(update={"definition": agent.definition})
        case _:
            return work


def _check_body(command: SubmitTask) -> None:
    """Refuse inputs that would lie in the log: who submits gives content, and the runtime the definition."""
    work = command.work
    if isinstance(work, BodyWork) and (work.given or work.definition is not None):
        summary = "put them where `inputs` points, and leave out `given` and `definition`"
        raise InputsInvalid(agent_id=command.agent_id, summary=summary)


def _fire(agent: Agent, command: FireSchedule, context: Context) -> list[TaskEvent]:
    """The task of a schedule whose time has come, and which time that was."""
    agent_id, name = command.agent_id, command.schedule
    if agent.quarantined:
        raise AgentInQuarantine(agent_id=agent_id)
    if not agent.takes_tasks:
        raise AgentNotReady(agent_id=agent_id, state=agent.state)
    schedules = agent.config.schedules if agent.config is not None else []
    schedule = next((each for each in schedules if each.name == name), None)
    if schedule is None:
        raise ScheduleUnknown(agent_id=agent_id, schedule=name)
    if nanoseconds(command.due_at) <= agent.fired.get(name, 0) or (schedule.one_shot and name in agent.fired):
        raise ScheduleFiredAlready(agent_id=agent_id, schedule=name, due_at=command.due_at)
    work = BodyWork(given=schedule.inputs)
    submission = SubmitTask(agent_id=agent_id, work=work, labels={"schedule": name})
    submitted = _submit(agent, submission, context)
    fired = ScheduleFired(
        task_id=submitted.task_id, schedule=name, due_at=command.due_at, skipped=command.skipped
    )
    return [submitted, fired]


def submitted_id(command_id: str) -> str:
    """The id of the task that a submission makes."""
    return derived_id("t", command_id)


def _granted(asked: TaskLimits | None, allowed: ResourceLimits) -> ResourceLimits:
    """The agent's limits, with what the task asks for instead."""
    chosen = {name: value for name, value in asked or () if value is not None}
    return allowed.model_copy(update=chosen) if chosen else allowed


def _assign(agent: Agent, task: Task, command: AssignTask) -> TaskAssigned:
    if task.status is not TaskStatus.QUEUED:
        raise TaskNotQueued(task_id=task.task_id, status=task.status)
    if agent.state in AGENT_ENDED:
        raise AgentHasEnded(agent_id=agent.agent_id, state=agent.state)
    if agent.quarantined:
        raise AgentInQuarantine(agent_id=agent.agent_id)
    if agent.state not in (AgentState.READY, AgentState.RUNNING) or agent.config is None:
        raise AgentNotReady(agent_id=agent.agent_id, state=agent.state)
    if len(agent.running) >= agent.config.max_concurrent_tasks:
        raise AgentBusy(agent_id=agent.agent_id, tasks=len(agent.running))
    return TaskAssigned(
        task_id=task.task_id,
        agent_id=command.agent_id,
        node_id=command.node_id,
        assignment=task.assignment + 1,
        attempt=task.attempt + 1,
        reason=command.reason,
        sandbox=command.sandbox,
    )


def _ask_to_leave(task: Task, command: PreemptTask) -> TaskPreemptionRequested:
    if task.status not in ON_A_NODE:
        raise TaskNotRunning(task_id=task.task_id, status=task.status)
    if task.leaving is not None:
        raise TaskIsLeaving(task_id=task.task_id)
    return TaskPreemptionRequested(
        task_id=task.task_id,
        assignment=task.assignment,
        by_task_id=command.by_task_id,
        reason=command.reason,
    )


def _expire(task: Task, context: Context) -> TaskTimedOut:
    if task.status is not TaskStatus.QUEUED:
        raise TaskNotQueued(task_id=task.task_id, status=task.status)
    if not task.deadline or context.now_ns < task.deadline:
        raise TaskHasTime(task_id=task.task_id)
    waited = (context.now_ns - task.submitted) / 1e9 if task.submitted else 0.0
    return TaskTimedOut(task_id=task.task_id, assignment=task.assignment, after_seconds=waited)


def _queued_again(
    agent: Agent,
    task: Task,
    reason: str,
    when: frozenset[TaskStatus],
    otherwise: type[TaskNotRetryable | TaskNotRunning],
) -> TaskRetried:
    if task.status not in when:
        raise otherwise(task_id=task.task_id, status=task.status)
    if agent.state in AGENT_ENDED:
        raise AgentHasEnded(agent_id=agent.agent_id, state=agent.state)
    return TaskRetried(task_id=task.task_id, attempt=task.attempt + 2, reason=reason)


def _report(
    agent: Agent,
    task: Task,
    command: StartTask | ProgressTask | CompleteTask | FailTask | TimeOutTask | YieldTask,
) -> TaskStarted | TaskProgressed | TaskCompleted | TaskFailed | TaskTimedOut | TaskPreempted:
    if task.status in ENDED | FAILED:
        raise TaskHasEnded(task_id=task.task_id, status=task.status)
    # A queued task is on no node, so every report about it is stale.
    if (command.assignment, command.node_id) != (task.assignment, task.node_id):
        raise StaleAssignment(
            task_id=task.task_id, given=command.assignment, node_id=command.node_id, current=task.assignment
        )
    task_id, assignment = task.task_id, command.assignment
    match command:
        case StartTask(node_id=node_id, sandbox=sandbox):
            if task.status is not TaskStatus.ASSIGNED:
                raise TaskNotAssigned(task_id=task_id, status=task.status)
            if agent.state is not AgentState.RUNNING:  # suspended meanwhile: nothing begins until it resumes
                raise AgentNotRunning(agent_id=agent.agent_id, state=agent.state)
            return TaskStarted(task_id=task_id, node_id=node_id, assignment=assignment, sandbox=sandbox)
        case FailTask():  # an assigned task may fail before it starts: no sandbox, no image
            return TaskFailed(
                task_id=task_id,
                assignment=assignment,
                reason=command.reason,
                detail=command.detail,
                exit_code=command.exit_code,
                output=command.output,
                usage=command.usage,
            )
        case YieldTask(usage=usage):
            if task.leaving is None:
                raise TaskNotLeaving(task_id=task_id)
            other, reason = task.leaving
            return TaskPreempted(task_id=task_id, by_task_id=other, reason=reason, usage=usage)
        case _ if task.status is not TaskStatus.RUNNING:
            raise TaskNotRunning(task_id=task_id, status=task.status)
        case ProgressTask(percent=percent, note=note):
            return TaskProgressed(task_id=task_id, assignment=assignment, percent=percent, note=note)
        case CompleteTask():
            return TaskCompleted(
                task_id=task_id,
                assignment=assignment,
                exit_code=command.exit_code,
                output=command.output,
                usage=command.usage,
            )
        case TimeOutTask(after_seconds=after):
            return TaskTimedOut(
                task_id=task_id,
                assignment=assignment,
                after_seconds=after,
                output=command.output,
                usage=command.usage,
            )
        case _:
            assert_never(command)


def evolve_task(task: Task, event: TaskEvent) -> Task:
    """Fold one fact about *task* into it; never raises, never looks outside."""
    if not task.task_id:
        task = replace(task, task_id=event.task_id)
    match event:
        case TaskSubmitted(task_id=task_id):
            return Task(
                task_id=task_id,
                status=TaskStatus.QUEUED,
                max_retries=event.max_retries,
                tier=event.tier,
                priority=event.priority,
                needs=needs_of(event),
                tenant=event.tenant,
                submitted=nanoseconds(event.submitted_at),
                deadline=nanoseconds(event.deadline),
            )
        case TaskAssigned(node_id=node_id, assignment=assignment):
            status = TaskStatus.ASSIGNED
            return replace(task, status=status, node_id=node_id, assignment=assignment, leaving=None)
        case TaskStarted():
            return replace(task, status=TaskStatus.RUNNING)
        case TaskProgressed() | ScheduleFired():
            return task
        case TaskPreemptionRequested(by_task_id=other, reason=reason):
            return replace(task, leaving=Leaving(other, reason))
        case TaskPreempted():
            return replace(task, status=TaskStatus.QUEUED, node_id="", leaving=None)
        case TaskRetried(attempt=attempt):
            run = task.run + (task.status in FAILED)
            status = TaskStatus.QUEUED
            losses = task.losses + (task.status in ON_A_NODE)
            again = replace(task, status=status, node_id="", attempt=attempt - 1, run=run, losses=losses)
            return replace(again, leaving=None) if task.leaving is not None else again
        case TaskCompleted():
            return replace(task, status=TaskStatus.COMPLETED)
        case TaskFailed(reason=reason):
            return replace(task, status=TaskStatus.FAILED, failure=reason)
        case TaskTimedOut():
            return replace(task, status=TaskStatus.TIMED_OUT, failure="timeout")
        case TaskCancelled():
            return replace(task, status=TaskStatus.CANCELLED)
        case TaskDeadLettered():
            return replace(task, status=TaskStatus.DEAD_LETTERED)
        case _:
            assert_never(event)


def evolve(placed: Placed, event: AgentEvent | TaskEvent) -> Placed:
    """Fold one fact of the agent's boundary; events of other tasks change only the agent."""
    agent = evolve_agent(placed.agent, event)
    if isinstance(event, TaskEvent) and placed.task.task_id in ("", event.task_id):
        return Placed(agent, evolve_task(placed.task, event))
    return Placed(agent, placed.task)


TASK: Decider[Placed, TaskCommand, AgentEvent | TaskEvent] = Decider(Placed(), decide, evolve)
