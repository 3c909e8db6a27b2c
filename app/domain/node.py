"""The node: a worker that joined, and what became of it."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import assert_never

from events.agent_config import DataClass, SandboxTier
from events.commands import DrainNode, JoinNode, LoseNode, NodeCommand, RemoveNode
from events.node import Capacity, NodeDrained, NodeEvent, NodeJoined, NodeLost, NodeRemoved

from .decider import Context, Decider
from .rejections import NodeHasTasks, NodeNotJoined, NodeUnknown


class NodeState(StrEnum):
    """Where a node stands; `absent` is before it first joined."""

    ABSENT = "absent"
    JOINED = "joined"
    DRAINING = "draining"
    LOST = "lost"
    REMOVED = "removed"


@dataclass(frozen=True, slots=True)
class Node:
    """One node, as far as decisions depend on it."""

    node_id: str = ""
    state: NodeState = NodeState.ABSENT
    capacity: Capacity | None = None
    tiers: tuple[SandboxTier, ...] = ()
    labels: tuple[tuple[str, str], ...] = ()
    cleared_for: tuple[DataClass, ...] | None = None
    """The classes of data that it may be given; none stands for every class."""
    joined: int = 0
    """How often it joined."""


def decide(node: Node, command: NodeCommand, context: Context) -> Sequence[NodeEvent]:
    """Answer *command* with the facts it causes, or raise `Rejected`."""
    if isinstance(command, JoinNode):
        return [
            NodeJoined(
                node_id=command.node_id,
                capacity=command.capacity,
                tiers=command.tiers,
                labels=command.labels,
                cleared_for=command.cleared_for,
            )
        ]
    if node.state is NodeState.ABSENT:
        raise NodeUnknown(node_id=command.node_id)
    match command:
        case DrainNode(node_id=node_id, reason=reason):
            if node.state is not NodeState.JOINED:
                raise NodeNotJoined(node_id=node_id, state=node.state)
            return [NodeDrained(node_id=node_id, reason=reason)]
        case LoseNode(node_id=node_id, reason=reason):
            if node.state not in (NodeState.JOINED, NodeState.DRAINING):
                raise NodeNotJoined(node_id=node_id, state=node.state)
            return [NodeLost(node_id=node_id, reason=reason)]
        case RemoveNode(node_id=node_id, reason=reason):
            if node.state is NodeState.JOINED:
                raise NodeHasTasks(node_id=node_id)
            if node.state is NodeState.REMOVED:
                raise NodeNotJoined(node_id=node_id, state=node.state)
            return [NodeRemoved(node_id=node_id, reason=reason)]
        case _:
            assert_never(command)


def evolve(node: Node, event: NodeEvent) -> Node:
    """Fold one fact into *node*; never raises, never looks outside."""
    match event:
        case NodeJoined():
            return Node(
                event.node_id,
                NodeState.JOINED,
                event.capacity,
                tuple(event.tiers),
                tuple(event.labels.items()),
                None if event.cleared_for is None else tuple(event.cleared_for),
                node.joined + 1,
            )
        case NodeDrained():
            return replace(node, state=NodeState.DRAINING)
        case NodeLost():
            return replace(node, state=NodeState.LOST)
        case NodeRemoved():
            return replace(node, state=NodeState.REMOVED)
        case _:
            assert_never(event)


NODE: Decider[Node, NodeCommand, NodeEvent] = Decider(Node(), decide, evolve)
