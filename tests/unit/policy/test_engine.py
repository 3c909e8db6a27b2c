"""What a decision says, and that it follows every change."""

from collections.abc import Mapping
from dataclasses import replace
from textwrap import dedent

import pytest

from app.dsl.source import Source
from app.policy.bundle.bundle import Bundle
from app.policy.bundle.cedar_text import read
from app.policy.bundle.compiling import compile_bundle
from app.policy.bundle.policy import Policy
from app.policy.bundle.predicates import Bound, Predicate, PredicateFailed
from app.policy.conditions import Audit, AuditLevel, RateLimit, RetryLimit
from app.policy.decision import Allow, AllowWithConditions, Deny
from app.policy.engine.engine import DECISIONS_KEPT, Engine
from app.policy.engine.entities import Entities, EntityInvalid
from app.policy.request import Action, Entity, EntityRef, Principal, PrincipalKind, Request, Value
from tests.support.policy_entities import agent_entity
from tests.support.policy_world import no_predicates

ANN, TENANT, OPS = EntityRef("Human", "ann"), EntityRef("Tenant", "default"), EntityRef("Role", "ops")
MAIL = Entity(
    EntityRef("Tool", "mail"),
    {
        "schema_verified": True,
        "approved": True,
        "external": True,
        "idempotent": False,
        "data_classes": ["pii"],
    },
)
CALL = Request(Principal(PrincipalKind.HUMAN, "ann"), Action.CALL_TOOL, MAIL.ref)

PERMIT = '@id("permit") permit(principal, action, resource);'


def known() -> Entities:
    return Entities([Entity(TENANT), Entity(OPS), Entity(ANN, parents=frozenset({OPS, TENANT})), MAIL])


def bundle_of(cedar: str, manifest: str = "") -> Bundle:
    sources = [Source("p.cedar", dedent(cedar))]
    if manifest:
        sources.append(Source("m.yaml", f"type: bundle\nname: tested\n{manifest}"))
    return compile_bundle(sources, name="tested")


def engine(cedar: str, entities: Entities | None = None, manifest: str = "") -> Engine:
    return Engine(bundle_of(cedar, manifest), entities or known(), no_predicates)


def test_what_a_policy_permits_is_allowed_by_name() -> None:
    decision = engine('@id("a") @reason("Everybody may.") permit(principal, action, resource);').decide(CALL)
    assert isinstance(decision, Allow)
    assert decision.grounds.policies == ("a",)
    assert decision.grounds.reasons == ("Everybody may.",)
    assert decision.grounds.digest.startswith("sha256:")


def test_what_no_policy_permits_is_denied() -> None:
    decision = engine('@id("a") permit(principal, action == Action::"publish", resource);').decide(CALL)
    assert isinstance(decision, Deny)
    assert decision.reason == 'no policy permits Human::"ann" to call_tool Tool::"mail"'
    assert not decision.error


def test_a_policy_that_forbids_wins_and_says_why() -> None:
    forbid = """
        @id("no") @reason("Mail leaves.") @on_deny("suspend") forbid(principal, action, resource)
        when { resource is Tool && resource.external };
        """
    decision = engine(PERMIT + forbid).decide(CALL)
    assert isinstance(decision, Deny)
    assert decision.reason == "Mail leaves. (no)"
    assert decision.suspend
    assert decision.grounds.policies == ("no",)


def test_conditions_of_all_policies_that_determined_it_are_merged() -> None:
    decision = engine(
        """
        @id("a") @condition("rate_limit:9/minute") permit(principal, action, resource);
        @id("b") @condition("rate_limit:3/minute; retry_limit:2") permit(principal, action, resource);
        @id("other") @condition("audit:full") permit(principal, action == Action::"publish", resource);
        """
    ).decide(CALL)
    assert isinstance(decision, AllowWithConditions)
    assert set(decision.conditions) == {
        RateLimit(9, 60, bucket="a"),
        RateLimit(3, 60, bucket="b"),
        RetryLimit(2),
    }
    assert decision.grounds.policies == ("a", "b")


