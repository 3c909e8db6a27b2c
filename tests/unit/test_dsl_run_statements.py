"""What statements do."""

from typing import Any

import pytest

from app.dsl.run import Called, Failure, Finished, Run, Stopped, compile_program
from tests.support.dsl_run import ending, error, program, result, to_the_end


def test_a_body_without_a_result_gives_null_and_its_last_expression_is_its_result() -> None:
    assert result("let x = 1;") is None
    assert result("") is None
    assert result("let x = 1; x + 1") == 2
    assert result("return;") is None


def test_a_name_that_is_not_bound_is_declared_where_it_is_assigned_to() -> None:
    assert result("x = 1; x = x + 1; return x;") == 2
    assert result("let x = 1; if true { x = 2; y = 3; x = x + y; } return x;") == 5


def test_a_let_hides_an_outer_name_until_its_block_ends() -> None:
    assert result("let x = 1; if true { let x = x + 10; x += 1; } return x;") == 1
    assert result("let x = 1; let x = x + 1; return x;") == 2


@pytest.mark.parametrize(("operator", "expected"), [("+=", 9), ("-=", 5), ("*=", 14), ("/=", 3.5), ("%=", 1)])
def test_compound_assignment_works_on_names_members_and_elements(operator: str, expected: float) -> None:
    assert result(f"let x = 7; x {operator} 2; return x;") == expected
    assert result(f"let r = {{a: {{b: 7}}}}; r.a.b {operator} 2; return r;") == {"a": {"b": expected}}
    assert result(f"let l = [0, 7]; l[1] {operator} 2; return l;") == [0, expected]
    assert result(f'let m = {{k: [7]}}; m["k"][0] {operator} 2; return m;') == {"k": [expected]}


def test_the_index_of_a_place_is_evaluated_once() -> None:
    body = "let l = [1, 2]; l[next()] += 10; return l;"
    asked: list[Called] = []

    def world(called: Called) -> int:
        asked.append(called)
        return 1

    assert result(body, world=world) == [1, 12]
    assert len(asked) == 1


def test_a_new_entry_may_be_assigned_to_a_map_and_to_a_record() -> None:
    assert result('let m = {}; m.a = 1; m["b c"] = 2; return m;') == {"a": 1, "b c": 2}
    assert result("let r = Report {total: 1}; r.end_time = 5; return r;") == {"total": 1, "end_time": 5}


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("let l = [1]; l[1] = 2;", "IndexError: there is no place 1; there are 1"),
        ("let l = [1]; l.x = 2;", "TypeError: cannot set x of a List"),
        ('let s = "ab"; s[0] = "c";', "TypeError: a String cannot be changed in place"),
        ("let m = {}; m.a.b = 1;", "KeyError: a Map without a"),
        ("let m = {}; m.a += 1;", "KeyError: a Map without a"),
        ("let m = {}; m[1] = 1;", "TypeError: the key of a Map is a String, not int"),
        ("let n = 5; n.push(1);", "TypeError: an int has no method push"),
        ("for x in 5 { }", "TypeError: cannot go through int"),
        ("if 1 { }", "TypeError: a condition must be a bool, not int"),
    ],
)
def test_what_cannot_be_assigned_or_gone_through_is_an_error(body: str, expected: str) -> None:
    assert error(body) == expected


@pytest.mark.parametrize(
    ("iterable", "expected"),
    [
        ("[1, [2]]", [1, [2]]),
        ("range(3)", [0, 1, 2]),
        ("range(5, 1, -2)", [5, 3]),
        ('"aé"', ["a", "é"]),
        ("{b: 1, a: 2}", ["b", "a"]),
        ("Row {b: 1}", ["b"]),
        ("[]", []),
    ],
)
def test_for_goes_through_elements_characters_and_keys(iterable: str, expected: list[Any]) -> None:
    assert (
        result(f"let out = []; let of = {iterable}; for x in of {{ out.push(x); }} return out;") == expected
    )


def test_break_and_continue_are_of_the_innermost_loop_also_out_of_a_try() -> None:
    body = """
        let out = [];
        for i in range(10) {
            if i == 4 { break; }
            for j in range(10) {
                try { if j == 1 { continue; } if j > 2 { break; } } catch (e) { out.push("caught"); }
                out.push(i * 10 + j);
            }
        }
        try { error("after"); } catch (e) { out.push(e.message); }
        return out;
    """
    assert result(body) == [0, 2, 10, 12, 20, 22, 30, 32, "after"]


