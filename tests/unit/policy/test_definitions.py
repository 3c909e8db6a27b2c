"""Every rule form of the definition language takes effect."""

from collections.abc import Mapping
from dataclasses import replace
from textwrap import dedent

import pytest

from app.dsl.source import Source
from app.policy.bundle.bundle import Bundle, load
from app.policy.bundle.compiling import compile_bundle
from app.policy.bundle.problems import BundleInvalid
from app.policy.conditions import (
    ApprovalScope,
    Audit,
    AuditLevel,
    CircuitBreaker,
    Condition,
    MinTier,
    RateLimit,
    RequireApproval,
    RetryLimit,
    TimeLimit,
)
from app.policy.decision import Allow, AllowWithConditions, Decision, Deny
from app.policy.engine.engine import Engine
from app.policy.engine.entities import Entities
from app.policy.interpreter import Interpreter
from app.policy.request import Action, Attributes, Entity, EntityRef, Principal, PrincipalKind, Request, Value
from events.agent_config import SandboxTier
from tests.support.policy_entities import agent_entity, code_entity, tool_entity

AGENT = EntityRef("Agent", "a1")
TOOL = EntityRef("Tool", "kit")


def compiled(text: str, mapped: Mapping[str, str] | None = None) -> Bundle:
    return compile_bundle([Source("agent.symbi", dedent(text))], name="tested", mapped=mapped)


def decided(
    rules: str,
    context: Attributes,
    *,
    action: Action = Action.CALL_TOOL,
    resource: EntityRef = TOOL,
    inputs: str = "",
    mapped: Mapping[str, str] | None = None,
    tool: Mapping[str, Value] | None = None,
    beside: str = "",
) -> Decision:
    """The decision about what the agent `clerk` does under these rules of its definition."""
    text = f"{beside}\nagent clerk({inputs}) {{ policy rules {{ {rules} }} with timeout = 30s {{ }} }}"
    entities = Entities(
        [agent_entity("a1", name="clerk"), tool_entity("kit", **(tool or {})), code_entity("img")]
    )
    bundle = compiled(text, mapped)
    assert load(bundle.to_bytes(), bundle.digest) == bundle
    request = Request(Principal(PrincipalKind.AGENT, "a1"), action, resource, context)
    return Engine(bundle, entities, Interpreter()).decide(request)


def allowed(decision: Decision) -> bool:
    assert not (isinstance(decision, Deny) and decision.error), decision
    return not isinstance(decision, Deny)


def conditions(decision: Decision) -> set[Condition]:
    assert isinstance(decision, AllowWithConditions), decision
    return set(decision.conditions)


def call(capability: str, *positional: Value, **named: Value) -> Attributes:
    return {"capability": capability, "positional": list(positional), "arguments": named}


def test_allow_names_what_may_be_called() -> None:
    rules = 'allow: read_rows(rows) allow: ["tidy", "sum"] allow: "http.get"'
    for name in ("read_rows", "tidy", "sum", "http.get"):
        assert allowed(decided(rules, call(name)))
    assert not allowed(decided(rules, call("export")))
    assert not allowed(decided(rules, {})), "what has no name is not what was named"


def test_the_policies_of_one_agent_are_not_about_another() -> None:
    text = "agent clerk { policy p { allow: read } with timeout = 1s { } }"
    entities = Entities(
        [agent_entity("a1", name="clerk"), agent_entity("a2", name="other"), tool_entity("kit")]
    )
    engine = Engine(compiled(text), entities, Interpreter())
    asked = Request(Principal(PrincipalKind.AGENT, "a1"), Action.CALL_TOOL, TOOL, call("read"))
    assert allowed(engine.decide(asked))
    assert not allowed(engine.decide(replace(asked, principal=Principal(PrincipalKind.AGENT, "a2"))))


def test_policies_beside_agents_are_about_all_of_them() -> None:
    engine = Engine(
        compiled("policy p { allow: read }"),
        Entities([agent_entity("a9", name="x"), tool_entity("kit")]),
        Interpreter(),
    )
    asked = Request(Principal(PrincipalKind.AGENT, "a9"), Action.CALL_TOOL, TOOL, call("read"))
    assert allowed(engine.decide(asked))


def test_deny_outweighs_allow() -> None:
    assert not allowed(decided("allow: export deny: export", call("export")))


