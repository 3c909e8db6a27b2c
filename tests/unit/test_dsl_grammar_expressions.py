"""Each production of expressions and literals, and what it is read as."""

import pytest

from app.dsl.tree import (
    PRECEDENCE,
    Argument,
    ArrayLiteral,
    Binary,
    Block,
    BoolLiteral,
    Call,
    DurationLiteral,
    Expression,
    FloatLiteral,
    Identifier,
    If,
    Index,
    IntLiteral,
    Lambda,
    Let,
    Member,
    NullLiteral,
    RecordField,
    RecordLiteral,
    StringLiteral,
    Unary,
    VaultRef,
)
from tests.support.dsl_text import expression

A, B, C, X = Identifier("a"), Identifier("b"), Identifier("c"), Identifier("x")
ONE = IntLiteral(1)


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("0", IntLiteral(0)),
        ("10_000", IntLiteral(10_000)),
        ("9223372036854775807", IntLiteral(2**63 - 1)),
        ("0.5", FloatLiteral(0.5)),
        ("1_000.25", FloatLiteral(1000.25)),
        ("true", BoolLiteral(True)),
        ("false", BoolLiteral(False)),
        ("null", NullLiteral()),
        ("30.seconds", DurationLiteral(30, "seconds")),
        ("5.minutes", DurationLiteral(5, "minutes")),
        ("1.hours", DurationLiteral(1, "hours")),
        ("30s", DurationLiteral(30, "s")),
        ("5m", DurationLiteral(5, "m")),
        ("2h", DurationLiteral(2, "h")),
        ("7d", DurationLiteral(7, "d")),
        ("2w", DurationLiteral(2, "w")),
        ("3months", DurationLiteral(3, "months")),
        ("1y", DurationLiteral(1, "y")),
        ("vault://a/b", VaultRef("a/b")),
        ("vault://team-1/api_key.v2", VaultRef("team-1/api_key.v2")),
        ("vault://a/b[x]", VaultRef("a/b", X)),
        ("vault://a/b[x][1]", Index(VaultRef("a/b", X), ONE)),
        ("x", X),
        ("policy", Identifier("policy")),
        ("[]", ArrayLiteral(())),
        ("[1, a,]", ArrayLiteral((ONE, A))),
        ("{}", RecordLiteral(None, ())),
        ("R {}", RecordLiteral("R", ())),
        ("(((x)))", X),
    ],
)
def test_literals_and_names(written: str, expected: Expression) -> None:
    assert expression(written) == expected


@pytest.mark.parametrize(
    ("unit", "seconds"),
    [
        ("s", 1),
        (".seconds", 1),
        ("m", 60),
        (".minutes", 60),
        ("h", 3600),
        (".hours", 3600),
        ("d", 86_400),
        ("w", 7 * 86_400),
        ("months", 30 * 86_400),
        ("y", 365 * 86_400),
    ],
)
def test_a_duration_has_seconds(unit: str, seconds: int) -> None:
    duration = expression(f"2{unit}")
    assert isinstance(duration, DurationLiteral)
    assert duration.seconds == 2 * seconds


@pytest.mark.parametrize(
    ("written", "value"),
    [
        (r'""', ""),
        (r'"a\"b\\c"', 'a"b\\c'),
        (r'"\n\t\r\/\b\f"', "\n\t\r/\b\f"),
        (r'"\u00e9\u{e9}\u{1F600}\ud83d\ude00"', "éé😀😀"),
        (r'"exec\\("', r"exec\("),
        ('"two\nlines"', "two\nlines"),
        ('"two\r\nlines"', "two\nlines"),
        ('"// no # comment"', "// no # comment"),
        ('"日本"', "日本"),
    ],
)
def test_strings_mean_what_their_escapes_say(written: str, value: str) -> None:
    assert expression(written) == StringLiteral(value)


def test_a_record_has_names_strings_and_keywords_as_keys() -> None:
    expected = RecordLiteral(
        None,
        (
            RecordField("a", ONE),
            RecordField("b c", A),
            RecordField("type", B),
            RecordField("if", C),
            RecordField("in", X),
        ),
    )
    assert expression('{ a: 1, "b c": a, type: b, if: c, in: x }') == expected
    assert expression('{ a: 1 "b c": a; type: b, if: c, in: x, }') == expected


def test_a_record_may_have_a_type() -> None:
    assert expression("Report { a: 1 }") == RecordLiteral("Report", (RecordField("a", ONE),))


LEVELS = [
    [operator for operator, level in PRECEDENCE.items() if level == wanted]
    for wanted in sorted(set(PRECEDENCE.values()))
]


def test_the_levels_of_the_operators() -> None:
    assert LEVELS == [
        ["||"],
        ["&&"],
        ["==", "!=", "in"],
        ["<", ">", "<=", ">="],
        ["+", "-"],
        ["*", "/", "%"],
    ]


@pytest.mark.parametrize("low", range(len(LEVELS)))
@pytest.mark.parametrize("high", range(len(LEVELS)))
def test_higher_operators_bind_tighter_and_equals_group_from_the_left(low: int, high: int) -> None:
    for one in LEVELS[low]:
        for two in LEVELS[high]:
            left = Binary(two, Binary(one, A, B), C)  # type: ignore[arg-type]
            right = Binary(one, A, Binary(two, B, C))  # type: ignore[arg-type]
            assert expression(f"a {one} b {two} c") == (right if high > low else left)


def test_unary_operators_bind_tighter_than_the_others_but_not_than_postfix() -> None:
    assert expression("not a == b") == Binary("==", Unary("not", A), B)
    assert expression("!a && -b") == Binary("&&", Unary("!", A), Unary("-", B))
    assert expression("-a.b") == Unary("-", Member(A, "b"))
    assert expression("!not -a") == Unary("!", Unary("not", Unary("-", A)))
    assert expression("(-a).b") == Member(Unary("-", A), "b")


def test_parentheses_group() -> None:
    assert expression("a * (b + c)") == Binary("*", A, Binary("+", B, C))


def test_members_elements_and_calls_follow_each_other() -> None:
    assert expression("a.b[c](x).if") == Member(Call(Index(Member(A, "b"), C), (Argument(None, X),)), "if")


@pytest.mark.parametrize("separator", ["=", ":"])
def test_arguments_may_have_names(separator: str) -> None:
    assert expression(f"a(x, b {separator} 1,)") == Call(A, (Argument(None, X), Argument("b", ONE)))
    assert expression("a()") == Call(A, ())


def test_a_lambda_reaches_as_far_as_it_can() -> None:
    assert expression("a => b + c") == Lambda(("a",), Binary("+", B, C))
    assert expression("a => b => c") == Lambda(("a",), Lambda(("b",), C))
    assert expression("(a, b) => c") == Lambda(("a", "b"), C)
    assert expression("x(a => {})") == Call(X, (Argument(None, Lambda(("a",), RecordLiteral(None, ()))),))


def test_an_if_is_a_value() -> None:
    one, two = Block((), ONE), Block((Let("b", ONE),), B)
    assert expression("x(if a { 1 } else { let b = 1; b })") == Call(X, (Argument(None, If(A, one, two)),))
    assert expression("c + if a { 1 } else if b { 1 } else { 1 }") == Binary(
        "+", C, If(A, one, If(B, one, one))
    )


def test_keywords_are_names_behind_a_dot() -> None:
    assert expression("a.match.type.null") == Member(Member(Member(A, "match"), "type"), "null")
