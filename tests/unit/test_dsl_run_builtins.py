"""What every built-in gives, and how it fails."""

from typing import Any

import pytest

from app.dsl.run.builtins.native import CLASSES, IMPLEMENTATIONS
from app.dsl.run.builtins.signature import Builtin, declare, parse_type, type_text
from app.dsl.run.builtins.table import BUILTINS
from app.dsl.run.json_text import from_json
from tests.support.dsl_run import error, result, value

EXAMPLES: dict[str, list[tuple[str, Any]]] = {
    "assert": [('assert(1 < 2, "never said")', None)],
    "len": [('len("aé😀")', 3), ("length([1, 2])", 2), ("len({a: 1})", 1), ("len(range(10))", 10)],
    "range": [
        ("range(3)", [0, 1, 2]),
        ("range(1, 3)", [1, 2]),
        ("range(3, 0, step = -1)", [3, 2, 1]),
        ("range(-1)", []),
    ],
    "format": [('format("{} of {}: {0}{{}}", 1, [2])', "1 of [2]: 1{}"), ('format("")', "")],
    "parse_json": [('parse_json(" {\\"a\\": [1, 2.0, null, true]} ")', {"a": [1, 2.0, None, True]})],
    "type_of": [("type_of(1)", "int"), ("type_of(Row {})", "Row"), ("type_of(range(1))", "List")],
    "to_json": [("to_json({b: [1.0, null], a: 1m})", '{"b":[1.0,null],"a":60000}')],
    "to_string": [
        ("to_string(1.0)", "1.0"),
        ("to_string([1])", "[1]"),
        ("to_string(90s)", "90s"),
        ("to_string(1s / 3)", "0.333s"),
        ('to_string("a")', "a"),
    ],
    "to_int": [("to_int(2.9)", 2), ("to_int(-2.9)", -2), ('to_int(" -12 ")', -12)],
    "to_float": [("to_float(2)", 2.0), ('to_float("1e3")', 1000.0), ('to_float(".5")', 0.5)],
    "abs": [("abs(-2)", 2), ("abs(-2.5)", 2.5)],
    "min": [("min(3, 1.5, 2)", 1.5), ('min("b", "a")', "a"), ("min([2, 1])", 1), ("min(2m, 1s)", 1000)],
    "max": [("max(3, 1.5, 2)", 3), ("max([])", None)],
    "sum": [("sum([1, 2])", 3), ("sum([1, 0.5])", 1.5), ("sum([])", 0), ("sum(range(5))", 10)],
    "round": [
        ("round(2.5)", 2),
        ("round(3.5)", 4),
        ("round(-0.4)", 0),
        ("round(2.675, 2)", 2.67),
        ("round(1234, digits = -2)", 1200.0),
    ],
    "floor": [("floor(-1.5)", -2), ("floor(3)", 3)],
    "ceil": [("ceil(-1.5)", -1), ("ceil(1.2)", 2)],
    "sqrt": [("sqrt(9)", 3.0)],
    "pow": [
        ("pow(2, 10)", 1024),
        ("pow(2, -1)", 0.5),
        ("pow(-1, 9223372036854775807)", -1),
        ("pow(0, 0)", 1),
    ],
    "div": [("div(7, 2)", 3), ("div(-7, 2)", -4)],
    "zip": [('zip([1, 2, 3], ["a", "b"])', [[1, "a"], [2, "b"]])],
    "Some": [("Some([1])", [1])],
    "any.to_string": [("true.to_string()", "true"), ("{a: 1}.to_string()", '{"a":1}')],
    "any.to_json": [('"a".to_json()', '"a"')],
    "number.abs": [("(-3).abs()", 3)],
    "number.round": [("1.256.round(2)", 1.26)],
    "number.floor": [("1.5.floor()", 1)],
    "number.ceil": [("1.5.ceil()", 2)],
    "number.to_int": [("1.5.to_int()", 1)],
    "number.to_float": [("let x = 1; x.to_float()", 1.0)],
    "Duration.seconds": [("1m.seconds()", 60.0)],
    "Duration.minutes": [("90s.minutes()", 1.5)],
    "Duration.hours": [("1d.hours()", 24.0)],
    "String.len": [('"aé😀".len()', 3), ('"ab".length', 2), ('"ab".len', 2)],
    "String.is_empty": [('"".is_empty()', True), ('" ".is_empty()', False)],
    "String.upper": [('"aß".upper()', "ASS"), ('"a".to_uppercase()', "A")],
    "String.lower": [('"AÉ".lower()', "aé")],
    "String.trim": [('" a b\\n".trim()', "a b")],
    "String.contains": [('"abc".contains("bc")', True), ('"abc".contains("")', True)],
    "String.starts_with": [('"abc".starts_with("ab")', True)],
    "String.ends_with": [('"abc".ends_with("ab")', False)],
    "String.index_of": [('"aéb".index_of("b")', 2), ('"a".index_of("z")', None)],
    "String.count": [('"aaaa".count("aa")', 2)],
    "String.split": [('"a,b,".split(",")', ["a", "b", ""]), ('" a  b ".split()', ["a", "b"])],
    "String.lines": [('"a\\r\\nb\\n\\nc".lines()', ["a", "b", "", "c"]), ('"".lines()', [])],
    "String.chars": [('"aé".chars()', ["a", "é"])],
    "String.replace": [('"aXbX".replace("X", "--")', "a--b--")],
    "String.slice": [
        ('"abcd".slice(1, 3)', "bc"),
        ('"abcd".slice(-2)', "cd"),
        ('"abcd".slice(3, 1)', ""),
        ('"abcd".slice(2, end = 99)', "cd"),
    ],
    "String.repeat": [('"ab".repeat(2)', "abab"), ('"ab".repeat(0)', "")],
    "String.pad_start": [('"7".pad_start(3, "0")', "007"), ('"777".pad_start(2)', "777")],
    "String.pad_end": [('"7".pad_end(3) + "|"', "7  |")],
    "String.reverse": [('"aéb".reverse()', "béa")],
    "String.format": [('"{}-{}".format(1, 2)', "1-2")],
    "String.to_int": [('"12".to_int()', 12)],
    "String.to_float": [('"1.5".to_float()', 1.5)],
    "String.parse_json": [('"[1]".parse_json()', [1])],
    "List.len": [("[1, 2].len()", 2), ("[1, 2].length", 2)],
    "List.is_empty": [("[].is_empty()", True)],
    "List.push": [("[1].push(2)", [1, 2]), ("[1].append([2])", [1, [2]])],
    "List.extend": [("[1].extend([2, 3])", [1, 2, 3]), ("[1].extend(range(2))", [1, 0, 1])],
    "List.insert": [("[1, 3].insert(1, 2)", [1, 2, 3]), ("[1].insert(1, 2)", [1, 2])],
    "List.pop": [("[1, 2].pop()", 2), ("[].pop()", None)],
    "List.remove": [("[1, 2, 3].remove(0)", 1), ("[1, 2, 3].remove(-1)", 3)],
    "List.clear": [("[1].clear()", [])],
    "List.get": [("[1].get(0)", 1), ("[1].get(5)", None), ("[1].get(5, 9)", 9), ("[1, 2].get(-1)", 2)],
    "List.first": [("[1, 2].first()", 1), ("[].first()", None)],
    "List.last": [("[1, 2].last()", 2), ("range(3).last()", 2)],
    "List.contains": [("[1, [2]].contains([2])", True), ('[1].contains("1")', False)],
    "List.index_of": [("[1, 2, 2].index_of(2)", 1), ("[1].index_of(3)", None), ("range(9).index_of(3)", 3)],
    "List.slice": [("[1, 2, 3].slice(1)", [2, 3]), ("[1, 2, 3].slice(-2, -1)", [2])],
    "List.take": [("[1, 2].take(1)", [1]), ("[1, 2].take(5)", [1, 2])],
    "List.skip": [("[1, 2].skip(1)", [2])],
    "List.reverse": [("[1, 2].reverse()", [2, 1])],
    "List.sort": [
        ("[3, 1.5, 2].sort()", [1.5, 2, 3]),
        ('["b", "a", "B"].sort()', ["B", "a", "b"]),
        ("[{n: 2}, {n: 1}].sort_by(r => r.n)", [{"n": 1}, {"n": 2}]),
        ("[[1, 1], [0, 2], [1, 0]].sort(p => p[0])", [[0, 2], [1, 1], [1, 0]]),
        ("[2m, 1s].sort()", [1000, 120_000]),
    ],
    "List.unique": [('[1, "1", 1.0, true, {a: [1]}, {a: [1]}].unique()', [1, "1", True, {"a": [1]}])],
    "List.flatten": [("[1, [2, [3]], range(1)].flatten()", [1, 2, [3], 0])],
    "List.zip": [("[1].zip([2, 3])", [[1, 2]])],
    "List.enumerate": [('["a", "b"].enumerate()', [[0, "a"], [1, "b"]])],
    "List.sum": [("[1, 2].sum()", 3)],
    "List.min": [("[2, 1].min()", 1)],
    "List.max": [("[2, 1].max()", 2)],
    "List.average": [("[1, 2].average()", 1.5), ("[].average()", None)],
    "List.join": [('["a", 1, null, [2]].join("-")', "a-1-null-[2]"), ("[1, 2].join()", "12")],
    "List.map": [("[1, 2].map(x => x * 2)", [2, 4])],
    "List.flat_map": [("[1, 2].flat_map(x => [x, x])", [1, 1, 2, 2])],
    "List.filter": [("[1, 2, 3].filter(x => x != 2)", [1, 3])],
    "List.reduce": [("[1, 2, 3].reduce((a, x) => a * 10 + x)", 123), ("[].reduce((a, x) => a, 7)", 7)],
    "List.fold": [('["a", "b"].fold("", (a, x) => x + a)', "ba")],
    "List.each": [("[1].each(x => x)", None), ("[1].for_each(x => x)", None)],
    "List.any": [("[1, 2].any(x => x > 1)", True), ("[false, true].any()", True), ("[].any()", False)],
    "List.all": [("[1, 2].all(x => x > 1)", False), ("[].all()", True)],
    "List.count": [("[1, 2, 3].count(x => x > 1)", 2), ("[1, 2].count()", 2)],
    "List.find": [("[1, 2, 3].find(x => x > 1)", 2), ("[1].find(x => x > 1)", None)],
    "List.min_by": [('["aa", "b", "c"].min_by(s => s.len())', "b"), ("[].min_by(x => x)", None)],
    "List.max_by": [('["aa", "b", "cc"].max_by(s => s.len())', "aa")],
    "List.group_by": [
        ("[1, 2, 3].group_by(x => x % 2)", {"1": [1, 3], "0": [2]}),
        ("[1, 2].group_by(x => x > 1)", {"false": [1], "true": [2]}),
    ],
    "Map.len": [("{a: 1}.len()", 1)],
    "Map.is_empty": [("{}.is_empty()", True)],
    "Map.keys": [("{b: 1, a: 2}.keys()", ["b", "a"])],
    "Map.values": [("{b: 1, a: 2}.values()", [1, 2])],
    "Map.entries": [("{a: [1]}.entries()", [{"key": "a", "value": [1]}])],
    "Map.contains": [('{a: null}.contains("a")', True), ('{a: 1}.has("b")', False)],
    "Map.get": [('{a: 1}.get("a")', 1), ('{a: 1}.get("b")', None), ('{a: 1}.get("b", default = 2)', 2)],
    "Map.set": [('{a: 1}.set("b", 2)', {"a": 1, "b": 2}), ('{a: 1}.put("a", 2)', {"a": 2})],
    "Map.remove": [('{a: 1}.remove("a")', 1), ('{a: 1}.remove("b")', None)],
    "Map.merge": [("{a: 1, b: 1}.merge({b: 2, c: 3})", {"a": 1, "b": 2, "c": 3})],
    "Map.filter": [('{a: 1, b: 2}.filter((k, v) => k == "b" || v == 9)', {"b": 2})],
    "Map.map_values": [("{a: 1, b: 2}.map_values(v => v * 2)", {"a": 2, "b": 4})],
}


