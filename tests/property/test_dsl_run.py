"""Whatever a body is, it does what the language says, in the same way each time, within its limits."""

from contextlib import suppress
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from app.dsl import tree
from app.dsl.run import (
    Called,
    CompileError,
    EvaluationError,
    Failure,
    Finished,
    Limits,
    Run,
    Stopped,
    Value,
    Yielded,
    canonical,
    compile_expression,
    compile_program,
    evaluate,
    from_json,
    to_json,
)
from app.dsl.run.builtins.table import BUILTINS
from app.dsl.run.values import LARGEST_INT, LEAST_INT, Duration, List, Map, Secret, SecretRef
from tests.support import dsl_trees
from tests.support.drawn import texts
from tests.support.dsl_bodies import FUNCTIONS, bodies
from tests.support.dsl_reference import Error, Reference
from tests.support.dsl_run import compiled, program

SMALL = Limits(fuel=20_000, memory=256 * 1024, depth=30, calls=50, output=16 * 1024)

scalars: st.SearchStrategy[bool | int | float | str | None] = (
    st.none()
    | st.booleans()
    | st.integers(LEAST_INT, LARGEST_INT)
    | texts
    | st.floats(allow_nan=False, allow_infinity=False)
)
plain_json = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts | st.just("$type"), inner, max_size=4),
    max_leaves=12,
)


@given(bodies())
def test_a_body_does_what_the_plain_reading_of_the_language_says(body: str) -> None:
    reference, expected = _expected(body)
    if str(expected) == "fuel":
        return
    calls: list[Any] = []
    run = Run(compiled(body, around=FUNCTIONS), {}, Limits(fuel=10_000_000))
    while isinstance(step := run.go(), Called | Yielded):
        if isinstance(step, Called):
            calls.append([to_json(value) for value in step.positional])
            run.answer(len(calls))
    if isinstance(expected, Error):
        assert isinstance(step, Stopped)
        assert (step.code, step.kind) == ("error", str(expected)), step
    else:
        assert isinstance(step, Finished), step
        assert to_json(step.value) == expected
    assert calls == reference.calls


def _expected(body: str) -> tuple[Reference, Any]:
    """The reference after it has run *body*, and what that returned or the error."""
    items = program(f"{FUNCTIONS} agent a {{ with timeout = 1s {{ {body} }} }}").items
    functions = {item.name: item for item in items if isinstance(item, tree.FunctionDef)}
    agent = items[-1]
    assert isinstance(agent, tree.AgentDef)
    (block,) = (item.body for item in agent.items if isinstance(item, tree.WithBlock))
    reference = Reference(functions, steps=4000)
    try:
        return reference, reference.run(block)
    except Error as error:
        return reference, error


@given(bodies(), st.integers(1, 60), st.data())
def test_turns_and_other_runs_change_nothing(body: str, turn: int, data: st.DataObject) -> None:
    one = compiled(body, around=FUNCTIONS)
    again = compiled(body, around=FUNCTIONS)
    # Two at a time over the same code, which must not know of each other.
    first, second = Run(one, {}, SMALL), Run(one, {}, SMALL)
    alone = _told(Run(again, {}, SMALL), 10**9)
    tellings: dict[Run, list[Any]] = {first: [], second: []}
    while going := [run for run in tellings if run.ended is None]:
        run = data.draw(st.sampled_from(going)) if len(going) > 1 else going[0]
        _turn(run, turn, tellings[run])
    assert tellings[first] == tellings[second] == alone


def _told(run: Run, turn: int) -> list[Any]:
    told: list[Any] = []
    while run.ended is None:
        _turn(run, turn, told)
    return told


def _turn(run: Run, turn: int, told: list[Any]) -> None:
    """Let it go on once, and note what comes of it."""
    match run.go(turn):
        case Called(request=request, index=index):
            told.append(request)
            if index % 3 == 2:
                run.fail("Broken", f"call {index}")
            else:
                run.answer(from_json([index, {"a": [index]}] if index % 2 else index))
        case Finished(value=value):
            told.append((canonical(value), run.steps))
        case Stopped() as stopped:
            told.append((stopped.code, stopped.kind, stopped.message, stopped.span, run.steps))


@given(dsl_trees.blocks, st.lists(dsl_trees.functions, max_size=2), plain_json)
def test_any_tree_that_compiles_ends_in_one_of_the_known_ways(
    block: tree.Block, functions: list[tree.FunctionDef], answer: Any
) -> None:
    agent = tree.AgentDef("a", (), None, (*functions, tree.WithBlock((), block)))
    try:
        one = compile_program(tree.Program((agent,)), "a")
    except CompileError:
        return
    _ends(Run(one, {}, SMALL), answer)


