"""One agent's life as events, by how far it has come."""

from app.domain.agent import AgentState, History, definition_digest
from events.agent import (
    AgentDecommissioned,
    AgentInitializationFailed,
    AgentQuarantined,
    AgentReadied,
    AgentRegistered,
    AgentResumed,
    AgentSpawned,
    AgentSuspended,
    AgentTerminated,
)
from events.agent_config import AgentConfig
from events.task import TaskAssigned, TaskCompleted

DOCUMENT = {"name": "greeter", "max_concurrent_tasks": 2}
CONFIG = AgentConfig(name="greeter", max_concurrent_tasks=2)
DIGEST = definition_digest(DOCUMENT)

REGISTERED = AgentRegistered(agent_id="a1", title="greeter", definition_digest=DIGEST, owner="human/alice")
SPAWNED = AgentSpawned(agent_id="a1", definition_digest=DIGEST)
READIED = AgentReadied(agent_id="a1", config=CONFIG)
FAILED = AgentInitializationFailed(agent_id="a1", reasons=["name: Field required"])
SUSPENDED = AgentSuspended(agent_id="a1", reason="policy")
RESUMED = AgentResumed(agent_id="a1", reason="cleared")
QUARANTINED = AgentQuarantined(agent_id="a1", reason="odd")
TERMINATED = AgentTerminated(agent_id="a1", reason="done")
DECOMMISSIONED = AgentDecommissioned(agent_id="a1", reason="gone")


def assigned(task_id: str) -> TaskAssigned:
    return TaskAssigned(task_id=task_id, agent_id="a1", node_id="n1", assignment=1, attempt=1)


def completed(task_id: str) -> TaskCompleted:
    return TaskCompleted(task_id=task_id, assignment=1)


BORN = (REGISTERED, SPAWNED)
READY = (*BORN, READIED)
RUNNING = (*READY, assigned("t1"))

HISTORIES: dict[AgentState, tuple[History, ...]] = {
    AgentState.ABSENT: (),
    AgentState.INITIALIZING: BORN,
    AgentState.READY: READY,
    AgentState.RUNNING: RUNNING,
    AgentState.SUSPENDED: (*RUNNING, SUSPENDED),
    AgentState.TERMINATED: (*READY, TERMINATED),
    AgentState.FAILED: (*BORN, FAILED),
    AgentState.DECOMMISSIONED: (*READY, TERMINATED, DECOMMISSIONED),
}
