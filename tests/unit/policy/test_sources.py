"""Files of policies become policies, or problems that say where."""

from textwrap import dedent

import pytest

from app.dsl.source import Source
from app.policy.bundle.bundle import Bundle, BundleCorrupt, load
from app.policy.bundle.compiling import compile_bundle
from app.policy.bundle.problems import BundleInvalid


def compiled(text: str, file: str = "policies.yaml") -> Bundle:
    return compile_bundle([Source(file, dedent(text))], name="tested")


def problems(text: str, file: str = "policies.yaml") -> list[str]:
    with pytest.raises(BundleInvalid) as error:
        compiled(text, file)
    return [str(problem) for problem in error.value.problems]


ALLOW = "type: access_control\npolicies:\n  - id: a\n    allow: data\n    "
LIMIT = "type: resource_usage\nlimits:\n  - id: a\n    "
ONE = '@id("one") permit(principal, action == Action::"read_data", resource);'


def test_a_syntax_error_in_cedar_is_placed_though_the_parser_does_not_say_where() -> None:
    text = """\
        // A comment with ; in it
        @id("fine") permit(principal, action, resource) when { context.tenant == Tenant::"a;b" };

        @id("broken")
        permit(principal, action, resource)
        when { context.tenant ==
             };
        @id("typo") permit(principal, action, resource) unles { false };
        @id("name") permit(principal, action, resource) when {
            true && nobody };
        @id("short") permit(principal, action
        """
    assert problems(text, "a.cedar") == [
        "a.cedar:7: unexpected token `}`, in the policy of line 4",
        "a.cedar:8: invalid policy condition: unles, in the policy of line 8",
        "a.cedar:10: invalid variable: nobody, in the policy of line 9",
        "a.cedar:11: unexpected end of input, in the policy of line 11",
    ]


@pytest.mark.parametrize(
    ("policy", "says"),
    [
        ("permit(principal, action, resource);", "has no @id"),
        ('@id("a b") permit(principal, action, resource);', "is not letters"),
        ('@id("a") @reasn("x") permit(principal, action, resource);', "did you mean reason?"),
        ('@id("a") @condition("audt:full") permit(principal, action, resource);', "did you mean audit?"),
        ('@id("a") @on_deny("kill") forbid(principal, action, resource);', 'there is @on_deny("suspend")'),
        ('@id("a") @on_deny("suspend") permit(principal, action, resource);', "needs a forbid"),
        (
            '@id("a") @on_deny("suspend") @condition("audit:full") forbid(principal, action, resource);',
            "needs a forbid without conditions",
        ),
        ('@id("a") permit(principal == ?principal, action, resource);', "a template has no effect"),
        ('@id("a") @reason("x") @reason("y") permit(principal, action, resource);', "duplicate annotation"),
        ('@id("a") permit(principal, action, resource) when { context.size > 3 };', "context has size"),
        ('@id("a") permit(principal, action, resource) when { context.sise };', "`sise`"),
        ('@id("a") permit(principal, action == Action::"rd", resource);', 'action `Action::"rd"`'),
        (f'{ONE}\n{ONE}', "the id one is taken by the policy of a.cedar:1"),
    ],
)  # fmt: skip
def test_what_a_policy_in_cedar_must_not_be(policy: str, says: str) -> None:
    found = problems(policy, "a.cedar")
    assert any(says in problem for problem in found), found


def test_a_problem_of_validation_points_at_the_line_of_what_it_names() -> None:
    text = (
        '@id("a")\npermit(principal, action, resource)\nwhen {\n  context has task &&\n  context.size > 3\n};'
    )
    assert problems(text, "a.cedar") == [
        "a.cedar:5: a: size may be absent: write `context has size && …` before it is read"
    ]


def test_access_control() -> None:
    bundle = compiled(
        """\
        type: access_control
        policies:
          - id: read
            allow: [read_data, tools]
            principals: [Agent, Role::"ops", Human::"ann"]
            conditions: ["rate_limit:5/minute", audit:full]
          - id: never
            deny: delete_data
            resources: Knowledge::"ledger"
            unless: context has reason
            reason: The "ledger" is kept.
            on_deny: suspend
        """
    )
    read, never = bundle.by_id["read"], bundle.by_id["never"]
    assert '(principal is Agent) || (principal in Role::"ops")' in read.text
    assert 'principal == Human::"ann"' in read.text
    assert "rate_limit:5/minute; audit:full" in read.text
    assert not read.forbids
    assert 'resource in Knowledge::"ledger"' in never.text
    assert never.suspends
    assert never.reason == 'The "ledger" is kept.'
    assert str(never.place) == "policies.yaml:7"


def test_data_flow_counts_data_of_unknown_class_as_any() -> None:
    bundle = compiled(
        """\
        type: data_flow
        flows:
          - {id: keep, deny: [phi], to: external, on_deny: suspend}
          - {id: redacted, redact: pii, to: [Topic::"news"]}
          - {id: public, allow: public, conditions: audit:metadata}
        """
    )
    unless = bundle.by_id["keep"].text.rpartition("unless")[2]
    assert "context has data_classes" in unless
    assert '!((context.data_classes).containsAny([DataClass::"phi"]))' in unless
    assert bundle.by_id["redacted"].binds
    assert not bundle.by_id["public"].forbids


