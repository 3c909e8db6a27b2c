"""Makes every bracket have its partner, so that one that is missing spoils no more than it must.

What is put in has no text; what is left over is left out. Both are told.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

from lark import Token

from ..diagnostics import Diagnostic, Note, error
from ..source import Source, Span
from ..tree import MAX_DEPTH
from .lexing import MAX_TOLD, span_of
from .words import TOP_LEVEL

PARTNERS = {"LBRACE": "RBRACE", "LPAR": "RPAR", "LSQB": "RSQB"}
_OPENERS = {closer: opener for opener, closer in PARTNERS.items()}


@dataclass
class Balanced:
    """The tokens, how many brackets are open around each of them, and what was told."""

    tokens: list[Token] = field(default_factory=list)
    depths: list[int] = field(default_factory=list)
    diagnostics: list[Diagnostic] = field(default_factory=list)
    too_deep: bool = False


def balance(tokens: Sequence[Token], source: Source) -> Balanced:
    """When a bracket is left open, it ends at a `;` (but a brace does not), and at a block at the margin."""
    balanced = _Balancing(source, guess=False).run(tokens)
    if any(told.code == "unclosed-bracket" for told in balanced.diagnostics):
        return _Balancing(source, guess=True).run(tokens)
    return balanced


class _Balancing:
    def __init__(self, source: Source, *, guess: bool) -> None:
        self.source = source
        self.guess = guess
        self.out = Balanced()
        self.open: list[Token] = []
        self.suspects: list[tuple[Token, Token]] = []

    def run(self, tokens: Sequence[Token]) -> Balanced:
        for token in tokens:
            kind = token.type
            if kind in PARTNERS:
                self.put(token)
                self.open.append(token)
                if len(self.open) > MAX_DEPTH:
                    self.out.diagnostics.append(too_deep(span_of(token)))
                    self.out.too_deep = True
                    return self.out
            elif kind in _OPENERS:
                self.close(token)
            else:
                if self.guess and self.open:
                    self.end_before(token)
                self.put(token)
        self.close_all(len(self.source.text))
        return self.out

    def put(self, token: Token) -> None:
        self.out.tokens.append(token)
        self.out.depths.append(len(self.open))

    def close(self, token: Token) -> None:
        wanted = _OPENERS[token.type]
        if all(opener.type != wanted for opener in reversed(self.open)):
            self.tell("unexpected-bracket", f"this `{token}` closes nothing", span_of(token))
            return
        while (opener := self.open.pop()).type != wanted:
            self.unclosed(opener, token)
        if token.type == "RBRACE" and self.indented_otherwise(opener, token):
            self.suspects.append((opener, token))
        self.put(token)

    def end_before(self, token: Token) -> None:
        if token.type == "SEMICOLON":
            while self.open and self.open[-1].type != "LBRACE":
                self.unclosed(self.open.pop(), token)
        elif token.type in TOP_LEVEL and self.at_margin(token):
            self.close_all(span_of(token).start)

    def close_all(self, at: int) -> None:
        while self.open:
            opener = self.open.pop()
            self.unclosed(opener, None, at)

    def unclosed(self, opener: Token, instead: Token | None, at: int = 0) -> None:
        notes: list[Note] = []
        if instead is not None:
            at = span_of(instead).start
            notes.append(Note(f"this `{instead}` comes first", span_of(instead)))
        elif self.suspects:
            inner, closer = self.suspects[0]
            notes.append(Note("it may be this one that is not closed", span_of(inner)))
            notes.append(Note("for what closes it is indented otherwise", span_of(closer)))
            self.suspects.clear()
        self.tell("unclosed-bracket", f"this `{opener}` is never closed", span_of(opener), tuple(notes))
        kind = PARTNERS[opener.type]
        self.put(Token(kind, "", at, end_pos=at))

    def tell(self, code: str, message: str, span: Span, notes: tuple[Note, ...] = ()) -> None:
        if len(self.out.diagnostics) < MAX_TOLD:
            self.out.diagnostics.append(error(code, message, span, notes=notes))

    def at_margin(self, token: Token) -> bool:
        return self.source.position(span_of(token).start).column == 1

    def indented_otherwise(self, opener: Token, closer: Token) -> bool:
        """Whether *closer* begins a line that is indented otherwise than the line of *opener*."""
        line, column = self.source.position(span_of(closer).start)
        first, _ = self.source.position(span_of(opener).start)
        text = self.source.line(line)
        return (
            line != first
            and not text[: column - 1].strip()
            and _indent(text) != _indent(self.source.line(first))
        )


def too_deep(span: Span) -> Diagnostic:
    return error(
        "nested-too-deeply",
        f"this is nested more than {MAX_DEPTH} levels deep",
        span,
        help="put the inner part into a function, or give it a name with `let`",
    )


def _indent(line: str) -> int:
    expanded = line.expandtabs(4)
    return len(expanded) - len(expanded.lstrip())