def test_a_forbid_with_conditions_forbids_unless_they_are_carried_out() -> None:
    bound = '@id("bound") @condition("audit:full") forbid(principal, action, resource);'
    allowed = engine(PERMIT + bound).decide(CALL)
    assert isinstance(allowed, AllowWithConditions)
    assert allowed.conditions == (Audit(AuditLevel.FULL),)
    assert allowed.grounds.policies == ("bound", "permit")
    alone = engine(bound).decide(CALL)
    assert isinstance(alone, Deny), "it permits nothing by itself"
    assert alone.audit == Audit(AuditLevel.FULL), "a denial is recorded as fully"


def test_conditions_that_contradict_each_other_deny() -> None:
    decision = engine(
        """
        @id("a") @condition("min_tier:gvisor") permit(principal, action, resource);
        @id("b") @condition("max_tier:docker") permit(principal, action, resource);
        """
    ).decide(CALL)
    assert isinstance(decision, Deny)
    assert decision.reason == "the sandbox must be at least gvisor and at most docker (a, b)"


def test_a_condition_that_nobody_knows_denies() -> None:
    bundle = bundle_of(PERMIT)
    (policy,) = bundle.policies
    source = f'@condition("teleport:home") {policy.source}'
    newer = replace(bundle, policies=(Policy(source, policy.place),))
    decision = Engine(newer, known(), no_predicates).decide(CALL)
    assert isinstance(decision, Deny)
    assert "teleport:home" in decision.reason


@pytest.mark.parametrize("gone", [ANN, MAIL.ref, TENANT])
def test_an_entity_that_is_not_known_denies(gone: EntityRef) -> None:
    entities = known()
    deciding = engine(PERMIT, entities)
    assert isinstance(deciding.decide(CALL), Allow)
    entities.remove(gone)
    decision = deciding.decide(CALL)
    assert isinstance(decision, Deny)
    assert decision.error
    assert f"{gone} is not known" in decision.reason


def test_an_error_in_a_policy_denies_though_another_one_permits() -> None:
    overflow = """
        @id("sum") forbid(principal, action, resource)
        when { context has size && context.size + 9223372036854775807 > 0 };
        """
    deciding = engine(PERMIT + overflow)
    assert isinstance(deciding.decide(replace(CALL, context={"size": 0})), Deny)
    decision = deciding.decide(replace(CALL, context={"size": 1}))
    assert isinstance(decision, Deny)
    assert decision.error
    assert "sum" in decision.reason
    assert isinstance(deciding.decide(replace(CALL, context={})), Allow)


def test_a_policy_that_forbids_decides_even_where_another_one_fails() -> None:
    overflow = '@id("sum") permit(principal, action, resource) when { 9223372036854775807 + 1 > 0 };'
    decision = engine(overflow + '@id("no") @on_deny("suspend") forbid(principal, action, resource);').decide(
        CALL
    )
    assert isinstance(decision, Deny)
    assert decision.suspend
    assert not decision.error


@pytest.mark.parametrize(
    ("context", "says"),
    [
        ({"size": "3"}, "size: it is a String, and the schema says Long"),
        ({"size": {"__extn": {"fn": "decimal", "arg": "1.0"}}}, "size: it is a record"),
        ({"size": 2**70}, "64-bit"),
        ({"arguments": {"total": 1.5}}, "arguments.total: it is a number with a fraction"),
        ({"arguments": [1]}, "arguments: it is a list"),
        ({"arguments": []}, "arguments: it is a list"),
    ],
)
def test_an_attribute_that_is_read_and_has_another_type_denies(
    context: Mapping[str, Value], says: str
) -> None:
    reading = """
        @id("s") forbid(principal, action, resource) when { context has size && context.size > 9 };
        @id("t") forbid(principal, action == Action::"call_tool", resource)
        when { context has arguments && context.arguments has total && context.arguments.total > 9 };
        """
    deciding = engine(PERMIT + reading, manifest="arguments: {total: Long}")
    fits: list[Mapping[str, Value]] = [
        {},
        {"size": 1, "arguments": {"total": 1}},
        {"arguments": {}},
        {"arguments": {"other": 1.5}},
    ]
    for fine in fits:
        assert isinstance(deciding.decide(replace(CALL, context=fine)), Allow)
    decision = deciding.decide(replace(CALL, context=context))
    assert isinstance(decision, Deny)
    assert decision.error
    assert says in decision.reason


