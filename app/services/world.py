"""The state that decisions are made on: the log, folded in memory."""

from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from typing import Any, TypeAlias

from events.agent import AgentEvent
from events.approval import ApprovalEvent
from events.base import Event
from events.codec import Bad, Fact
from events.commands import (
    AgentCommand,
    ApprovalCommand,
    IdentityCommand,
    NodeCommand,
    PolicyCommand,
    RecordedEvent,
    RecordViolation,
    RequestApproval,
    SpawnAgent,
)
from events.commands.policy import ToBundles
from events.commands.task import FireSchedule, SubmitTask, TaskCommand
from events.commands.tool import ToolCommand
from events.identifiers import NOBODY, boundary
from events.identity import AuthFailed, IdentityEvent, Role
from events.node import NodeEvent
from events.policy import AboutBundles
from events.task import TaskEvent
from events.tool import ToolEvent

from ..domain.agent import AGENT, Agent, AgentState, spawned_id
from ..domain.agent import ENDED as AGENT_ENDED
from ..domain.approval import requested_id
from ..domain.governing import Governing
from ..domain.identity import IDENTITY, Identity
from ..domain.node import NODE, Node
from ..domain.task import ENDED as TASK_ENDED
from ..domain.task import FAILED as TASK_FAILED
from ..domain.task import Placed, Task, evolve_task, submitted_id
from ..domain.tool import Calling, Calls, evolve_calls
from .keyring import Keyring
from .stamping import Place

FOLD_VERSION = 7
"""Raised whenever the fold changes, so that older snapshots are not used."""

ENDED_TASKS_KEPT = 200_000
"""Ended tasks are remembered up to this many, so that a late report gets the right answer."""


@dataclass(slots=True)
class Cursor:
    """How far one boundary has come: the last position inside it, and how many events it has."""

    last_seq: int = 0
    revision: int = 0


@dataclass(frozen=True, slots=True)
class Done:
    """A command that the log says was carried out."""

    digest: str
    events: tuple[RecordedEvent, ...]
    result: Mapping[str, Any]
    at_ns: int


