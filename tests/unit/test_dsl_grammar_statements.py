"""Each production of statements and patterns, and what it is read as."""

import pytest

from app.dsl.tree import (
    Argument,
    Arm,
    Assign,
    BindingPattern,
    Block,
    BoolLiteral,
    Break,
    Call,
    Catch,
    ConstructorPattern,
    Continue,
    DurationLiteral,
    ExpressionStatement,
    FieldPattern,
    For,
    Identifier,
    If,
    Index,
    IntLiteral,
    Let,
    LetCondition,
    LiteralPattern,
    Match,
    Member,
    NamedType,
    NullLiteral,
    Pattern,
    RecordField,
    RecordLiteral,
    RecordPattern,
    Return,
    StringLiteral,
    Try,
    Unary,
    WildcardPattern,
)
from tests.support.dsl_text import body, errors, pattern, statement

A, B, X = Identifier("a"), Identifier("b"), Identifier("x")
ONE = IntLiteral(1)
EMPTY = Block((), None)
F = ExpressionStatement(Call(Identifier("f"), ()))


def test_a_block_is_statements_and_maybe_a_result() -> None:
    assert body("") == EMPTY
    assert body("x") == Block((), X)
    assert body("f(); x") == Block((F,), X)
    assert body("f(); f();") == Block((F, F), None)
    assert body(";; f();;") == Block((F,), None)


def test_let_binds_a_name() -> None:
    assert statement("let type = 1;") == Let("type", ONE)


@pytest.mark.parametrize("operator", ["=", "+=", "-=", "*=", "/=", "%="])
def test_names_members_and_elements_are_assigned_to(operator: str) -> None:
    assert statement(f"a {operator} 1;") == Assign(A, operator, ONE)  # type: ignore[arg-type]
    assert statement(f"a.b {operator} 1;") == Assign(Member(A, "b"), operator, ONE)  # type: ignore[arg-type]
    assert statement(f"a[b] {operator} 1;") == Assign(Index(A, B), operator, ONE)  # type: ignore[arg-type]


def test_an_if_may_have_an_else_and_a_chain_of_them() -> None:
    assert statement("if x { f(); }") == If(X, Block((F,), None), None)
    assert body("if x { } else { } f();") == Block((If(X, EMPTY, EMPTY), F), None)
    assert statement("if a { } else if b { }") == If(A, EMPTY, If(B, EMPTY, None))
    assert body("if a { } else if b { } else { } f();") == Block((If(A, EMPTY, If(B, EMPTY, EMPTY)), F), None)


def test_an_if_with_an_else_that_ends_a_block_is_its_result() -> None:
    assert body("if x { 1 } else { a }") == Block((), If(X, Block((), ONE), Block((), A)))
    assert body("if x { 1 } else { a };") == Block((), If(X, Block((), ONE), Block((), A)))


def test_what_follows_an_if_is_a_statement_of_its_own() -> None:
    assert body("if x { } else { } (a)") == Block((If(X, EMPTY, EMPTY),), A)
    assert body("if x { } else { } -1") == Block((If(X, EMPTY, EMPTY),), Unary("-", ONE))
    assert body("if x { } [a]").statements == (If(X, EMPTY, None),)


def test_if_let_tries_a_pattern() -> None:
    some = ConstructorPattern("Some", (BindingPattern("row"),))
    assert statement("if let Some(row) = f() { }") == If(
        LetCondition(some, Call(Identifier("f"), ())), EMPTY, None
    )


def test_for_goes_through_a_list() -> None:
    assert statement("for channel in a { f(); }") == For("channel", A, Block((F,), None))
    assert body("for a in b { break; continue; }") == Block(
        (For("a", B, Block((Break(), Continue()), None)),), None
    )


@pytest.mark.parametrize("head", ["if x", "for a in x", "match x", "if let a = x"])
def test_a_brace_behind_a_name_begins_the_block_of_a_head(head: str) -> None:
    node = statement(f"{head} {{ }}")
    assert isinstance(node, If | For | Match)


def test_a_record_in_a_head_stands_in_brackets() -> None:
    record = RecordLiteral("R", (RecordField("a", ONE),))
    assert statement("if (R { a: 1 }) { }") == If(record, EMPTY, None)
    assert statement("for a in f(R { a: 1 }) { }") == For(
        "a", Call(Identifier("f"), (Argument(None, record),)), EMPTY
    )
    assert errors("function f() { if R { a: 1 } { } }")


@pytest.mark.parametrize("comma", ["", ","])
def test_match_has_arms_of_expressions_and_blocks(comma: str) -> None:
    arms = ['"a" => { f(); }', "b => a", "_ => { a: 1 }", "1 => { }", "2 => a"]
    assert statement(f"match x {{ {f'{comma} '.join(arms)} }}") == Match(
        X,
        (
            Arm(LiteralPattern(StringLiteral("a")), Block((F,), None)),
            Arm(BindingPattern("b"), A),
            Arm(WildcardPattern(), RecordLiteral(None, (RecordField("a", ONE),))),
            Arm(LiteralPattern(ONE), EMPTY),
            Arm(LiteralPattern(IntLiteral(2)), A),
        ),
    )
    assert statement("match x { }") == Match(X, ())


def test_try_has_any_number_of_catches() -> None:
    assert statement("try { f(); }") == Try(Block((F,), None), ())
    assert statement("try { } catch (e) { } catch (ReadError e) { f(); }") == Try(
        EMPTY,
        (Catch("e", None, EMPTY), Catch("e", NamedType("ReadError"), Block((F,), None))),
    )


def test_return_may_have_a_value() -> None:
    assert statement("return;") == Return(None)
    assert statement("return x;") == Return(X)


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("_", WildcardPattern()),
        ("row", BindingPattern("row")),
        ('"a"', LiteralPattern(StringLiteral("a"))),
        ("1", LiteralPattern(ONE)),
        ("-1", LiteralPattern(Unary("-", ONE))),
        ("5m", LiteralPattern(DurationLiteral(5, "m"))),
        ("true", LiteralPattern(BoolLiteral(True))),
        ("null", LiteralPattern(NullLiteral())),
        ("Some(x, _,)", ConstructorPattern("Some", (BindingPattern("x"), WildcardPattern()))),
        ("None()", ConstructorPattern("None", ())),
        (
            "Row { a, b: 1, c: Some(_) }",
            RecordPattern(
                "Row",
                (
                    FieldPattern("a", None),
                    FieldPattern("b", LiteralPattern(ONE)),
                    FieldPattern("c", ConstructorPattern("Some", (WildcardPattern(),))),
                ),
            ),
        ),
        ("Row { }", RecordPattern("Row", ())),
    ],
)
def test_patterns(written: str, expected: Pattern) -> None:
    assert pattern(written) == expected
