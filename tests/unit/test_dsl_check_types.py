"""What cannot be right in a body is told before it runs, where it stands and with what to do."""

import pytest

from app.dsl.run.builtins.signature import declare
from tests.support.definitions import body, examined, told, words_of

TYPES = """
type Row = { account: String, amount: float }
type Report = { total: float, rows: List<Row> }
type Amount = float
function double(of: int) -> int { return of * 2; }
function add(first: int, second: int) -> int { return first + second; }
"""

ERRORS = [
    # Names
    ("send(⟦totl⟧);", "unknown-name", "declare it first"),
    ("let total = 1; send(⟦totl⟧); send(total);", "unknown-name", "did you mean `total`?"),
    ("⟦sum_up⟧([1]);", "unknown-capability", 'capabilities = ["read", "send", "sum_up"]'),
    ("⟦raed⟧();", "unknown-capability", "did you mean the capability `read`?"),
    ("⟦lenn⟧([1]);", "unknown-capability", "did you mean the function `len`?"),
    ("⟦http.get⟧(1);", "unknown-capability", "`http.get` is neither a function nor a capability"),
    ("⟦total⟧ += 1;", "unknown-name", "let total = …;"),
    ("send(⟦len⟧);", "wrong-type", "x => len(x)"),
    # Operators
    ("send(⟦[1] - 2⟧);", "wrong-operand", "`List<int>` and `int` cannot be subtracted"),
    ('send(⟦"a" + [1]⟧);', "wrong-operand", "to_json()"),
    ("send(⟦{ a: 1 } + 1⟧);", "wrong-operand", "cannot be added"),
    ('send(-⟦"a"⟧);', "wrong-operand", "`String` cannot be negated"),
    ('send(⟦1 == "a"⟧);', "wrong-operand", "a `int` is never equal to a `String`"),
    ("send(⟦[1] < [2]⟧);", "wrong-operand", "have no order"),
    ('send(⟦1 < "a"⟧);', "wrong-operand", "have no order"),
    ('send(⟦1 in "abc"⟧);', "wrong-operand", "a `int` is never in a `String`"),
    ("send(⟦5s * 5s⟧);", "wrong-operand", "cannot be multiplied"),
    ("send(true && ⟦1⟧);", "wrong-type", "`&&` needs a `bool`"),
    ("if ⟦[1]⟧ { }", "wrong-type", "is_empty()"),
    ("if not ⟦3⟧ { }", "wrong-type", "compare it: `… != 0`"),
    ("send(⟦vault://a⟧ == 1);", "wrong-operand", "can only be handed on"),
    # Members, elements, methods
    ("send(row.⟦amout⟧);", "unknown-field", "did you mean `amount`?"),
    ("let box = { total: 1 }; send(box.⟦totl⟧);", "unknown-field", "did you mean `total`?"),
    ("for one in [{ a: 1 }] { send(one.⟦b⟧); }", "unknown-field", "it has a"),
    ('send("a".⟦size⟧);', "unknown-field", "a `String` has no `size`"),
    ('send("a".⟦upper⟧);', "wrong-type", "`.upper(…)`"),
    ('send("a".⟦uper⟧());', "unknown-method", "did you mean `upper`?"),
    ("send([1].⟦keys⟧());", "unknown-method", "a `List<int>` has no method `keys`"),
    ('send([1][⟦"a"⟧]);', "wrong-type", "a place in a List is `int`, and this is `String`"),
    ("send({ a: 1 }[⟦1⟧]);", "wrong-type", "a key of a Map is `String`"),
    ("send(⟦3⟧[0]);", "wrong-type", "a `int` has no elements"),
    ("send(vault://a/b[⟦1⟧]);", "wrong-type", "the entry of a secret"),
    # Calls
    ("send(⟦double()⟧);", "wrong-arity", "`double` takes 1 argument, and is given 0"),
    ("send(⟦double(1, 2)⟧);", "wrong-arity", "given 2"),
    ("send(⟦add(1)⟧);", "wrong-arity", "add `second`"),
    ('send(double(⟦"a"⟧));', "wrong-type", "`….to_int()`"),
    ("send(double(⟦1.5⟧));", "wrong-type", "`….round()` or `….floor()`"),
    ("send(add(1, ⟦third⟧ = 2, second = 3));", "unknown-argument", "it takes first, second"),
    ("send(add(1, ⟦first = 2⟧, second = 3));", "duplicate-name", "given twice"),
    ("send(add(first = 1, ⟦2⟧));", "argument-order", "stands behind one that has"),
    ("send(⟦len()⟧);", "wrong-arity", "`len` takes 1 argument"),
    ("send([1].contains(⟦row⟧));", "wrong-type", "the argument `value` is `int`"),
    ("send(⟦[1].push()⟧);", "wrong-arity", "add `value`"),
    ("send([1].map(⟦(a, b) => a⟧));", "wrong-arity", "called with 1 argument, and takes 2"),
    ("send([1].filter(x => ⟦x + 1⟧));", "wrong-type", "the result of this function is `bool`"),
    ("let f = x => x; send(⟦f()⟧);", "wrong-arity", "this function takes 1 argument"),
    ("let f = x => x; send(f(⟦y⟧ = 1));", "unknown-argument", "its arguments have no names"),
    ("let f = 3; send(⟦f⟧());", "not-callable", "a `int` cannot be called"),
    # Records
    ("send(⟦Row { account: \"a\" }⟧);", "missing-field", "the Row has no `amount`"),
    ('send(Row { account: "a", amount: 1, ⟦note⟧: "x" });', "unknown-field", "it has account, amount"),
    ('send(Row { account: ⟦1⟧, amount: 1 });', "wrong-type", "`Row.account` is `String`"),
    ('send(Row { account: "a", amount: 1, ⟦amount⟧: 2 });', "duplicate-name", "the second time"),
    ("send({ a: 1, ⟦a⟧: 2 });", "duplicate-name", "`a` is given twice"),
    ('send(⟦Amount⟧ { x: 1 });', "wrong-type", "not a record"),
    ("send(Report { total: 1, rows: [⟦1⟧] });", "wrong-type", "an element of this list is `Row`"),
    ("send(Report { total: 1, rows: [{ account: \"a\", amount: ⟦true⟧ }] });", "wrong-type", "`Row.amount`"),
    # Assignments
    ("let x = 1; x = ⟦\"a\"⟧; send(x);", "wrong-type", "a variable keeps its type"),
    ("let x = [1]; ⟦x -= 1⟧; send(x);", "wrong-operand", "cannot be combined"),
    ("row.account = ⟦1⟧;", "wrong-type", "expected `String`"),
    ("row.⟦acount⟧ = \"a\";", "unknown-field", "did you mean `account`?"),
    ("⟦double(1)⟧ = 2;", "not-assignable", "assign to a name"),
    ("⟦double⟧ = 2;", "not-assignable", "`double` is a function"),
    ("let x = 1; ⟦x⟧.y = 2;", "wrong-type", "has no fields that could be assigned to"),
    # Flow
    ("return 1; ⟦send(1)⟧;", "unreachable", "nothing behind this is"),
    ("for x in [1] { break; ⟦send(x)⟧; }", "unreachable", "never reached"),
    ("if row.amount > 1 { return 1; } else { return 2; } ⟦send(1)⟧;", "unreachable", "never reached"),
    ('error("no"); ⟦send(1)⟧;', "unreachable", "never reached"),
    ("⟦break⟧;", "outside-loop", "stands in no `for`"),
    ("[1].each(x => if x > 1 { ⟦continue⟧; } else { });", "outside-loop", "stands in no `for`"),
    ("for x in ⟦3⟧ { send(x); }", "not-iterable", "`range(n)` counts"),
    ("⟦try⟧ { send(1); }", "missing-catch", "catch (e)"),
    ("try { send(1); } catch (e) { } catch (ValueError ⟦f⟧) { }", "unreachable", "takes every error"),
    # Patterns
    ('match row.amount { ⟦"a"⟧ => 1, _ => 2 }', "never-matches", "a `float` is never equal to this `String`"),
    ("match row.amount { _ => 1, ⟦2⟧ => 2 }", "unreachable", "an arm before fits everything"),
    ("match row.amount { 1 => 1, ⟦1.0⟧ => 2, _ => 3 }", "unreachable", "the same pattern"),
    ("match row.amount { ⟦Sme⟧(x) => x, _ => 1 }", "unknown-constructor", "did you mean `Some`?"),
    ("match row { ⟦String⟧(x) => x, _ => 1 }", "never-matches", "a `Row` is never a `String`"),
    ("match row { Row { ⟦acount⟧ } => 1, _ => 2 }", "unknown-field", "did you mean `account`?"),
    ("if let ⟦Some(x, y)⟧ = row { send(x); send(y); }", "wrong-arity", "holds one pattern, not 2"),
    ("⟦match row { }⟧", "never-matches", "no arms"),
]  # fmt: skip


