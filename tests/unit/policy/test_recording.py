"""What is recorded of a request is enough to decide it again, and holds no content."""

import pytest

from app.policy.conditions import Audit, AuditLevel, RateLimit
from app.policy.decision import Allow, AllowWithConditions, Deny, Grounds
from app.policy.recording import (
    Withheld,
    act_digest,
    asked_for,
    content_of,
    kind_digest,
    recorded,
    requested,
)
from app.policy.request import Action, Entity, EntityRef, Principal, PrincipalKind, Request
from events import strict_json
from events.policy import AskedFor, Outcome
from tests.support.policy_entities import agent_entity
from tests.support.policy_world import PolicyWorld

CALL = Request(
    Principal(PrincipalKind.AGENT, "a1"),
    Action.CALL_TOOL,
    EntityRef("Tool", "mail"),
    {"task": "t1", "data_classes": ["pii"], "arguments": {"to": "ann"}, "positional": [1], "input": {"x": 1}},
    tenant="acme",
)
DIGEST = "sha256:" + "0" * 64


def test_a_request_is_the_same_after_it_was_recorded() -> None:
    world = PolicyWorld(3)
    for _ in range(200):
        request = world.request()
        asked = AskedFor.model_validate(strict_json.loads(strict_json.dumps(asked_for(request).model_dump())))
        assert requested(asked, content_of(request)) == request


def test_entities_of_a_request_are_recorded_with_it() -> None:
    own = agent_entity("a2", parents=frozenset({EntityRef("Role", "r")}), owner="ann")
    tagged = Entity(own.ref, own.attributes, own.parents, {"team": "x"})
    spawn = Request(Principal(PrincipalKind.HUMAN, "ann"), Action.SPAWN_AGENT, own.ref, {}, (tagged,))
    assert requested(asked_for(spawn)) == spawn


def test_content_is_not_recorded() -> None:
    asked = asked_for(CALL)
    assert asked.withheld == ["arguments", "input", "positional"]
    assert asked.context == {"task": "t1", "data_classes": ["pii"]}
    with pytest.raises(Withheld, match="arguments, input, positional"):
        requested(asked)
    with pytest.raises(Withheld, match="input, positional"):
        requested(asked, {"arguments": {}})


def test_the_digest_of_an_act_covers_everything_that_will_run() -> None:
    digest = act_digest(CALL)
    for name, value in (("arguments", {"to": "bob"}), ("positional", [True]), ("task", "t2"), ("new", 1)):
        other = Request(
            CALL.principal, CALL.action, CALL.resource, {**CALL.context, name: value}, tenant="acme"
        )
        assert act_digest(other) != digest
        assert (kind_digest(other) == kind_digest(CALL)) is (name != "task")
    assert act_digest(Request(*(getattr(CALL, name) for name in CALL.__slots__))) == digest


def test_each_outcome_is_recorded() -> None:
    grounds = Grounds(DIGEST, ("a", "b"), ("because",), (("p.1", True),))
    allowed = recorded(CALL, Allow(grounds), "d1")
    assert (allowed.outcome, allowed.digest, allowed.policies) == (Outcome.ALLOWED, DIGEST, ["a", "b"])
    assert (allowed.agent_id, allowed.point, allowed.holds) == ("a1", "tools", {"p.1": True})
    limit = RateLimit(3, 60, bucket="a")
    conditional = recorded(
        CALL, AllowWithConditions((Audit(AuditLevel.FULL), limit), grounds), "d1", limits=('a|Agent::"a1"',)
    )
    assert conditional.outcome is Outcome.CONDITIONAL
    assert conditional.conditions == ["audit:full", "rate_limit:3/60s/principal"]
    denied = recorded(CALL, Deny("x" * 9999, Grounds(), suspend=True, error=True), "d1", count=7)
    assert (denied.outcome, denied.digest, denied.suspend, denied.error) == (Outcome.DENIED, None, True, True)
    assert (len(denied.reason), denied.count) == (2000, 7)
    human = Request(Principal(PrincipalKind.HUMAN, "ann"), Action.ADMINISTER, EntityRef("Tenant", "t"))
    assert recorded(human, Allow(grounds), "d1").agent_id is None
