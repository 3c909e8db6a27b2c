"""How an agent's life follows from what happens to it and its tasks: the transitions, and no others."""

from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

from events.agent import (
    AgentDecommissioned,
    AgentDeployed,
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
)
from events.agent_config import AgentConfig
from events.base import Event
from events.codec import Fact
from events.task import (
    TaskAssigned,
    TaskCancelled,
    TaskCompleted,
    TaskFailed,
    TaskPreempted,
    TaskRetried,
    TaskTimedOut,
)

from ..errors import Contradiction
from .tables import AgentRow, TransitionRow


def fold(agent: AgentRow | None, fact: Fact) -> tuple[AgentRow, list[TransitionRow]]:
    """The agent after *fact*, and the steps it took: none, one, or two.

    Raises:
        Contradiction: the life cycle does not allow it.
    """
    event = fact.event
    if type(event) is AgentRegistered:
        return _registered(agent, fact, event), []
    if agent is None:
        raise Contradiction(f"{event.name} of the agent {agent_of(fact)}, which was never registered")
    states, changes = _EFFECTS[type(event)](agent, event)
    if not states and not changes:
        return agent, []
    at = fact.envelope.time_ns
    if states:
        changes |= {"state": states[-1], "state_since": at, "reason": _reason(event)}
        changes["transitions"] = agent.transitions + len(states)
    after = agent._replace(updated_at=at, last_seq=fact.seq, **changes)
    return after, _steps(agent, states, fact, at)


def _steps(agent: AgentRow, states: tuple[str, ...], fact: Fact, at: int) -> list[TransitionRow]:
    event = fact.event
    task = event.__dict__.get("task_id")
    came_from = (agent.state, *states)
    return [
        TransitionRow(
            agent=agent.id,
            n=agent.transitions + i,
            seq=fact.seq,
            from_state=came_from[i - 1],
            to_state=to,
            at=at,
            event=event.name,
            task=task,
            reason=_reason(event),
            actor=fact.envelope.actor,
        )
        for i, to in enumerate(states, start=1)
    ]


def agent_of(fact: Fact) -> str:
    return fact.envelope.agent or fact.envelope.aggregate_id


def _reason(event: Event) -> str:
    if type(event) is AgentInitializationFailed:
        return "; ".join(event.reasons)
    reason: str = event.__dict__.get("reason", "")  # a model takes long to say that it lacks an attribute
    return reason


def _registered(agent: AgentRow | None, fact: Fact, event: AgentRegistered) -> AgentRow:
    if agent is not None:
        raise Contradiction(f"the agent {agent.id} was registered twice")
    at = fact.envelope.time_ns
    return AgentRow(
        id=event.agent_id,
        name=event.title,
        version=None,
        definition_digest=event.definition_digest,
        owner=event.owner,
        tenant=fact.envelope.tenant,
        state=None,
        state_since=None,
        reason="",
        quarantined=False,
        decommissioned=False,
        running=[],
        config=None,
        labels={},
        transitions=0,
        created_at=at,
        updated_at=at,
        first_seq=fact.seq,
        last_seq=fact.seq,
    )


Effect: TypeAlias = tuple[tuple[str, ...], dict[str, Any]]
"""The states the agent goes through, and the other columns that change."""

_MOVES: Mapping[type[Event], tuple[tuple[str | None, ...], str]] = {
    AgentSpawned: ((None,), "initializing"),
    AgentReadied: (("initializing",), "ready"),
    AgentInitializationFailed: (("initializing",), "failed"),
    AgentSuspended: (("running",), "suspended"),
    AgentResumed: (("suspended",), "running"),
    AgentHalted: (("suspended",), "terminated"),
    AgentTerminated: (("ready", "failed"), "terminated"),
    AgentDecommissioned: (("terminated",), "decommissioned"),
}


def _move(agent: AgentRow, event: Event) -> str:
    allowed, to = _MOVES[type(event)]
    if agent.state not in allowed:
        raise Contradiction(f"{event.name} while the agent {agent.id} is {agent.state}")
    return to


def _readied(agent: AgentRow, event: AgentReadied) -> Effect:
    return (_move(agent, event),), _configured(event.config)


def _deployed(agent: AgentRow, event: AgentDeployed) -> Effect:
    return (), {**_configured(event.config), "definition_digest": event.definition_digest}


def _resumed(agent: AgentRow, event: AgentResumed) -> Effect:
    running = _move(agent, event)
    # Where its last task ended while it was suspended, it is Running only in passing.
    return (running,) if agent.running else (running, "ready"), {}


def _stopped(agent: AgentRow, event: AgentHalted | AgentTerminated) -> Effect:
    return (_move(agent, event),), {"running": []}


def _assigned(agent: AgentRow, event: TaskAssigned) -> Effect:
    if agent.state not in ("ready", "running"):
        raise Contradiction(f"{event.name} while the agent {agent.id} is {agent.state}")
    running = [*agent.running, event.task_id]
    return ("running",) if agent.state == "ready" else (), {"running": running}


def _task_left(
    agent: AgentRow,
    event: TaskCompleted | TaskFailed | TaskTimedOut | TaskCancelled | TaskPreempted | TaskRetried,
) -> Effect:
    if event.task_id not in agent.running:
        return (), {}
    running = [task for task in agent.running if task != event.task_id]
    return ("ready",) if agent.state == "running" and not running else (), {"running": running}


def _configured(config: AgentConfig) -> dict[str, Any]:
    return {
        "name": config.name,
        "version": config.version,
        "labels": config.labels,
        "config": config.model_dump(mode="json", exclude_none=True),
    }


_EFFECTS: Mapping[type[Event], Callable[[AgentRow, Any], Effect]] = {
    AgentSpawned: lambda agent, event: ((_move(agent, event),), {}),
    AgentReadied: _readied,
    AgentInitializationFailed: lambda agent, event: ((_move(agent, event),), {}),
    AgentDeployed: _deployed,
    AgentSuspended: lambda agent, event: ((_move(agent, event),), {}),
    AgentResumed: _resumed,
    AgentHalted: _stopped,
    AgentTerminated: _stopped,
    AgentQuarantined: lambda agent, event: ((), {"quarantined": True}),
    AgentReleased: lambda agent, event: ((), {"quarantined": False}),
    AgentDecommissioned: lambda agent, event: ((_move(agent, event),), {"decommissioned": True}),
    TaskAssigned: _assigned,
    TaskCompleted: _task_left,
    TaskFailed: _task_left,
    TaskTimedOut: _task_left,
    TaskCancelled: _task_left,
    TaskPreempted: _task_left,
    TaskRetried: _task_left,
}
CONCERNS: frozenset[type[Event]] = frozenset({AgentRegistered, *_EFFECTS})
"""The types of events that may change an agent."""
