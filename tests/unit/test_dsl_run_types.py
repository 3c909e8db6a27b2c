"""What declared types ask of inputs, arguments and results."""

from typing import Any

import pytest

from app.dsl.run import Called, Finished, Run, Stopped, WrongInputs, to_json
from tests.support.dsl_run import compiled, ending, error, result, to_the_end

TYPES = """
    type Row = { id: int, amount: float, tags: List<String> }
    type Rows = List<Row>
    type Money = float
    type Loop = Option<Loop>
    type Round = Trip
    type Trip = Round
"""


@pytest.mark.parametrize(
    ("of", "data", "expected"),
    [
        ("int", 1, 1),
        ("float", 1, 1.0),
        ("Money", 2, 2.0),
        ("String", "a", "a"),
        ("List<float>", [1, 2.5], [1.0, 2.5]),
        ("Array<int>", [1], [1]),
        ("Map<String, float>", {"a": 1}, {"a": 1.0}),
        ("Duration", 1500, 1500),
        ("any", {"a": [1]}, {"a": [1]}),
        ("JSON", {"a": [1]}, {"a": [1]}),
        ("Undeclared", "anything", "anything"),
        ("Loop", 1, 1),
        ("Trip", 1, 1),
        ("Rows", [{"id": 1, "amount": 2, "tags": []}], [{"id": 1, "amount": 2.0, "tags": []}]),
        ("int", None, None),
        ("Option<Row>", None, None),
        ("List<Option<float>>", [None, 1], [None, 1.0]),
    ],
)
def test_inputs_become_what_their_types_say(of: str, data: Any, expected: Any) -> None:
    found = result("return x;", {"x": data}, params=f"x: {of}", around=TYPES)
    assert found == expected
    assert type(found) is type(expected)


def test_inputs_of_a_record_type_are_records_also_inside() -> None:
    rows = [{"id": 1, "amount": 2, "tags": []}]
    body = "return [type_of(rows[0]), rows[0] == Row {id: 1, amount: 2.0, tags: []}];"
    assert result(body, {"rows": rows}, params="rows: Rows", around=TYPES) == ["Row", True]


@pytest.mark.parametrize(
    ("of", "data", "why"),
    [
        ("int", 1.5, "x must be of type int, not float"),
        ("int", True, "x must be of type int, not bool"),
        ("int", "1", "x must be of type int, not String"),
        ("List<int>", [1, "2"], r"x\[1\] must be of type int, not String"),
        ("Map<String, int>", {"a": []}, r'x\["a"\] must be of type int, not List'),
        ("Rows", [{"id": 1, "amount": 2}], r"x\[0\] must be of type Row, .* it lacks tags"),
        ("Row", {"id": 1, "amount": 2, "tags": [], "more": 1}, "x must be of type Row, .* it has more"),
        ("Row", {"id": 1, "amount": 2, "tags": [1]}, r"x\.tags\[0\] must be of type String, not int"),
        ("Row", [], "x must be of type Row, not List"),
        ("Option<int>", "1", "x must be of type int, not String"),
        ("Secret", "s3cret", "x must be of type Secret, not String"),
        ("Duration", "30s", "x must be of type Duration, not String"),
    ],
)
def test_inputs_that_do_not_fit_are_refused(of: str, data: Any, why: str) -> None:
    with pytest.raises(WrongInputs, match=why):
        Run(compiled("return x;", params=f"x: {of}", around=TYPES), {"x": data})


def test_inputs_are_those_that_the_agent_takes() -> None:
    one = compiled("return a;", params="a: int, b: int")
    for inputs, why in (({"a": 1}, "b missing"), ({"a": 1, "b": 2, "c": 3}, "no c")):
        with pytest.raises(WrongInputs, match=f"tried takes a, b: {why}"):
            Run(one, inputs)


def test_arguments_and_results_of_functions_are_of_their_types() -> None:
    around = f"""{TYPES}
        function amount(row: Row) -> float {{ row.amount }}
        function wrong(x: any) -> int {{ if true {{ return x; }} 0 }}
        function listed(l: List<int>) -> List<int> {{ l }}
    """
    row = "{id: 1, amount: 2.5, tags: []}"
    assert result(
        f"return [amount(Row {row}), amount({row}), wrong(3), listed(range(2))];", around=around
    ) == [
        2.5,
        2.5,
        3,
        [0, 1],
    ]
    assert error("amount(1);", around=around) == "TypeError: row of amount must be of type Row, not int"
    assert (
        error("amount(Other {});", around=around) == "TypeError: row of amount must be of type Row, not Other"
    )
    assert (
        error('wrong("a");', around=around) == "TypeError: what wrong returns must be of type int, not String"
    )
    assert result("return wrong(null);", around=around) is None


def test_the_result_of_an_agent_is_of_its_type() -> None:
    assert (
        error('return "a";', returns="int") == "TypeError: what tried returns must be of type int, not String"
    )
    assert error('"a"', returns="Row", around=TYPES) == (
        "TypeError: what tried returns must be of type Row, not String"
    )
    assert result("return {id: 1};", returns="Unheard") == {"id": 1}


def test_a_result_that_cannot_be_json_is_an_error_that_nobody_catches() -> None:
    for body in ("return x => x;", "try { return x => x; } catch (e) { return 1; }"):
        end = ending(body)
        assert isinstance(end, Stopped)
        assert (end.kind, end.message) == ("TypeError", "the result: a Function cannot be JSON")


def test_a_run_asks_again_until_it_is_answered() -> None:
    run = Run(compiled("let l = []; l.push(1); return l + [ask(l)];"), {})
    asked = run.go()
    assert isinstance(asked, Called)
    assert run.go() is asked
    run.answer(2)
    end = to_the_end(run)
    assert isinstance(end, Finished)
    assert to_json(end.value) == [1, 2]


def test_a_run_says_again_how_it_ended_and_how_much_it_used() -> None:
    run = Run(compiled("return 1 + 2;"), {})
    assert run.ended is None
    end = to_the_end(run)
    assert isinstance(end, Finished)
    assert to_json(end.value) == 3
    assert run.go() is end
    assert run.ended is end
    assert run.steps == 2
