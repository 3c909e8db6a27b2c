"""The tool call: asked for by a run, and closed by what came of it, inside the boundary of its agent."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TypeAlias, TypedDict, assert_never

from events.agent import AgentEvent
from events.commands import (
    CompleteToolCall,
    DenyToolCall,
    FailToolCall,
    RequestToolCall,
    ToolCommand,
)
from events.content import Digest
from events.identifiers import derived_id
from events.task import TaskEvent
from events.tool import (
    ToolCallCompleted,
    ToolCallDenied,
    ToolCallFailed,
    ToolCallRequested,
    ToolEvent,
)

from .agent import AgentState
from .decider import Context, Decider
from .rejections import (
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
from .task import Placed, Task, TaskStatus
from .task import evolve as evolve_placed


@dataclass(frozen=True, slots=True)
class OpenCall:
    """A call that was asked for and has no outcome yet."""

    run: int
    index: int
    tool: str
    arguments: Digest
    node_id: str
    assignment: int


@dataclass(frozen=True, slots=True)
class Calls:
    """The calls of one task: how many its newest run has asked for, and which have no outcome."""

    run: int = 0
    requested: int = 0
    open: Mapping[str, OpenCall] = field(default_factory=dict)
    """By the call's id; of earlier runs, too."""

    def of(self, run: int) -> int:
        """How many calls that run has asked for."""
        return self.requested if run == self.run else 0


@dataclass(frozen=True, slots=True)
class Calling:
    """The calls of a task beside the task and its agent: what a decision about them depends on."""

    placed: Placed = field(default_factory=Placed)
    calls: Calls = field(default_factory=Calls)


Outcome: TypeAlias = CompleteToolCall | FailToolCall | DenyToolCall
"""What closes a call."""

History: TypeAlias = AgentEvent | TaskEvent | ToolEvent
"""What happens inside one agent's boundary, and bears on a call."""


def call_id(task_id: str, run: int, index: int) -> str:
    """The id of a run's call: asking for it again asks for the same one."""
    return derived_id("c", f"{task_id}/{run}/{index}")


def decide(calling: Calling, command: ToolCommand, context: Context) -> Sequence[ToolEvent]:
    """Answer *command* with the facts it causes, or raise `Rejected`."""
    agent, task = calling.placed.agent, calling.placed.task
    if agent.state is AgentState.ABSENT:
        raise AgentUnknown(agent_id=command.agent_id)
    if task.status is TaskStatus.ABSENT:
        raise TaskUnknown(task_id=command.task_id, agent_id=command.agent_id)
    if isinstance(command, RequestToolCall):
        _require_running(calling.placed, command)
        return _request(task, calling.calls, command)
    return [_outcome(task, calling.calls, command)]


def _require_running(placed: Placed, command: RequestToolCall) -> None:
    agent, task = placed.agent, placed.task
    if task.status is not TaskStatus.RUNNING:
        raise TaskNotRunning(task_id=task.task_id, status=task.status)
    if (command.assignment, command.node_id) != (task.assignment, task.node_id):
        raise _stale(task, command)
    if agent.state is not AgentState.RUNNING:  # suspended meanwhile: nothing is done until it resumes
        raise AgentNotRunning(agent_id=agent.agent_id, state=agent.state)


def _request(task: Task, calls: Calls, command: RequestToolCall) -> list[ToolEvent]:
    of, count = call_id(task.task_id, task.run, command.index), calls.of(task.run)
    if command.index > count:
        raise ToolCallOutOfTurn(task_id=task.task_id, index=command.index, next=count)
    if command.index < count:
        earlier = calls.open.get(of)
        if earlier is None:
            raise ToolCallClosed(call_id=of, task_id=task.task_id)
        same = (earlier.tool, earlier.arguments) == (command.tool, command.arguments.digest)
        if same and earlier.assignment == command.assignment:
            return []
        if not (same and command.again):
            raise ToolCallOpen(call_id=of, tool=earlier.tool, assignment=earlier.assignment)
    return [
        ToolCallRequested(
            call_id=of,
            agent_id=command.agent_id,
            task_id=task.task_id,
            run=task.run,
            index=command.index,
            tool=command.tool,
            assignment=command.assignment,
            arguments=command.arguments,
            again=command.index < count,
        )
    ]


def _outcome(task: Task, calls: Calls, command: Outcome) -> ToolEvent:
    """What closes the call. The run that asked for it may be over: what was done is told all the same."""
    call = calls.open.get(command.call_id)
    if call is None:
        raise _not_open(task, calls, command)
    who = (command.assignment, command.node_id)
    if who not in ((call.assignment, call.node_id), (task.assignment, task.node_id)):
        raise _stale(task, command)
    of = _Names(
        call_id=command.call_id,
        agent_id=command.agent_id,
        task_id=task.task_id,
        run=call.run,
        index=call.index,
        tool=call.tool,
        assignment=command.assignment,
    )
    match command:
        case CompleteToolCall(result=result, duration_seconds=duration):
            return ToolCallCompleted(**of, result=result, duration_seconds=duration)
        case FailToolCall(reason=reason, error=error, duration_seconds=duration):
            return ToolCallFailed(**of, reason=reason, error=error, duration_seconds=duration)
        case DenyToolCall(reason=reason):
            return ToolCallDenied(**of, reason=reason)
        case _:
            assert_never(command)


class _Names(TypedDict):
    """What every event of a call names."""

    call_id: str
    agent_id: str
    task_id: str
    run: int
    index: int
    tool: str
    assignment: int


def _not_open(task: Task, calls: Calls, command: Outcome) -> ToolCallClosed | ToolCallUnknown:
    asked_for = (call_id(task.task_id, task.run, index) for index in range(calls.of(task.run)))
    kind = ToolCallClosed if command.call_id in asked_for else ToolCallUnknown
    return kind(call_id=command.call_id, task_id=task.task_id)


def _stale(task: Task, command: ToolCommand) -> StaleAssignment:
    return StaleAssignment(
        task_id=task.task_id, given=command.assignment, node_id=command.node_id, current=task.assignment
    )


def evolve_calls(calls: Calls, event: ToolEvent, node_id: str) -> Calls:
    """Fold one fact about a task's calls, made on the node *node_id*; never raises, never looks outside."""
    match event:
        case ToolCallRequested(call_id=of, run=run, index=index):
            call = OpenCall(run, index, event.tool, event.arguments.digest, node_id, event.assignment)
            requested = max(calls.of(run), index + 1) if run >= calls.run else calls.requested
            return Calls(max(run, calls.run), requested, {**calls.open, of: call})
        case ToolCallCompleted(call_id=of) | ToolCallFailed(call_id=of) | ToolCallDenied(call_id=of):
            return replace(calls, open={name: call for name, call in calls.open.items() if name != of})
        case _:
            assert_never(event)


def evolve(calling: Calling, event: History) -> Calling:
    """Fold one fact of the agent's boundary; what is about other tasks changes only the agent."""
    if isinstance(event, AgentEvent | TaskEvent):
        return replace(calling, placed=evolve_placed(calling.placed, event))
    task = calling.placed.task
    if task.task_id not in ("", event.task_id):
        return calling
    return replace(calling, calls=evolve_calls(calling.calls, event, task.node_id))


TOOL: Decider[Calling, ToolCommand, History] = Decider(Calling(), decide, evolve)
