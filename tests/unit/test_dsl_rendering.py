"""How a diagnostic looks to people, and to an editor."""

from app.dsl.diagnostics import Diagnostic, Note, error, warning
from app.dsl.rendering import as_json, render, summary
from app.dsl.source import Source, Span
from tests.support.dsl_text import read, told


def shown(text: str, diagnostic: Diagnostic) -> list[str]:
    """Without the title, the place and the count."""
    return render(Source("a.symbi", text), [diagnostic]).splitlines()[2:-2]


def at(text: str, part: str) -> Diagnostic:
    start = text.index(part)
    return error("wrong", "this is wrong", Span(start, start + len(part)))


def test_an_error_shows_its_line_with_a_caret_below() -> None:
    text = "agent a {\n    with {\n        let x = 1\n        return x;\n    }\n}\n"
    assert (
        told(read(text))
        == """\
error[unexpected-token]: expected `;`, found the keyword `return`
 --> a.symbi:3:18
  |
3 |         let x = 1
  |                  ^ expected `;`

1 error
"""
    )


def test_notes_and_help_follow() -> None:
    notes = (Note("it was never seen"), Note("here it was", Span(0, 1)))
    diagnostic = warning("odd", "this is odd", Span(6, 9), label="odd", notes=notes, help="do not")
    assert (
        render(Source("a.symbi", "first\nsecond\n"), [diagnostic])
        == """\
warning[odd]: this is odd
 --> a.symbi:2:1
  |
2 | second
  | ^^^ odd
  = note: it was never seen
  = help: do not
note: here it was
 --> a.symbi:1:1
  |
1 | first
  | ^

1 warning
"""
    )


def test_tabs_are_four_columns_and_wide_characters_two() -> None:
    assert shown("\tlet\tx", at("\tlet\tx", "x")) == ["  |", "1 |     let x", "  |         ^"]
    text = 'log("日本") x'
    assert shown(text, at(text, "x"))[2] == "  |             ^"
    assert shown(text, at(text, "日本"))[2] == "  |      ^^^^"
    assert shown("e\N{COMBINING ACUTE ACCENT}x", at("e\N{COMBINING ACUTE ACCENT}x", "x"))[2] == "  |  ^"


def test_what_could_control_a_terminal_is_not_shown() -> None:
    text = "a \x1b[31m \u202e b"
    (_, line, _) = shown(text, at(text, "b"))
    assert line == "1 | a �[31m � b"
    rendered = render(Source("\x1b.symbi", text), [error("x", "found `\x1b`", Span(0, 1))])
    assert "\x1b" not in rendered


def test_a_long_line_is_shown_around_its_caret() -> None:
    text = "a" * 500 + "b" + "c" * 500
    (_, line, carets) = shown(text, at(text, "b"))
    assert len(line) < 140
    assert line.startswith("1 | …a")
    assert line.endswith("c…")
    assert line[carets.index("^")] == "b"


def test_what_goes_over_lines_is_underlined_on_its_first() -> None:
    assert shown("ab(\ncd)", at("ab(\ncd)", "b(\ncd"))[2] == "  |  ^^"


def test_the_end_of_a_text_has_a_caret_too() -> None:
    assert shown("agent", error("x", "x", Span(5, 5)))[2] == "  |      ^"
    assert shown("", error("x", "x", Span(0, 0))) == ["  |", "1 |", "  | ^"]


def test_colours_are_put_around_what_they_belong_to() -> None:
    rendered = render(
        Source("a", "x"), [error("e", "wrong", Span(0, 1))], lambda style, text: f"<{style}:{text}>"
    )
    assert "<error:error[e]>" in rendered
    assert "<error:^>" in rendered


def test_errors_and_warnings_are_counted() -> None:
    here = Span(0, 0)
    assert summary([]) == "nothing to tell"
    assert summary([error("a", "a", here)]) == "1 error"
    assert summary([error("a", "a", here)] * 2 + [warning("b", "b", here)]) == "2 errors and 1 warning"
    assert render(Source("a", ""), []) == ""


def test_an_editor_gets_ranges_in_utf_16_and_offsets_in_characters() -> None:
    text = 'x\nlog("🙂", y'
    start = text.index("y")
    diagnostic = error(
        "odd", "odd", Span(start, start + 1), notes=(Note("n", Span(0, 1)), Note("m")), expected=("`;`",)
    )
    assert as_json(Source("a.symbi", text), [diagnostic]) == [
        {
            "file": "a.symbi",
            "severity": "error",
            "code": "odd",
            "message": "odd",
            "help": "",
            "expected": ["`;`"],
            "range": {"start": {"line": 1, "character": 10}, "end": {"line": 1, "character": 11}},
            "offsets": {"start": start, "end": start + 1},
            "notes": [
                {
                    "message": "n",
                    "range": {"start": {"line": 0, "character": 0}, "end": {"line": 0, "character": 1}},
                    "offsets": {"start": 0, "end": 1},
                },
                {"message": "m"},
            ],
        }
    ]
