"""Which bundle decides, and how an agent's own policies narrow what it allows."""

import pytest

from app.dsl.source import Source
from app.policy.bundle.bundle import Bundle
from app.policy.bundle.compiling import compile_bundle, compile_own
from app.policy.bundle.problems import BundleInvalid
from app.policy.bundle.stated import Holder
from app.policy.conditions import Audit, AuditLevel, RateLimit, RetryLimit
from app.policy.decision import Allow, AllowWithConditions, Decision, Deny, Grounds
from app.policy.engine.engine import Engine
from app.policy.engine.entities import Entities
from app.policy.in_force import InForce
from app.policy.interpreter import Interpreter
from app.policy.narrowing import narrowed
from app.policy.request import Action, Attributes, Entity, EntityRef, Principal, PrincipalKind, Request
from events.agent_config import AgentConfig
from events.agent_policy import ActionPattern, ActionRule, StatedPolicy
from tests.support.policy_entities import agent_entity, tool_entity

AGENT = Principal(PrincipalKind.AGENT, "a1")
KIT = EntityRef("Tool", "kit")
EXPORT: Attributes = {"capability": "export", "arguments": {"rows": {"total": 3}}}
CALL = Request(AGENT, Action.CALL_TOOL, KIT, EXPORT)


def entities() -> Entities:
    node: Attributes = {"tiers": [], "memory_mb": 1, "cpu_millis": 1}
    return Entities(
        [agent_entity("a1", name="clerk"), tool_entity("kit"), Entity(EntityRef("Node", "n"), node)]
    )


def bundle_of(effect: str, name: str) -> Bundle:
    return compile_bundle(
        [Source("p.cedar", f'@id("{name}") {effect}(principal, action, resource);')], name=name
    )


def test_without_a_bundle_nothing_is_allowed_and_it_is_said_how_to_begin() -> None:
    in_force = InForce(entities(), Interpreter())
    decision = in_force.decide(CALL)
    assert isinstance(decision, Deny)
    assert decision.error
    assert "docs/examples/policies/starter" in decision.reason
    assert in_force.digest is None


def test_each_decision_names_the_bundle_that_made_it() -> None:
    in_force = InForce(entities(), Interpreter())
    one, two = bundle_of("permit", "one"), bundle_of("forbid", "two")
    for bundle, allowed in ((one, True), (two, False), (one, True)):
        in_force.activate(bundle)
        decision = in_force.decide(CALL)
        assert decision.grounds.digest == bundle.digest == in_force.digest
        assert isinstance(decision, Allow) is allowed
    in_force.deactivate()
    assert isinstance(in_force.decide(CALL), Deny)


def stated(rules: str) -> list[StatedPolicy]:
    """The policies that a definition with these rules states, as its configuration has them."""
    from app.dsl.report import Report
    from app.dsl.settings.policies import read_policy
    from app.dsl.syntax import parse
    from app.dsl.tree import PolicyDef

    source = Source("d.symbi", f"policy own {{ {rules} }}")
    (item,) = parse(source).program.items
    assert isinstance(item, PolicyDef)
    found = [read_policy(item, source, Report()).stated]
    return AgentConfig(name="clerk", policies=found).policies


def own(rules: str, request: Request) -> Decision:
    bundle = compile_own(stated(rules), Holder("clerk"), version="1.0.0")
    return Engine(bundle, entities(), Interpreter()).decide(request)


def test_what_a_definition_allows_is_all_that_it_allows() -> None:
    assert isinstance(own("allow: export", CALL), Allow)
    assert isinstance(own("allow: read", CALL), Deny)
    assert isinstance(own("allow: export deny: export(rows) if rows.total > 1.5", CALL), Deny)


def test_a_definition_that_only_denies_leaves_the_rest_to_the_active_bundle() -> None:
    assert isinstance(own("deny: read", CALL), Allow)
    assert isinstance(own("deny: export", CALL), Deny)
    assert isinstance(own('require: { rate_limiting: "5/minute" }', CALL), AllowWithConditions)


def test_what_is_no_act_of_the_agent_is_left_to_the_active_bundle() -> None:
    limits = dict.fromkeys(
        ("memory_mb", "cpu_millis", "disk_io_mbps", "network_io_mbps", "execution_timeout_s"), 1
    )
    allocate = Request(AGENT, Action.ALLOCATE, EntityRef("Node", "n"), {**limits, "tier": "docker"})
    assert isinstance(own("allow: read", allocate), Allow)


def test_what_is_wrong_in_them_is_told_with_its_line() -> None:
    rule = ActionRule(kind="deny", actions=[ActionPattern(action="x")], condition="nobody > 1", line=7)
    policy = StatedPolicy(name="own", rules=[rule])
    with pytest.raises(BundleInvalid, match="clerk:7"):
        compile_own([policy], Holder("clerk"), version="1")
    with pytest.raises(BundleInvalid, match="clerk:7"):
        compile_own(
            [StatedPolicy(name="own", rules=[rule.model_copy(update={"condition": "1 +"})])],
            Holder("clerk"),
            version="1",
        )


class TestNarrowing:
    ACTIVE, OWN = Grounds("sha256:1", ("a",), ("ra",)), Grounds("sha256:2", ("o",), ("ro",))

    def test_both_have_to_allow(self) -> None:
        yes, also = Allow(self.ACTIVE), Allow(self.OWN)
        no, neither = Deny("no", self.ACTIVE), Deny("neither", self.OWN)
        assert narrowed(yes, also) == Allow(Grounds("sha256:1", ("a", "o"), ("ra", "ro")))
        assert narrowed(no, also) is no
        assert narrowed(yes, neither) is neither
        assert narrowed(no, neither) is no

    def test_the_conditions_of_both_hold(self) -> None:
        active = AllowWithConditions((RetryLimit(3), RateLimit(5, 60, bucket="a")), self.ACTIVE)
        mine = AllowWithConditions(
            (RetryLimit(1), RateLimit(9, 60, bucket="o"), Audit(AuditLevel.FULL)), self.OWN
        )
        found = narrowed(active, mine)
        assert isinstance(found, AllowWithConditions)
        assert set(found.conditions) == {
            RetryLimit(1),
            RateLimit(5, 60, bucket="a"),
            RateLimit(9, 60, bucket="o"),
            Audit(AuditLevel.FULL),
        }
        assert narrowed(Allow(self.ACTIVE), mine).grounds.policies == ("a", "o")