def test_a_condition_on_arguments_looks_at_them_by_name_and_by_place() -> None:
    rules = "allow: export(rows) deny: export(rows) if rows.contains_pii == true"
    clean: Value = {"contains_pii": False}
    dirty: Value = {"contains_pii": True}
    assert allowed(decided(rules, call("export", clean)))
    assert not allowed(decided(rules, call("export", dirty)))
    assert not allowed(decided(rules, call("export", rows=dirty)))
    assert not allowed(decided(rules, call("export", to="x", rows=dirty)))
    assert not allowed(decided(rules, call("export", table=dirty))), "by place, where no name fits"


@pytest.mark.parametrize("given", [call("export"), call("export", 3), call("export", {})])
def test_a_condition_that_fails_denies(given: Attributes) -> None:
    decision = decided("allow: export(rows) deny: export(rows) if rows.total > 0.5", given)
    assert isinstance(decision, Deny)
    assert decision.error
    assert "rows.total > 0.5" in decision.reason


def test_a_condition_has_all_the_language_but_calls_nothing() -> None:
    rules = "allow: send(items) deny: send(items) if items.filter(i => i.price * 1.1 > 10.0).len() > 1"
    assert allowed(decided(rules, call("send", [{"price": 1.0}, {"price": 99.0}])))
    assert not allowed(decided(rules, call("send", [{"price": 50.0}, {"price": 99.0}])))
    with pytest.raises(BundleInvalid, match="nothing may be called here"):
        compiled("policy p { deny: x(a) if http.get(a) }")


def test_a_condition_that_never_ends_denies() -> None:
    body = "for i in range(n) { for j in range(n) { let x = i * j; } } return true;"
    endless = f"function spin(n: int) -> bool {{ {body} }}"
    decision = decided("allow: x(n) deny: x(n) if spin(n)", call("x", 1_000_000), beside=endless)
    assert isinstance(decision, Deny)
    assert decision.error


def test_a_condition_may_use_the_functions_of_its_file() -> None:
    function = "function large(n: int) -> bool { return n > 10; }"
    rules = "allow: take(n) deny: take(n) if large(n)"
    assert allowed(decided(rules, call("take", 3), beside=function))
    assert not allowed(decided(rules, call("take", 30), beside=function))


def test_a_condition_may_speak_of_the_inputs_of_the_task() -> None:
    rules = 'allow: write if format in ["json", "csv"]'
    for wanted, may in (("json", True), ("exe", False)):
        given: Attributes = {**call("write"), "input": {"format": wanted}}
        assert allowed(decided(rules, given, inputs="format: String")) is may


def test_a_constant_in_a_pattern_must_be_the_argument() -> None:
    assert allowed(decided('allow: invoke("report")', call("invoke", "report")))
    assert not allowed(decided('allow: invoke("report")', call("invoke", "deploy")))
    assert not allowed(decided('allow: invoke("report")', call("invoke", "deploy", "report")))
    assert not allowed(decided("allow: invoke(1)", call("invoke", True)))
    denied = 'allow: invoke(any) deny: invoke("deploy")'
    assert allowed(decided(denied, call("invoke", "report")))
    assert not allowed(decided(denied, call("invoke", "deploy")))
    assert not allowed(decided(denied, call("invoke", "report", "deploy"))), "wherever it stands"


class TestCedar:
    """Conditions that Cedar can hold are in Cedar, and mean the same."""

    @pytest.mark.parametrize(
        "condition",
        [
            'context.user.role == "viewer"',
            "context.size > 10 && !(context.size * 2 == 30)",
            'not context.consent || context.reason in ["a", "b"]',
            "context.hour - 1 >= 8",
        ],
    )
    def test_nothing_is_left_to_the_interpreter(self, condition: str) -> None:
        bundle = compiled(f"policy p {{ deny: x if {condition} }}")
        assert not bundle.predicates
        (policy,) = bundle.policies
        assert "context" in policy.text

    @pytest.mark.parametrize(
        "condition",
        [
            "context.size > 10.5",
            "context.size / 2 > 5",
            "context.unknown == 1",
            "context.reason == 3",
            'context.reason.contains("x")',
            "context.size > 1 && context.items.len() > 2",
        ],
    )
    def test_what_cedar_or_the_schema_cannot_hold_is_left_to_it(self, condition: str) -> None:
        assert len(compiled(f"policy p {{ deny: x if {condition} }}").predicates) == 1

    @pytest.mark.parametrize("condition", ["context.size > 10", "context.size > 10.0"])
    def test_an_absent_attribute_denies_either_way(self, condition: str) -> None:
        rules = f"allow: x deny: x if {condition}"
        assert allowed(decided(rules, {**call("x"), "size": 3}))
        assert not allowed(decided(rules, {**call("x"), "size": 30}))
        decision = decided(rules, call("x"))
        assert isinstance(decision, Deny)
        assert decision.error
        assert allowed(decided(f"{rules} allow: y", call("y"))), (
            "a rule about something else asks for nothing"
        )

    def test_the_tool_that_is_invoked_is_the_resource(self) -> None:
        rules = "allow: invoke_tool(tool) if tool.schema_verified == true"
        assert allowed(decided(rules, call("any.thing"), tool={"schema_verified": True}))
        assert not allowed(decided(rules, call("any.thing"), tool={"schema_verified": False}))
        assert not compiled(f"policy p {{ {rules} }}").predicates
        named = 'allow: invoke_tool(tool) deny: invoke_tool(tool) if tool.name == "kit"'
        assert not allowed(decided(named, call("any.thing")))


