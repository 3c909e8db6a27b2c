"""A body reaches nothing but its values: not Python below it, not another run, no secret's text."""

from typing import Any

import pytest

from app.dsl.run import (
    Called,
    CompileError,
    Failure,
    Finished,
    Run,
    Secret,
    Stopped,
    WrongInputs,
    from_json,
    to_json,
)
from app.dsl.run.values import List, Map
from tests.support.dsl_run import compiled, ending, error, result, to_the_end, value

NAMES = (
    "__class__",
    "__dict__",
    "__init__",
    "__globals__",
    "__subclasses__",
    "entries",
    "items",
    "shared",
    "type_name",
    "code",
    "captured",
    "content",
    "parts",
    "path",
    "ms",
    "start",
    "real",
    "gi_frame",
    "send",
    "format_map",
    "encode",
    "translate",
    "mro",
)
VALUES = (
    '"text"',
    "1",
    "1.5",
    "true",
    "[1]",
    "range(2)",
    "{a: 1}",
    "Row {a: 1}",
    "(x => x)",
    "1s",
    "vault://a/b",
)


@pytest.mark.parametrize("of", VALUES)
def test_members_never_reach_python(of: str) -> None:
    for name in NAMES:
        for read in (f"x.{name}", f"x.{name}()", f'x["{name}"]', f"x.{name}.{name}"):
            if read == "x.entries()" and of in ("{a: 1}", "Row {a: 1}"):
                continue
            end = ending(f"let x = {of}; return {read};")
            assert isinstance(end, Stopped), read
            assert end.kind in ("TypeError", "KeyError"), read


@pytest.mark.parametrize("of", VALUES)
def test_nothing_but_maps_and_records_takes_new_members(of: str) -> None:
    if of in ("{a: 1}", "Row {a: 1}"):
        assert result(f"let x = {of}; x.__class__ = 5; return x.__class__ + x.a;") == 6
    else:
        assert error(f"let x = {of}; x.__class__ = 5;").startswith("TypeError: cannot set __class__ of a")


@pytest.mark.parametrize(
    "name",
    ["__import__", "eval", "exec", "open", "getattr", "globals", "print", "input", "os.system", "self"],
)
def test_a_name_of_python_is_a_capability_like_any_other(name: str) -> None:
    asked: list[str] = []

    def world(called: Called) -> Any:
        asked.append(called.capability)
        raise Failure("Denied", "no")

    assert error(f'return {name}("x");', world=world) == "Denied: no"
    assert asked == [name]


@pytest.mark.parametrize("name", ["open", "print", "__builtins__", "self", "meter", "registers"])
def test_a_name_of_python_is_no_value(name: str) -> None:
    with pytest.raises(CompileError, match=f"there is no {name}"):
        compiled(f"return {name};")


@pytest.mark.parametrize(
    "template", ["{0.__class__}", "{0[a]}", "{!r}", "{:>10}", "{0:{1}}", "{a}", "{", "}", "{-1}", "{99999}"]
)
def test_a_template_has_places_and_nothing_else(template: str) -> None:
    assert error(f'return format("{template}", 1);').startswith("ValueError: ")


@pytest.mark.parametrize(
    "expression",
    [
        "to_string(s)",
        "to_json(s)",
        "to_json([s])",
        "s.to_string()",
        "[s].join()",
        "s.len()",
        "len(s)",
        "s[0]",
        "s.slice(0, 1)",
        "s == s",
        "s == 1",
        "[s] == [vault://a/b]",
        "s < s",
        '"a" in s',
        "[s].contains(s)",
        "[s].unique()",
        "[s].sort()",
        "[s].group_by(x => x)",
        "{a: 1}[s]",
        "error(s)",
        'error("a", s)',
        "type_of(s).len() + s.len()",
        "s * 2",
        "min(s, s)",
        "vault://a[s]",
        "parse_json(s)",
        "s.upper()",
        "if s { 1 } else { 2 }",
    ],
)
def test_a_secret_never_becomes_text_nor_decides_anything(expression: str) -> None:
    for secret in ("vault://a/b", '("Bearer " + vault://a/b)', 'format("{}", vault://a/b)'):
        end = ending(f"let s = {secret}; return {expression};")
        assert isinstance(end, Stopped), expression
        assert end.kind == "TypeError", (expression, end)


def test_a_secret_is_handed_to_a_call_and_only_there() -> None:
    seen: list[Called] = []

    def world(called: Called) -> None:
        seen.append(called)

    body = """
        let token = "Bearer " + vault://api/keys[name] + ".";
        http.get("https://example.org", headers = {auth: token, all: format("{}:{}", 1, vault://b)});
        return token;
    """
    end = ending(body, {"name": "k1"}, params="name: String", world=world)
    assert isinstance(end, Stopped)
    assert (end.kind, end.message) == ("TypeError", "the result: a Secret never becomes text")
    (called,) = seen
    headers = called.named["headers"]
    assert isinstance(headers, Map)
    assert isinstance(headers.entries["auth"], Secret)
    assert b'{"$secret":["Bearer ",{"entry":"k1","path":"api/keys"},"."]}' in called.request
    assert b'{"$secret":["1:",{"path":"b"}]}' in called.request

    def reveal(secret: Secret) -> str:
        return "".join(
            part if isinstance(part, str) else f"<{part.path}/{part.entry}>" for part in secret.parts
        )

    assert to_json(headers, reveal=reveal) == {"auth": "Bearer <api/keys/k1>.", "all": "1:<b/None>"}


