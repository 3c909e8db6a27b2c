"""The life of one node: a worker process with its capacity."""

from typing import Any, TypeAlias

from pydantic import Field

from .agent_config import DataClass, SandboxTier
from .base import Event, Record, recorded_as
from .identifiers import Token
from .upcast import upcasts


class Capacity(Record):
    """What a node has to give."""

    cpu_cores: float = Field(gt=0)
    memory_mb: int = Field(gt=0)
    tasks: int = Field(ge=1)
    """How many tasks it runs at once."""
    bodies: int = Field(0, ge=0)
    """How many bodies of agents it interprets beside those; they mostly wait, and hold no core."""


@recorded_as("node.joined", aggregate="node", version=2)
class NodeJoined(Event):
    """A worker offered its capacity."""

    node_id: Token
    capacity: Capacity
    tiers: list[SandboxTier]
    labels: dict[str, str] = Field(default_factory=dict)
    cleared_for: list[DataClass] | None = None
    """The classes of data that it may be given; every class where it names none."""


@upcasts("symbi.node.joined.v1", NodeJoined.wire_type())
def _without_bodies(data: dict[str, Any]) -> dict[str, Any]:
    """Before agents had bodies, no node interpreted any."""
    return data


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