def test_names_of_acts_stand_for_whatever_is_called() -> None:
    running: Attributes = {
        "tier": "docker", "network": "open", "memory_mb": 1, "cpu_millis": 1,
        "disk_io_mbps": 1, "network_io_mbps": 1, "execution_timeout_s": 1,
    }  # fmt: skip
    image = EntityRef("Code", "img")
    for rules, may in (
        ("allow: execute_code", True),
        ("allow: run_code", True),
        ("allow: execute_code deny: network_access", False),
        ("allow: call_tool", False),
    ):
        assert allowed(decided(rules, running, action=Action.RUN_CODE, resource=image)) is may
    assert not allowed(decided("allow: call_tool deny: network_access", {}, tool={"external": True}))
    assert allowed(decided("allow: call_tool deny: network_access", {}, tool={"external": False}))


def test_a_denial_without_approval_waits_for_one() -> None:
    rules = "allow: deploy deny: deploy if not context.has_human_approval"
    assert conditions(decided(rules, call("deploy"))) == {RequireApproval("operator")}
    assert isinstance(decided(rules, {**call("deploy"), "has_human_approval": True}), Allow)


def test_require_an_expression() -> None:
    rules = 'allow: x(n) require: context.user.role == "admin" if context.size > 5'
    assert allowed(decided(rules, {**call("x"), "size": 1}))
    assert not allowed(decided(rules, {**call("x"), "size": 9, "user": {"role": "guest"}}))
    assert allowed(decided(rules, {**call("x"), "size": 9, "user": {"role": "admin"}}))
    in_both = "allow: x(n) require: context.size < 10.5 if context.size > 5.5"
    assert allowed(decided(in_both, {**call("x"), "size": 1}))
    assert allowed(decided(in_both, {**call("x"), "size": 9}))
    assert not allowed(decided(in_both, {**call("x"), "size": 11}))


@pytest.mark.parametrize(
    ("requirement", "condition"),
    [
        ('approval("finance")', RequireApproval("finance")),
        ('approval("finance", quorum = 2, timeout = 1h)', RequireApproval("finance", 2, 3600)),
        ('{ rate_limiting: "1000/hour" }', RateLimit(1000, 3600, "principal", "clerk.rules.2.rate_limiting")),
        ('{ rate_limiting: "5/minute/user" }', RateLimit(5, 60, "user", "clerk.rules.2.rate_limiting")),
        ('{ timeout_per_request: "3000ms" }', TimeLimit(3000)),
        ("{ total_timeout: 10m }", TimeLimit(600_000, whole_run=True)),
        ("{ max_retry_attempts: 3 }", RetryLimit(3)),
        ("{ circuit_breaker: true }", CircuitBreaker(5, 60)),
        ("{ circuit_breaker: 9 }", CircuitBreaker(9, 60)),
        (
            '{ approval_mechanism: "cryptographic_token", approval_expiry: "5m", approval_scope: "session" }',
            RequireApproval("operator", scope=ApprovalScope.RUN, valid_s=300),
        ),
    ],
)
def test_requirements_that_become_conditions(requirement: str, condition: Condition) -> None:
    assert conditions(decided(f"allow: x require: {requirement}", call("x"))) == {condition}


def test_how_approvals_are_given_shapes_those_that_are_asked_for() -> None:
    shape = 'approval_expiry: "5m", approval_scope: "single_action"'
    rules = f'allow: x require: approval("legal") require: {{ {shape} }}'
    assert conditions(decided(rules, call("x"))) == {RequireApproval("legal", valid_s=300)}


