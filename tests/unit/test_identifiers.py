import pytest

from events.identifiers import boundary, event_subject

BOUNDARIES = [
    ("a1", "agent", "a1", "symbi.evt.a1.>"),
    ("a1", "task", "t1", "symbi.evt.a1.>"),
    (None, "node", "n1", "symbi.evt._.node.n1.>"),
    (None, "identity", "alice", "symbi.evt._.identity.>"),
    (None, "identity", "bob", "symbi.evt._.identity.>"),
]


@pytest.mark.parametrize(("agent", "aggregate", "aggregate_id", "expected"), BOUNDARIES)
def test_decisions_are_guarded_per_agent_per_node_and_over_all_identities(
    agent: str | None, aggregate: str, aggregate_id: str, expected: str
) -> None:
    of = boundary(agent, aggregate, aggregate_id)
    assert of == expected
    assert event_subject(agent, aggregate, aggregate_id, "happened").startswith(of.removesuffix(">"))


def test_what_belongs_to_an_agent_named_like_an_aggregate_is_not_among_the_identities() -> None:
    subject = event_subject("identity", "agent", "identity", "spawned")
    assert not subject.startswith(boundary(None, "identity", "alice").removesuffix(">"))
