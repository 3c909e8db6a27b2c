"""Commands about one node."""

from typing import TypeAlias

from pydantic import Field

from ..agent_config import DataClass, SandboxTier
from ..identifiers import Token
from ..node import Capacity
from .base import Command, asked_as


@asked_as("node.join")
class JoinNode(Command):
    """Offer a worker's capacity. A worker's, about itself."""

    node_id: Token
    capacity: Capacity
    tiers: list[SandboxTier] = Field(default_factory=list)
    labels: dict[str, str] = Field(default_factory=dict)
    cleared_for: list[DataClass] | None = None
    """The classes of data that it may be given; every class where it names none."""


class _WithReason(Command):
    node_id: Token
    reason: str = Field("", max_length=1000)


@asked_as("node.drain")
class DrainNode(_WithReason):
    """Give the node no new tasks."""


@asked_as("node.lose")
class LoseNode(_WithReason):
    """Say that the node's lease lapsed. The scheduler's."""


@asked_as("node.remove")
class RemoveNode(_WithReason):
    """Take the node out of the runtime; it must run nothing."""


NodeCommand: TypeAlias = JoinNode | DrainNode | LoseNode | RemoveNode
