"""What expressions come to."""

from typing import Any

import pytest

from app.dsl.run import CompileError
from tests.support.dsl_run import compiled, error, result, value


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("1 + 2 * 3 - 4", 3),
        ("7 / 2", 3.5),
        ("6 / 3", 2.0),
        ("7 % 3", 1),
        ("-7 % 3", 2),
        ("7.5 % -2", -0.5),
        ("1_000 * 1_000", 1_000_000),
        ("1 + 0.5", 1.5),
        ("-(2 - 5)", 3),
        ("9223372036854775807 - 1", 2**63 - 2),
        ("-9223372036854775807 - 1", -(2**63)),
        ('"a" + "b"', "ab"),
        ('"n = " + 3', "n = 3"),
        ('1.0 + " " + true + " " + null + " " + 90s', "1.0 true null 90s"),
        ("[1] + [2, 3]", [1, 2, 3]),
        ("range(2) + [2]", [0, 1, 2]),
        ("!true || not false", True),
        ("1 < 2 && 2 <= 2 && 3 > 2 && 3 >= 3", True),
        ('"a" < "b" && "B" < "a"', True),
        ("1 == 1.0 && 1 != 2", True),
        ("null == 1 || 1 == null", False),
        ("null == null", True),
        ("[1, {a: [2]}] == [1.0, {a: [2]}]", True),
        ("{a: 1, b: 2} == {b: 2, a: 1}", True),
        ("Row {a: 1} == {a: 1}", False),
        ("Row {a: 1} == Row {a: 1}", True),
        ("range(3) == [0, 1, 2]", True),
        ('[1, "1"] == ["1", 1]', False),
        ("1h == 60.minutes && 1m < 61s", True),
        ("2 in [1, 2] && !(3 in [1, 2])", True),
        ('"a" in {a: 1} && "b" in "abc"', True),
        ('{"a b": 1, a: 2}["a b"]', 1),
        ("[[1, 2], [3]][0][1]", 2),
        ("[1, 2, 3][-1]", 3),
        ('"aé😀"[2]', "😀"),
        ("{a: {b: 5}}.a.b", 5),
        ('if 1 < 2 { "yes" } else { "no" }', "yes"),
        ("if false { 1 } else if false { 2 } else { 3 }", 3),
        ("if true { let x = 2; x * 2 } else { 0 }", 4),
        ("1m * 2 + 30s - 1s", 149_000),
        ("1m / 2", 30_000),
        ("90s / 1m", 1.5),
        ("100s % 1m", 40_000),
        ("1d == 24h && 1w == 7d && 1months == 30d && 1y == 365d", True),
        ("[x => x + 1][0](1)", 2),
        ("(x => y => x - y)(5)(3)", 2),
        ("Some(3)", 3),
        ("None", None),
    ],
)
def test_an_expression_has_its_value(expression: str, expected: Any) -> None:
    found = value(expression)
    assert found == expected
    assert type(found) is type(expected)


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("1 / 0", "ArithmeticError: a division by zero"),
        ("1.0 % 0", "ArithmeticError: a division by zero"),
        ("9223372036854775807 + 1", "ArithmeticError: the result has more than 64 bits"),
        ("-9223372036854775807 - 2", "ArithmeticError: the result has more than 64 bits"),
        ("4294967296 * 4294967296", "ArithmeticError: the result has more than 64 bits"),
        ("-(-9223372036854775807 - 1)", "ArithmeticError: the result has more than 64 bits"),
        ("pow(10.0, 200) * pow(10.0, 200)", "ArithmeticError: the result is too large for a float"),
        ("1y * 9223372036854775807", "ArithmeticError: the result has more than 64 bits"),
        ("1 + [1]", "TypeError: cannot add int and List"),
        ("true + 1", "TypeError: cannot add bool and int"),
        ("null - 1", "TypeError: cannot subtract null and int"),
        ('"a" + [1]', "TypeError: cannot add String and List"),
        ('"a" * 2', "TypeError: cannot multiply String and int"),
        ('1 < "2"', "TypeError: cannot compare int and String"),
        ("true < false", "TypeError: cannot compare bool and bool"),
        ('1 == "1"', "TypeError: cannot compare int and String"),
        ("true == 1", "TypeError: cannot compare bool and int"),
        ("(x => x) == (x => x)", "TypeError: cannot compare Function and Function"),
        ("1 in 2", "TypeError: cannot look for int in int"),
        ("!1", "TypeError: a condition must be a bool, not int"),
        ("1 && true", "TypeError: a condition must be a bool, not int"),
        ("if null { 1 } else { 2 }", "TypeError: a condition must be a bool, not null"),
        ("-true", "TypeError: cannot negate bool"),
        ("[1][1]", "IndexError: there is no place 1; there are 1"),
        ("[1][-2]", "IndexError: there is no place -2; there are 1"),
        ('[1]["0"]', "TypeError: a place in a List is an int, not String"),
        ("[1][true]", "TypeError: a place in a List is an int, not bool"),
        ("{a: 1}[1]", "TypeError: the key of a Map is a String, not int"),
        ("{amount: 1}.amuont", "KeyError: a Map without amuont; did you mean amount?"),
        ('Row {a: 1}["z"]', "KeyError: a Row without z"),
        ("null.a", "TypeError: null has no a"),
        ("[1].size", "TypeError: a List has no size"),
        ("5()", "TypeError: an int is not a function"),
        ("(x => x)()", "TypeError: a lambda takes 1 and is given 0 arguments"),
        ("5.upper()", "TypeError: an int has no method upper"),
        ('"a".frob()', "TypeError: a String has no frob"),
    ],
)
def test_what_has_no_value_is_an_error_of_its_kind(expression: str, expected: str) -> None:
    assert error(f"return {expression};") == expected