def test_true_and_one_are_told_apart_where_answers_are_kept() -> None:
    deciding = engine(
        PERMIT
        + '@id("c") forbid(principal, action, resource) unless { context has consent && context.consent };'
    )
    assert isinstance(deciding.decide(replace(CALL, context={"consent": True})), Allow)
    assert isinstance(deciding.decide(replace(CALL, context={"consent": 1})), Deny)


def test_what_a_stranger_writes_is_never_taken_for_an_entity() -> None:
    deciding = engine(
        """
        @id("r") permit(principal, action, resource)
        when { context has user && context.user has role && context.user.role == "admin" };
        """
    )
    forged: Mapping[str, Value] = {"user": {"role": {"__entity": {"type": "Role", "id": "admin"}}}}
    assert isinstance(deciding.decide(replace(CALL, context=forged)), Deny)


def test_a_required_attribute_that_is_read_must_be_there() -> None:
    deciding = engine(
        """
        @id("op") permit(principal, action == Action::"administer", resource)
        when { context.operation == "x" };
        """
    )
    asked = Request(CALL.principal, Action.ADMINISTER, TENANT, {"operation": "x"})
    assert isinstance(deciding.decide(asked), Allow)
    decision = deciding.decide(replace(asked, context={}))
    assert isinstance(decision, Deny)
    assert "operation: it is absent" in decision.reason


def test_the_tenant_is_the_requests_whatever_the_context_says() -> None:
    entities = known()
    entities.put(Entity(EntityRef("Tenant", "acme")))
    deciding = engine(
        '@id("t") permit(principal, action, resource) when { principal in context.tenant };', entities
    )
    assert isinstance(deciding.decide(CALL), Allow)
    assert isinstance(deciding.decide(replace(CALL, tenant="acme")), Deny)
    assert isinstance(deciding.decide(replace(CALL, tenant="acme", context={"tenant": "default"})), Deny)


def test_a_changed_entity_changes_kept_answers() -> None:
    entities = known()
    boss = EntityRef("Role", "boss")
    entities.put(Entity(boss))
    deciding = engine('@id("b") permit(principal in Role::"boss", action, resource);', entities)
    assert isinstance(deciding.decide(CALL), Deny)
    entities.put(Entity(OPS, parents=frozenset({boss})))  # two steps away from the principal
    assert isinstance(deciding.decide(CALL), Allow)
    entities.put(Entity(OPS))
    assert isinstance(deciding.decide(CALL), Deny)


def test_a_change_of_what_an_attribute_leads_to_changes_kept_answers() -> None:
    entities = known()
    agent = agent_entity("a1", owner="ann")
    entities.put(agent)
    deciding = engine(
        """
        @id("o") permit(principal is Agent, action, resource)
        when { principal has owner && principal.owner in Role::"ops" };
        """,
        entities,
    )
    asked = replace(CALL, principal=Principal(PrincipalKind.AGENT, "a1"))
    assert isinstance(deciding.decide(asked), Allow)
    entities.put(Entity(ANN))
    assert isinstance(deciding.decide(asked), Deny)


def test_a_change_that_no_policy_looks_at_keeps_answers() -> None:
    entities = known()
    deciding = engine(PERMIT, entities)
    first = deciding.decide(CALL)
    entities.put(replace(MAIL, attributes={**MAIL.attributes, "external": False}))
    assert deciding.decide(CALL) is first
    reading = engine(
        PERMIT + '@id("x") forbid(principal, action, resource is Tool) when { resource.external };', entities
    )
    assert isinstance(reading.decide(CALL), Allow)
    entities.put(MAIL)
    assert isinstance(reading.decide(CALL), Deny)


def test_an_entity_that_a_policy_names_may_come_to_exist() -> None:
    entities = known()
    deciding = engine(
        '@id("l") permit(principal, action, resource) when { Role::"late" in Role::"ops" };', entities
    )
    assert isinstance(deciding.decide(CALL), Deny)
    entities.put(Entity(EntityRef("Role", "late"), parents=frozenset({OPS})))
    assert isinstance(deciding.decide(CALL), Allow)