@given(st.data(), plain_json)
def test_any_expression_over_any_values_ends_in_one_of_the_known_ways(
    data: st.DataObject, answer: Any
) -> None:
    expression = data.draw(_over(("x", "y", "f")))
    values = tree.RecordLiteral(None, (tree.RecordField("a", tree.IntLiteral(1)),))
    statements = (
        tree.Let("x", data.draw(dsl_trees.plain | st.just(tree.ArrayLiteral((values, values))))),
        tree.Let("y", values),
        tree.Let("f", tree.Lambda(("p",), tree.Identifier("p"))),
        tree.Try(tree.Block((tree.ExpressionStatement(expression),), None), (_CATCH,)),
    )
    agent = tree.AgentDef("a", (), None, (tree.WithBlock((), tree.Block(statements, tree.Identifier("x"))),))
    try:
        one = compile_program(tree.Program((agent,)), "a")
    except CompileError as refused:
        # A duration that is too long is the one thing here that cannot be run.
        assume("milliseconds" not in refused.message)
        raise
    _ends(Run(one, {}, SMALL), answer)


_CATCH = tree.Catch("e", None, tree.Block((), tree.Member(tree.Identifier("e"), "message")))


def _over(names: tuple[str, ...]) -> st.SearchStrategy[tree.Expression]:
    """Expressions over *names*, mostly of built-ins."""
    leaves = st.sampled_from([tree.Identifier(name) for name in names]) | dsl_trees.plain
    named = st.sampled_from(BUILTINS)

    def larger(inner: st.SearchStrategy[tree.Expression]) -> st.SearchStrategy[tree.Expression]:
        arguments = st.lists(st.builds(tree.Argument, st.none(), inner), max_size=3).map(tuple)
        functions = named.filter(lambda one: one.receiver is None).map(lambda one: tree.Identifier(one.name))
        methods = st.builds(
            lambda one, of: tree.Member(of, one.name),
            named.filter(lambda one: one.receiver is not None),
            inner,
        )
        return st.one_of(
            st.builds(tree.Call, methods | functions, arguments),
            st.builds(tree.Binary, dsl_trees.operators(tree.BinaryOperator), inner, inner),
            st.builds(tree.ArrayLiteral, st.lists(inner, max_size=3).map(tuple)),
            st.builds(lambda body: tree.Lambda(("p",), body), inner),
            st.builds(tree.Index, inner, inner),
        )

    return st.recursive(leaves, larger, max_leaves=10)


def _ends(run: Run, answer: Any) -> None:
    """Let it go on to its end; nothing but the steps may come of it."""
    for _ in range(100_000):
        step = run.go(500)
        if isinstance(step, Called):
            run.answer(from_json(answer))
        elif isinstance(step, Finished):
            canonical(step.value)
            return
        elif isinstance(step, Stopped):
            assert step.message
            assert run.steps <= SMALL.fuel
            return
    raise AssertionError("it does not end")


@given(dsl_trees.expressions, plain_json)
def test_any_condition_has_a_value_or_an_error(expression: tree.Expression, of: Any) -> None:
    try:
        one = compile_expression(expression, ("s", "a"))
    except CompileError:
        return
    with suppress(EvaluationError):
        evaluate(one, [from_json(of), from_json(of)])


@given(plain_json)
def test_json_comes_back_as_it_was(data: Any) -> None:
    assert to_json(from_json(data)) == data
    assert to_json(from_json(data, tagged=False)) == data


def _values() -> st.SearchStrategy[Value]:
    leaves: st.SearchStrategy[Value] = (
        scalars
        | st.integers(-(10**12), 10**12).map(Duration)
        | st.builds(lambda path, entry: Secret(("a", SecretRef(path, entry))), texts, st.none() | texts)
    )
    keys = texts | st.sampled_from(["$type", "$ms", "$secret", "$$"])
    return st.recursive(
        leaves,
        lambda inner: (
            st.lists(inner, max_size=3).map(List)
            | st.builds(Map, st.dictionaries(keys, inner, max_size=3), st.none() | st.just("Row"))
        ),
        max_leaves=8,
    )


@given(_values())
def test_tagged_json_reads_back_as_the_same_value(value: Value) -> None:
    once = to_json(value, tagged=True)
    assert to_json(from_json(once, tagged=True), tagged=True) == once
    assert canonical(from_json(once, tagged=True)) == canonical(value)


@given(_values())
def test_json_of_strangers_becomes_no_secret_record_or_duration(value: Value) -> None:
    waiting = [from_json(to_json(value, tagged=True))]
    while waiting:
        item = waiting.pop()
        assert not isinstance(item, Secret | Duration)
        if isinstance(item, List):
            waiting.extend(item.items)
        elif isinstance(item, Map):
            assert item.type_name is None
            waiting.extend(item.entries.values())


@given(_values())
def test_a_secret_is_never_plain_json(value: Value) -> None:
    if "$secret" in str(to_json(value, tagged=True)) and _holds_secret(value):
        with pytest.raises(Failure, match="never becomes text"):
            to_json(value)


def _holds_secret(value: Value) -> bool:
    if isinstance(value, List):
        return any(map(_holds_secret, value.items))
    if isinstance(value, Map):
        return any(map(_holds_secret, value.entries.values()))
    return isinstance(value, Secret)
