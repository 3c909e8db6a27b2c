"""Whatever is handed in: an answer in bounded time, and an error wherever something was not understood."""

import time
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.dsl.formatting import formatted, pretty
from app.dsl.rendering import as_json, render
from app.dsl.source import Source
from app.dsl.syntax import MAX_BYTES, Parsed, load, parse
from app.dsl.syntax.lexing import lex, span_of
from app.dsl.syntax.parser import MAX_DIAGNOSTICS
from tests.support.dsl_text import SAMPLE

TOKENS = [span_of(token) for token in lex(Source("", SAMPLE)).tokens]
TEXTS = [SAMPLE[span.start : span.end] for span in TOKENS]
FRAGMENTS = st.sampled_from(
    [*sorted(set(TEXTS)), "'", '"', "/*", "\\", "&", "vault://", "\0", "\r", "\n", "é", "🙂", "1x", "999" * 9]
)
SECONDS = 10
"""What an answer may take on a slow machine with much else to do; it takes less than one."""


def answered(data: bytes) -> Parsed:
    begun = time.monotonic()
    parsed = load(data, "hostile.symbi")
    assert time.monotonic() - begun < SECONDS
    assert len(parsed.diagnostics) <= MAX_DIAGNOSTICS
    for told in parsed.diagnostics:
        assert 0 <= told.span.start <= told.span.end <= len(parsed.source.text)
        assert told.message
    assert bool(render(parsed.source, parsed.diagnostics)) == bool(parsed.diagnostics)
    assert len(as_json(parsed.source, parsed.diagnostics)) == len(parsed.diagnostics)
    return parsed


def understood(parsed: Parsed) -> None:
    """What was read without an error can be written and read again."""
    if parsed.ok:
        assert parse(Source("", pretty(parsed.program))).program == parsed.program
        assert parse(Source("", formatted(parsed))).program == parsed.program


@given(st.binary(max_size=200))
def test_any_bytes(data: bytes) -> None:
    understood(answered(data))


@given(st.text(max_size=200))
def test_any_text(text: str) -> None:
    understood(answered(text.encode(errors="replace")))


@given(st.lists(FRAGMENTS, max_size=60), st.sampled_from(["", " ", "\n"]))
def test_any_tokens(fragments: list[str], between: str) -> None:
    understood(answered(between.join(fragments).encode()))


@given(st.data())
def test_a_good_file_with_a_few_things_wrong(data: st.DataObject) -> None:
    texts = [SAMPLE[before.end : token.end] for before, token in pairwise(TOKENS)]
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(texts) - 1))
        match data.draw(st.sampled_from(["drop", "double", "put in", "swap", "replace"])):
            case "drop":
                texts[at] = ""
            case "double":
                texts[at] *= 2
            case "put in":
                texts[at] += " " + data.draw(FRAGMENTS)
            case "swap":
                other = data.draw(st.integers(0, len(texts) - 1))
                texts[at], texts[other] = texts[other], texts[at]
            case _:
                texts[at] = " " + data.draw(FRAGMENTS)
    understood(answered(("metadata" + "".join(texts)).encode()))


@given(st.integers(0, len(SAMPLE)))
def test_a_good_file_that_is_cut_off(end: int) -> None:
    understood(answered(SAMPLE[:end].encode()))


@given(st.integers(0, len(SAMPLE.encode()) - 1), st.integers(0, 255))
def test_a_good_file_with_one_wrong_byte(at: int, byte: int) -> None:
    data = bytearray(SAMPLE.encode())
    data[at] = byte
    understood(answered(bytes(data)))


COUNT = 20_000
LARGE = {
    "nothing but brackets": "(" * COUNT,
    "closing brackets": "}" * COUNT,
    "blocks in blocks": "function f() { " + "if a { " * COUNT,
    "lists in lists": "function f() { " + "[" * COUNT + "]" * COUNT + " }",
    "operators": "function f() { " + "!" * COUNT + "a }",
    "operators and no end": "function f() { " + "- " * COUNT,
    "a long sum": "function f() { " + "1 + " * COUNT + "1 }",
    "a long path": "function f() { a" + ".b" * COUNT + " }",
    "calls of calls": "function f() { a" + "()" * COUNT + " }",
    "functions of functions": "function f() { " + "a => " * COUNT + "a }",
    "an if with many else": "function f() { " + "if a { } else " * COUNT + "{ } }",
    "types of types": "type A = " + "A<" * COUNT,
    "many words": "agent " * COUNT,
    "many errors": "function f() { " + "1 2;" * COUNT + " }",
    "many misspelt words": "agnet a { }\n" * COUNT,
    "many strings without an end": 'let "a\n' * COUNT,
    "many wrong characters": "\\ ` " * COUNT,
    "many comments": "// a\n# b\n" * COUNT,
    "comments that are none": "/* a */" * COUNT,
    "one long word": "a" * MAX_BYTES,
    "one long number": "1" * MAX_BYTES,
    "one long string": '"' + "\\n" * (MAX_BYTES // 2 - 1),
    "too many words": "a " * (MAX_BYTES // 2),
    "too many bytes": "a" * (MAX_BYTES + 1),
    "zeros": "\0" * MAX_BYTES,
}


@pytest.mark.parametrize("what", LARGE)
def test_large_files(what: str) -> None:
    parsed = answered(LARGE[what].encode())
    assert parsed.ok == (what == "many comments")
    if parsed.ok:
        assert formatted(parsed).count("\n") == 2 * COUNT


def test_as_deep_as_may_be_is_read_written_and_laid_out() -> None:
    depth = 60
    for text in (
        "function f() { " + "if a { " * depth + "}" * depth + " }",
        "function f() { " + "f(" * depth + "1" + ")" * depth + " }",
        "function f() { a" + ".b" * 2 * depth + " }",
        "function f() { " + "1 + (" * 2 * depth + "1" + ")" * 2 * depth + " }",
    ):
        parsed = answered(text.encode())
        assert parsed.ok
        understood(parsed)
