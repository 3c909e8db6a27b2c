"""How a node comes and goes."""

from collections.abc import Mapping

from events.base import Event
from events.codec import Fact
from events.node import NodeDrained, NodeJoined, NodeLost, NodeRemoved

from ..errors import Contradiction
from .tables import NodeRow

_BECOMES: Mapping[type[Event], str] = {NodeDrained: "draining", NodeLost: "lost", NodeRemoved: "removed"}

CONCERNS: frozenset[type[Event]] = frozenset({NodeJoined, *_BECOMES})
"""The types of events that change a node."""


def fold(node: NodeRow | None, fact: Fact) -> NodeRow:
    """The node after *fact*.

    Raises:
        Contradiction: it never joined.
    """
    event = fact.event
    at = fact.envelope.time_ns
    if type(event) is NodeJoined:
        return _joined(node, fact.seq, event, at)
    if node is None:
        raise Contradiction(f"{event.name} of {fact.envelope.subject}, which never joined")
    reason = getattr(event, "reason", "")
    return node._replace(state=_BECOMES[type(event)], reason=reason, updated_at=at, last_seq=fact.seq)


def _joined(node: NodeRow | None, seq: int, event: NodeJoined, at: int) -> NodeRow:
    return NodeRow(
        id=event.node_id,
        state="joined",
        reason="",
        cpu_cores=event.capacity.cpu_cores,
        memory_mb=event.capacity.memory_mb,
        tasks=event.capacity.tasks,
        tiers=[tier.value for tier in event.tiers],
        labels=event.labels,
        joined_at=at,
        updated_at=at,
        first_seq=node.first_seq if node else seq,
        last_seq=seq,
    )