@dataclass
class World:
    """Every agent, task, node, identity and key, as of `seq`."""

    keyring: Keyring
    seq: int = 0
    agents: dict[str, Agent] = field(default_factory=dict)
    tasks: dict[str, Task] = field(default_factory=dict)
    task_agents: dict[str, str] = field(default_factory=dict)
    ended_tasks: "OrderedDict[str, None]" = field(default_factory=OrderedDict)
    calls: dict[str, Calls] = field(default_factory=dict)
    """By task: of those that run or left a call open."""
    nodes: dict[str, Node] = field(default_factory=dict)
    governing: Governing = field(default_factory=Governing)
    identities: dict[str, Identity] = field(default_factory=dict)
    cursors: dict[str, Cursor] = field(default_factory=dict)
    done: "OrderedDict[str, Done]" = field(default_factory=OrderedDict)
    live_agents: int = 0
    revisions: dict[str, int] = field(default_factory=dict)
    """Where each boundary stands as of `seq`, which what this process wrote itself may be ahead of."""

    def copy(self) -> "World":
        """The same state, which stays as it is now; the values are immutable, but for the cursors."""
        return replace(
            self,
            keyring=self.keyring.copy(),
            agents=dict(self.agents),
            tasks=dict(self.tasks),
            task_agents=dict(self.task_agents),
            ended_tasks=self.ended_tasks.copy(),
            calls=dict(self.calls),
            nodes=dict(self.nodes),
            governing=self.governing.copy(),
            identities=dict(self.identities),
            cursors={of: replace(cursor) for of, cursor in self.cursors.items()},
            revisions=dict(self.revisions),
            done=self.done.copy(),
        )

    def cursor(self, of: str) -> Cursor:
        """The cursor of a boundary, which starts at nothing."""
        return self.cursors.get(of) or Cursor()

    def placed(self, agent_id: str, task_id: str) -> Placed:
        """A task beside its agent; a task of another agent is not there."""
        agent = self.agents.get(agent_id) or Agent()
        task = self.tasks.get(task_id) if self.task_agents.get(task_id) == agent_id else None
        return Placed(agent, task or Task())

    def calling(self, agent_id: str, task_id: str) -> Calling:
        """A task's calls beside the task and its agent."""
        return Calling(self.placed(agent_id, task_id), self.calls.get(task_id) or Calls())

    def other_operators(self, than: str) -> int:
        return sum(1 for name, one in self.identities.items() if name != than and one.can_operate)

    def roles(self, principal: str) -> frozenset[Role]:
        """What the principal's roles are now; none once it is terminated."""
        identity = self.identities.get(principal)
        return identity.roles if identity is not None and not identity.terminated else frozenset()

    def actor(self, principal: str) -> str:
        """The principal as events name it: `human/operator`."""
        identity = self.identities.get(principal)
        return f"{identity.kind.value if identity and identity.kind else 'service'}/{principal}"

    def take(self, item: Fact | Bad) -> None:
        """Fold the next item of the log."""
        self.fold(item)
        self.seq = item.seq if isinstance(item, Fact) else item.raw.seq
        if isinstance(item, Fact) and item.envelope.revision is not None:
            self.revisions[item.envelope.boundary] = item.envelope.revision

    def fold(self, item: Fact | Bad) -> None:
        """Fold an item of a boundary, in its order. What was folded before changes nothing."""
        if isinstance(item, Bad):
            self._skip(item)
        else:
            envelope = item.envelope
            of = envelope.boundary
            if item.seq > self.cursor(of).last_seq:
                self._fold(of, item.seq, envelope.agent, item.event, envelope.revision)
            if (proof := envelope.command_proof) is not None:
                self._remember(proof.id, proof.digest, item)

    def wrote(self, of: str, seq: int, agent: str | None, event: Event, revision: int | None) -> None:
        """Fold an event that this process has just appended, before the log brings it back."""
        if seq > self.cursor(of).last_seq:
            self._fold(of, seq, agent, event, revision)

    def did(self, command_id: str, done: Done) -> None:
        """Remember that a command was carried out."""
        self.done[command_id] = done

    def forget(self, before_ns: int) -> None:
        """Drop commands that were carried out before that time; a retry of one is stale by then."""
        while self.done and next(iter(self.done.values())).at_ns < before_ns:
            self.done.popitem(last=False)

    def _skip(self, bad: Bad) -> None:
        # A quarantined event changes no state, but it lies inside a boundary, so expectations must see it.
        of = boundary_of_subject(bad.raw.subject)
        if of is not None:
            cursor = self.cursors.setdefault(of, Cursor())
            cursor.last_seq = max(cursor.last_seq, bad.raw.seq)

    def _fold(self, of: str, seq: int, agent: str | None, event: Event, revision: int | None) -> None:
        cursor = self.cursors.get(of)
        if cursor is None:
            cursor = self.cursors[of] = Cursor()
        cursor.last_seq = seq
        if revision is not None:
            cursor.revision = revision
        if isinstance(event, AgentEvent | TaskEvent):
            if agent is not None:
                self._fold_agent(agent, event)
        elif isinstance(event, ToolEvent):
            self._fold_call(event)
        elif isinstance(event, NodeEvent):
            self.nodes[event.node_id] = NODE.evolve(self.nodes.get(event.node_id) or NODE.initial, event)
        elif isinstance(event, AboutBundles | ApprovalEvent):
            self.governing.take(event)
        elif isinstance(event, IdentityEvent) and revision is not None:
            self._fold_identity(seq, event)

    def _fold_agent(self, agent_id: str, event: AgentEvent | TaskEvent) -> None:
        before = self.agents.get(agent_id) or AGENT.initial
        after = self.agents[agent_id] = AGENT.evolve(before, event)
        if before.state is not after.state:
            self.live_agents += alive(after) - alive(before)
        if isinstance(event, TaskEvent):
            self._fold_task(agent_id, event)

    def _fold_task(self, agent_id: str, event: TaskEvent) -> None:
        task = evolve_task(self.tasks.get(event.task_id) or Task(), event)
        self.tasks[event.task_id] = task
        self.task_agents[event.task_id] = agent_id
        if task.status in TASK_ENDED or task.status in TASK_FAILED:
            self._forget_calls(event.task_id)
            self.ended_tasks[event.task_id] = None
            if len(self.ended_tasks) > ENDED_TASKS_KEPT:
                oldest, _ = self.ended_tasks.popitem(last=False)
                del self.tasks[oldest], self.task_agents[oldest]
        else:
            self.ended_tasks.pop(event.task_id, None)

    def _fold_call(self, event: ToolEvent) -> None:
        task = self.tasks.get(event.task_id)
        calls = self.calls.get(event.task_id) or Calls()
        self.calls[event.task_id] = evolve_calls(calls, event, task.node_id if task else "")
        if event.task_id in self.ended_tasks:
            self._forget_calls(event.task_id)

    def _forget_calls(self, task_id: str) -> None:
        """Drop the calls of a task that has ended, unless one of them may still be told about."""
        calls = self.calls.get(task_id)
        if calls is not None and not calls.open:
            del self.calls[task_id]

    def _fold_identity(self, seq: int, event: IdentityEvent) -> None:
        if isinstance(event, AuthFailed):
            return
        name = event.identity_id
        self.identities[name] = IDENTITY.evolve(self.identities.get(name) or IDENTITY.initial, event)
        self.keyring.apply(seq, event)

    def _remember(self, command_id: str, digest: str, fact: Fact) -> None:
        recorded = RecordedEvent(id=fact.envelope.id, type=fact.event.wire_type(), seq=fact.seq)
        known = self.done.get(command_id)
        if known is None:
            self.done[command_id] = Done(digest, (recorded,), result_of(fact.event), fact.stored_at)
        elif all(event.id != recorded.id for event in known.events):
            result = {**known.result, **result_of(fact.event)}
            self.done[command_id] = Done(digest, (*known.events, recorded), result, known.at_ns)


