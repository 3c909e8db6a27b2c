"""Shows diagnostics: to people with the line and a caret, to editors as JSON."""

import unicodedata
from collections.abc import Callable, Iterable
from typing import Any

from .diagnostics import Diagnostic
from .source import Source, Span

Paint = Callable[[str, str], str]
"""Gives a text a style: called with `error`, `warning`, `note`, `place`, `code` or `` and the text."""

_TAB = 4
_WIDTH = 120
"""A line is shown around its caret where it is longer."""


def plain(style: str, text: str) -> str:
    """No style."""
    return text


def render(source: Source, diagnostics: Iterable[Diagnostic], paint: Paint = plain) -> str:
    """One paragraph for each, and a last line with their number; nothing when there are none.

    What comes from the file is shown without control characters.
    """
    diagnostics = list(diagnostics)
    paragraphs = [_paragraph(source, diagnostic, paint) for diagnostic in diagnostics]
    return "\n".join([*paragraphs, summary(diagnostics) + "\n"]) if paragraphs else ""


def summary(diagnostics: Iterable[Diagnostic]) -> str:
    """`2 errors and 1 warning`."""
    diagnostics = list(diagnostics)
    errors = sum(diagnostic.is_error for diagnostic in diagnostics)
    warnings = len(diagnostics) - errors
    counted = [
        f"{number} {name}{'s' * (number != 1)}"
        for number, name in ((errors, "error"), (warnings, "warning"))
        if number
    ]
    return " and ".join(counted) or "nothing to tell"


def _paragraph(source: Source, diagnostic: Diagnostic, paint: Paint) -> str:
    style = diagnostic.severity
    head = paint(style, f"{style}[{diagnostic.code}]") + paint("", f": {_printable(diagnostic.message)}")
    lines = [head, *_excerpt(source, diagnostic.span, diagnostic.label, style, paint)]
    margin = " " * (_margin(source, diagnostic.span) + 1)
    remarks = [("note", note.message) for note in diagnostic.notes if note.span is None]
    if diagnostic.help:
        remarks.append(("help", diagnostic.help))
    lines += [margin + paint("place", "= ") + _titled(kind, text, paint) for kind, text in remarks]
    for note in diagnostic.notes:
        if note.span is not None:
            lines.append(_titled("note", note.message, paint))
            lines += _excerpt(source, note.span, "", "note", paint)
    return "\n".join(lines) + "\n"


def _titled(kind: str, text: str, paint: Paint) -> str:
    return paint("note", kind) + paint("", f": {_printable(text)}")


def _excerpt(source: Source, span: Span, label: str, style: str, paint: Paint) -> list[str]:
    """Where it is, the line, and the carets below."""
    number, column = source.position(span.start)
    width = _margin(source, span)
    text, before, carets = _shown(source.line(number), column - 1, span.end - span.start)
    edge = paint("place", f"{' ' * width} |")
    place = paint("place", f"{' ' * width}--> ") + paint("", f"{_printable(source.name)}:{number}:{column}")
    told = f" {_printable(label)}" if label else ""
    return [
        place,
        edge,
        paint("place", f"{number} |") + paint("code", f" {text}".rstrip()),
        edge + " " + " " * before + paint(style, "^" * carets + told),
    ]


def _margin(source: Source, span: Span) -> int:
    return len(str(source.position(span.start).line))


def _shown(line: str, start: int, length: int) -> tuple[str, int, int]:
    """The line as a terminal shows it, the columns before the caret, and the number of carets."""
    first, last = (0, len(line)) if len(line) <= _WIDTH else _window(start, len(line))
    end = min(start + max(length, 1), max(last, start + 1))
    shown, column = "", 0
    before = carets = 0
    for at in range(first, last):
        text, width = _cell(line[at])
        if text == "\t":
            width = _TAB - column % _TAB
            text = " " * width
        shown += text
        column += width
        if at < start:
            before = column
        elif at < end:
            carets = column - before
    left = "…" if first > 0 else ""
    return left + shown + ("…" if last < len(line) else ""), before + len(left), max(carets, 1)


def _window(start: int, length: int) -> tuple[int, int]:
    """Which characters of a long line are shown."""
    first = max(0, start - _WIDTH // 3)
    return first, min(length, first + _WIDTH)


def _cell(character: str) -> tuple[str, int]:
    """What is shown for a character, and how many columns it takes."""
    if character == "\t":
        return character, 1
    category = unicodedata.category(character)
    if category in ("Mn", "Me"):
        return character, 0
    if category in ("Cc", "Cf", "Co", "Cs", "Zl", "Zp"):
        return "\N{REPLACEMENT CHARACTER}", 1
    return character, 2 if unicodedata.east_asian_width(character) in ("W", "F") else 1


def _printable(text: str) -> str:
    return text if text.isprintable() else "".join(_cell(c)[0] if c != "\t" else " " for c in text)


# For editors


def as_json(source: Source, diagnostics: Iterable[Diagnostic]) -> list[dict[str, Any]]:
    """Each diagnostic as a JSON object.

    `range` is what the Language Server Protocol 3.17 calls a range: lines and characters count from 0, and
    characters are UTF-16 code units. `offsets` count Unicode characters from the start of the text.
    """
    return [_document(source, diagnostic) for diagnostic in diagnostics]


def _document(source: Source, diagnostic: Diagnostic) -> dict[str, Any]:
    return {
        "file": source.name,
        "severity": diagnostic.severity,
        "code": diagnostic.code,
        "message": diagnostic.message,
        "help": diagnostic.help,
        "expected": list(diagnostic.expected),
        **_place(source, diagnostic.span),
        "notes": [
            {"message": note.message, **(_place(source, note.span) if note.span is not None else {})}
            for note in diagnostic.notes
        ],
    }


def _place(source: Source, span: Span) -> dict[str, Any]:
    return {
        "range": {"start": _position(source, span.start), "end": _position(source, span.end)},
        "offsets": {"start": span.start, "end": span.end},
    }


def _position(source: Source, offset: int) -> dict[str, int]:
    number, column = source.position(offset)
    before = source.text[offset - column + 1 : offset]
    return {"line": number - 1, "character": len(before.encode("utf-16-le", "surrogatepass")) // 2}