def test_a_list_that_is_changed_while_it_is_gone_through_is_gone_through_as_it_was() -> None:
    assert result("let l = [1, 2, 3]; for x in l { l.push(x); } return l;") == [1, 2, 3, 1, 2, 3]
    assert result("let l = [1, 2, 3]; for x in l { l.pop(); } return l;") == []
    assert result("let m = {a: 1}; for k in m { m[k + k] = 2; } return m;") == {"a": 1, "aa": 2}
    assert result("let l = [1, 2]; let r = l.map(x => l.push(x).len()); return [l, r];") == [
        [1, 2, 1, 2],
        [3, 4],
    ]
    assert result("let l = [1, 2]; let f = x => l.push(x).len(); let r = l.map(f); return [l, r];") == [
        [1, 2, 1, 2],
        [3, 4],
    ]


@pytest.mark.parametrize(
    ("subject", "expected"),
    [
        ('"a"', "text"),
        ("-1", "minus one"),
        ("1.0", "one"),
        ("30s", "half a minute"),
        ("null", "nothing"),
        ("true", "yes"),
        ('Row {id: 7, tag: "x"}', "row 7"),
        ('Row {id: 8, tag: "y"}', "other row y"),
        ("Row {id: 8}", "other"),
        ("[5]", "list of 1"),
        ("12", "int 12"),
        ('{"a": 1}', "other"),
    ],
)
def test_the_first_arm_that_fits_runs(subject: str, expected: str) -> None:
    body = f"""
        let subject = {subject};
        match subject {{
            "a" => {{ return "text"; }}
            -1 => {{ return "minus one"; }}
            1 => {{ return "one"; }}
            30s => {{ return "half a minute"; }}
            None => {{ return "nothing"; }}
            true => {{ return "yes"; }}
            Row {{ id, tag: "x" }} => {{ return "row " + id; }}
            Row {{ tag: t }} => {{ return "other row " + t; }}
            List(l) => {{ return "list of " + l.len(); }}
            int(n) => {{ return "int " + n; }}
            _ => {{ return "other"; }}
        }}
    """
    assert result(body) == expected


def test_a_match_that_nothing_fits_is_an_error() -> None:
    assert error('match "deploy" { "restart" => 1 }') == 'MatchError: no arm fits "deploy"'
    assert error("match [1] { 1 => 1 }") == "MatchError: no arm fits List"


def test_what_an_arm_binds_is_a_value_of_its_own() -> None:
    assert result("let l = [1]; match l { List(m) => { m.push(2); } } return l;") == [1]
    assert result("let r = Row {l: [1]}; match r { Row {l} => { l.push(2); } } return r;") == {"l": [1]}


def test_if_let_fits_what_is_not_null_or_the_pattern() -> None:
    body = (
        "let out = []; for x in [1, null, 0, false] { if let y = x { out.push(y); } else { out.push(9); } }"
    )
    assert result(f"{body} return out;") == [1, 9, 0, False]
    assert result("if let Some(x) = null { return 1; } else { return 2; }") == 2
    assert result("let r = Row {a: 3}; if let Row {a} = r { return a; }") == 3
    assert result('if let "a" = "b" { return 1; } return 2;') == 2


def test_an_error_is_caught_by_its_kind_the_first_that_fits() -> None:
    body = """
        try { %s } catch (KeyError e) { return "key: " + e.message; }
        catch (ArithmeticError e) { return e.kind; } catch (e) { return e; }
    """
    assert result(body % "let x = {}.a;") == "key: a Map without a"
    assert result(body % "let x = 1 / 0;") == "ArithmeticError"
    assert result(body % 'error("own", "Mine");') == {"kind": "Mine", "message": "own"}
    assert result(body % "let x = 1;") is None


def test_what_no_catch_takes_goes_on_to_the_next_one() -> None:
    assert result("try { try { let x = 1 / 0; } catch (KeyError e) { } } catch (e) { return e.kind; }") == (
        "ArithmeticError"
    )
    end = ending("try { let x = 1 / 0; } catch (KeyError e) { return 1; }")
    assert isinstance(end, Stopped)
    assert (end.code, end.kind, end.message) == ("error", "ArithmeticError", "a division by zero")