def alive(agent: Agent) -> int:
    """1 for an agent that counts against the limit, else 0."""
    return int(agent.state not in AGENT_ENDED and agent.state is not AgentState.ABSENT)


def boundary_of_subject(subject: str) -> str | None:
    """The boundary that a subject of the log lies in, whatever its payload says."""
    tokens = subject.split(".")
    if len(tokens) < 6 or tokens[:2] != ["symbi", "evt"]:
        return None
    agent = None if tokens[2] == NOBODY else tokens[2]
    return boundary(agent, tokens[3], tokens[4])


AnyCommand: TypeAlias = (
    AgentCommand | TaskCommand | ToolCommand | NodeCommand | IdentityCommand | PolicyCommand | ApprovalCommand
)


def place_of(command: AnyCommand, command_id: str) -> Place:
    """Where the command's decision belongs."""
    if isinstance(command, SpawnAgent):
        agent_id = spawned_id(command, command_id)
        return Place("agent", agent_id, agent_id)
    if isinstance(command, AgentCommand):
        return Place("agent", command.agent_id, command.agent_id)
    if isinstance(command, SubmitTask | FireSchedule):
        return Place("task", submitted_id(command_id), command.agent_id)
    if isinstance(command, TaskCommand | ToolCommand):
        return Place("task", command.task_id, command.agent_id)
    if isinstance(command, NodeCommand):
        return Place("node", command.node_id)
    if isinstance(command, ToBundles):
        return Place("policy", command.policy_id)
    if isinstance(command, RecordViolation):
        return Place("agent", command.agent_id, command.agent_id)
    if isinstance(command, RequestApproval):
        return Place("approval", requested_id(command_id), command.agent_id)
    if isinstance(command, ApprovalCommand):
        return Place("approval", command.approval_id, command.agent_id)
    return Place("identity", command.identity_id)


def place_of_event(event: Event, place: Place) -> Place:
    """Where one event of a decision belongs: a halt cancels tasks, which are aggregates of their own."""
    if event.aggregate == place.aggregate:
        return place
    aggregate_id = event.about()
    assert aggregate_id is not None
    return Place(event.aggregate, aggregate_id, place.agent)


@cache
def _told(event_type: type[Event]) -> tuple[str, ...]:
    """Which of an event's fields an answer tells."""
    names = (
        "agent_id",
        "task_id",
        "call_id",
        "approval_id",
        "node_id",
        "identity_id",
        "key_id",
        "assignment",
    )
    return tuple(name for name in names if name in event_type.model_fields)


def result_of(event: Event) -> dict[str, Any]:
    """What a caller wants to know of an event that its command caused: the ids it made, the state reached."""
    result = {name: value for name in _told(type(event)) if (value := getattr(event, name)) is not None}
    match event.name:
        case "agent.readied":
            result["state"] = "ready"
            if inputs := event.config.inputs:  # type: ignore[attr-defined]
                result["inputs"] = [each.name for each in inputs]
        case "agent.initialization.failed":
            result |= {"state": "failed", "reasons": event.reasons}  # type: ignore[attr-defined]
    return result
