"""The agent: its life cycle, and the tasks that keep it running."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import TypeAlias, assert_never

from events import clock, strict_json
from events.agent import (
    AgentDecommissioned,
    AgentDeployed,
    AgentEvent,
    AgentHalted,
    AgentInitializationFailed,
    AgentQuarantined,
    AgentReadied,
    AgentRegistered,
    AgentReleased,
    AgentResumed,
    AgentSpawned,
    AgentSuspended,
    AgentTerminated,
    HaltRequested,
)
from events.agent_config import AgentConfig, validate_config
from events.agent_definition import DefinitionRef
from events.commands import (
    AgentCommand,
    DecommissionAgent,
    DeployAgent,
    HaltAgent,
    QuarantineAgent,
    ReleaseAgent,
    ResumeAgent,
    SpawnAgent,
    SuspendAgent,
    TerminateAgent,
)
from events.identifiers import derived_id
from events.task import (
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

from .decider import Context, Decider
from .definition import Checked
from .rejections import (
    AgentAlreadySpawned,
    AgentHasEnded,
    AgentHasFailed,
    AgentInQuarantine,
    AgentIsRunning,
    AgentNotInQuarantine,
    AgentNotReady,
    AgentNotRunning,
    AgentNotSuspended,
    AgentNotTerminated,
    AgentUnknown,
    ConfigInvalid,
    DefinitionMissing,
    DefinitionTwice,
    TooManyAgents,
)


class AgentState(StrEnum):
    """The states of the life cycle; `absent` and `decommissioned` are before and after it."""

    ABSENT = "absent"
    INITIALIZING = "initializing"
    READY = "ready"
    RUNNING = "running"
    SUSPENDED = "suspended"
    TERMINATED = "terminated"
    FAILED = "failed"
    DECOMMISSIONED = "decommissioned"


ENDED = frozenset({AgentState.TERMINATED, AgentState.DECOMMISSIONED})


@dataclass(frozen=True, slots=True)
class Agent:
    """One agent, as far as decisions depend on it."""

    agent_id: str = ""
    state: AgentState = AgentState.ABSENT
    owner: str = ""
    config: AgentConfig | None = None
    running: frozenset[str] = frozenset()
    """Tasks that are assigned or started."""
    quarantined: bool = False
    definition: DefinitionRef | None = None
    schedules_from: int = 0
    """Nanoseconds since the epoch; what comes due before is not fired."""
    fired: Mapping[str, int] = field(default_factory=dict)
    """Schedule → the time of its newest firing, in nanoseconds since the epoch."""

    @property
    def takes_tasks(self) -> bool:
        """Whether its schedules may give it tasks: a suspended or quarantined agent gets none."""
        return self.state in (AgentState.READY, AgentState.RUNNING) and not self.quarantined


History: TypeAlias = AgentEvent | TaskEvent
"""What happens inside one agent's boundary."""