def test_an_error_in_a_catch_is_not_caught_by_it() -> None:
    assert error('try { error("a"); } catch (e) { error("b"); }') == "Error: b"
    assert error('try { error("a"); } catch (e) { return error("again: " + e.message); }') == (
        "Error: again: a"
    )


def test_an_error_leaves_calls_and_built_ins_that_are_under_way() -> None:
    body = """
        let n = 0;
        for i in range(3) {
            try { n += [1, 2, 3].map(x => deeper(x)).sum(); } catch (e) { n += 100; }
        }
        return [n, deeper(0), [5, 6].map(x => x + 1)];
    """
    around = 'function deeper(x: int) { if x == 2 { error("two"); } return [x].map(y => y).first(); }'
    assert result(body, around=around) == [300, 0, [6, 7]]


def test_what_was_assigned_before_an_error_stays() -> None:
    assert result(
        'let x = 1; let l = [1]; try { x = 2; l.push(2); x = error("e"); } catch (e) { } return [x, l];'
    ) == [
        2,
        [1, 2],
    ]


def test_an_uncaught_error_says_where_it_happened() -> None:
    body = "let x = 1;\n let y = x + [2];"
    end = ending(body)
    assert isinstance(end, Stopped)
    text = f"\nagent tried() {{ with timeout = 1m {{ {body} }} }}"
    assert text[end.span.start : end.span.end] == "x + [2]"


def test_functions_call_each_other_with_named_arguments() -> None:
    around = """
        function even(n: int) -> bool { if n == 0 { true } else { odd(n - 1) } }
        function odd(n: int) -> bool { if n == 0 { return false; } return even(n = n - 1); }
        function minus(a: int, b: int) -> int { a - b }
    """
    assert result("return [even(50), odd(50), minus(b = 1, a = 5), minus(5, b = 2)];", around=around) == [
        True,
        False,
        4,
        3,
    ]


def test_a_function_of_the_agent_goes_before_one_of_the_file() -> None:
    text = "function f() { 1 } agent a { function f() { 2 } with timeout = 1s { f() } }"
    end = to_the_end(Run(compile_program(program(text), "a"), {}))
    assert end == Finished(2)


def test_a_name_that_holds_a_function_goes_before_a_function_and_a_value_does_not() -> None:
    assert result("let f = x => x + 1; return f(1);", around="function f(x: int) { x * 100 }") == 2
    assert result("let f = 7; return f(1) + f;", around="function f(x: int) { x * 100 }") == 107
    assert result('try { error("a"); } catch (error) { return error.message; }') == "a"
    assert error('try { error("a"); } catch (error) { return error("not " + error.message); }') == (
        "Error: not a"
    )
    assert (
        result("let status = 1; return status(status);", world=lambda called: called.capability) == "status"
    )


def test_a_function_of_the_definition_is_a_value_too() -> None:
    assert (
        result(
            "return [1, 2].map(double).reduce(plus);",
            around=("function double(x: int) { x * 2 } function plus(a: int, b: int) { a + b }"),
        )
        == 6
    )


def test_lambdas_see_the_variable_and_not_a_copy_when_it_changes() -> None:
    assert result("let n = 0; let f = x => n + x; n = 10; return f(1);") == 11
    assert result("let n = 0; [1, 2, 3].each(x => if true { n += x; n } else { 0 }); return n;") == 6
    assert result("let l = []; [1, 2].each(x => l.push(x * 2)); return l;") == [2, 4]
    assert result("let fs = []; for i in range(3) { fs.push(x => i * x); } return fs.map(f => f(10));") == [
        0,
        10,
        20,
    ]
    assert result(
        "let fs = []; for i in range(3) { let n = i; fs.push(x => if true { n += x; n } else { 0 }); }"
        "return fs.map(f => f(1) + f(1));"
    ) == [3, 5, 7]


def test_a_lambda_inside_a_lambda_sees_both_around_it() -> None:
    assert (
        result(
            "let n = 0; let add = x => y => if true { n += x * y; n } else { 0 };"
            "add(2)(3); add(10)(1); return n;"
        )
        == 16
    )