def test_resource_usage_becomes_conditions_and_bounds() -> None:
    bundle = compiled(
        """\
        type: resource_usage
        limits:
          - id: usual
            principals: Agent
            actions: tools
            rate: [10/minute, 100/hour]
            budget: {tokens: 200000/day}
            time_limit: 30s
            retries: 3
            circuit_breaker: "5:60s"
            max: {cpu_cores: 1.5, size: 10MB}
            min_tier: tier2
            network: none
        """
    )
    assert bundle.by_id["usual"].binds
    assert len(bundle.by_id["usual"].conditions) == 6
    assert len(bundle.by_id["usual.sandbox"].conditions) == 2
    assert 'action == Action::"run_code"' in bundle.by_id["usual.sandbox"].text
    assert "1500" in bundle.by_id["usual.max_cpu_cores"].text
    assert '"allocate"' not in bundle.by_id["usual.max_cpu_cores"].text
    assert "10000000" in bundle.by_id["usual.max_size"].text


def test_audit_requirements_forbid_what_is_not_recorded() -> None:
    bundle = compiled(
        """\
        type: audit_requirements
        records:
          - {id: all, level: full, retention_days: 365, tags: hipaa, alert_on: [deny]}
        """
    )
    assert bundle.by_id["all"].binds
    assert "audit:full:retention_days=365:alert_on=deny:tags=hipaa" in bundle.by_id["all"].text


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("a: [1\nb: 2", "policies.yaml:2: did not find expected"),
        ("type: access_control\ntype: data_flow", "policies.yaml:2: the key 'type' occurs twice"),
        ("a: &x [1]\nb: *x", "policies.yaml:2: aliases"),
        ("a: !!python/object:os.system x", "policies.yaml:1: the tag"),
        ("[" * 40 + "]" * 40, "nested more than 32 deep"),
        ("type: acces", "policies.yaml:1"),
        ("type: access_control\npolicies: []", "policies.yaml:2"),
        ("type: access_control\npolicies:\n  - id: a\n    alow: read_data", "policies.yaml:4"),
        ("type: access_control\npolicies:\n  - id: a\n    allow: red", "policies.yaml:4"),
        (ALLOW + "deny: data", "and not both"),
        (ALLOW + "when: 1 <", "policies.yaml:5: when of a"),
        (ALLOW + "when: context.foo == 1", "`foo`"),
        (ALLOW + "when: 'true}; permit(principal,action,resource) when {true'", "it is 2 policies"),
        (ALLOW + "principals: Robot", "neither an entity type"),
        (ALLOW + "conditions: audt:full", "did you mean audit"),
        ("type: resource_usage\nlimits:\n  - id: a", "it limits nothing"),
        (LIMIT + "actions: publish\n    max: {memory_mb: 3}", "names none of these"),
        (LIMIT + "rate: often", "names no window"),
        ("type: data_flow\nflows:\n  - id: a\n    to: external", "it needs one of allow, deny and redact"),
        ("type: audit_requirements\nrecords:\n  - id: a\n    level: some", "policies.yaml:4"),
        ("type: bundle\nname: a\narguments: {x: Int}", "'Int' is no type of arguments"),
        ("type: bundle\nname: a", "there is no policy in it"),
        ("type: bundle\nname: a\n---\ntype: bundle\nname: b", "a second manifest, b"),
    ],
)  # fmt: skip
def test_what_yaml_must_not_be(text: str, says: str) -> None:
    found = problems(text)
    assert any(says in problem for problem in found), found


def test_words_of_yaml_that_look_like_booleans_are_texts() -> None:
    bundle = compiled("type: access_control\npolicies:\n  - {id: on, allow: data, reason: no}")
    assert bundle.by_id["on"].reason == "no"


def test_a_file_of_another_kind_is_refused() -> None:
    assert "policies are in files" in problems("x", "notes.txt")[0]


def test_the_digest_is_about_what_policies_say_and_not_how_they_are_written() -> None:
    two = '@id("two") forbid(principal, action, resource);'
    one = compile_bundle([Source("a.cedar", ONE + two)], name="b")
    other = compile_bundle(
        [Source("x.cedar", f"// a comment\n{two}"), Source("y.cedar", f"\n\n{ONE}")], name="b"
    )
    assert one.digest == other.digest
    assert one == other
    assert compile_bundle([Source("a.cedar", ONE)], name="b").digest != one.digest
    assert compile_bundle([Source("a.cedar", ONE + two)], name="c").digest != one.digest


def test_a_stored_bundle_is_loaded_with_its_places_and_only_under_its_digest() -> None:
    bundle = compiled("type: bundle\nname: a\narguments: {x: Long}\n---\n" + ALLOW)
    loaded = load(bundle.to_bytes(), bundle.digest)
    assert loaded == bundle
    assert loaded.by_id["a"].place == bundle.by_id["a"].place
    for raw in (
        bundle.to_bytes().replace(b'"read', b'"rad'),
        b"{}",
        b"no json",
        b'{"bundle":{"format":2},"places":{}}',
    ):
        if raw == bundle.to_bytes():
            raw = raw.replace(b"permit", b"forbid")
        with pytest.raises(BundleCorrupt):
            load(raw, bundle.digest)