def test_what_is_outside_cannot_forge_secrets_records_or_durations() -> None:
    forged = {"$secret": [{"path": "root/key"}], "$type": "Admin", "$ms": 5}
    assert result("return x;", {"x": forged}, params="x: any") == forged
    assert result("return type_of(ask());", world=lambda called: forged) == "Map"
    assert value('type_of(parse_json("{\\"$secret\\": []}"))') == "Map"


def test_constants_of_a_definition_are_the_same_for_every_run() -> None:
    body = """
        let l = [1, {a: [2]}]; l.push(3); l[1].a.push(4); l[1].b = 5;
        let s = "text"; s += "more";
        let d = 1m; d += 1s;
        let f = x => x; f = x => [x];
        return [l, s, d, f(1), seen([])];
    """
    one = compiled(body, around="function seen(l: List) { let m = [0]; m.push(1); l.extend(m); return l; }")
    first = to_the_end(Run(one, {}))
    second = to_the_end(Run(one, {}))
    assert isinstance(first, Finished)
    assert isinstance(second, Finished)
    assert to_json(first.value) == to_json(second.value)
    assert to_json(first.value) == [[1, {"a": [2, 4], "b": 5}, 3], "textmore", 61_000, [1], [0, 1]]


def test_inputs_and_answers_belong_to_their_run() -> None:
    inputs = {"l": [1, [2]]}
    one = compiled("l.push(3); l[1].push(4); let a = ask(); a.push(5); return [l, a];", params="l: List")
    answer = from_json([0])
    for _ in range(2):
        run = Run(one, inputs)
        assert isinstance(run.go(), Called)
        run.answer(answer)
        end = run.go()
        assert isinstance(end, Finished)
        assert to_json(end.value) == [[1, [2, 4], 3], [0, 5]]
    assert inputs == {"l": [1, [2]]}
    assert to_json(answer) == [0]


def test_what_was_handed_to_a_call_does_not_change_afterwards() -> None:
    one = compiled("let l = [1, [2]]; act(l, l[1], x = l); l.push(3); l[1].push(4); l[0] = 9; return l;")
    run = Run(one, {})
    called = run.go()
    assert isinstance(called, Called)
    run.answer(None)
    assert isinstance(run.go(), Finished)
    assert [to_json(item) for item in called.positional] == [[1, [2]], [2]]
    assert to_json(called.named["x"]) == [1, [2]]


@pytest.mark.parametrize(
    ("lambda_", "expected"),
    [
        ('x => if x == 2 { error("no") } else { x }', "Error: no"),
        ('x => if x == 2 { "a" } else { x }', "TypeError: cannot sort by String and number"),
        ("x => [x]", "TypeError: cannot sort by List"),
        ("x => null", "TypeError: cannot sort by null"),
        ("x => y => x", "TypeError: cannot sort by Function"),
        ("(a, b) => a - b", "TypeError: a lambda takes 2 and is given 1 arguments"),
        ("x => l.push(x).len()", "[5, 1, 2]"),
        ("x => 0 - l.pop()", "[2, 5, 1]"),
        ("x => ask(x)", "[5, 1, 2]"),
        ("x => l.sort(y => 0 - y)[0] * x", "[1, 2, 5]"),
    ],
)
def test_sorting_with_a_strange_function_is_an_order_or_an_error(lambda_: str, expected: str) -> None:
    body = f"""
        let l = [5, 1, 2];
        let by = {lambda_};
        try {{ return to_json(l.sort(by)); }} catch (e) {{ return e.kind + ": " + e.message; }}
    """
    assert result(body, world=lambda called: 0).replace(",", ", ") == expected


@pytest.mark.parametrize("literal", ["1", '"a"', "[1]", "{}", "null", "x => x"])
def test_a_condition_is_a_bool_and_nothing_that_looks_like_one(literal: str) -> None:
    assert error(f"let c = {literal}; if c {{ return 1; }}").startswith(
        "TypeError: a condition must be a bool"
    )
    assert error(f"let c = {literal}; return [1].filter(x => c);").startswith("TypeError: what filter calls")


@pytest.mark.parametrize(
    "data",
    [
        float("nan"),
        float("inf"),
        2**63,
        -(2**63) - 1,
        10**400,
        {1: 2},
        {"a": {None: 1}},
        b"x",
        object(),
        {1},
        1j,
    ],
)
def test_what_is_no_value_does_not_come_in(data: Any) -> None:
    with pytest.raises(WrongInputs):
        Run(compiled("return x;", params="x: any"), {"x": [data]})


def test_inputs_nested_too_deep_do_not_come_in() -> None:
    deep: Any = []
    for _ in range(50_000):
        deep = [deep]
    with pytest.raises(WrongInputs, match="nested more than 32 deep"):
        Run(compiled("return x;", params="x: any"), {"x": deep})


def test_a_message_of_an_error_is_cut() -> None:
    end = ending('error("x".repeat(1000000));')
    assert isinstance(end, Stopped)
    assert len(end.message) < 3000
    end = ending('let m = {}; return m["x".repeat(1000000)];')
    assert isinstance(end, Stopped)
    assert len(end.message) < 3000


def test_values_of_a_run_are_of_its_own_classes_only() -> None:
    end = ending('return [1, {a: [null, 1.5, "s", true]}];')
    assert isinstance(end, Finished)
    waiting: list[Any] = [end.value]
    while waiting:
        item = waiting.pop()
        assert type(item) in (List, Map, int, float, str, bool, type(None))
        waiting.extend(item.items if isinstance(item, List) else [])
        waiting.extend(item.entries.values() if isinstance(item, Map) else [])