def name_of(one: Builtin) -> str:
    return one.name if one.receiver is None else f"{one.receiver.name}.{one.name}"


DECLARED = {name_of(one): one for one in BUILTINS if one.alias_of is None and one.returns.name != "never"}


def test_every_built_in_has_examples_and_an_implementation() -> None:
    assert EXAMPLES.keys() == DECLARED.keys()
    assert {*DECLARED, "error"} == IMPLEMENTATIONS.keys()


@pytest.mark.parametrize("name", EXAMPLES)
def test_a_built_in_gives_what_it_should_and_of_the_declared_type(name: str) -> None:
    declared = DECLARED[name]
    for expression, expected in EXAMPLES[name]:
        *before, last = expression.split("; ")
        found = result(f"{''.join(f'{one}; ' for one in before)}return {last};")
        assert found == expected, expression
        assert type(found) is type(expected), expression
        classes = CLASSES.get(declared.returns.name)
        if classes is not None and not (found is None and declared.nullable):
            # A duration leaves the body as its milliseconds.
            assert isinstance(from_json(found), classes), expression


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ('error("own")', "Error: own"),
        ('error("own", kind = "Mine")', "Mine: own"),
        ('error("own", "not a name")', "ValueError: the kind of an error must be a name"),
        ("assert(1 > 2)", "AssertionError: it does not hold"),
        ('assert(1 > 2, "no")', "AssertionError: no"),
        ("assert(1)", "TypeError: assert takes bool as condition, not int"),
        ("len(1)", "TypeError: an int has no length"),
        ("len()", "TypeError: len(value: any) -> int is given 0 arguments"),
        ("len(1, 2)", "TypeError: len(value: any) -> int is given 2 arguments"),
        ("len([1], other = 2)", "TypeError: len(value: any) -> int has no place for other"),
        ("range(1, 2, 0)", "ValueError: the step of a range cannot be 0"),
        ("range(1.0)", "TypeError: range takes int as start, not float"),
        ('parse_json("{")', "ValueError: not JSON"),
        ('parse_json("[1e999]")', "ValueError: not JSON"),
        ('parse_json("9223372036854775808")', "ValueError: the integer"),
        ('parse_json("{\\"a\\": 1, \\"a\\": 2}")', "ValueError: the key 'a' occurs twice"),
        ("to_json(x => x)", "TypeError: a Function cannot be JSON"),
        ("to_string(x => x)", "TypeError: a Function has no text"),
        ("to_int(null)", "TypeError: cannot make an int of null"),
        ("to_int(true)", "TypeError: cannot make an int of bool"),
        ('to_int("1.5")', 'ValueError: "1.5" is not an integer'),
        ('to_int("٣")', 'ValueError: "٣" is not an integer'),
        ('to_int("9223372036854775808")', "ArithmeticError: the result has more than 64 bits"),
        ('to_float("nan")', 'ValueError: "nan" is not a number'),
        ('to_float("1e999")', "ArithmeticError: the result is too large for a float"),
        ("round(1, 99)", "ValueError: cannot round to 99 digits"),
        ("sqrt(-1)", "ArithmeticError: the square root of a negative number"),
        ("pow(2, 64)", "ArithmeticError: the result has more than 64 bits"),
        ("pow(2.0, 5000)", "ArithmeticError: the result is too large for a float"),
        ("pow(0, -1)", "ArithmeticError: a division by zero"),
        ("div(1, 0)", "ArithmeticError: a division by zero"),
        ("div(-9223372036854775807 - 1, -1)", "ArithmeticError: the result has more than 64 bits"),
        ("sum([9223372036854775807, 1])", "ArithmeticError: the result has more than 64 bits"),
        ('sum(["a"])', "TypeError: cannot sum String"),
        ('min(1, "a")', "TypeError: cannot compare String and int"),
        ('"a".split("")', "ValueError: it cannot be empty text"),
        ('"a".replace("", "b")', "ValueError: it cannot be empty text"),
        ('"a".repeat(-1)', "ValueError: cannot repeat -1 times"),
        ('"a".pad_start(3, "ab")', "ValueError: what it is filled up with must be one character"),
        ('"a".contains(1)', "TypeError: contains takes String as part, not int"),
        ('format("{}")', "ValueError: the template has a place for value 0; there are 0"),
        ("[1].remove(1)", "IndexError: there is no place 1; there are 1"),
        ("[1].insert(3, 0)", "IndexError: there is no place 3; there are 1"),
        ("[1].take(-1)", "ValueError: there cannot be -1 of them"),
        ("[1].map(1)", "TypeError: map takes Function<T, U> as change, not int"),
        ("[1].filter(x => x)", "TypeError: what filter calls must give a bool, not int"),
        ("[1].flat_map(x => x)", "TypeError: what flat_map calls must give a List, not int"),
        ("[1].any()", "TypeError: what any calls must give a bool, not int"),
        ("[].reduce((a, x) => a)", "ValueError: there is nothing to reduce, and no start"),
        ("[1].group_by(x => 1.5)", "TypeError: cannot group by float"),
        ('[1, "a"].sort()', "TypeError: cannot sort by String and number"),
        ("[[1]].sort()", "TypeError: cannot sort by List"),
        ("[true].sort()", "TypeError: cannot sort by bool"),
        ("{a: 1}.get(1)", "TypeError: get takes String as key, not int"),
    ],
)
def test_a_built_in_says_what_is_wrong(expression: str, expected: str) -> None:
    assert error(f"return {expression};").startswith(expected)