def test_the_sandbox_that_is_required_is_asked_of_code() -> None:
    running: Attributes = {
        "tier": "docker", "network": "none", "memory_mb": 1, "cpu_millis": 1,
        "disk_io_mbps": 1, "network_io_mbps": 1, "execution_timeout_s": 1,
    }  # fmt: skip
    rules = 'allow: execute_code allow: x require: { sandbox_tier: "Tier2" }'
    image = EntityRef("Code", "img")
    run = decided(rules, running, action=Action.RUN_CODE, resource=image)
    assert conditions(run) == {MinTier(SandboxTier.GVISOR)}
    assert isinstance(decided(rules, call("x")), Allow)


@pytest.mark.parametrize(
    ("requirement", "met", "unmet"),
    [
        ("tls_verification: true", {"tls_verified": True}, {"tls_verified": False}),
        ("signature_verification: true", {"signature_verified": True}, {}),
        ("schema_validation: true", {"schema_valid": True}, {"schema_valid": False}),
        ("input_validation: true", {"input_valid": True}, {}),
        ('max_data_size: "1KB"', {"size": 1000}, {"size": 1001}),
        ('max_data_size: "1KB"', {"size": 0}, {}),
        ('max_document_size: "1KB"', {"document_size": 1}, {"document_size": 9999}),
        ('schemapin_mode: "strict"', {"schema_verified": True, "schema_pinned": "operator"},
         {"schema_verified": True, "schema_pinned": "first_use"}),
        ('schemapin_mode: "tofu"', {"schema_verified": True, "schema_pinned": "first_use"}, {}),
        ("pin_on_first_use: false", {"schema_pinned": "operator"}, {"schema_pinned": "first_use"}),
        ('trust_bundle: "corp"', {"trust_bundle": "corp"}, {"trust_bundle": "other"}),
    ],
)  # fmt: skip
def test_requirements_that_are_met_or_deny_by_name(
    requirement: str, met: Attributes, unmet: Attributes
) -> None:
    rules = f"allow: x require: {{ {requirement} }}"
    assert allowed(decided(rules, {**call("x"), **met}))
    decision = decided(rules, {**call("x"), **unmet})
    assert not allowed(decision)
    assert isinstance(decision, Deny)
    name = requirement.partition(":")[0]
    assert name in decision.reason
    assert name in decision.grounds.policies[0]


def test_a_tool_must_be_the_approved_one() -> None:
    rules = "allow: x require: { verify_tool_schemas: true }"
    assert allowed(decided(rules, call("x"), tool={"approved": True}))
    assert not allowed(decided(rules, call("x"), tool={"approved": False}))


def test_consent_is_asked_of_data() -> None:
    rules = "allow: memory_read require: { consent_verification: true }"
    notes = Entity(EntityRef("Knowledge", "n"), {"shared": False, "data_classes": []})
    for consent in (True, False):
        text = f"agent clerk {{ policy rules {{ {rules} }} with timeout = 1s {{ }} }}"
        engine = Engine(compiled(text), Entities([agent_entity("a1", name="clerk"), notes]), Interpreter())
        asked = Request(
            Principal(PrincipalKind.AGENT, "a1"), Action.READ_DATA, notes.ref, {"consent": consent}
        )
        assert allowed(engine.decide(asked)) is consent


def test_no_more_agents_of_a_definition_than_it_says() -> None:
    text = """
        policy spawning { allow: x }
        agent clerk { policy rules { require: { max_concurrent_agents: 2 } } with timeout = 1s { } }
        """
    cedar = '@id("may") permit(principal, action == Action::"spawn_agent", resource);'
    bundle = compile_bundle([Source("a.symbi", dedent(text)), Source("b.cedar", cedar)], name="t")
    clerk, other = agent_entity("a1", name="clerk"), agent_entity("a2", name="other")
    engine = Engine(bundle, Entities([clerk, other, Entity(EntityRef("Human", "ann"))]), Interpreter())
    ann = Principal(PrincipalKind.HUMAN, "ann")
    for agent, count, may in ((clerk, 1, True), (clerk, 2, False), (other, 9, True)):
        asked = Request(ann, Action.SPAWN_AGENT, agent.ref, {"same_definition": count})
        assert allowed(engine.decide(asked)) is may