@pytest.mark.parametrize(("statements", "code", "words"), ERRORS)
def test_what_cannot_be_right_is_an_error_at_its_place(statements: str, code: str, words: str) -> None:
    [found] = told(body(statements, inputs="row: Row", around=TYPES), errors_only=True)
    assert found.code == code
    assert words in words_of(found)


WARNINGS = [
    ("let ⟦x⟧ = 1;", "unused-variable", "`_x`"),
    ("⟦x⟧ = 1;", "unused-variable", "`x` is never used"),
    ("let ⟦x⟧ = 1; let x = 2; send(x);", "unused-variable", "never used"),
    ("⟦match⟧ row.amount { 1 => 2 }", "not-exhaustive", "MatchError"),
    ("if let ⟦_⟧ = row { }", "always-matches", "Some(x)"),
    ("send(anything.⟦foo⟧());", "unknown-method", "a Map that holds a function"),
    ("try { send(1); } catch (⟦IndxError⟧ e) { }", "unknown-kind", "did you mean `IndexError`?"),
]


@pytest.mark.parametrize(("statements", "code", "words"), WARNINGS)
def test_what_may_not_be_meant_is_a_warning(statements: str, code: str, words: str) -> None:
    found = told(body(statements, inputs="row: Row, anything: any", around=TYPES_WARNED))
    assert [(one.severity, one.code) for one in found] == [("warning", code)]
    assert words in words_of(found[0])


