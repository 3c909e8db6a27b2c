"""A call is asked for by the run that makes it, in turn, and closed once by what came of it."""

from typing import Any, get_args

import pytest
from hypothesis import given as drawn
from hypothesis import strategies as st

from app.domain.agent import AgentState
from app.domain.rejections import (
    AgentNotRunning,
    AgentUnknown,
    StaleAssignment,
    TaskNotRunning,
    TaskUnknown,
    ToolCallClosed,
    ToolCallOpen,
    ToolCallOutOfTurn,
    ToolCallUnknown,
)
from app.domain.tool import TOOL, Calling, History, call_id
from app.errors import Invalid, Rejected
from events.agent import AgentEvent
from events.agent_config import ResourceLimits
from events.commands import (
    CompleteToolCall,
    DenyToolCall,
    FailToolCall,
    RequestToolCall,
    ToolCommand,
)
from events.content import ContentRef
from events.task import (
    NoopWork,
    TaskAssigned,
    TaskCancelled,
    TaskEvent,
    TaskFailed,
    TaskRetried,
    TaskStarted,
    TaskSubmitted,
)
from events.tool import (
    ToolCallCompleted,
    ToolCallDenied,
    ToolCallFailed,
    ToolCallRequested,
    ToolEvent,
)
from tests.support.agent_life import READY, RESUMED, SUSPENDED
from tests.support.arbitrary import any_of
from tests.support.given import Answer, given

ARGUMENTS = ContentRef(digest="sha256:" + "a" * 64, size=2, scope="task/t1")
OTHERS = ContentRef(digest="sha256:" + "b" * 64, size=2, scope="task/t1")
RESULT = ContentRef(digest="sha256:" + "c" * 64, size=2, scope="task/t1")

RUNNING: tuple[History, ...] = (
    *READY,
    TaskSubmitted(task_id="t1", agent_id="a1", work=NoopWork(), limits=ResourceLimits()),
    TaskAssigned(task_id="t1", agent_id="a1", node_id="n1", assignment=1, attempt=1),
    TaskStarted(task_id="t1", node_id="n1", assignment=1),
)
INTERRUPTED: tuple[History, ...] = (TaskRetried(task_id="t1", attempt=2, reason="its node was lost"),)
BEGUN_ANEW: tuple[History, ...] = (
    TaskFailed(task_id="t1", assignment=1, reason="error"),
    TaskRetried(task_id="t1", attempt=2, reason="again"),
)
ON_ANOTHER_NODE: tuple[History, ...] = (
    TaskAssigned(task_id="t1", agent_id="a1", node_id="n2", assignment=2, attempt=2),
    TaskStarted(task_id="t1", node_id="n2", assignment=2),
)


def who(assignment: int = 1, node_id: str = "n1") -> dict[str, Any]:
    return {"agent_id": "a1", "task_id": "t1", "node_id": node_id, "assignment": assignment}


def request(index: int = 0, *, by: dict[str, Any] | None = None, **fields: Any) -> RequestToolCall:
    given = {"tool": "read_rows", "arguments": ARGUMENTS, **fields}
    return RequestToolCall(**(by or who()), index=index, **given)


def complete(of: str, by: dict[str, Any] | None = None) -> CompleteToolCall:
    return CompleteToolCall(**(by or who()), call_id=of, result=RESULT, duration_seconds=0.5)


def names(index: int, run: int = 1, assignment: int = 1) -> dict[str, Any]:
    return {
        "call_id": call_id("t1", run, index),
        "agent_id": "a1",
        "task_id": "t1",
        "run": run,
        "index": index,
        "tool": "read_rows",
        "assignment": assignment,
    }


def requested(index: int = 0, run: int = 1, assignment: int = 1, *, again: bool = False) -> ToolCallRequested:
    return ToolCallRequested(**names(index, run, assignment), arguments=ARGUMENTS, again=again)


def completed(index: int = 0, run: int = 1, assignment: int = 1) -> ToolCallCompleted:
    return ToolCallCompleted(**names(index, run, assignment), result=RESULT, duration_seconds=0.5)


FIRST, SECOND = call_id("t1", 1, 0), call_id("t1", 1, 1)