@pytest.mark.parametrize(
    "body",
    [
        "let a = [1]; let b = a; b.push(2); return [a, b];",
        "let a = [1]; let b = [0]; b = a; b.push(2); return [a, b];",
        "let a = [1]; let w = {l: a}; w.l.push(2); return [a, w.l];",
        "let a = [1]; let b = grown(a); return [a, b];",
        "let w = [[1]]; let a = w[0]; let b = a; b.push(2); return [w[0], b];",
        "let w = {l: [1]}; let b = w.l; b.push(2); return [w.l, b];",
        "let a = [1]; let b = if true { a } else { [] }; b.push(2); return [a, b];",
        "let a = [[1]]; for b in a { b.push(2); return [a[0], b]; }",
        "let a = [[1]]; let b = a.first(); b.push(2); return [a[0], b];",
        "let a = [1]; let b = [a].map(x => x.push(2)).first(); return [a, b];",
        "let a = [1]; let f = x => a; let b = f(0); b.push(2); return [a, b];",
        "let a = [1]; let b = [a, a]; b[1].push(2); return b;",
        "let a = [1]; try { let b = a; b.push(2); return [a, b]; } catch (e) { }",
        'let a = [1]; let b = {x: a}.get("x"); b.push(2); return [a, b];',
        "let a = [1]; let w = [a].slice(0); w[0].push(2); return [a, w[0]];",
        "let a = [1]; let b = a.push(2); a.pop(); return [a, b];",
        "let a = [1]; let g = {v: a.push(2)}; a.pop(); return [a, g.v];",
    ],
)
def test_a_change_through_one_name_is_not_seen_through_another(body: str) -> None:
    around = "function grown(l: List<int>) -> List<int> { l.push(2); return l; }"
    assert result(body, around=around) == [[1], [1, 2]]


def test_assigning_what_push_gives_to_the_same_name_is_push() -> None:
    assert result("let l = []; l = l.push(1); l = l.append(2); return l;") == [1, 2]
    assert result("let l = [1, 2]; l = l.pop(); return l;") == 2


def test_a_list_pushed_onto_itself_holds_what_it_was() -> None:
    assert result("let l = [1]; l.push(l); l.push(l); return l;") == [1, [1], [1, [1]]]
    assert result("let l = [1]; let l = l; l.push(l); return l;") == [1, [1]]
    assert result("let m = {}; m.m = m; m.m.m = m; return m;") == {"m": {"m": {"m": {}}}}


def test_a_change_of_what_is_no_place_gives_the_changed_value() -> None:
    assert result("return [1].push(2);") == [1, 2]
    assert result('return {a: 1}.set("b", 2);') == {"a": 1, "b": 2}


def test_names_of_memories_and_channels_stand_for_themselves() -> None:
    seen: list[Called] = []

    def world(called: Called) -> None:
        seen.append(called)

    around = 'memory notes { store markdown } channel pages { platform = "slack" }'
    result(
        'memory_search(notes, "x", limit = 1); publish(pages); notes.write(1);', around=around, world=world
    )
    assert [(called.capability, called.positional, called.named) for called in seen] == [
        ("memory_search", ("notes", "x"), {"limit": 1}),
        ("publish", ("pages",), {}),
        ("notes.write", (1,), {}),
    ]


def test_a_call_waits_anywhere_also_inside_a_lambda_that_a_built_in_calls() -> None:
    def world(called: Called) -> Any:
        (x,) = called.positional
        assert isinstance(x, int)
        if x == 3:
            raise Failure("Timeout", "too slow")
        return x * 10

    body = """
        let out = [];
        for l in [[1, 2], [3, 4]] {
            try { out.extend(l.map(x => twice(tool.run(x)))); } catch (Timeout e) { out.push(e.message); }
        }
        return out;
    """
    assert result(body, around="function twice(x: int) -> int { x * 2 }", world=world) == [
        20,
        40,
        "too slow",
    ]


def test_a_failed_call_is_caught_by_its_kind_as_call_error_and_as_error() -> None:
    def world(called: Called) -> Any:
        raise Failure("Denied", "policy says no")

    for kind in ("Denied e", "CallError e", "Error e", "e"):
        assert result(f"try {{ act(); }} catch ({kind}) {{ return e; }}", world=world) == {
            "kind": "Denied",
            "message": "policy says no",
        }
    assert error("try { act(); } catch (Timeout e) { }", world=world) == "Denied: policy says no"
    assert error('try { error("x"); } catch (CallError e) { }') == "Error: x"