def test_who_approves_must_say_why() -> None:
    text = "agent clerk { policy rules { require: { require_reason: true } } with timeout = 1s { } }"
    cedar = '@id("may") permit(principal, action == Action::"approve", resource);'
    bundle = compile_bundle([Source("a.symbi", text), Source("b.cedar", cedar)], name="t")
    entities = Entities([agent_entity("a1", name="clerk"), Entity(EntityRef("Human", "ann"))])
    engine = Engine(bundle, entities, Interpreter())
    for reason, may in (("checked it", True), ("", False), (None, False)):
        context: Attributes = {"operation": "grant", "requester": "agent/a1", "role": "ops", "reason": reason}
        asked = Request(Principal(PrincipalKind.HUMAN, "ann"), Action.APPROVE, AGENT, context)
        assert allowed(engine.decide(asked)) is may


def test_a_requirement_that_nothing_meets_denies_with_its_name_until_it_is_mapped() -> None:
    rules = "allow: x require: { virus_scanning: true }"
    decision = decided(rules, call("x"))
    assert isinstance(decision, Deny)
    assert decision.reason.startswith("nothing here meets the requirement virus_scanning")
    mapped = {"virus_scanning": "context has input_valid && context.input_valid"}
    assert not allowed(decided(rules, call("x"), mapped=mapped))
    assert allowed(decided(rules, {**call("x"), "input_valid": True}, mapped=mapped))
    carried_out = {"virus_scanning": "condition: audit:full"}
    assert conditions(decided(rules, call("x"), mapped=carried_out)) == {Audit(AuditLevel.FULL)}
    for wrong in ("condition: scan", "1 +"):
        with pytest.raises(BundleInvalid):
            compiled(f"policy p {{ {rules} }}", {"virus_scanning": wrong})


def test_an_approval_by_unknown_means_is_not_met() -> None:
    decision = decided('allow: x require: { approval_mechanism: "smoke_signal" }', call("x"))
    assert isinstance(decision, Deny)
    assert "approval_mechanism smoke_signal" in decision.reason


def test_what_is_required_to_be_false_is_not_required() -> None:
    assert isinstance(decided("allow: x require: { tls_verification: false, odd: false }", call("x")), Allow)


def test_audit() -> None:
    rules = "allow: x allow: y"
    assert conditions(decided(f"{rules} audit: all_operations", call("x"))) == {Audit(AuditLevel.METADATA)}
    record = """audit: { log_level: "warning", retention_days: 30, compliance_tags: ["GDPR"],
        include_input: true, include_latency: true, include_output: false, alert_on_errors: true }"""
    assert conditions(decided(f"{rules} {record}", call("x"))) == {
        Audit(
            AuditLevel.FULL,
            30,
            frozenset({"GDPR"}),
            frozenset({"input", "latency"}),
            frozenset({"errors"}),
            "warning",
        )
    }
    assert isinstance(decided(f"{rules} audit: y", call("x")), Allow)
    assert conditions(decided(f"{rules} audit: y", call("y"))) == {Audit(AuditLevel.METADATA)}


def test_policies_of_a_channel_are_about_its_topic() -> None:
    text = "channel news { policy p { deny: publish } }\npolicy all { allow: publish }"
    topics = [Entity(EntityRef("Topic", name), {"external": False}) for name in ("news", "other")]
    engine = Engine(compiled(text), Entities([agent_entity("a1", name="clerk"), *topics]), Interpreter())
    for topic, may in (("news", False), ("other", True)):
        asked = Request(Principal(PrincipalKind.AGENT, "a1"), Action.PUBLISH, EntityRef("Topic", topic))
        assert allowed(engine.decide(asked)) is may


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("agent a {", "agent.symbi:1: "),
        ("policy p {\n  allow: x if context.size >\n}", "agent.symbi:2: expected an expression"),
        ("policy p {\n  allow: x\n  deny: y if no.total > 1\n}", "agent.symbi:3: `no.total > 1`"),
        ('policy p { require: { rate_limiting: "often" } }', "expected a rate"),
        ("policy p { allow: 3 }", "this names no action"),
    ],
)  # fmt: skip
def test_what_is_wrong_in_a_definition_is_refused_with_its_line(text: str, says: str) -> None:
    with pytest.raises(BundleInvalid) as error:
        compiled(text)
    assert says in str(error.value)


def test_what_its_authors_should_look_at_is_told() -> None:
    bundle = compiled("policy p {\n  allow: x\n  require: { virus_scanning: true }\n}")
    assert [str(warning) for warning in bundle.warnings] == [
        "agent.symbi:3: nothing in the runtime meets `virus_scanning`"
    ]