TYPES_WARNED = "type Row = { account: String, amount: float }\n"

FINE = [
    'let x = 1; x = 2.5; send(x);',
    "let x = null; x = row; send(x.account);",
    "let rows = []; rows.push(1); rows.push(row); send(rows);",
    "let found = [row].find(r => r.amount > 1); send(found.account);",
    "let sums = [row].map(r => r.amount); send(sums.sum() + 1);",
    'send([1, 2].fold(0.5, (sum, x) => sum + x));',
    'let box = {}; box.a = 1; box["b"] = "x"; send(box.c);',
    "let m = { a: 1 }; for key in m { send(key.upper()); }",
    'for letter in "abc" { send(letter.upper()); }',
    "for place in range(3) { send(place % 2 == 0); }",
    "send(1 / 2 + 1.5, 30s + 5m, 30s / 2, 2 * 30s, 1m / 1s);",
    'send("a" + 1 + 1.5 + true + null + 30s);',
    'send("Bearer " + vault://keys/api["x"]);',
    "match row { Row { account, amount: 1.5 } => send(account), Row(r) => send(r.amount), _ => { } }",
    "match row.account { None => { }, Some(name) => send(name) }",
    "match row.amount > 1 { true => { }, false => { } }",
    "if let x = row { send(x.account); }",
    "if let Some(x) = [row].first() { send(x.amount); } else if row.amount > 1 { } else { }",
    'try { send(1); } catch (Missing e) { send(e.message); } catch (Error e) { send(e.kind); }',
    "let f = (a, b) => a; send(f(1, 2));",
    "let act = { run: x => x }; send(act.run(1));",
    "send([1].map(double));",
    "let _kept = 1;",
    "let s = { last: null }; for x in [1] { if s.last != null { send(s.last.x); } s.last = x; }",
    "let found = null; for x in [row] { if found != null { send(found.amount); } found = x; }",
    'let all = [{ a: 1 }]; all.push({ b: 2 }); for one in all { send(one.b); }',
    'for one in [{ a: 1 }] { one.b = 2; send(one.b); }',
    "let log = 3; send(log);",
    "let error = row; if row.amount > 1 { error(\"no\"); } send(error);",
    "send(Some(row).account, None);",
    "send(anything.name.other[0].len() + anything * 2);",
    "row.amount += 1; row.amount = 3;",
    "send(if row.amount > 1 { 1 } else { 2.5 } * 2);",
    'send("{} of {}".format(1, 2).split(" ").join(","), format("{}", 1));',
    "send(max(1, 2.5), min(1s, 2s), [3, 1].sort().first());",
    "send(read(1, named = 2), send(other: 3));",
]  # fmt: skip


@pytest.mark.parametrize("statements", FINE)
def test_what_may_be_right_is_let_through(statements: str) -> None:
    around = TYPES_WARNED + "function double(of: int) -> int { return of * 2; }\n"
    used = "double(1);"
    told(body(f"{statements} {used}", inputs="row: Row, anything: any", around=around))


