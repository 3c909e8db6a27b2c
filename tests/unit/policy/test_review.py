"""Cases, warnings, differences and explanations of policies."""

from dataclasses import replace
from pathlib import Path
from textwrap import dedent

import pytest

from app.dsl.source import Source
from app.policy.bundle.bundle import Bundle
from app.policy.bundle.compiling import compile_bundle
from app.policy.decision import Deny
from app.policy.engine.engine import Engine
from app.policy.engine.entities import Entities
from app.policy.interpreter import Interpreter
from app.policy.request import Action, Entity, EntityRef, Principal, PrincipalKind, Request
from app.policy.review import cases
from app.policy.review.checking import warnings
from app.policy.review.comparing import compare
from app.policy.review.explaining import Applies, explain
from tests.support.policy_entities import agent_entity, tool_entity

STARTER = Path(__file__).parents[3] / "docs" / "examples" / "policies" / "starter"


ANY = "principal, action, resource"
SIZED = " when { context has size }"


def permit(id_: str, scope: str = ANY, rest: str = "", annotations: str = "") -> str:
    """A policy on one line."""
    return f'@id("{id_}") {annotations} permit ({scope}){rest};\n'


def forbid(id_: str, scope: str = ANY, rest: str = "", annotations: str = '@reason("r")') -> str:
    return f'@id("{id_}") {annotations} forbid ({scope}){rest};\n'


def bundle_of(cedar: str, more: str = "") -> Bundle:
    sources = [Source("p.cedar", dedent(cedar))]
    if more:
        sources.append(Source("m.yaml", dedent(more)))
    return compile_bundle(sources, name="tested")


def results(text: str, bundle: Bundle) -> list[cases.Result]:
    found, problems = cases.read(Source("c.test.yaml", dedent(text)))
    assert not problems
    return [result for one, document in found for result in cases.run(one, document, bundle, Interpreter())]


ONE = """\
cases:
  - name: one
    given: {principal: 'WHO::"a"', action: publish, resource: 'Topic::"t"'}
    expect: allow
"""


class TestCases:
    BUNDLE = bundle_of(
        """
        @id("desk") @condition("audit:full")
        permit (principal in Role::"desk", action == Action::"call_tool", resource);
        @id("large") @reason("Too large.") @on_deny("suspend") forbid (principal, action, resource)
        when { context has size && context.size > 10 };
        """
    )
    HEAD = """\
        entities:
          - {entity: 'Agent::"a"', attributes: {sensitivity: 30}, in: ['Role::"desk"']}
        cases:
          - name: one
            given: {principal: 'Agent::"a"', action: call_tool, resource: 'Tool::"t"', context: {size: 3}}
            expect: """

    @pytest.mark.parametrize(
        "expect",
        [
            "allow",
            "{decision: allow, conditions: [audit:full], policies: [desk]}",
            "{decision: allow, conditions: audit:full}",
        ],
    )
    def test_a_case_that_is_as_expected_passes(self, expect: str) -> None:
        (result,) = results(self.HEAD + expect, self.BUNDLE)
        assert result.passed, result.failures
        assert str(result.place) == "c.test.yaml:4"

    @pytest.mark.parametrize(
        ("expect", "says"),
        [
            ("deny", "expected deny, and it is allowed by desk under audit:full"),
            ("{decision: allow, conditions: []}", "expected the conditions []"),
            ("{decision: allow, conditions: [audit:metadata]}", "and they are ['audit:full']"),
            ("{decision: allow, policies: [other]}", "and ['desk'] do"),
        ],
    )
    def test_a_case_that_is_not_says_what_it_is(self, expect: str, says: str) -> None:
        (result,) = results(self.HEAD + expect, self.BUNDLE)
        assert not result.passed
        assert says in result.failures[0]

    def test_denials_are_looked_at_closely(self) -> None:
        head = self.HEAD.replace("size: 3", "size: 30")
        for expect, failures in (
            ("{decision: deny, reason: Too large, suspend: true, error: false, policies: [large]}", 0),
            ("{decision: deny, reason: Too small, suspend: false, error: true}", 3),
        ):
            (result,) = results(head + expect, self.BUNDLE)
            assert len(result.failures) == failures, result.failures

    def test_an_attribute_that_the_schema_does_not_know_is_told_of(self) -> None:
        (result,) = results(self.HEAD.replace("size", "sise") + "allow", self.BUNDLE)
        assert "context.sise" in result.warnings[0]

    def test_an_entity_that_does_not_fit_fails_the_case(self) -> None:
        (result,) = results(self.HEAD.replace("sensitivity: 30", "sensitivity: '30'") + "allow", self.BUNDLE)
        assert "sensitivity: it is a String" in result.failures[0]

    def test_numbers_and_booleans_of_yaml_are_what_they_look_like_and_quotes_make_texts(self) -> None:
        (result,) = results(
            self.HEAD.replace("size: 3", 'consent: true, size: 3, reason: "3"') + "allow", self.BUNDLE
        )
        assert result.passed, result.failures
        (result,) = results(
            self.HEAD.replace("size: 3", 'size: "3"') + "{decision: deny, error: true}", self.BUNDLE
        )
        assert result.passed, result.failures

    @pytest.mark.parametrize(
        ("text", "says"),
        [
            ("cases: []", "c.test.yaml:1"),
            (ONE.replace("WHO", "Tool"), "c.test.yaml:3: cases.0.given.principal: a principal is an Agent"),
            (ONE.replace("WHO", "Agent").replace("publish", "publsh"), "c.test.yaml:3: cases.0.given.action"),
            ("cases:\n  - name: x\n    expct: allow", "c.test.yaml:3"),
            ("a: [", "c.test.yaml:"),
        ],
    )  # fmt: skip
    def test_what_is_wrong_in_a_file_of_cases_is_told_with_its_line(self, text: str, says: str) -> None:
        _, problems = cases.read(Source("c.test.yaml", text))
        assert any(says in str(problem) for problem in problems), [str(problem) for problem in problems]


