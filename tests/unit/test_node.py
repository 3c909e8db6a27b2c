from typing import TypeAlias, get_args

import pytest

from app.domain.node import NODE, NodeState
from app.domain.rejections import NodeHasTasks, NodeNotJoined, NodeUnknown
from app.errors import SymbiError
from events.agent_config import SandboxTier
from events.base import Event
from events.commands import DrainNode, JoinNode, LoseNode, NodeCommand, RemoveNode
from events.node import Capacity, NodeDrained, NodeEvent, NodeJoined, NodeLost, NodeRemoved
from tests.support.given import given

CAPACITY = Capacity(cpu_cores=2, memory_mb=1024, tasks=4)
JOINED = NodeJoined(node_id="n1", capacity=CAPACITY, tiers=[SandboxTier.DOCKER], labels={"zone": "a"})
DRAINED = NodeDrained(node_id="n1", reason="update")
LOST = NodeLost(node_id="n1", reason="silent")
REMOVED = NodeRemoved(node_id="n1", reason="gone")

HISTORIES: dict[NodeState, tuple[NodeEvent, ...]] = {
    NodeState.ABSENT: (),
    NodeState.JOINED: (JOINED,),
    NodeState.DRAINING: (JOINED, DRAINED),
    NodeState.LOST: (JOINED, LOST),
    NodeState.REMOVED: (JOINED, DRAINED, REMOVED),
}

JOIN = JoinNode(node_id="n1", capacity=CAPACITY, tiers=[SandboxTier.DOCKER], labels={"zone": "a"})
COMMANDS: dict[type[NodeCommand], NodeCommand] = {
    JoinNode: JOIN,
    DrainNode: DrainNode(node_id="n1", reason="update"),
    LoseNode: LoseNode(node_id="n1", reason="silent"),
    RemoveNode: RemoveNode(node_id="n1", reason="gone"),
}

Outcome: TypeAlias = type[SymbiError] | tuple[NodeState, Event]
"""The refusal, or the state reached and the event that leads there."""

JOINS: Outcome = (NodeState.JOINED, JOINED)
LEAVES: Outcome = (NodeState.REMOVED, REMOVED)

OUTCOMES: dict[NodeState, dict[type[NodeCommand], Outcome]] = {
    NodeState.ABSENT: {
        JoinNode: JOINS,
        DrainNode: NodeUnknown,
        LoseNode: NodeUnknown,
        RemoveNode: NodeUnknown,
    },
    NodeState.JOINED: {
        JoinNode: JOINS,
        DrainNode: (NodeState.DRAINING, DRAINED),
        LoseNode: (NodeState.LOST, LOST),
        RemoveNode: NodeHasTasks,
    },
    NodeState.DRAINING: {
        JoinNode: JOINS,
        DrainNode: NodeNotJoined,
        LoseNode: (NodeState.LOST, LOST),
        RemoveNode: LEAVES,
    },
    NodeState.LOST: {
        JoinNode: JOINS,
        DrainNode: NodeNotJoined,
        LoseNode: NodeNotJoined,
        RemoveNode: LEAVES,
    },
    NodeState.REMOVED: {
        JoinNode: JOINS,
        DrainNode: NodeNotJoined,
        LoseNode: NodeNotJoined,
        RemoveNode: NodeNotJoined,
    },
}


def test_the_table_holds_every_state_and_every_command() -> None:
    assert set(OUTCOMES) == set(HISTORIES) == set(NodeState)
    assert set(COMMANDS) == set(get_args(NodeCommand))
    assert all(set(row) == set(COMMANDS) for row in OUTCOMES.values())


@pytest.mark.parametrize("state", NodeState)
def test_in_each_state_each_command_does_this_or_is_refused_by_name(state: NodeState) -> None:
    before = given(NODE, *HISTORIES[state])
    assert before.state.state is state
    for command_type, outcome in OUTCOMES[state].items():
        answer = before.when(COMMANDS[command_type])
        if isinstance(outcome, tuple):
            reached, event = outcome
            assert (answer.state.state, answer.events) == (reached, [event]), command_type
        else:
            answer.then_raises(outcome)


def test_a_refusal_names_the_node_and_its_state() -> None:
    refusal = given(NODE, *HISTORIES[NodeState.LOST]).when(COMMANDS[DrainNode]).then_raises(NodeNotJoined)
    assert refusal.message == "The node n1 is lost; this needs a node that has joined."


def test_a_node_that_starts_again_offers_what_it_has_now() -> None:
    smaller = Capacity(cpu_cores=1, memory_mb=512, tasks=1)
    node = given(NODE, JOINED, LOST).when(JoinNode(node_id="n1", capacity=smaller)).state
    assert (node.capacity, node.tiers, node.joined) == (smaller, (), 2)


def test_what_a_node_offered_stays_known_while_it_drains() -> None:
    node = given(NODE, JOINED).when(COMMANDS[DrainNode]).state
    assert (node.node_id, node.capacity, node.tiers) == ("n1", CAPACITY, (SandboxTier.DOCKER,))
