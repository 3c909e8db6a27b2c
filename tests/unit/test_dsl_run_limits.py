"""No body goes beyond its limits, in whatever way it tries, and none can catch that."""

import gc
import time
import tracemalloc
from collections.abc import Iterator

import pytest

from app.dsl.run import Called, Finished, Limits, Run, Stopped, Yielded, from_json
from app.dsl.run.limits import MOST_AT_ONCE
from tests.support.dsl_run import compiled, ending, limit, result

MEGABYTE = 1024 * 1024
SMALL = Limits(fuel=200_000, memory=8 * MEGABYTE, depth=100, calls=10, output=MEGABYTE)


@pytest.fixture(autouse=True)
def _in_bounded_time() -> Iterator[None]:
    began = time.process_time()
    yield
    assert time.process_time() - began < 8


@pytest.mark.parametrize(
    "body",
    [
        "for i in range(9223372036854775807) { }",
        "for i in range(9223372036854775807) { continue; }",
        "let n = 0; for i in range(10000) { for j in range(10000) { n += 1; } }",
        "return range(9223372036854775807).all(x => x >= 0);",
        "range(9223372036854775807).each(x => x);",
        "return range(9223372036854775807).count(x => true);",
        "return range(9223372036854775807).find(x => x < 0);",
        "return range(9223372036854775807).fold(0, (a, x) => 0);",
        "return range(9223372036854775807).min_by(x => 0 - x);",
        "return range(9223372036854775807).reduce((a, x) => 0);",
        "return range(9223372036854775807).min();",
        "fork(64);",
        "let f = x => x; for i in range(64) { let g = f; f = x => g(g(x)); } f(1);",
        'let s = "ab"; for i in range(16) { s += s; } for i in range(1000000) { s == s + ""; }',
        'let s = "ab"; for i in range(18) { s += s; } let t = s + "a"; let l = [t];'
        'for i in range(16) { l += l; } return l.index_of(s + "b");',
        'let s = "ab"; for i in range(18) { s += s; } let l = [s + "a", s + "b"];'
        "for i in range(11) { l += l; } return l.sort().len();",
        'let s = "ab"; for i in range(18) { s += s; } let m = {}; m[s] = 1; let t = s.slice(0);'
        "for i in range(1000000) { m[t]; t in m; }",
        "let a = [1, 2]; let b = [1, 2]; for i in range(60) { a = [a, a]; b = [b, b]; }"
        "for i in range(1000000) { a == b; }",
    ],
)
def test_fuel_stops_what_goes_on_too_long(body: str) -> None:
    around = "function fork(n: int) { if n > 0 { fork(n - 1); fork(n - 1); } }"
    assert limit(body, around=around, limits=SMALL) == "fuel"


GROWING = [
    'let s = "abcdefgh"; for i in range(100) { s += s; }',
    'let s = "é😀"; for i in range(100) { s = s + s; }',
    "let l = [1]; for i in range(100) { l += l; }",
    "let l = [1]; for i in range(100) { l.extend(l); }",
    "let l = []; for i in range(1000000) { l.push(i); }",
    "let l = []; for i in range(1000000) { l.push([]); }",
    "let l = []; for i in range(1000000) { l = [l]; }",
    "let l = []; for i in range(1000000) { l = {l: l}; }",
    'let m = {}; for i in range(1000000) { m["k" + i] = i; }',
    'let l = []; for i in range(1000000) { l.push("item number " + i); }',
    "let f = x => x; for i in range(1000000) { let g = f; f = x => g(x); }",
    "let l = []; for i in range(1000000) { l.push(x => i); }",
    "let l = []; for i in range(1000000) { l.push(1s * i); }",
    "let l = []; for i in range(1000000) { l.push(range(i)); }",
    "let l = []; for i in range(1000000) { l.push(vault://a/b); }",
    'let s = vault://a/b + ""; for i in range(1000000) { s = s + "x" + s; }',
    "range(9223372036854775807).map(x => x);",
    "range(9223372036854775807).filter(x => true);",
    "range(9223372036854775807).flat_map(x => range(1000));",
    "range(9223372036854775807).sort();",
    "range(9223372036854775807).reverse();",
    "range(9223372036854775807).enumerate();",
    "range(9223372036854775807).zip(range(9223372036854775807));",
    "range(9223372036854775807).unique();",
    "range(9223372036854775807).flatten();",
    "range(9223372036854775807).join();",
    "range(9223372036854775807).group_by(x => x);",
    "[range(9223372036854775807)].flatten();",
    "range(9223372036854775807) + [1];",
    "let r = range(9223372036854775807); r.push(1);",
    "let l = []; l.extend(range(9223372036854775807));",
    '"x".repeat(9223372036854775807);',
    '"é".repeat(4000000);',
    '"x".pad_start(9223372036854775807);',
    '"x".pad_end(9000000, "é");',
    'let s = "x".repeat(2000); s.replace("x", s).replace("x", s);',
    'let s = "x".repeat(300000); let l = s.chars();',
    'let s = ",".repeat(300000); let l = s.split(",");',
    'let s = "a ".repeat(300000); let l = s.split();',
    'let s = "\\n".repeat(300000); let l = s.lines();',
    'let s = "x".repeat(1000000); let l = []; for i in range(100) { l.push(s.upper()); }',
    'let s = "x".repeat(1000000); let l = []; for i in range(100) { l.push(s.slice(1)); }',
    'let s = "x".repeat(1000000); format("{0}{0}{0}{0}{0}{0}{0}{0}{0}{0}", s);',
    'let s = "{}".repeat(1000000); format(s, 1);',
    'let s = "x".repeat(100000); range(1000).map(x => s).join(s);',
    'parse_json("[" + "[],".repeat(300000) + "1]");',
    'parse_json("[" + "{},".repeat(300000) + "1]");',
    'let l = []; for i in range(1000) { l.push(parse_json("[" + "1,".repeat(5000) + "1]")); }',
    "deeper([]);",
]