def told(cedar: str, more: str = "") -> list[str]:
    """The warnings, but for what nothing permits."""
    found = [str(one) for one in warnings(bundle_of(cedar, more))]
    return [one for one in found if "always denied" not in one]


PUBLISH = 'principal is Agent, action == Action::"publish", resource'
ALL_PUBLISH = 'principal, action == Action::"publish", resource'
MESSAGING = 'principal is Agent, action in Action::"messaging", resource'
RUN = 'principal is Agent, action == Action::"run_code", resource'
PERMIT = permit("p", PUBLISH)
GVISOR = forbid("a", RUN, annotations='@condition("min_tier:gvisor")')
AUDITED = '@condition("audit:full")'
DOCKER = '@condition("max_tier:docker")'


@pytest.mark.parametrize(
    ("cedar", "says"),
    [
        (PERMIT + forbid("f"), "p.cedar:1: p: shadowed: f always"),
        (PERMIT + forbid("f", f"{MESSAGING} is Topic"), None),
        (PERMIT + forbid("f", MESSAGING), "shadowed"),
        (PERMIT + forbid("f", "principal is Human, action, resource"), None),
        (PERMIT + forbid("f", rest=SIZED), None),
        (PERMIT + forbid("f", annotations=AUDITED), None),
        (PERMIT + forbid("f", PUBLISH), "contradictory: f forbids exactly"),
        (PERMIT + permit("q", ALL_PUBLISH), "p: repeated: q says it already"),
        (PERMIT + permit("q", PUBLISH), "q: repeated: p says it already"),
        (PERMIT + permit("q", ALL_PUBLISH, SIZED), None),
        (permit("p", PUBLISH, annotations=AUDITED) + permit("q"), None),
        (permit("p", 'principal == Agent::"a", action, resource')
         + permit("q", "principal is Agent, action, resource"), "p: repeated"),
        (permit("p", 'principal is Agent in Role::"r", action, resource')
         + permit("q", 'principal in Role::"r", action, resource'), "p: repeated"),
        (permit("p", 'principal in Role::"r", action, resource')
         + permit("q", 'principal in Role::"s", action, resource'), None),
        (forbid("f", rest=SIZED, annotations=""), "tells nobody why"),
        (permit("p", rest=" when { false }"), "unreachable"),
        (permit("p", rest=" unless { true }"), "unreachable"),
        (GVISOR + permit("b", annotations=DOCKER), "at most docker"),
        (GVISOR + permit("b", "principal is Human, action, resource", annotations=DOCKER), None),
    ],
)  # fmt: skip
def test_what_its_authors_may_not_have_meant_is_told(cedar: str, says: str | None) -> None:
    found = told(cedar)
    if says is None:
        assert found == []
    else:
        assert any(says in one for one in found), found


def test_what_nothing_permits_is_told() -> None:
    (found,) = [str(one) for one in warnings(bundle_of(PERMIT)) if "always denied" in str(one)]
    assert "call_tool" in found
    assert "publish" not in found


