"""The life of one node: a worker process with its capacity."""

from typing import TypeAlias

from pydantic import Field

from .agent_config import SandboxTier
from .base import Event, Record, recorded_as
from .identifiers import Token


class Capacity(Record):
    """What a node has to give."""

    cpu_cores: float = Field(gt=0)
    memory_mb: int = Field(gt=0)
    tasks: int = Field(ge=1)
    """How many tasks it runs at once."""


@recorded_as("node.joined", aggregate="node")
class NodeJoined(Event):
    """A worker offered its capacity."""

    node_id: Token
    capacity: Capacity
    tiers: list[SandboxTier]
    labels: dict[str, str] = Field(default_factory=dict)


@recorded_as("node.drained", aggregate="node")
class NodeDrained(Event):
    """It gets no new tasks; what runs ends there."""

    node_id: Token
    reason: str


@recorded_as("node.lost", aggregate="node")
class NodeLost(Event):
    """Its lease lapsed; its tasks are retried elsewhere."""

    node_id: Token
    reason: str


@recorded_as("node.removed", aggregate="node")
class NodeRemoved(Event):
    """It left for good."""

    node_id: Token
    reason: str


NodeEvent: TypeAlias = NodeJoined | NodeDrained | NodeLost | NodeRemoved
