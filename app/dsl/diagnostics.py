"""What is wrong with a definition, and where."""

from dataclasses import dataclass
from typing import Literal

from .source import Span

Severity = Literal["error", "warning"]


@dataclass(frozen=True, slots=True)
class Note:
    """A sentence that belongs to a diagnostic; with a span it points at another place of the same file."""

    message: str
    span: Span | None = None


@dataclass(frozen=True, slots=True)
class Diagnostic:
    """One thing to tell the author.

    `code` is stable and kebab-case (`unknown-attribute`), for programs; `message` is one sentence without a
    full stop; `label`, if any, is what stands beside the caret; `help` says what to write instead;
    `expected` are the words that would have fitted, for a syntax error.
    """

    severity: Severity
    code: str
    message: str
    span: Span
    label: str = ""
    notes: tuple[Note, ...] = ()
    help: str = ""
    expected: tuple[str, ...] = ()

    @property
    def is_error(self) -> bool:
        return self.severity == "error"


def error(
    code: str,
    message: str,
    span: Span,
    *,
    label: str = "",
    notes: tuple[Note, ...] = (),
    help: str = "",
    expected: tuple[str, ...] = (),
) -> Diagnostic:
    """Something that must change before the definition can be used."""
    return Diagnostic("error", code, message, span, label, notes, help, expected)


def warning(
    code: str, message: str, span: Span, *, label: str = "", notes: tuple[Note, ...] = (), help: str = ""
) -> Diagnostic:
    """Something that works, and that the author may not have meant."""
    return Diagnostic("warning", code, message, span, label, notes, help)


def in_order(diagnostics: list[Diagnostic]) -> list[Diagnostic]:
    """By place in the file."""
    return sorted(diagnostics, key=lambda diagnostic: diagnostic.span)