def asked(*history: History, command: ToolCommand) -> Answer[Calling, History]:
    return given(TOOL, *history).when(command)


def test_a_running_task_asks_for_a_call() -> None:
    asked(*RUNNING, command=request()).then(requested())


def test_calls_are_asked_for_in_turn() -> None:
    asked(*RUNNING, command=request(1)).then_raises(ToolCallOutOfTurn, index=1, next=0)
    asked(*RUNNING, requested(), completed(), command=request(1)).then(requested(1))


def test_a_second_call_may_be_asked_for_before_the_first_has_its_outcome() -> None:
    asked(*RUNNING, requested(), command=request(1)).then(requested(1))
    asked(*RUNNING, requested(), requested(1), command=complete(SECOND)).then(completed(1))


def test_asking_for_the_same_call_twice_changes_nothing() -> None:
    asked(*RUNNING, requested(), command=request()).then()


def test_a_call_with_other_arguments_is_not_the_same_call() -> None:
    asked(*RUNNING, requested(), command=request(arguments=OTHERS)).then_raises(ToolCallOpen, call_id=FIRST)
    asked(*RUNNING, requested(), command=request(tool="export")).then_raises(ToolCallOpen, tool="read_rows")


def test_what_has_its_outcome_is_not_asked_for_again() -> None:
    asked(*RUNNING, requested(), completed(), command=request()).then_raises(ToolCallClosed, call_id=FIRST)
    asked(*RUNNING, requested(), completed(), command=request(again=True)).then_raises(ToolCallClosed)


@pytest.mark.parametrize(
    ("command", "event"),
    [
        (complete(FIRST), completed()),
        (
            FailToolCall(**who(), call_id=FIRST, reason="timeout", error=RESULT, duration_seconds=2.0),
            ToolCallFailed(**names(0), reason="timeout", error=RESULT, duration_seconds=2.0),
        ),
        (
            DenyToolCall(**who(), call_id=FIRST, reason="no policy permits it"),
            ToolCallDenied(**names(0), reason="no policy permits it"),
        ),
    ],
    ids=lambda value: type(value).__name__,
)
def test_an_outcome_closes_the_call_once(command: ToolCommand, event: ToolEvent) -> None:
    asked(*RUNNING, requested(), command=command).then(event)
    asked(*RUNNING, requested(), event, command=command).then_raises(ToolCallClosed, call_id=FIRST)
    assert not asked(*RUNNING, requested(), command=command).state.calls.open


def test_a_call_that_nobody_asked_for_has_no_outcome() -> None:
    asked(*RUNNING, command=complete(FIRST)).then_raises(ToolCallUnknown, call_id=FIRST, task_id="t1")
    asked(*RUNNING, requested(), command=complete("c-elsewhere")).then_raises(ToolCallUnknown)


def test_a_stale_assignment_asks_for_nothing() -> None:
    now = (*RUNNING, *INTERRUPTED, *ON_ANOTHER_NODE)
    asked(*now, command=request()).then_raises(StaleAssignment, given=1, current=2)
    asked(*now, command=request(by=who(2, "n1"))).then_raises(StaleAssignment)
    asked(*now, command=request(by=who(2, "n2"))).then(requested(assignment=2))


def test_a_suspended_agent_does_nothing_until_it_is_resumed() -> None:
    asked(*RUNNING, SUSPENDED, command=request()).then_raises(AgentNotRunning, state=AgentState.SUSPENDED)
    asked(*RUNNING, SUSPENDED, RESUMED, command=request()).then(requested())


def test_a_task_that_does_not_run_asks_for_nothing() -> None:
    asked(*RUNNING[:-1], command=request()).then_raises(TaskNotRunning)
    asked(*RUNNING, TaskFailed(task_id="t1", assignment=1, reason="error"), command=request()).then_raises(
        TaskNotRunning
    )
    asked(*READY, command=request()).then_raises(TaskUnknown)
    asked(command=request()).then_raises(AgentUnknown)


def test_what_was_done_is_told_though_the_task_was_called_off_meanwhile() -> None:
    cancelled = TaskCancelled(task_id="t1", reason="")
    asked(*RUNNING, requested(), cancelled, command=complete(FIRST)).then(completed())


