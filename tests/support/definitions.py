"""Definitions for tests: places marked with ⟦ and ⟧ are where something is expected to be told."""

from collections.abc import Mapping
from typing import NamedTuple

from app.dsl.check import Examined, examine
from app.dsl.diagnostics import Diagnostic
from app.dsl.run.builtins.signature import Builtin
from app.dsl.source import Source, Span
from app.dsl.syntax import parse

OPEN, CLOSE = "⟦", "⟧"


class Marked(NamedTuple):
    """A text, and the spans of it that were marked, in their order."""

    text: str
    spans: list[Span]


def marked(text: str) -> Marked:
    """*text* without its marks."""
    spans, begun, plain = [], [], ""
    for character in text:
        if character == OPEN:
            begun.append(len(plain))
        elif character == CLOSE:
            spans.append(Span(begun.pop(), len(plain)))
        else:
            plain += character
    assert not begun, "a mark has no end"
    return Marked(plain, sorted(spans))


def examined(text: str, tools: Mapping[str, Builtin] | None = None) -> Examined:
    """What the checker makes of *text*, which must parse."""
    parsed = parse(Source("test.symbi", text))
    assert parsed.ok, parsed.diagnostics
    return examine(parsed.program, parsed.source, tools=tools)


def told(
    text: str, tools: Mapping[str, Builtin] | None = None, *, errors_only: bool = False
) -> list[Diagnostic]:
    """What is told about *text*, whose marks must be the places of it."""
    plain, spans = marked(text)
    found = [one for one in examined(plain, tools).diagnostics if one.is_error or not errors_only]
    assert [one.span for one in found] == spans, [(one.code, plain[slice(*one.span)]) for one in found]
    return found


def body(statements: str, *, inputs: str = "", result: str = "", around: str = "") -> str:
    """An agent that may call `read` and `send`, with these statements."""
    returns = f" -> {result}" if result else ""
    return (
        f"{around}\nagent one({inputs}){returns} {{\n"
        f'    capabilities = ["read", "send"]\n'
        f"    with timeout = 30s {{\n{statements}\n    }}\n}}\n"
    )


def words_of(diagnostic: Diagnostic) -> str:
    """Everything that it says."""
    notes = " | ".join(note.message for note in diagnostic.notes)
    return f"{diagnostic.message} | {diagnostic.label} | {diagnostic.help} | {notes}"