def test_operands_and_arguments_are_evaluated_from_left_to_right() -> None:
    asked: list[str] = []

    def world(called: Any) -> int:
        asked.append(called.capability)
        return len(asked)

    assert value("[a() - b(), {x: c(), y: d()}, e(f(), g())]", world=world) == [-1, {"x": 3, "y": 4}, 7]
    assert asked == list("abcdfge")


@pytest.mark.parametrize("expression", ["false && ask()", "true || ask()", "!(true || ask() == 1)"])
def test_what_no_longer_matters_is_not_evaluated(expression: str) -> None:
    def world(called: Any) -> Any:
        raise AssertionError("it was asked")

    assert value(expression, world=world) in (True, False)


def test_a_variable_read_before_it_changes_keeps_its_value_in_the_expression() -> None:
    assert result("let x = 1; let y = x + if true { x = 10; x } else { 0 }; return [x, y];") == [10, 11]
    assert result("let x = [1]; let y = [x, x.push(2), x]; return y;") == [[1], [1, 2], [1, 2]]
    assert result("let x = [1]; let f = a => x.push(a); return [x, f(2), x.len()];") == [[1], [1, 2], 2]
    assert result("let x = [1]; return x == [1, 2].map(a => if a == 2 { x.push(2); 2 } else { a });") is False


def test_an_operand_may_be_the_target() -> None:
    assert result("let x = true; x = x && x; return x;") is True
    assert result("let x = 2; x = [x, x + 1]; return x;") == [2, 3]
    assert result("let x = 2; x = if x == 2 { x * 3 } else { x }; return x;") == 6


@pytest.mark.parametrize(
    ("body", "why"),
    [
        ("return nobody;", "there is no nobody"),
        ("nobody += 1;", "there is no nobody"),
        ("nobody.a = 1;", "there is no nobody"),
        ("f() = 1;", "this cannot be assigned to"),
        ("break;", "there is no loop around it"),
        ("let f = x => x; f(x = 1);", "takes no named arguments"),
        ("helper(1);", "helper takes a, b"),
        ("helper(1, 2, 3);", "helper takes a, b"),
        ("helper(1, a = 2);", "has no parameter a, or it is given twice"),
        ("helper(a = 1, 2);", "an argument without a name"),
        ("let r = Point {x: 1};", "a Point has the fields x, y, and not y"),
        ("match 1 { Frob(x) => x }", "there is no type Frob"),
    ],
)
def test_what_cannot_be_run_is_not_compiled(body: str, why: str) -> None:
    with pytest.raises(CompileError, match=why):
        compiled(body, around="type Point = { x: int, y: int } function helper(a: int, b: int) { a + b }")