def test_a_list_is_joined_and_grouped_in_its_own_order_on_every_machine() -> None:
    words = '["pear", "fig", "kiwi", "plum", "lime"]'
    assert list(value(f"{words}.group_by(w => w.len())")) == ["4", "3"]
    assert list(value(f"{words}.group_by(w => w.slice(0, 1))")) == ["p", "f", "k", "l"]
    assert value(f"{words}.unique().join()") == "pearfigkiwiplumlime"


def test_numbers_are_written_and_read_the_same_everywhere() -> None:
    assert value("[0.1 + 0.2, 100.0, 1 / 3]") == [0.30000000000000004, 100.0, 1 / 3]
    assert value('"" + 1 / 3 + " " + pow(10.0, 16) + " " + pow(10.0, -5)') == "0.3333333333333333 1e+16 1e-05"
    assert value("pow(1.1, 10)") == 2.593742460100002


def test_signatures_read_as_they_are_written() -> None:
    for one in BUILTINS:
        (again,) = list(
            declare(
                type_text(one.receiver) if one.receiver else None, one.signature.replace("…", "..."), one.doc
            )
        )
        assert (again.parameters, again.returns, again.nullable) == (
            one.parameters,
            one.returns,
            one.nullable,
        )
    with pytest.raises(ValueError, match="not a signature"):
        list(declare(None, "no signature", ""))
    for text in ("List<", "List<T", "A B"):
        with pytest.raises((ValueError, StopIteration)):
            parse_type(text)