def decide(agent: Agent, command: AgentCommand, context: Context) -> Sequence[History]:
    """Answer *command* with the facts it causes, or raise `Rejected`."""
    match command:
        case SpawnAgent():
            return _spawn(agent, command, context)
        case DeployAgent(agent_id=agent_id):
            _require(agent, agent_id, AgentState.READY, AgentNotReady)
            checked = _checked(command, context)
            if checked.config is None:
                raise ConfigInvalid(summary="; ".join(checked.reasons), reasons=[*checked.reasons])
            return [
                AgentDeployed(
                    agent_id=agent_id,
                    definition_digest=checked.digest,
                    config=checked.config,
                    definition=checked.ref,
                    schedules_from=_schedules_from(checked.config, context),
                )
            ]
        case SuspendAgent(agent_id=agent_id, reason=reason):
            _require(agent, agent_id, AgentState.RUNNING, AgentNotRunning)
            return [AgentSuspended(agent_id=agent_id, reason=reason)]
        case ResumeAgent(agent_id=agent_id, reason=reason):
            _require(agent, agent_id, AgentState.SUSPENDED, AgentNotSuspended)
            return [AgentResumed(agent_id=agent_id, reason=reason)]
        case HaltAgent(agent_id=agent_id, reason=reason):
            return _halt(agent, agent_id, reason)
        case QuarantineAgent(agent_id=agent_id, reason=reason):
            _require_alive(agent, agent_id)
            if agent.quarantined:
                raise AgentInQuarantine(agent_id=agent_id)
            return [AgentQuarantined(agent_id=agent_id, reason=reason)]
        case ReleaseAgent(agent_id=agent_id, reason=reason):
            _require_alive(agent, agent_id)
            if not agent.quarantined:
                raise AgentNotInQuarantine(agent_id=agent_id)
            return [AgentReleased(agent_id=agent_id, reason=reason)]
        case TerminateAgent(agent_id=agent_id, reason=reason):
            _require_alive(agent, agent_id)
            if agent.state not in (AgentState.READY, AgentState.FAILED):
                raise AgentIsRunning(agent_id=agent_id, state=agent.state, tasks=len(agent.running))
            return [AgentTerminated(agent_id=agent_id, reason=reason)]
        case DecommissionAgent(agent_id=agent_id, reason=reason):
            _require(agent, agent_id, AgentState.TERMINATED, AgentNotTerminated)
            return [AgentDecommissioned(agent_id=agent_id, reason=reason)]
        case _:
            assert_never(command)


def _spawn(agent: Agent, command: SpawnAgent, context: Context) -> list[History]:
    agent_id = spawned_id(command, context.command_id)
    if agent.state is not AgentState.ABSENT:
        raise AgentAlreadySpawned(agent_id=agent_id)
    if context.live_agents >= context.max_agents:
        raise TooManyAgents(live=context.live_agents, limit=context.max_agents)
    checked = _checked(command, context)
    begun: list[History] = [
        AgentRegistered(
            agent_id=agent_id,
            title=checked.title,
            definition_digest=checked.digest,
            owner=context.actor,
            definition=checked.ref,
        ),
        AgentSpawned(agent_id=agent_id, definition_digest=checked.digest),
    ]
    if checked.config is None:
        return [*begun, AgentInitializationFailed(agent_id=agent_id, reasons=[*checked.reasons])]
    since = _schedules_from(checked.config, context)
    return [*begun, AgentReadied(agent_id=agent_id, config=checked.config, schedules_from=since)]


def _checked(command: SpawnAgent | DeployAgent, context: Context) -> Checked:
    """The definition that the command brings: a configuration, or a text that was checked before."""
    if command.config is None:
        if context.definition is None:
            raise DefinitionMissing()
        return context.definition
    if command.source is not None:
        raise DefinitionTwice()
    config, reasons = validate_config(command.config)
    if config is not None and config.schedules:
        config, reasons = None, ["schedules: only a definition has a body that they could run"]
    title = config.name if config else str(command.config.get("name", ""))[:200]
    return Checked(definition_digest(command.config), title, config, reasons)


def _schedules_from(config: AgentConfig, context: Context) -> str | None:
    return clock.to_wire(context.now_ns) if config.schedules else None


def _halt(agent: Agent, agent_id: str, reason: str) -> list[History]:
    if agent.state is not AgentState.SUSPENDED:
        _require(agent, agent_id, AgentState.RUNNING, AgentNotRunning)
    events: list[History] = [HaltRequested(agent_id=agent_id, reason=reason)]
    if agent.state is AgentState.RUNNING:
        events.append(AgentSuspended(agent_id=agent_id, reason=reason or "halt"))
    why = f"agent halted: {reason}" if reason else "agent halted"
    events.extend(TaskCancelled(task_id=task_id, reason=why) for task_id in sorted(agent.running))
    return [*events, AgentHalted(agent_id=agent_id, reason=reason)]


def spawned_id(command: SpawnAgent, command_id: str) -> str:
    """The id of the agent that *command* makes: the caller's choice, or derived from the command's id."""
    return command.agent_id or derived_id("a", command_id)


