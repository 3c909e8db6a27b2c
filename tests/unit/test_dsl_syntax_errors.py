"""What an author is told about a text that breaks the grammar, and what is read of it all the same."""

import pytest

from app.dsl.tree import AgentDef, FunctionDef
from tests.support.dsl_text import errors, read


def in_body(statements: str) -> str:
    return f"function f() {{\n{statements}\n}}\nagent b {{ }}\n"


BLOCKS = [
    ("agnet a { }", ["1:1 expected a block such as `agent` or `policy`, found `agnet`"]),
    ("import foo;", ["1:1 expected a block such as `agent` or `policy`, found `import`"]),
    ("pub function f() { }", ["1:1 expected a block such as `agent` or `policy`, found `pub`"]),
    ("agent a {\n  polcy p { allow: x }\n}", ["2:3 there is no keyword `polcy`"]),
    ("agent a {\n  def g() { }\n}", ["2:3 there is no keyword `def`"]),
    ("agent {\n}", ["1:7 expected a name, found `{`"]),
    ("agent a(x) { }", ["1:10 expected `:`, found `)`"]),
    ("agent a(x int) { }", ["1:10 expected `:`, found `int`"]),
    ("agent a => T { }", ["1:9 expected `->`, found `=>`"]),
    ('agent a { with sandbox: "x" { } }', ["1:23 expected `=`, found `:`"]),
    ("agent a { with timeout = { } }", ["1:25 expected a value, found `{`"]),
    (
        "policy p { alow: x\n deny y\n allow = z }",
        [
            "1:12 expected a rule (`allow`, `deny`, `require` or `audit`) or `}`, found `alow`",
            "2:7 expected `:`, found `y`",
            "3:8 expected `:`, found `=`",
        ],
    ),
    (
        "type T = { a: String, b int, c: }",
        [
            "1:24 expected `:`, found `int`",
            "1:33 expected a type, found `}`",
        ],
    ),
    ("type T: { }", ["1:7 expected `=`, found `:`"]),
    (
        "function f(a int) -> { }",
        [
            "1:13 expected `:`, found `int`",
            "1:22 expected a type, found `{`",
        ],
    ),
    ('metadata { version "1" }', ['1:19 expected `:` or `=`, found `"1"`']),
    ("metadata {\n  version:\n  author: x\n}", ["2:11 expected a value, found `author`"]),
    ("memory m { store markdown path }", ["1:32 expected `:`, `=` or a value, found `}`"]),
    ("agent", ["1:6 expected a name, found the end of the file"]),
]

STATEMENTS = [
    (
        "let x = 1\nlet y = 2;\nretrun x;",
        [
            "2:10 expected `;`, found the keyword `let`",
            "4:1 there is no keyword `retrun`",
        ],
    ),
    ("return", ["2:7 expected `;`, found `}`"]),
    ("let if = 3;", ["2:5 `if` is a keyword, and cannot be a name"]),
    ("let x: int = 3;\nlet y := 4;", ["2:6 expected `=`, found `:`", "3:7 expected `=`, found `:`"]),
    ("var x = 3;", ["2:1 there is no keyword `var`"]),
    ("if x = 3 { }", ["2:6 expected `==`, found `=`"]),
    ("if { }", ["2:4 expected `let` or an expression, found `{`"]),
    ("for x xs { }", ["2:6 expected `in`, found `xs`"]),
    ("for (x in xs) { }", ["2:5 expected a name, found `(`"]),
    ('match x { "a" -> 1 }', ["2:15 expected `=>`, found `->`"]),
    ("let x = if a { 1 };", ["2:19 expected `else`, found `;`"]),
    ("let y = (a) => a;", ["2:13 expected an operator or `;`, found `=>`"]),
    (
        "x = ;\ny = 1 + ;\nf(,);",
        [
            "2:4 expected an expression, found `;`",
            "3:8 expected an expression, found `;`",
            "4:3 expected an expression or `)`, found `,`",
        ],
    ),
    ("let a = [1,,2];", ["2:12 expected an expression or `]`, found `,`"]),
    ("let a = b and c;", ["2:11 expected `;`, found `and`"]),
    ("try { } catch e { }", ["2:15 expected `(`, found `e`"]),
    ("let x = { a = 1 };", ["2:13 expected `:`, found `=`"]),
]

TOKENS = [
    ('let s = "abc;\nlet t = "def";\nlog("x");', ["2:9 this string is never closed"]),
    ('log("abc, y);\nlet t = "def";', ["2:5 this string is never closed"]),
    ("let s = 'abc';", ["2:9 a string has double quotes, not single ones"]),
    ("let s = “abc”;", ["2:9 a string has double quotes, not typographic ones"]),
    (r'let s = "\q";', [r"2:10 `\q` means nothing in a string"]),
    (
        r'let s = "\u{110000} \ud800 \u{0}";',
        [
            r"2:10 `\u{110000}` means nothing in a string",
            r"2:21 `\ud800` means nothing in a string",
            r"2:28 `\u{0}` means nothing in a string",
        ],
    ),
    ("let a = 30sec;", ["2:9 `sec` is no unit of time"]),
    ("let a = 1.5h;", ["2:9 `1.5h` is no duration: the amount is a whole number"]),
    ("let a = 0x1F;", ["2:9 `0x1F` is no number"]),
    ("let a = 1.2.3;", ["2:9 `1.2.3` is no number"]),
    ("let a = 9223372036854775808;", ["2:9 this number is too large"]),
    (f"let a = {'9' * 400}.0;", ["2:9 this number is too large"]),
    (f"let a = {'9' * 5000}s;", ["2:9 this number is too large"]),
    ("let a = vault://;", ["2:9 a vault reference needs a path"]),
    ("let a = b & c;\nlet d = e | f;", ["2:11 there is no operator `&`", "3:11 there is no operator `|`"]),
    ("let a = b === c;", ["2:11 there is no `===`"]),
    ("let é = 1;", ["2:5 `é` is no name"]),
    ("let a = b ? c : d;", ["2:11 `?` means nothing here"]),
    ("@@@ let a = 1;", ["2:1 these characters mean nothing here"]),
    ("\x1b let a = 1;", ["2:1 the character U+001B means nothing here"]),
    ("/* a */ let a = 1;", ["2:1 there are no `/* … */` comments"]),
]

