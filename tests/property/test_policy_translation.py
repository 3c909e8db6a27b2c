"""A condition means the same in Cedar as in the interpreter."""

import random

import pytest

from app.dsl.source import Source
from app.policy.bundle.compiling import compile_bundle
from app.policy.decision import Deny
from app.policy.engine.engine import Engine
from app.policy.engine.entities import Entities
from app.policy.interpreter import Interpreter
from app.policy.request import Action, Principal, PrincipalKind, Request, Value
from tests.support.policy_entities import agent_entity, tool_entity

CONDITIONS = 12
REQUESTS = 40

ATTRIBUTES = {"size": int, "hour": int, "consent": bool, "tls_verified": bool, "reason": str, "purpose": str}


def number(chosen: random.Random, depth: int) -> str:
    if depth and chosen.random() < 0.5:
        operator = chosen.choice("+-*")
        return f"({number(chosen, depth - 1)} {operator} {number(chosen, depth - 1)})"
    return chosen.choice(
        ["context.size", "context.hour", str(chosen.randrange(5)), "-2", "9223372036854775807"]
    )


def text(chosen: random.Random) -> str:
    return chosen.choice(["context.reason", "context.purpose", '"a"', '"b"', '"\\"\\n\\u{7}"'])


def condition(chosen: random.Random, depth: int) -> str:
    if depth and chosen.random() < 0.6:
        inner = [condition(chosen, depth - 1) for _ in range(2)]
        return chosen.choice(
            [
                f"({inner[0]} && {inner[1]})",
                f"({inner[0]} || {inner[1]})",
                f"!({inner[0]})",
                f"not {inner[0]}",
            ]
        )
    comparison = chosen.choice(["<", ">", "<=", ">=", "==", "!="])
    return chosen.choice(
        [
            f"{number(chosen, 2)} {comparison} {number(chosen, 1)}",
            f"{text(chosen)} {chosen.choice(['==', '!='])} {text(chosen)}",
            f"{text(chosen)} in [{text(chosen)}, {text(chosen)}]",
            "context.consent",
            "context.consent == context.tls_verified",
            chosen.choice(["true", "false"]),
        ]
    )


def context(chosen: random.Random) -> dict[str, Value]:
    made: dict[str, Value] = {"capability": "x"}
    for name, kind in ATTRIBUTES.items():
        if chosen.random() < 0.9:
            values: dict[type, Value] = {
                int: chosen.choice([0, 1, 2, 3, -2, 2**62]),
                bool: chosen.random() < 0.5,
                str: chosen.choice(["a", "b", '"\n\x07', ""]),
            }
            made[name] = values[kind]
    return made


@pytest.mark.parametrize("seed", range(5))
def test_a_condition_means_the_same_in_cedar_and_in_the_interpreter(seed: int) -> None:
    chosen = random.Random(seed)
    entities = Entities([agent_entity("a1"), tool_entity("t")])
    ask = Request(Principal(PrincipalKind.AGENT, "a1"), Action.CALL_TOOL, tool_entity("t").ref)
    outcomes = set()
    for _ in range(CONDITIONS):
        wanted = condition(chosen, 2)
        engines = []
        for form in (wanted, f"same({wanted})"):
            definition = (
                f"function same(it: bool) -> bool {{ return it; }} policy p {{ allow: x deny: x if {form} }}"
            )
            bundle = compile_bundle([Source("d.symbi", definition)], name="d")
            engines.append(Engine(bundle, entities, Interpreter()))
        if engines[0].bundle.predicates:
            continue
        assert engines[1].bundle.predicates
        for _ in range(REQUESTS):
            request = Request(ask.principal, ask.action, ask.resource, context(chosen))
            cedar, interpreted = (engine.decide(request) for engine in engines)
            found = [isinstance(one, Deny) and (one.error or "denied") for one in (cedar, interpreted)]
            assert found[0] == found[1], (wanted, request.context, cedar, interpreted)
            outcomes.add(found[0])
    assert outcomes == {False, True, "denied"}
