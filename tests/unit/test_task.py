from functools import reduce
from typing import Any, TypeAlias, get_args

import pytest

from app.domain.agent import AGENT, Agent, AgentState
from app.domain.rejections import (
    AgentBusy,
    AgentHasEnded,
    AgentHasFailed,
    AgentInQuarantine,
    AgentNotReady,
    AgentNotRunning,
    AgentUnknown,
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
from app.domain.task import TASK, Placed, Task, TaskStatus, submitted_id
from app.errors import SymbiError
from events import clock
from events.agent import AgentEvent, AgentReadied
from events.agent_config import AgentConfig, DataClass, ResourceLimits
from events.base import Event
from events.commands import (
    AssignTask,
    CancelTask,
    CompleteTask,
    DeadLetterTask,
    ExpireTask,
    FailTask,
    FireSchedule,
    PreemptTask,
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
from events.content import ContentRef
from events.placement import Placement
from events.task import (
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
    Usage,
)
from tests.support.agent_life import BORN, CONFIG, QUARANTINED, READY, RESUMED, SUSPENDED, TERMINATED
from tests.support.agent_life import HISTORIES as AGENT_HISTORIES
from tests.support.given import COMMAND_ID, Answer, given

AT = "1970-01-01T00:00:00.000000000Z"
"""When every decision is made that says nothing else."""
OUTPUT = ContentRef(digest="sha256:" + "0" * 64, size=3, scope="task/t1")
USAGE = Usage(wall_seconds=1.5, cpu_seconds=0.5, memory_peak_mb=20)


def submitted(task_id: str = "t1", **facts: Any) -> TaskSubmitted:
    return TaskSubmitted(
        task_id=task_id, agent_id="a1", work=NoopWork(), limits=ResourceLimits(), max_retries=1, **facts
    )


def assigned(number: int = 1, attempt: int = 1, *, task_id: str = "t1", node_id: str = "n1") -> TaskAssigned:
    return TaskAssigned(task_id=task_id, agent_id="a1", node_id=node_id, assignment=number, attempt=attempt)


STARTED = TaskStarted(task_id="t1", node_id="n1", assignment=1)
COMPLETED = TaskCompleted(task_id="t1", assignment=1)
FAILED = TaskFailed(task_id="t1", assignment=1, reason="exit")
TIMED_OUT = TaskTimedOut(task_id="t1", assignment=1, after_seconds=300)
CANCELLED = TaskCancelled(task_id="t1", reason="")
DEAD_LETTERED = TaskDeadLettered(task_id="t1", reason="")
PREEMPTED = TaskPreempted(task_id="t1", reason="urgent")
RETRIED = TaskRetried(task_id="t1", attempt=2, reason="again")
TO_LEAVE = TaskPreemptionRequested(task_id="t1", assignment=1, by_task_id="t9", reason="urgent")

QUEUED = (*READY, submitted())
ASSIGNED = (*QUEUED, assigned())
RUNNING = (*ASSIGNED, STARTED)

HISTORIES: dict[TaskStatus, tuple[AgentEvent | TaskEvent, ...]] = {
    TaskStatus.ABSENT: READY,
    TaskStatus.QUEUED: QUEUED,
    TaskStatus.ASSIGNED: ASSIGNED,
    TaskStatus.RUNNING: RUNNING,
    TaskStatus.COMPLETED: (*RUNNING, COMPLETED),
    TaskStatus.FAILED: (*RUNNING, FAILED),
    TaskStatus.TIMED_OUT: (*RUNNING, TIMED_OUT),
    TaskStatus.CANCELLED: (*RUNNING, CANCELLED),
    TaskStatus.DEAD_LETTERED: (*RUNNING, FAILED, DEAD_LETTERED),
}

FAILED_STATUSES = [TaskStatus.FAILED, TaskStatus.TIMED_OUT, TaskStatus.DEAD_LETTERED]

SUBMIT = SubmitTask(agent_id="a1", work=NoopWork())
ASSIGN = AssignTask(agent_id="a1", task_id="t1", node_id="n1")
REPORT: dict[str, Any] = {"agent_id": "a1", "task_id": "t1", "node_id": "n1", "assignment": 1}

COMMANDS: dict[type[TaskCommand], TaskCommand] = {
    SubmitTask: SUBMIT,
    FireSchedule: FireSchedule(agent_id="a1", schedule="nightly", due_at="2026-11-21T02:00:00Z"),
    AssignTask: ASSIGN,
    StartTask: StartTask.model_validate(REPORT),
    ProgressTask: ProgressTask.model_validate(REPORT),
    CompleteTask: CompleteTask.model_validate(REPORT),
    FailTask: FailTask.model_validate({**REPORT, "reason": "exit"}),
    TimeOutTask: TimeOutTask.model_validate({**REPORT, "after_seconds": 300}),
    PreemptTask: PreemptTask(agent_id="a1", task_id="t1", reason="urgent"),
    YieldTask: YieldTask.model_validate(REPORT),
    RefuseTask: RefuseTask(agent_id="a1", task_id="t1", reason="no_sandbox"),
    ExpireTask: ExpireTask(agent_id="a1", task_id="t1"),
    RetryTask: RetryTask(agent_id="a1", task_id="t1", reason="again"),
    RequeueTask: RequeueTask(agent_id="a1", task_id="t1", reason="again"),
    CancelTask: CancelTask(agent_id="a1", task_id="t1"),
    DeadLetterTask: DeadLetterTask(agent_id="a1", task_id="t1"),
}

Outcome: TypeAlias = type[SymbiError] | tuple[TaskStatus, type[Event]]
"""The refusal, or the status reached and the event that leads there."""

IN_ANY_STATUS: dict[type[TaskCommand], Outcome] = {
    SubmitTask: (TaskStatus.QUEUED, TaskSubmitted),
    FireSchedule: ScheduleUnknown,
}
"""A submission makes a task of its own, whatever becomes of others."""

ENDED: dict[type[TaskCommand], Outcome] = {
    **IN_ANY_STATUS,
    AssignTask: TaskNotQueued,
    StartTask: TaskHasEnded,
    ProgressTask: TaskHasEnded,
    CompleteTask: TaskHasEnded,
    FailTask: TaskHasEnded,
    TimeOutTask: TaskHasEnded,
    PreemptTask: TaskNotRunning,
    YieldTask: TaskHasEnded,
    RefuseTask: TaskNotQueued,
    ExpireTask: TaskNotQueued,
    RetryTask: TaskNotRetryable,
    RequeueTask: TaskNotRunning,
    CancelTask: TaskHasEnded,
    DeadLetterTask: TaskNotFailed,
}
ENDED_BADLY: dict[type[TaskCommand], Outcome] = {
    **ENDED,
    RetryTask: (TaskStatus.QUEUED, TaskRetried),
    CancelTask: (TaskStatus.CANCELLED, TaskCancelled),
    DeadLetterTask: (TaskStatus.DEAD_LETTERED, TaskDeadLettered),
}

OUTCOMES: dict[TaskStatus, dict[type[TaskCommand], Outcome]] = {
    TaskStatus.ABSENT: {**dict.fromkeys(COMMANDS, TaskUnknown), **IN_ANY_STATUS},
    TaskStatus.QUEUED: {
        **IN_ANY_STATUS,
        AssignTask: (TaskStatus.ASSIGNED, TaskAssigned),
        StartTask: StaleAssignment,
        ProgressTask: StaleAssignment,
        CompleteTask: StaleAssignment,
        FailTask: StaleAssignment,
        TimeOutTask: StaleAssignment,
        PreemptTask: TaskNotRunning,
        YieldTask: StaleAssignment,
        RefuseTask: (TaskStatus.FAILED, TaskFailed),
        ExpireTask: TaskHasTime,
        RetryTask: TaskNotRetryable,
        RequeueTask: TaskNotRunning,
        CancelTask: (TaskStatus.CANCELLED, TaskCancelled),
        DeadLetterTask: TaskNotFailed,
    },
    TaskStatus.ASSIGNED: {
        **IN_ANY_STATUS,
        AssignTask: TaskNotQueued,
        StartTask: (TaskStatus.RUNNING, TaskStarted),
        ProgressTask: TaskNotRunning,
        CompleteTask: TaskNotRunning,
        FailTask: (TaskStatus.FAILED, TaskFailed),
        TimeOutTask: TaskNotRunning,
        PreemptTask: (TaskStatus.ASSIGNED, TaskPreemptionRequested),
        YieldTask: TaskNotLeaving,
        RefuseTask: TaskNotQueued,
        ExpireTask: TaskNotQueued,
        RetryTask: TaskNotRetryable,
        RequeueTask: (TaskStatus.QUEUED, TaskRetried),
        CancelTask: (TaskStatus.CANCELLED, TaskCancelled),
        DeadLetterTask: TaskNotFailed,
    },
    TaskStatus.RUNNING: {
        **IN_ANY_STATUS,
        AssignTask: TaskNotQueued,
        StartTask: TaskNotAssigned,
        ProgressTask: (TaskStatus.RUNNING, TaskProgressed),
        CompleteTask: (TaskStatus.COMPLETED, TaskCompleted),
        FailTask: (TaskStatus.FAILED, TaskFailed),
        TimeOutTask: (TaskStatus.TIMED_OUT, TaskTimedOut),
        PreemptTask: (TaskStatus.RUNNING, TaskPreemptionRequested),
        YieldTask: TaskNotLeaving,
        RefuseTask: TaskNotQueued,
        ExpireTask: TaskNotQueued,
        RetryTask: TaskNotRetryable,
        RequeueTask: (TaskStatus.QUEUED, TaskRetried),
        CancelTask: (TaskStatus.CANCELLED, TaskCancelled),
        DeadLetterTask: TaskNotFailed,
    },
    TaskStatus.COMPLETED: ENDED,
    TaskStatus.CANCELLED: ENDED,
    TaskStatus.FAILED: ENDED_BADLY,
    TaskStatus.TIMED_OUT: ENDED_BADLY,
    TaskStatus.DEAD_LETTERED: {**ENDED_BADLY, DeadLetterTask: TaskNotFailed},
}


def test_the_table_holds_every_status_and_every_command() -> None:
    assert set(OUTCOMES) == set(HISTORIES) == set(TaskStatus)
    assert set(COMMANDS) == set(get_args(TaskCommand))
    assert all(set(row) == set(COMMANDS) for row in OUTCOMES.values())


@pytest.mark.parametrize("status", TaskStatus)
def test_in_each_status_each_command_does_this_or_is_refused_by_name(status: TaskStatus) -> None:
    before = given(TASK, *HISTORIES[status])
    assert before.state.task.status is status
    for command_type, outcome in OUTCOMES[status].items():
        answer = before.when(COMMANDS[command_type])
        if isinstance(outcome, tuple):
            reached, event_type = outcome
            [event] = answer.events
            assert type(event) is event_type
            task = Task() if command_type is SubmitTask else before.state.task
            assert TASK.evolve(Placed(before.state.agent, task), event).task.status is reached, command_type
        else:
            answer.then_raises(outcome)


BY_AGENT: dict[type[TaskCommand], dict[AgentState, type[SymbiError] | None]] = {
    SubmitTask: {
        AgentState.ABSENT: AgentUnknown,
        AgentState.INITIALIZING: AgentNotReady,
        AgentState.READY: None,
        AgentState.RUNNING: None,
        AgentState.SUSPENDED: None,
        AgentState.TERMINATED: AgentHasEnded,
        AgentState.FAILED: AgentHasFailed,
        AgentState.DECOMMISSIONED: AgentHasEnded,
    },
    AssignTask: {
        AgentState.ABSENT: AgentUnknown,
        AgentState.INITIALIZING: AgentNotReady,
        AgentState.READY: None,
        AgentState.RUNNING: None,
        AgentState.SUSPENDED: AgentNotReady,
        AgentState.TERMINATED: AgentHasEnded,
        AgentState.FAILED: AgentNotReady,
        AgentState.DECOMMISSIONED: AgentHasEnded,
    },
}


@pytest.mark.parametrize("state", AgentState)
@pytest.mark.parametrize("command", BY_AGENT)
def test_only_a_ready_or_running_agent_gets_work(command: type[TaskCommand], state: AgentState) -> None:
    agent = reduce(AGENT.evolve, AGENT_HISTORIES[state], Agent())
    queued = TASK.evolve(Placed(), submitted("t1")).task
    answer = given(TASK, state=Placed(agent, queued)).when(COMMANDS[command])
    refusal = BY_AGENT[command][state]
    if refusal is None:
        assert len(answer.events) == 1
    else:
        answer.then_raises(refusal)


# Submission


def test_a_submission_records_the_work_under_an_id_of_its_own() -> None:
    answer = given(TASK, *READY).when(SUBMIT)
    answer.then(
        TaskSubmitted(
            task_id=submitted_id(COMMAND_ID),
            agent_id="a1",
            work=NoopWork(),
            limits=CONFIG.limits,
            data_classes=[DataClass.INTERNAL],
            submitted_at=AT,
        )
    )
    assert submitted_id("another") != submitted_id(COMMAND_ID)


def test_a_submission_keeps_what_was_asked_for() -> None:
    deadline = "2026-11-21T10:00:00.5Z"
    submit = SubmitTask(
        agent_id="a1",
        work=NoopWork(),
        tier=PriorityTier.REALTIME,
        priority=9,
        deadline=deadline,
        max_retries=4,
        data_classes=[DataClass.PII],
        labels={"team": "north"},
        placement=Placement(requires={"disk": "ssd"}, avoids={"spot": "yes"}),
    )
    of_the_agent = Placement(requires={"zone": "eu", "disk": "any"})
    readied = AgentReadied(agent_id="a1", config=CONFIG.model_copy(update={"placement": of_the_agent}))
    asked = given(TASK, *BORN, readied).under(tenant="north", now_ns=clock.from_wire("2026-11-21T10:00:00Z"))
    asked.when(submit).then(
        TaskSubmitted(
            task_id=submitted_id(COMMAND_ID),
            agent_id="a1",
            work=NoopWork(),
            tier=PriorityTier.REALTIME,
            priority=9,
            limits=CONFIG.limits,
            deadline=deadline,
            max_retries=4,
            data_classes=[DataClass.INTERNAL, DataClass.PII],
            labels={"team": "north"},
            tenant="north",
            submitted_at="2026-11-21T10:00:00.000000000Z",
            placement=Placement(requires={"zone": "eu", "disk": "ssd"}, avoids={"spot": "yes"}),
        )
    )


def test_a_task_handles_the_data_of_its_agent_and_what_it_says_besides() -> None:
    agents = [DataClass.PII, DataClass.INTERNAL]
    readied = AgentReadied(agent_id="a1", config=AgentConfig(name="greeter", data_classes=agents))
    for asked in ([], [DataClass.PII], [DataClass.PHI], [DataClass.PHI, DataClass.PII]):
        submit = SubmitTask(agent_id="a1", work=NoopWork(), data_classes=asked)
        [event] = given(TASK, *BORN, readied).when(submit).events
        assert isinstance(event, TaskSubmitted)
        assert event.data_classes == sorted({*agents, *asked})


AGENTS_LIMITS = ResourceLimits(
    memory_mb=200, cpu_cores=0.75, disk_io_mbps=50, network_io_mbps=5, execution_timeout=60, max_pids=20
)
"""None of them a default, so that a default in their place would show."""


def granted(asked: TaskLimits | None) -> Answer[Placed, AgentEvent | TaskEvent]:
    """What an agent with those limits answers to a task that asks for these."""
    readied = AgentReadied(agent_id="a1", config=AgentConfig(name="greeter", limits=AGENTS_LIMITS))
    return given(TASK, *BORN, readied).when(SubmitTask(agent_id="a1", work=NoopWork(), limits=asked))


def limits_of(answer: Answer[Placed, AgentEvent | TaskEvent]) -> ResourceLimits:
    [event] = answer.events
    assert isinstance(event, TaskSubmitted)
    return event.limits


@pytest.mark.parametrize("asked", [None, TaskLimits()])
def test_a_task_that_asks_for_no_limits_has_those_of_its_agent(asked: TaskLimits | None) -> None:
    assert limits_of(granted(asked)) == AGENTS_LIMITS


@pytest.mark.parametrize(
    ("name", "less", "too_much"),
    [
        ("memory_mb", 16, 201),
        ("cpu_cores", 0.5, 0.76),
        ("disk_io_mbps", 1, 51),
        ("network_io_mbps", 1, 6),
        ("execution_timeout", 0.5, 60.5),
        ("max_pids", 1, 21),
    ],
)
def test_a_task_gets_what_it_asks_for_and_at_most_what_its_agent_has(
    name: str, less: float, too_much: float
) -> None:
    allowed = getattr(AGENTS_LIMITS, name)
    for asked in (less, allowed):
        limits = limits_of(granted(TaskLimits.model_validate({name: asked})))
        assert limits == AGENTS_LIMITS.model_copy(update={name: asked})
    reason = f"limits.{name}: {too_much} is asked for, and its agent is allowed {allowed}"
    granted(TaskLimits.model_validate({name: too_much})).then_raises(TaskInvalid, reasons=[reason])


def test_a_task_can_ask_for_exactly_what_an_agent_can_limit() -> None:
    assert set(TaskLimits.model_fields) == set(ResourceLimits.model_fields)


def test_each_limit_is_held_to_its_agents_even_where_another_is_lower() -> None:
    refusal = granted(TaskLimits(memory_mb=16, cpu_cores=0.5, max_pids=21)).then_raises(TaskInvalid)
    assert refusal.message.startswith("The task could never run: limits.max_pids: 21 is asked for")


# Assignment and fencing


def test_an_assignment_is_numbered_and_counts_the_attempt() -> None:
    given(TASK, *QUEUED).when(ASSIGN).then(assigned(1, attempt=1))


def test_a_quarantined_agent_gets_no_task_but_goes_on_with_those_it_has() -> None:
    given(TASK, *QUEUED, QUARANTINED).when(ASSIGN).then_raises(AgentInQuarantine)
    given(TASK, *RUNNING, QUARANTINED).when(COMMANDS[CompleteTask]).then(COMPLETED)


def test_an_agent_runs_no_more_tasks_at_once_than_its_configuration_says() -> None:
    assert CONFIG.max_concurrent_tasks == 2
    one, two = assigned(task_id="other"), assigned(task_id="another")
    given(TASK, *QUEUED, one).when(ASSIGN).then(assigned())
    given(TASK, *QUEUED, one, two).when(ASSIGN).then_raises(AgentBusy, tasks=2)


def test_a_slot_is_free_again_when_a_task_has_left() -> None:
    left = TaskPreempted(task_id="other", reason="urgent")
    others = (assigned(task_id="other"), assigned(task_id="another"))
    given(TASK, *QUEUED, *others, left).when(ASSIGN).then(assigned())


REPORTS = [StartTask, ProgressTask, CompleteTask, FailTask, TimeOutTask, YieldTask]


@pytest.mark.parametrize("report", REPORTS)
@pytest.mark.parametrize(
    ("number", "node_id"),
    [(1, "n1"), (3, "n2"), (2, "n1"), (1, "n2"), (0, "n2"), (-2, "n2")],
    ids=["old", "future", "other node", "old on the node", "zero", "negative"],
)
def test_only_the_node_of_the_newest_assignment_reports(
    report: type[TaskCommand], number: int, node_id: str
) -> None:
    second = assigned(2, attempt=2, node_id="n2")
    history: tuple[AgentEvent | TaskEvent, ...] = (*RUNNING, RETRIED, second)
    if report is not StartTask:
        history = (*history, TaskStarted(task_id="t1", node_id="n2", assignment=2))
    if report is YieldTask:
        history = (*history, TO_LEAVE.model_copy(update={"assignment": 2}))
    reporting = given(TASK, *history)
    stale = COMMANDS[report].model_copy(update={"assignment": number, "node_id": node_id})
    reporting.when(stale).then_raises(StaleAssignment, given=number, node_id=node_id, current=2)
    current = COMMANDS[report].model_copy(update={"assignment": 2, "node_id": "n2"})
    assert len(reporting.when(current).events) == 1


@pytest.mark.parametrize("report", REPORTS)
@pytest.mark.parametrize("back_in_the_queue", [PREEMPTED, RETRIED])
def test_a_node_that_lost_the_task_reports_in_vain(
    back_in_the_queue: TaskEvent, report: type[TaskCommand]
) -> None:
    given(TASK, *RUNNING, back_in_the_queue).when(COMMANDS[report]).then_raises(StaleAssignment)


def test_the_same_node_reports_under_its_new_assignment_only() -> None:
    again = given(TASK, *RUNNING, PREEMPTED, assigned(2))
    again.when(COMMANDS[StartTask]).then_raises(StaleAssignment, given=1, current=2)


def test_a_worker_is_told_that_the_task_has_ended_rather_than_that_it_is_late() -> None:
    refusal = given(TASK, *RUNNING, CANCELLED).when(COMMANDS[CompleteTask]).then_raises(TaskHasEnded)
    assert refusal.message == "The task t1 is cancelled already."


# Reports


def test_reports_are_recorded_with_what_they_say() -> None:
    running = given(TASK, *RUNNING)
    result: dict[str, Any] = {"exit_code": 0, "output": OUTPUT, "usage": USAGE}
    whole = {**REPORT, **result}
    given(TASK, *ASSIGNED).when(StartTask(**REPORT, sandbox="docker")).then(
        TaskStarted(task_id="t1", node_id="n1", assignment=1, sandbox="docker")
    )
    running.when(ProgressTask(**REPORT, percent=50, note="half")).then(
        TaskProgressed(task_id="t1", assignment=1, percent=50, note="half")
    )
    running.when(CompleteTask(**whole)).then(TaskCompleted(task_id="t1", assignment=1, **result))
    running.when(FailTask(**whole, reason="exit", detail="no file")).then(
        TaskFailed(task_id="t1", assignment=1, reason="exit", detail="no file", **result)
    )
    running.when(TimeOutTask(**REPORT, after_seconds=300, output=OUTPUT, usage=USAGE)).then(
        TaskTimedOut(task_id="t1", assignment=1, after_seconds=300, output=OUTPUT, usage=USAGE)
    )


def test_a_task_may_fail_before_it_starts() -> None:
    given(TASK, *ASSIGNED).when(COMMANDS[FailTask]).then(FAILED)


def test_the_last_task_to_end_makes_its_agent_ready() -> None:
    for command in (CompleteTask, FailTask, TimeOutTask, RequeueTask, CancelTask):
        placed = given(TASK, *RUNNING).when(COMMANDS[command]).state
        assert (placed.agent.state, placed.agent.running) == (AgentState.READY, frozenset()), command


def test_a_task_assigned_before_a_suspension_starts_when_it_is_over_and_not_before() -> None:
    start = COMMANDS[StartTask]
    given(TASK, *ASSIGNED, SUSPENDED).when(start).then_raises(AgentNotRunning, state=AgentState.SUSPENDED)
    given(TASK, *ASSIGNED, SUSPENDED, RESUMED).when(start).then(STARTED)


@pytest.mark.parametrize("command", [FailTask, RequeueTask, CancelTask])
def test_a_task_that_may_not_start_can_still_be_taken_away(command: type[TaskCommand]) -> None:
    placed = given(TASK, *ASSIGNED, SUSPENDED).when(COMMANDS[command]).state
    assert (placed.agent.state, placed.agent.running) == (AgentState.SUSPENDED, frozenset())


def test_a_suspended_agent_that_lost_its_tasks_gets_no_other_before_it_resumes() -> None:
    lost = (*ASSIGNED, SUSPENDED, RETRIED)
    given(TASK, *lost).when(ASSIGN).then_raises(AgentNotReady, state=AgentState.SUSPENDED)
    given(TASK, *lost, RESUMED).when(ASSIGN).then(assigned(2, attempt=2))


def test_a_task_completes_while_its_agent_is_suspended() -> None:
    placed = given(TASK, *RUNNING, SUSPENDED).when(COMMANDS[CompleteTask]).state
    assert (placed.task.status, placed.agent.state) == (TaskStatus.COMPLETED, AgentState.SUSPENDED)


# Preemption, retry, giving up


PREEMPT = PreemptTask(agent_id="a1", task_id="t1", by_task_id="t9", reason="urgent")


@pytest.mark.parametrize("history", [ASSIGNED, RUNNING], ids=["assigned", "running"])
def test_a_preempted_task_keeps_its_place_until_its_node_says_that_it_has_stopped(
    history: tuple[AgentEvent | TaskEvent, ...],
) -> None:
    given(TASK, *history).when(PREEMPT).then(TO_LEAVE)
    leaving = given(TASK, *history, TO_LEAVE)
    assert leaving.state.agent.running == {"t1"}
    leaving.when(PREEMPT).then_raises(TaskIsLeaving)
    leaving.when(YieldTask(**REPORT, usage=USAGE)).then(
        TaskPreempted(task_id="t1", by_task_id="t9", reason="urgent", usage=USAGE)
    )


def test_the_last_task_to_leave_makes_its_agent_ready() -> None:
    placed = given(TASK, *RUNNING, TO_LEAVE).when(COMMANDS[YieldTask]).state
    assert (placed.task.status, placed.agent.state) == (TaskStatus.QUEUED, AgentState.READY)


def test_a_task_that_ends_before_it_has_left_has_ended() -> None:
    given(TASK, *RUNNING, TO_LEAVE).when(COMMANDS[CompleteTask]).then(COMPLETED)
    given(TASK, *RUNNING, TO_LEAVE, COMPLETED).when(COMMANDS[YieldTask]).then_raises(TaskHasEnded)


def test_what_made_room_once_is_asked_anew_the_next_time() -> None:
    again = given(TASK, *RUNNING, TO_LEAVE, PREEMPTED, assigned(2))
    again.when(YieldTask(**{**REPORT, "assignment": 2})).then_raises(TaskNotLeaving)
    again.when(PREEMPT).then(TO_LEAVE.model_copy(update={"assignment": 2}))


def test_a_preempted_task_is_assigned_again_without_being_charged() -> None:
    given(TASK, *RUNNING, PREEMPTED).when(ASSIGN).then(assigned(2, attempt=1))


@pytest.mark.parametrize("failure", [FAILED, TIMED_OUT])
def test_a_retry_charges_an_attempt(failure: TaskEvent) -> None:
    retried = given(TASK, *RUNNING, failure).when(COMMANDS[RetryTask])
    retried.then(RETRIED)
    given(TASK, *RUNNING, failure, RETRIED).when(ASSIGN).then(assigned(2, attempt=2))


def test_attempts_and_assignments_are_counted_apart() -> None:
    history = (*RUNNING, PREEMPTED, assigned(2), PREEMPTED, assigned(3), RETRIED)
    given(TASK, *history).when(ASSIGN).then(assigned(4, attempt=2))


@pytest.mark.parametrize("history", [ASSIGNED, RUNNING], ids=["assigned", "running"])
def test_a_task_whose_node_was_lost_is_queued_again_whether_it_had_started_or_not(
    history: tuple[AgentEvent | TaskEvent, ...],
) -> None:
    given(TASK, *history).when(COMMANDS[RequeueTask]).then(RETRIED)
    given(TASK, *history, RETRIED).when(ASSIGN).then(assigned(2, attempt=2))
    given(TASK, *history).when(COMMANDS[RetryTask]).then_raises(TaskNotRetryable)


def test_a_task_that_failed_meanwhile_is_not_queued_again_for_a_lost_node() -> None:
    given(TASK, *RUNNING, FAILED).when(COMMANDS[RequeueTask]).then_raises(
        TaskNotRunning, status=TaskStatus.FAILED
    )


@pytest.mark.parametrize("status", FAILED_STATUSES)
def test_a_task_that_failed_can_be_called_off_and_is_then_not_retried(status: TaskStatus) -> None:
    given(TASK, *HISTORIES[status]).when(COMMANDS[CancelTask]).then(CANCELLED)
    called_off = given(TASK, *HISTORIES[status], CANCELLED)
    called_off.when(COMMANDS[RetryTask]).then_raises(TaskNotRetryable, status=TaskStatus.CANCELLED)
    called_off.when(COMMANDS[CancelTask]).then_raises(TaskHasEnded)


def test_a_dead_letter_may_be_tried_again_by_request() -> None:
    given(TASK, *RUNNING, FAILED, DEAD_LETTERED).when(COMMANDS[RetryTask]).then(RETRIED)


@pytest.mark.parametrize("status", FAILED_STATUSES)
def test_nothing_is_retried_for_an_agent_that_has_ended(status: TaskStatus) -> None:
    given(TASK, *HISTORIES[status], TERMINATED).when(COMMANDS[RetryTask]).then_raises(AgentHasEnded)


@pytest.mark.parametrize("status", [TaskStatus.QUEUED, *FAILED_STATUSES])
def test_what_is_left_of_an_agent_that_has_ended_can_still_be_cancelled(status: TaskStatus) -> None:
    given(TASK, *HISTORIES[status], TERMINATED).when(COMMANDS[CancelTask]).then(CANCELLED)


def test_a_reason_given_is_recorded() -> None:
    names: dict[str, Any] = {"agent_id": "a1", "task_id": "t1", "reason": "why"}
    given(TASK, *RUNNING).when(CancelTask(**names)).then(TaskCancelled(task_id="t1", reason="why"))
    given(TASK, *RUNNING, FAILED).when(DeadLetterTask(**names)).then(
        TaskDeadLettered(task_id="t1", reason="why")
    )
    given(TASK, *QUEUED).when(AssignTask(**names, node_id="n1")).then(
        assigned().model_copy(update={"reason": "why"})
    )


# Folding


def test_events_of_other_tasks_change_the_agent_only() -> None:
    placed = given(TASK, *QUEUED).state
    after = TASK.evolve(placed, assigned(task_id="other"))
    assert (after.task, after.agent.running) == (placed.task, frozenset({"other"}))


def test_a_schedule_that_fired_belongs_to_the_task_it_caused() -> None:
    fired = ScheduleFired(task_id="t1", schedule="nightly", due_at="2026-11-21T00:00:00Z")
    placed = given(TASK, *READY, fired, submitted("other")).state
    assert placed.task == Task(task_id="t1")


def test_a_failure_is_remembered_by_its_code() -> None:
    assert given(TASK, *RUNNING, FAILED).state.task.failure == "exit"
    assert given(TASK, *RUNNING, TIMED_OUT).state.task.failure == "timeout"


def test_a_submission_that_was_carried_out_long_ago_makes_no_second_task() -> None:
    first = given(TASK, *READY).under(command_id="c1").when(SUBMIT)
    again = given(TASK, *READY, *first.events).under(command_id="c1").when(SUBMIT)
    again.then_raises(TaskExists)
    another = given(TASK, *READY, *first.events).under(command_id="c2").when(SUBMIT)
    assert [event.model_dump() for event in another.events] != [e.model_dump() for e in first.events]


def test_a_run_that_failed_begins_anew_and_one_that_was_interrupted_goes_on() -> None:
    assert given(TASK, *RUNNING).state.task.run == 1
    assert given(TASK, *RUNNING, RETRIED).state.task.run == 1
    assert given(TASK, *RUNNING, PREEMPTED).state.task.run == 1
    for ended in (FAILED, TIMED_OUT):
        assert given(TASK, *RUNNING, ended, RETRIED).state.task.run == 2
    assert given(TASK, *RUNNING, FAILED, DEAD_LETTERED, RETRIED).state.task.run == 2