class TestDifferences:
    OLD = permit("a") + forbid("b", "principal is Agent, action, resource", annotations='@reason("x")')

    def test_a_bundle_is_the_same_as_itself(self) -> None:
        assert compare(bundle_of(self.OLD), bundle_of(self.OLD)).same

    def test_policies_are_added_removed_and_changed_by_their_ids(self) -> None:
        changed_to = '@reason("y") @condition("audit:full")'
        new = permit("c") + forbid("b", "principal is Human, action, resource", SIZED, changed_to)
        found = compare(bundle_of(self.OLD), bundle_of(new))
        assert [policy.id for policy in found.added] == ["c"]
        assert [policy.id for policy in found.removed] == ["a"]
        (changed,) = found.changed
        assert changed.what == ("scope", "conditions", "@condition", "@reason")
        assert '-@reason("x")' in changed.lines()
        assert '+@reason("y")' in changed.lines()
        assert not found.same
        assert found.to_json()["changed"][0]["policy"] == "b"

    def test_an_effect_and_arguments_change_too(self) -> None:
        flipped = self.OLD.replace('@reason("x") forbid', "permit")
        (changed,) = compare(bundle_of(self.OLD), bundle_of(flipped)).changed
        assert changed.what == ("effect", "@reason")
        more = "type: bundle\nname: m\narguments: {total: Long}"
        assert compare(bundle_of(self.OLD), bundle_of(self.OLD, more)).other == (
            "the argument total was added",
        )


class TestExplanations:
    ANN = Entity(EntityRef("Human", "ann"))
    ASK = Request(
        Principal(PrincipalKind.HUMAN, "ann"), Action.CALL_TOOL, EntityRef("Tool", "t"), {"size": 3}
    )

    def engine(self, cedar: str) -> Engine:
        return Engine(
            bundle_of(cedar), Entities([self.ANN, tool_entity("t"), agent_entity("a")]), Interpreter()
        )

    def test_every_policy_that_could_have_had_a_say_says_why_it_did_not(self) -> None:
        found = explain(
            self.engine(
                """
                @id("yes") permit (principal, action, resource is Tool)
                when { context has size } when { context has size && context.size < 9 };
                @id("role") permit (principal in Role::"desk", action, resource);
                @id("size") permit (principal, action, resource)
                when { context has size && context.size > 9 };
                @id("unless") permit (principal, action, resource) unless { context has size };
                @id("other") permit (principal, action == Action::"publish", resource);
                """
            ),
            self.ASK,
        )
        assert not isinstance(found.decision, Deny)
        assert [(one.policy.id, one.applies) for one in found.heard] == [
            ("yes", Applies.YES),
            ("role", Applies.NO),
            ("size", Applies.NO),
            ("unless", Applies.NO),
        ]
        assert [one.determined for one in found.heard] == [True, False, False, False]
        assert [one.why for one in found.heard[1:]] == [
            "its scope does not fit",
            "when { (context has size) && ((context.size) > 9) } does not hold",
            "unless { context has size } does not hold",
        ]
        assert found.ruled_out == 1
        assert found.to_json()["policies"][0]["policy"] == "yes"

    def test_a_policy_that_fails_is_named(self) -> None:
        test = " when { context has size && context.size + 9223372036854775807 > 0 }"
        overflow = forbid("sum", rest=test)
        found = explain(self.engine(overflow), self.ASK)
        assert isinstance(found.decision, Deny)
        assert found.decision.error
        assert found.heard[0].applies is Applies.FAILED
        assert "overflow" in found.heard[0].why

    def test_an_unknown_entity_is_explained_rather_than_raised(self) -> None:
        found = explain(self.engine(PERMIT), replace(self.ASK, resource=EntityRef("Tool", "none")))
        assert isinstance(found.decision, Deny)
        assert found.heard == ()


class TestStarter:
    def sources(self) -> list[Source]:
        return [Source(path.name, path.read_text()) for path in sorted(STARTER.iterdir())]

    def bundle(self) -> Bundle:
        files = [source for source in self.sources() if not source.name.endswith(cases.SUFFIXES)]
        return compile_bundle(files, name="starter")

    def test_every_case_of_the_starter_bundle_passes(self) -> None:
        bundle, ran = self.bundle(), 0
        for source in self.sources():
            if source.name.endswith(cases.SUFFIXES):
                for result in results(source.text, bundle):
                    ran += 1
                    assert result.passed, (result.name, result.failures)
                    assert not result.warnings
        assert ran >= 15

    def test_nothing_in_it_is_doubtful_but_that_nothing_is_disclosed(self) -> None:
        assert [str(one) for one in warnings(self.bundle())] == [
            "starter:1: no policy permits disclose_data: these are always denied"
        ]

    def test_every_policy_of_it_determines_some_case(self) -> None:
        """So that none could be left out unnoticed."""
        bundle = self.bundle()
        determined: set[str] = set()
        for source in self.sources():
            if source.name.endswith(cases.SUFFIXES):
                for result in results(source.text, bundle):
                    assert result.decision is not None
                    determined |= set(result.decision.grounds.policies)
        assert {policy.id for policy in bundle.policies} == determined