def test_an_interrupted_run_goes_on_after_the_calls_that_it_made() -> None:
    now = (*RUNNING, requested(), completed(), requested(1), *INTERRUPTED, *ON_ANOTHER_NODE)
    asked(*now, command=request(2, by=who(2, "n2"))).then(requested(2, assignment=2))
    asked(*now, command=request(0, by=who(2, "n2"))).then_raises(ToolCallClosed)


def test_what_an_interrupted_worker_left_open_is_closed_by_its_successor_or_made_again() -> None:
    now = (*RUNNING, requested(), *INTERRUPTED, *ON_ANOTHER_NODE)
    by = who(2, "n2")
    asked(*now, command=request(by=by)).then_raises(ToolCallOpen, assignment=1)
    asked(*now, command=FailToolCall(**by, call_id=FIRST, reason="unknown")).then(
        ToolCallFailed(**names(0, assignment=2), reason="unknown", duration_seconds=0.0)
    )
    asked(*now, command=request(by=by, again=True)).then(requested(assignment=2, again=True))
    asked(*now, command=request(by=by, again=True, arguments=OTHERS)).then_raises(ToolCallOpen)
    asked(*now, requested(assignment=2, again=True), command=complete(FIRST, by)).then(
        completed(assignment=2)
    )


def test_whoever_made_the_call_may_still_tell_its_outcome_unless_it_was_closed() -> None:
    now = (*RUNNING, requested(), *INTERRUPTED, *ON_ANOTHER_NODE)
    asked(*now, command=complete(FIRST)).then(completed())
    closed = ToolCallFailed(**names(0, assignment=2), reason="unknown", duration_seconds=0.0)
    asked(*now, closed, command=complete(FIRST)).then_raises(ToolCallClosed)
    asked(*now, command=complete(FIRST, who(1, "n3"))).then_raises(StaleAssignment)


def test_a_run_that_failed_begins_anew_with_calls_of_its_own() -> None:
    now = (*RUNNING, requested(), completed(), *BEGUN_ANEW, *ON_ANOTHER_NODE)
    by = who(2, "n2")
    asked(*now, command=request(1, by=by)).then_raises(ToolCallOutOfTurn, next=0)
    asked(*now, command=request(by=by)).then(requested(run=2, assignment=2))
    assert call_id("t1", 2, 0) != FIRST


def test_what_a_run_that_failed_left_open_can_still_be_told() -> None:
    now = (*RUNNING, requested(), *BEGUN_ANEW, *ON_ANOTHER_NODE, requested(run=2, assignment=2))
    asked(*now, command=complete(FIRST)).then(completed())


def test_what_happens_to_another_task_changes_nothing_about_these_calls() -> None:
    other = ToolCallRequested(**{**names(0), "task_id": "t2", "call_id": "c-2"}, arguments=ARGUMENTS)
    asked(*RUNNING, other, command=request()).then(requested())


def test_an_event_of_a_call_is_about_the_call() -> None:
    assert requested().about() == FIRST
    assert requested().subject_tokens() == "call.requested"


EVENTS: tuple[Any, ...] = get_args(AgentEvent) + get_args(TaskEvent) + get_args(ToolEvent)
CALLS: dict[str, st.SearchStrategy[Any]] = {
    "call_id": st.sampled_from([FIRST, SECOND]),
    "index": st.integers(0, 2),
    "run": st.integers(1, 2),
    "tool": st.just("read_rows"),
    "arguments": st.sampled_from([ARGUMENTS, OTHERS]),
    "result": st.just(RESULT),
    "duration_seconds": st.just(0.0),
}


@drawn(
    history=st.lists(any_of(EVENTS, **CALLS), max_size=12),
    command=any_of(get_args(ToolCommand), **CALLS),
)
def test_whatever_happened_a_command_is_answered_or_refused_and_every_answer_can_be_folded(
    history: list[History], command: ToolCommand
) -> None:
    try:
        answer = given(TOOL, *history).when(command).events
    except (Rejected, Invalid):
        return
    assert given(TOOL, *history, *answer).state is not None
    assert all(isinstance(event, ToolEvent) for event in answer)