RESULTS = [
    ("return 1;", "float", None),
    ("1.5", "float", None),
    ("if x > 1 { 1 } else { 2 }", "int", None),
    ("if x > 1 { return 1; } else { return 2; }", "int", None),
    ("match x { 1 => { return 1; }, _ => { return 2; } }", "int", None),
    ("try { return 1; } catch (e) { return 2; }", "int", None),
    ("error(\"no\");", "int", None),
    ("send(1);", "Option<int>", None),
    ("send(1);", "any", None),
    ("return null;", "Maybe<int>", None),
    ("return [];", "List<int>", None),
    ("return { total: 1 };", "Total", None),
    ("return send(1);", "Total", None),
    ("[x].each(y => if y > 1 { return \"a\"; } else { }); return 1;", "int", None),
    ("send(1);", "int", "missing-return"),
    ("if x > 1 { return 1; }", "int", "missing-return"),
    ("for y in [x] { return y; }", "int", "missing-return"),
    ("match x { 1 => { return 1; } }", "int", None),
    ("try { return 1; } catch (e) { }", "int", "missing-return"),
    ("return \"a\";", "int", "wrong-type"),
    ("\"a\"", "int", "wrong-type"),
    ("if x > 1 { 1 } else { \"a\" }", "bool", None),
    ("return;", "int", "wrong-type"),
    ("return { total: \"a\" };", "Total", "wrong-type"),
    ("return { totl: 1, total: 1 };", "Total", "unknown-field"),
    ("return {};", "Total", "missing-field"),
    ("let r = {}; r.total = 1; return r;", "Total", None),
    ("let r = { totl: 1 }; return r;", "Total", "wrong-type"),
]  # fmt: skip


@pytest.mark.parametrize(("statements", "result", "code"), RESULTS)
def test_a_result_that_is_declared_comes_out_at_every_end(
    statements: str, result: str, code: str | None
) -> None:
    found = examined(body(statements, inputs="x: int", result=result, around="type Total = { total: float }"))
    assert [one.code for one in found.diagnostics if one.is_error] == ([code] if code else [])


def test_a_type_that_nobody_declared_is_a_warning_told_once_and_checked_as_any() -> None:
    [found] = told(
        "agent one(a: ⟦Rwo⟧, b: List<Rwo>) -> Rwo { with { return a.x.y + b.len(); } }\ntype Row = { x: int }"
    )
    assert (found.severity, found.code) == ("warning", "unknown-type")
    assert "did you mean `Row`?" in found.help


@pytest.mark.parametrize(
    ("text", "code", "words"),
    [
        ("type A = { x: int, ⟦x⟧: int }", "duplicate-name", "has the field `x` twice"),
        ("type A = int\ntype ⟦A⟧ = float", "duplicate-name", "the type `A` is declared twice"),
        ("type ⟦String⟧ = int", "duplicate-name", "a type of the language"),
        ("type ⟦A⟧ = B\ntype B = A", "recursive-alias", "`A` stands for itself"),
        ("type A = ⟦List<int, int>⟧", "wrong-arity", "`List` takes one type, not 2"),
        ("type A = ⟦int<int>⟧", "wrong-arity", "`int` takes no types"),
        ("type A = Map<⟦int⟧, int>", "wrong-type", "Map<String, int>"),
    ],
)
def test_a_type_is_declared_once_and_makes_sense(text: str, code: str, words: str) -> None:
    [found] = told(text)
    assert (found.severity, found.code) == ("error", code)
    assert words in words_of(found)


def test_types_may_speak_of_themselves() -> None:
    told("type Node = { value: int, next: Option<Node>, children: List<Node> }\ntype Nodes = List<Nodes>")


def test_tools_that_are_known_are_checked_by_what_they_take_and_give() -> None:
    tools = {"read": next(declare(None, "call(name: String, most?: int) -> List<Map>", "Reads."))}
    calls = "let rows = read(⟦1⟧); for r in rows { read(r.x, ⟦rows⟧); }"
    found = told(f'agent one() {{ capabilities = ["read", ⟦"wread"⟧] with {{ {calls} }} }}', tools)
    assert [one.code for one in found] == ["unknown-tool", "wrong-type", "wrong-type"]
    assert "did you mean `read`?" in found[0].help
    assert "`read`: the argument `name` is `String`, and this is `int`" in found[1].message


def test_a_function_is_checked_against_what_each_agent_that_reaches_it_may_call() -> None:
    found = told(
        """
        function outer() { inner(); }
        function inner() { log("x"); }
        function ⟦lonely⟧() { lonely(); }
        agent may() { capabilities = ["log"] with { outer(); } }
        agent may_not() { capabilities = ["lag"] with { ⟦outer⟧(); } }
        """
    )
    assert [(one.severity, one.code) for one in found] == [
        ("warning", "unused-function"),
        ("error", "unknown-capability"),
    ]
    assert "`inner` calls `log`, which the agent `may_not` has not declared" in found[1].message
    assert "`outer` comes to it" in found[1].label


def test_a_capability_that_is_missing_is_told_once() -> None:
    [found] = told(body("⟦missing⟧(1); missing(2); if true { missing(3); }"))
    assert found.code == "unknown-capability"


def test_so_much_is_told_and_no_more() -> None:
    found = examined(body("\n".join(f"send(a{number} + b{number});" for number in range(200)))).diagnostics
    assert len([one for one in found if one.is_error]) == 100
    assert found[-1].message == "300 more were found and are not shown"
