"""The words that options take. A test holds them equal to the events' own, which load too slowly for help."""

from enum import StrEnum
from typing import Literal

AgentState = Literal[
    "initializing", "ready", "running", "suspended", "terminated", "failed", "decommissioned"
]
IdentityKind = Literal["human", "service", "agent", "component"]
KeyUse = Literal["event", "command", "alert", "checkpoint", "witness", "login"]
RevocationReason = Literal["superseded", "compromised", "decommissioned"]


class Role(StrEnum):
    """What an identity may do."""

    OPERATOR = "operator"
    AGENT_OWNER = "agent_owner"
    VIEWER = "viewer"
    SCHEDULER = "scheduler"
    WORKER = "worker"


class TaskState(StrEnum):
    """Where a task stands."""

    QUEUED = "queued"
    ASSIGNED = "assigned"
    RUNNING = "running"
    COMPLETED = "completed"
    FAILED = "failed"
    TIMED_OUT = "timed_out"
    CANCELLED = "cancelled"
    DEAD_LETTERED = "dead_lettered"