def definition_digest(document: object) -> str:
    """`sha256:` over the canonical JSON of a configuration as submitted.

    Raises:
        ConfigInvalid: it holds what canonical JSON cannot, such as an integer beyond 64 bits.
    """
    try:
        canonical = strict_json.canonical(document)
    except strict_json.NotStrict as error:
        raise ConfigInvalid(summary=str(error), reasons=[str(error)]) from None
    return "sha256:" + hashlib.sha256(canonical).hexdigest()


def _require_alive(agent: Agent, agent_id: str) -> None:
    if agent.state is AgentState.ABSENT:
        raise AgentUnknown(agent_id=agent_id)
    if agent.state in ENDED:
        raise AgentHasEnded(agent_id=agent_id, state=agent.state)


def _require(
    agent: Agent,
    agent_id: str,
    state: AgentState,
    otherwise: type[AgentNotRunning | AgentNotSuspended | AgentNotReady | AgentNotTerminated],
) -> None:
    if agent.state is state:
        return
    if agent.state is AgentState.ABSENT:
        raise AgentUnknown(agent_id=agent_id)
    if agent.state in ENDED and otherwise is not AgentNotTerminated:
        raise AgentHasEnded(agent_id=agent_id, state=agent.state)
    if agent.state is AgentState.FAILED:
        raise AgentHasFailed(agent_id=agent_id)
    raise otherwise(agent_id=agent_id, state=agent.state)


def evolve(agent: Agent, event: History) -> Agent:
    """Fold one fact into *agent*; never raises, never looks outside."""
    match event:
        case AgentRegistered(agent_id=agent_id, owner=owner, definition=definition):
            return replace(agent, agent_id=agent_id, owner=owner, definition=definition)
        case AgentSpawned(agent_id=agent_id):
            return replace(agent, agent_id=agent_id, state=AgentState.INITIALIZING)
        case AgentReadied(config=config, schedules_from=since):
            return replace(agent, state=AgentState.READY, config=config, schedules_from=nanoseconds(since))
        case AgentDeployed(config=config, definition=definition, schedules_from=since):
            counts = nanoseconds(since)
            return replace(agent, config=config, definition=definition, schedules_from=counts)
        case AgentInitializationFailed():
            return replace(agent, state=AgentState.FAILED)
        case AgentSuspended():
            return replace(agent, state=AgentState.SUSPENDED)
        case AgentResumed():
            # Where the last task ended meanwhile, Running is left again at once.
            return replace(agent, state=AgentState.RUNNING if agent.running else AgentState.READY)
        case HaltRequested():
            return agent
        case AgentHalted() | AgentTerminated():
            return replace(agent, state=AgentState.TERMINATED, running=frozenset())
        case AgentDecommissioned():
            return replace(agent, state=AgentState.DECOMMISSIONED)
        case AgentQuarantined():
            return replace(agent, quarantined=True)
        case AgentReleased():
            return replace(agent, quarantined=False)
        case TaskAssigned(task_id=task_id):
            return replace(agent, state=AgentState.RUNNING, running=agent.running | {task_id})
        case TaskCompleted() | TaskFailed() | TaskTimedOut() | TaskCancelled():
            return _task_left(agent, event.task_id)
        case TaskPreempted() | TaskRetried():
            return _task_left(agent, event.task_id)
        case ScheduleFired(schedule=schedule, due_at=due_at):
            return replace(agent, fired={**agent.fired, schedule: nanoseconds(due_at)})
        case TaskSubmitted() | TaskStarted() | TaskProgressed() | TaskDeadLettered():
            return agent
        case TaskPreemptionRequested():
            return agent
        case _:
            assert_never(event)


def nanoseconds(time: str | None) -> int:
    """A recorded time in nanoseconds since the epoch; 0 for what is none."""
    try:
        return clock.from_wire(time) if time else 0
    except ValueError:
        return 0


def _task_left(agent: Agent, task_id: str) -> Agent:
    if task_id not in agent.running:
        return agent
    running = agent.running - {task_id}
    idle = not running and agent.state is AgentState.RUNNING
    return replace(agent, running=running, state=AgentState.READY if idle else agent.state)


AGENT: Decider[Agent, AgentCommand, History] = Decider(Agent(), decide, evolve)