@pytest.mark.parametrize("body", GROWING)
def test_memory_stops_what_grows_before_it_is_there(body: str) -> None:
    around = "function deeper(l: List) { let m = range(20000).map(x => x); deeper(m); return m; }"
    run = Run(compiled(body, around=around), {}, Limits(memory=MEGABYTE // 4, depth=100_000))
    gc.collect()
    tracemalloc.start()
    end = run.go(10**9)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert isinstance(end, Stopped)
    # Some would take so long that they are stopped before anything is made.
    assert (end.code, end.kind) in (("limit", "memory"), ("limit", "fuel"))
    assert end.kind == "memory" or "range(9223372036854775807)" in body
    assert peak < MEGABYTE


@pytest.mark.parametrize("body", [f"try {{ {body} }} catch (e) {{ }} return 1;" for body in GROWING[:5]])
def test_no_catch_takes_a_limit(body: str) -> None:
    assert limit(body, limits=Limits(memory=MEGABYTE)) == "memory"


def test_no_limit_of_any_kind_is_caught() -> None:
    hidden = "try {{ try {{ {} }} catch (e) {{ return 1; }} }} catch (Error e) {{ return 2; }} return 3;"
    around = "function again(n: int) { try { again(n + 1); } catch (e) { return 1; } }"
    assert limit(hidden.format("for i in range(999999999) { }"), limits=SMALL) == "fuel"
    assert limit(hidden.format("again(0);"), around=around, limits=SMALL) == "recursion"
    assert limit(hidden.format("for i in range(99) { log(i); }"), limits=SMALL) == "calls"
    assert limit(hidden.format('log("x".repeat(2000000));'), limits=SMALL) == "output"


@pytest.mark.parametrize(
    "body",
    [
        "endless(0);",
        "return [1].map(x => endless(x));",
        "let f = x => 0; f = x => f(x); f(1);",
        "let f = x => 0; f = x => [x].map(f); f(1);",
        "let f = x => 0; f = x => [x].sort(f); f(1);",
        "mutual(1);",
    ],
)
def test_recursion_stops_at_its_depth(body: str) -> None:
    around = """
        function endless(n: int) { endless(n + 1) }
        function mutual(n: int) { other(n) } function other(n: int) { [n].map(x => mutual(x)) }
    """
    assert limit(body, around=around, limits=SMALL) == "recursion"


def test_the_depth_is_exact_and_needs_no_python_stack() -> None:
    around = "function down(n: int) -> int { if n == 0 { return 0; } return down(n - 1) + 1; }"
    # The body itself is the first.
    deep = Limits(depth=20_000)
    assert result("return down(19998);", around=around, limits=deep) == 19_998
    assert limit("return down(19999);", around=around, limits=deep) == "recursion"


def test_fuel_is_exact() -> None:
    body = "let n = 0; for i in range(100) { n += [i, i].map(x => x + 1).len(); } return n;"
    one = compiled(body)
    run = Run(one, {}, Limits())
    assert isinstance(run.go(10**9), Finished)
    assert isinstance(Run(one, {}, Limits(fuel=run.steps)).go(10**9), Finished)
    assert isinstance(Run(one, {}, Limits(fuel=run.steps - 1)).go(10**9), Stopped)


@pytest.mark.parametrize(
    "body",
    [
        'let s = ""; for i in range(20000) { s = "number " + i + " of many"; }',
        "for i in range(500) { let l = range(100).map(x => x); }",
        "let l = []; for i in range(20000) { l = [i]; }",
        "for i in range(20000) { let f = x => i; f(1); }",
        "let l = []; for i in range(20000) { l.push(i); if l.len() > 100 { l = l.slice(50); } }",
        "for i in range(2000) { down(20); }",
        'let m = {}; for i in range(20000) { m["k" + i] = i; m.remove("k" + i); }',
    ],
)
def test_what_is_no_longer_used_does_not_count(body: str) -> None:
    around = "function down(n: int) -> int { if n == 0 { return 0; } return down(n - 1); }"
    ended = ending(body, around=around, limits=Limits(memory=256 * 1024))
    assert isinstance(ended, Finished), ended


def test_what_is_held_by_a_built_in_under_way_counts() -> None:
    body = 'range(1000).map(x => "x".repeat(1000));'
    assert limit(body, limits=Limits(memory=512 * 1024)) == "memory"
    assert limit('range(1000).group_by(x => "k" + x);', limits=Limits(memory=128 * 1024)) == "memory"
    assert limit(
        'range(1000).fold("", (a, x) => a + "x".repeat(1000));', limits=Limits(memory=512 * 1024)
    ) == ("memory")


def test_inputs_and_answers_count_too() -> None:
    large = [f"{number:01000}" for number in range(1000)]
    assert limit("return 1;", {"l": large}, params="l: List", limits=Limits(memory=512 * 1024)) == "memory"
    body = "let all = []; for i in range(10) { all.push(ask()); } return 1;"
    assert (
        limit(
            body,
            world=lambda called: [f"{called.index}{text}" for text in large[:200]],
            limits=Limits(memory=1024 * 1024),
        )
        == "memory"
    )
    body = "for i in range(10) { let some = ask(); } return 1;"
    assert (
        result(
            body,
            world=lambda called: [f"{called.index}{text}" for text in large[:200]],
            limits=Limits(memory=1024 * 1024),
        )
        == 1
    )


@pytest.mark.parametrize(
    "body",
    [
        'return "x".repeat(2000000);',
        "return range(9223372036854775807);",
        'let s = "x".repeat(100000); return range(20).map(x => s);',
        "let l = [1]; for i in range(30) { l = [l, l]; } return l;",
        "let l = [1]; for i in range(30) { l = [l, l]; } return to_json(l).len();",
        'let l = ["x".repeat(10000)]; for i in range(7) { l += l; } return to_string(l).len();',
        "log(range(9223372036854775807));",
        'log(x = "x".repeat(2000000));',
    ],
)
def test_output_has_its_limit(body: str) -> None:
    assert limit(body, limits=Limits(output=256 * 1024)) == "output"


def test_the_number_of_calls_has_its_limit() -> None:
    asked: list[Called] = []

    def world(called: Called) -> None:
        asked.append(called)

    assert limit("for i in range(11) { log(i); }", limits=SMALL, world=world) == "calls"
    assert len(asked) == 10
    assert result("for i in range(10) { log(i); } return 1;", limits=SMALL) == 1


def test_one_operation_has_a_limit_of_its_own_so_that_others_get_their_turn() -> None:
    body = 'let s = "x".repeat(1000000); let l = [s]; for i in range(12) { l += l; } l.index_of(s + "y");'
    enough = Limits(fuel=100 * MOST_AT_ONCE)
    end = ending(body, limits=enough)
    assert isinstance(end, Stopped)
    assert "in one operation" in end.message


def test_a_run_yields_after_about_its_turn() -> None:
    run = Run(compiled("let n = 0; for i in range(100000) { n += i; } return n;"), {})
    used, turns = 0, 0
    while isinstance(run.go(1000), Yielded):
        assert run.steps - used <= 1000
        used, turns = run.steps, turns + 1
    assert turns > 200


def test_an_idle_run_is_small() -> None:
    one = compiled(
        "let seen = []; for r in rows { try { seen.push(asked(r)); } catch (e) { log(e); } } return seen;",
        params="rows: List",
        around='function asked(row: any) { let answer = model.ask("summarise", row); return answer; }',
    )
    rows = [{"id": number, "text": "x" * 50} for number in range(10)]

    def waiting() -> Run:
        run = Run(one, {"rows": rows})
        assert isinstance(run.go(), Called)
        return run

    waiting()
    gc.collect()
    tracemalloc.start()
    before, _ = tracemalloc.get_traced_memory()
    runs = [waiting() for _ in range(100)]
    after, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert (after - before) / len(runs) < 10_000


def test_a_run_that_has_ended_holds_nothing() -> None:
    one = compiled('let l = range(10000).map(x => "number " + x); log(l.len());')
    gc.collect()
    tracemalloc.start()
    run = Run(one, {})
    assert isinstance(run.go(10**9), Called)
    waiting, _ = tracemalloc.get_traced_memory()
    run.answer(from_json(None))
    assert isinstance(run.go(), Finished)
    ended, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert waiting > MEGABYTE // 2
    assert ended < 100_000


def test_very_deep_values_are_compared_counted_and_let_go() -> None:
    body = """
        let a = []; let b = [];
        for i in range(20000) { a = [a]; b = [b]; }
        let same = a == b;
        let caught = [];
        try { to_json(a); } catch (e) { caught.push(e.message); }
        try { [a].unique(); } catch (e) { caught.push(e.message); }
        try { log(a); } catch (e) { caught.push(e.message); }
        a = null;
        return [same, caught];
    """
    same, caught = result(body)
    assert same is True
    assert [message.partition(" deep")[0] for message in caught] == ["nested more than 32"] * 3