BRACKETS = [
    ("f(a, b;\ng();", ["2:2 this `(` is never closed"]),
    ("f(a]);", ["2:4 this `]` closes nothing"]),
    ("let a = [1, 2;\nlet b = 3;", ["2:9 this `[` is never closed"]),
    ("if a {\n  f();", ["1:14 this `{` is never closed"]),
    ("f();\n}", ["4:1 this `}` closes nothing"]),
]


@pytest.mark.parametrize(("text", "expected"), BLOCKS)
def test_mistakes_in_blocks(text: str, expected: list[str]) -> None:
    assert errors(text) == expected


@pytest.mark.parametrize(("statements", "expected"), STATEMENTS)
def test_mistakes_in_statements(statements: str, expected: list[str]) -> None:
    assert errors(in_body(statements)) == expected


@pytest.mark.parametrize(("statements", "expected"), TOKENS)
def test_mistakes_in_words_and_literals(statements: str, expected: list[str]) -> None:
    assert errors(in_body(statements))[: len(expected)] == expected


@pytest.mark.parametrize(
    ("text", "help"),
    [
        ("agnet a { }", "did you mean `agent`?"),
        (in_body("fucntion(g);\nretrun g;"), "did you mean `return`?"),
        (in_body("let if = 3;"), "write `if_`"),
        (in_body("if x = 3 { }"), "`=` assigns, `==` compares"),
        (in_body("let x: int = 3;"), "`let` takes no type: `let name = value;`"),
        (in_body("let y = (a) => a;"), "a function of one value is written `x => …`, without parentheses"),
        (in_body("let x = if a { 1 };"), "an `if` that is a value needs an `else`"),
        (in_body("if R { a: 1 } { }"), "a record behind `if`, `for` or `match` stands in parentheses"),
        (in_body("while x { }"), "there is no `while`; `for` goes through a list"),
        (in_body("try { } except (e) { }"), "instead of `except` write `catch`"),
        (in_body("if a { } elif b { }"), "instead of `elif` write `else if`"),
        (in_body("let a = b and c;"), "instead of `and` write `&&`"),
        (in_body("let a = 30sec;"), "did you mean `s`?"),
        (in_body("let s = 'abc';"), 'write `"abc"`'),
    ],
)
def test_the_first_error_says_what_to_write(text: str, help: str) -> None:
    assert read(text).diagnostics[0].help == help


def test_what_would_have_fitted_is_there_for_programs_too() -> None:
    (told,) = read(in_body("let x = if a { 1 };")).diagnostics
    assert told.code == "unexpected-token"
    assert told.expected == ("`else`",)


@pytest.mark.parametrize(("statements", "expected"), [*STATEMENTS, *TOKENS, *BRACKETS[:4]])
def test_one_mistake_spoils_no_other_block(statements: str, expected: list[str]) -> None:
    items = read(in_body(statements)).program.items
    assert isinstance(items[-1], AgentDef)
    assert [item.name for item in items if isinstance(item, FunctionDef)] == ["f"]


def test_a_repaired_statement_is_read_and_one_that_is_not_is_left_out() -> None:
    (function, _) = read(in_body("let a = 1\nlet b = 7 8 9 10;\nretrun a;")).program.items
    assert isinstance(function, FunctionDef)
    assert [type(each).__name__ for each in function.body.statements] == ["Let", "Return"]


@pytest.mark.parametrize(("statements", "expected"), BRACKETS)
def test_brackets_without_a_partner(statements: str, expected: list[str]) -> None:
    assert errors(in_body(statements))[:1] == expected


def test_the_brace_that_is_really_missing_is_pointed_at_by_its_indentation() -> None:
    text = (
        "agent a {\n    with {\n        if x {\n            f();\n        return 1;\n    }\n}\nagent b { }\n"
    )
    (told,) = read(text).diagnostics
    places = [read(text).source.position(note.span.start).line for note in told.notes if note.span]
    assert (told.message, places) == ("this `{` is never closed", [3, 6])


def test_a_comment_of_another_language_that_has_no_end_takes_the_rest() -> None:
    assert "1:10 this comment is never closed" in errors("policy p /* a\n { }")


def test_many_mistakes_are_told_in_one_pass() -> None:
    mistakes = "\n".join(f"let a{n} = {n} {n};" for n in range(20))
    assert len(errors(in_body(mistakes))) == 20


def test_no_more_than_fifty_are_told() -> None:
    told = errors(in_body("\n".join("let a = 1 2;" for _ in range(100))))
    assert len(told) == 50
    assert told[-1].endswith("from here on there are more errors")


def test_what_is_nested_too_deeply_is_left_out_with_its_block() -> None:
    parsed = read("function f() { x = " + "!" * 200 + "a; }\nagent b { }")
    assert [told.code for told in parsed.diagnostics] == ["nested-too-deeply"]
    assert [type(item) for item in parsed.program.items] == [AgentDef]