def test_entities_of_the_request_stand_in_place_of_the_known_ones() -> None:
    deciding = engine(
        PERMIT + '@id("x") forbid(principal, action, resource is Tool) when { resource.external };'
    )
    assert isinstance(deciding.decide(CALL), Deny)
    inside = replace(MAIL, attributes={**MAIL.attributes, "external": False})
    assert isinstance(deciding.decide(replace(CALL, entities=(inside,))), Allow)
    assert isinstance(deciding.decide(CALL), Deny)
    broken = replace(MAIL, attributes={"external": False})
    decision = deciding.decide(replace(CALL, entities=(broken,)))
    assert isinstance(decision, Deny)
    assert decision.error


@pytest.mark.parametrize(
    ("entity", "says"),
    [
        (Entity(EntityRef("Robot", "r")), "no such type"),
        (Entity(ANN, {"age": 3}), "no attribute age"),
        (Entity(ANN, tags={"a": "b"}), "has no labels"),
        (Entity(OPS, parents=frozenset({TENANT})), "a Role is in no Tenant"),
        (Entity(EntityRef("DataClass", "x"), {"sensitivity": "high"}), "sensitivity: it is a String"),
        (Entity(EntityRef("DataClass", "x")), "sensitivity: it is absent"),
    ],
)
def test_an_entity_that_does_not_fit_the_schema_is_refused(entity: Entity, says: str) -> None:
    entities = known()
    before = entities.version
    with pytest.raises(EntityInvalid, match=says):
        entities.put(entity)
    assert entities.version == before


class TestPredicates:
    """Conditions that Cedar cannot hold."""

    def made(
        self, answer: bool | None, kept: int = DECISIONS_KEPT
    ) -> tuple[Engine, list[Mapping[str, Value]]]:
        """An engine whose interpreter gives that answer, or fails; and what it was asked on."""
        found, problems = read(
            Source(
                "p.cedar",
                PERMIT
                + """@id("f") forbid(principal, action, resource)
                when { context has capability && context.capability == "export" && context.holds.big };""",
            )
        )
        assert not problems
        predicate = Predicate("rows.total > 1.5", {"rows": Bound("argument:0:rows", (("total",),))})
        bundle = Bundle("t", "1", "", tuple(found), {}, {"big": predicate})
        asked: list[Mapping[str, Value]] = []

        def evaluate(predicate: Predicate, bindings: Mapping[str, Value]) -> bool:
            asked.append(bindings)
            if answer is None:
                raise PredicateFailed("rows has no total")
            return answer

        return Engine(bundle, known(), evaluate, decisions_kept=kept), asked

    def test_one_is_evaluated_only_when_a_policy_that_asks_for_it_is_reached(self) -> None:
        deciding, asked = self.made(True)
        assert isinstance(deciding.decide(replace(CALL, context={"capability": "read"})), Allow)
        assert asked == []
        export = replace(CALL, context={"capability": "export", "arguments": {"rows": {"total": 2}}})
        decision = deciding.decide(export)
        assert isinstance(decision, Deny)
        assert decision.grounds.holds == (("big", True),)
        assert asked == [{"rows": {"total": 2}}]
        deciding.decide(export)
        assert len(asked) == 1, "an answer is kept"
        deciding.decide(replace(export, context={**export.context, "arguments": {"rows": {"total": 3}}}))
        assert len(asked) == 2, "but not for other inputs"

    def test_one_that_does_not_hold(self) -> None:
        deciding, _ = self.made(False)
        decision = deciding.decide(replace(CALL, context={"capability": "export"}))
        assert isinstance(decision, Allow)
        assert decision.grounds.holds == (("big", False),)

    def test_one_that_fails_denies(self) -> None:
        deciding, _ = self.made(None)
        decision = deciding.decide(replace(CALL, context={"capability": "export"}))
        assert isinstance(decision, Deny)
        assert decision.error
        assert "rows has no total" in decision.reason

    def test_answers_that_were_not_asked_for_in_the_longest_time_are_dropped(self) -> None:
        deciding, asked = self.made(False, kept=2)

        def ask(total: int) -> int:
            """How often the interpreter had to be asked by then."""
            context: Mapping[str, Value] = {
                "capability": "export",
                "arguments": {"rows": {"total": total}},
            }
            deciding.decide(replace(CALL, context=context))
            return len(asked)

        assert [ask(total) for total in (1, 2, 1, 3, 1)] == [1, 2, 2, 3, 3], "1 was asked for again"
        assert [ask(total) for total in (2, 3, 1)] == [4, 5, 6]
