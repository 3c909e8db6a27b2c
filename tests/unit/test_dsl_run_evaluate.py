"""Conditions: one expression, its names bound, a value or an error, and nothing else."""

from typing import Any

import pytest

from app.dsl import tree
from app.dsl.run import (
    CompileError,
    EvaluationError,
    Limits,
    Secret,
    SecretRef,
    compile_expression,
    evaluate,
    from_json,
    to_json,
)
from tests.support.dsl_run import program

REQUEST = {"rows": {"total": 20_000, "contains_pii": False}, "context": {"user": {"role": "editor"}}}


def condition(text: str) -> tree.Expression:
    """The expression that *text* writes."""
    (agent,) = program(f"agent a {{ with timeout = 1s {{ return {text}; }} }}").items
    assert isinstance(agent, tree.AgentDef)
    (body,) = (item.body for item in agent.items if isinstance(item, tree.WithBlock))
    (returned,) = body.statements
    assert isinstance(returned, tree.Return)
    assert returned.value is not None
    return returned.value


def evaluated(text: str, bindings: dict[str, Any] = REQUEST, **how: Any) -> Any:
    one = compile_expression(condition(text), tuple(bindings), **how)
    return to_json(evaluate(one, [from_json(data) for data in bindings.values()]))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("rows.total > 10000", True),
        ('rows.contains_pii == true || context.user.role == "viewer"', False),
        ('context.user.role in ["editor", "admin"]', True),
        ('context.user.role.starts_with("edit") && rows.total / 2 == 10000.0', True),
        ("[1, 2].map(x => x * rows.total).sum()", 60_000),
        ('rows.get("owner") == null', True),
    ],
)
def test_a_condition_has_its_value(text: str, expected: Any) -> None:
    assert evaluated(text) == expected


def test_a_condition_may_use_functions_of_the_definition_which_may_call_nothing() -> None:
    around = program("function large(rows: any) -> bool { rows.total > 10 } function ask() { model.ask() }")
    (large,) = around.items[:1]
    assert evaluated("large(rows)", program=tree.Program((large,))) is True
    with pytest.raises(CompileError, match=r"model\.ask is neither a function nor a method"):
        compile_expression(condition("ask()"), (), around)


@pytest.mark.parametrize("text", ["approve(rows)", "http.get(rows)", "rows.total > limit()"])
def test_a_condition_calls_no_capability(text: str) -> None:
    with pytest.raises(CompileError, match="nothing may be called here"):
        compile_expression(condition(text), ("rows",))


@pytest.mark.parametrize(
    ("text", "kind", "message"),
    [
        ("rows.contains_pii2 == true", "KeyError", "a Map without contains_pii2; did you mean contains_pii?"),
        ('rows.total > "10000"', "TypeError", "cannot compare String and int"),
        ("context.user.role.missing", "TypeError", "a String has no missing"),
        ("range(9223372036854775807).all(x => x >= 0)", "fuel", "more than 100000 steps"),
        ('"x".repeat(99999999)', "memory", "more than 4194304 bytes at one time"),
        ("range(999999)", "output", "the result: more than 65536 bytes"),
        ("x => x", "TypeError", "the result: a Function cannot be JSON"),
    ],
)
def test_a_condition_without_a_value_says_why(text: str, kind: str, message: str) -> None:
    with pytest.raises(EvaluationError) as raised:
        evaluated(text)
    assert (raised.value.kind, raised.value.message) == (kind, message)


def test_what_is_bound_is_not_changed_by_it() -> None:
    rows = from_json([1, [2]])
    one = compile_expression(condition("rows.push(3).len() + rows[1].push(4).len() + rows.len()"), ("rows",))
    assert [evaluate(one, [rows]) for _ in range(2)] == [8, 8]
    assert to_json(rows) == [1, [2]]


def test_a_secret_decides_nothing() -> None:
    one = compile_expression(condition('key == "open"'), ("key",))
    with pytest.raises(EvaluationError, match="cannot compare"):
        evaluate(one, [Secret((SecretRef("a"),))])


def test_its_limits_are_the_callers() -> None:
    one = compile_expression(condition("rows.map(x => x + 1).sum()"), ("rows",))
    rows = from_json(list(range(100)))
    assert evaluate(one, [rows]) == 5050
    with pytest.raises(EvaluationError, match="more than 50 steps"):
        evaluate(one, [rows], Limits(fuel=50))
