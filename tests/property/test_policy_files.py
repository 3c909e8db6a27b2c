"""Whatever a file holds, a bundle is made or refused with problems; whatever is asked is answered."""

from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from app.dsl.source import Source
from app.policy.bundle.bundle import load
from app.policy.bundle.compiling import compile_bundle
from app.policy.bundle.problems import BundleInvalid
from app.policy.decision import Allow, AllowWithConditions, Deny
from app.policy.engine.engine import Engine
from app.policy.request import Action, EntityRef, Principal, PrincipalKind, Request
from app.policy.review import cases
from tests.support.policy_world import PolicyWorld, no_predicates

CEDAR = [
    "permit",
    "forbid",
    "(",
    ")",
    "principal",
    "action",
    "resource",
    ",",
    ";",
    "when",
    "{",
    "}",
    '"',
    "@id",
    '("a")',
    "==",
    "Action::",
    '"x"',
    "//",
    "is",
    "in",
    "&&",
    "true",
    "\\",
    "?principal",
    "é",
    "\n",
]
YAML = [
    "type: access_control\n",
    "policies:\n",
    "  - id: a\n",
    "    allow: data\n",
    "    deny: [",
    "    when: '",
]
YAML += [
    "]",
    "{",
    "}",
    "'",
    '"',
    "&a ",
    "*a",
    "!!x ",
    "- ",
    ": ",
    "\n",
    "\t",
    "#",
    "|",
    ">",
    "---\n",
    "é",
    "\0",
]
DSL = [
    "policy",
    "p",
    "{",
    "}",
    "allow:",
    "deny:",
    "require:",
    "audit:",
    "x",
    "(",
    ")",
    '"a"',
    "if",
    "context.",
    "size",
    ">",
    "1",
    "agent",
    "rate_limiting:",
    '"5/minute"',
    "1.5",
    "!",
    "=>",
    "é",
    "\n",
]


def texts(words: list[str]) -> st.SearchStrategy[str]:
    return st.lists(st.sampled_from(words) | st.text(max_size=3), max_size=40).map("".join)


def is_made_or_refused(name: str, text: str) -> None:
    problems = []
    try:
        bundle = compile_bundle([Source(name, text)], name="fuzzed")
    except BundleInvalid as error:
        problems = error.problems
    else:
        assert load(bundle.to_bytes(), bundle.digest) == bundle
    lines = text.count("\n") + text.count("\r") + 1
    assert all(1 <= problem.place.line <= lines + 1 for problem in problems)


@given(texts(CEDAR))
@example('@id("a") permit(principal, action, resource) when { ' + "(" * 3000 + "true" + ")" * 3000 + " };")
@example('@id("a") permit(principal, action, resource) when { ' + "!" * 3000 + "true };")
def test_any_cedar(text: str) -> None:
    is_made_or_refused("f.cedar", text)


@given(texts(YAML))
@example("[" * 5000)
@example("a: " * 300)
@example("- " * 3000)
def test_any_yaml(text: str) -> None:
    is_made_or_refused("f.yaml", text)
    cases.read(Source("f.test.yaml", text))


@given(texts(DSL))
@example("policy p { allow: x if " + "(" * 3000 + "1" + ")" * 3000 + " }")
def test_any_definition(text: str) -> None:
    is_made_or_refused("f.symbi", text)


VALUES: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)
WORLD = PolicyWorld(11, policies=30)
ENGINE = Engine(WORLD.bundle, WORLD.entities, no_predicates)


@given(
    st.sampled_from(list(PrincipalKind)),
    st.sampled_from(list(Action)),
    st.sampled_from(["Tool", "Topic", "Agent", "Nothing", ""]),
    st.text(max_size=4),
    st.dictionaries(
        st.sampled_from(["size", "capability", "arguments", "user", "data_classes", "tenant", "role", "new"]),
        VALUES,
    ),
)
def test_any_request(kind: PrincipalKind, action: Action, of: str, id_: str, context: dict[str, Any]) -> None:
    decision = ENGINE.decide(Request(Principal(kind, "1"), action, EntityRef(of, id_), context))
    assert isinstance(decision, Allow | AllowWithConditions | Deny)
    if isinstance(decision, Deny):
        assert decision.reason


def test_a_bundle_of_very_many_policies_is_refused() -> None:
    text = '@id("a") permit(principal, action, resource);\n' * 10_001
    with pytest.raises(BundleInvalid, match="at most 10000"):
        compile_bundle([Source("f.cedar", text)], name="large")
