"""Cuts a text into tokens, and tells of everything that is none.

A token's `value` is what it means (a string without its quotes, a number), its text stays as written.
"""

import re
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from difflib import get_close_matches
from itertools import islice

from lark import TextSlice, Token

from ..diagnostics import Diagnostic, error
from ..source import Source, Span
from .grammar import lark
from .words import HARD, quoted

LARGEST_INT = 2**63 - 1
"""What an `int` can be: 64 bits with a sign."""

MAX_TOKENS = 250_000
"""How many words and signs a definition has at most."""

MAX_TOLD = 1000
"""How much is told about the tokens of a file."""

_ROUNDS = 8
"""How many strings without an end are looked for; behind the last, the rest of the text is one string."""


@dataclass
class Lexed:
    """Tokens without comments, and the comments, both in the order of the text."""

    tokens: list[Token] = field(default_factory=list)
    comments: list[Token] = field(default_factory=list)
    diagnostics: list[Diagnostic] = field(default_factory=list)
    too_many: bool = False
    """Whether there are more than MAX_TOKENS; then some are missing."""


def lex(source: Source) -> Lexed:
    """Never raises: what is no token is told and left out, or taken for what was meant."""
    return _Lexer(source).run()


def span_of(token: Token) -> Span:
    assert token.start_pos is not None
    assert token.end_pos is not None
    return Span(token.start_pos, token.end_pos)


class _Lexer:
    def __init__(self, source: Source) -> None:
        self.text = source.text
        self.out = Lexed()
        self.meanings: dict[str, Callable[[Token], Token | None]] = {
            "STRING": self.string,
            "INT": self.int,
            "FLOAT": self.float,
            "DURATION": self.duration,
            "VAULT": self.vault,
            "COMMENT": self.comment,
            "BLOCK_COMMENT": self.block_comment,
            "UNCLOSED_STRING": self.unclosed_string,
            "QUOTED": self.wrong_quotes,
            "BAD_NUMBER": self.bad_number,
            "BAD_NAME": self.bad_name,
            "STRICT_EQUALS": self.strict_equals,
            "UNKNOWN": self.unknown,
        }

    def run(self) -> Lexed:
        tokens = self.out.tokens
        meanings = self.meanings
        after_dot = False
        for raw in self.raw():
            meaning = meanings.get(raw.type)
            token = meaning(raw) if meaning else raw
            if token is None:
                continue
            if after_dot and token.type in HARD:
                token.type = "NAME"
            after_dot = token.type == "DOT"
            tokens.append(token)
            if len(tokens) > MAX_TOKENS:
                self.out.too_many = True
                break
        return self.out

    def raw(self) -> Iterator[Token]:
        """Tokens as the grammar has them; a string without an end stops at the end of its line."""
        start = 0
        for _ in range(_ROUNDS):
            tokens = list(islice(_tokens(self.text, start), MAX_TOKENS + 1))
            if not tokens or tokens[-1].type != "UNCLOSED_STRING":
                yield from tokens
                return
            found = next((n for n, token in enumerate(tokens) if self.swallowed_code(token)), len(tokens) - 1)
            yield from tokens[:found]
            unclosed = self.cut(tokens[found])
            yield unclosed
            start = span_of(unclosed).end
        yield from _tokens(self.text, start)

    def swallowed_code(self, token: Token) -> bool:
        """Whether a string over several lines ends just where another one seems to begin."""
        if token.type != "STRING" or "\n" not in token:
            return False
        behind = self.text[span_of(token).end : span_of(token).end + 1]
        return bool(behind) and (behind.isalnum() or behind in _BEGINS_A_STRING)

    def cut(self, token: Token) -> Token:
        """The string's first line, without what seems to close the statement around it."""
        start = span_of(token).start
        line = _REST_OF_LINE.match(self.text, start)
        assert line is not None
        text = line.group()
        shorter = _CLOSING.sub("", text)
        return _token("UNCLOSED_STRING", shorter if len(shorter) > 1 else text, start)

    # Literals: `value` becomes what they mean

    def string(self, token: Token) -> Token:
        inside = token[1:-1]
        if "\r" in inside:
            inside = inside.replace("\r\n", "\n").replace("\r", "\n")
        token.value = self.unescaped(inside, span_of(token).start + 1) if "\\" in inside else inside
        return token

    def unescaped(self, inside: str, start: int) -> str:
        def meant(escape: re.Match[str]) -> str:
            braced, high, low, four = escape.groups()
            if high:
                return _of_pair(high, low)
            code = braced or four
            character = _of_code(code) if code else _ESCAPES.get(escape.group()[1:])
            return character or wrong(escape)

        def wrong(escape: re.Match[str]) -> str:
            self.tell(
                "bad-escape",
                f"`{escape.group()}` means nothing in a string",
                Span(start + escape.start(), start + escape.end()),
                help='a backslash is written `\\\\`; there are `\\n`, `\\t`, `\\r`, `\\"` and `\\u{1F600}`',
            )
            return escape.group()

        return _ESCAPE.sub(meant, inside)

    def int(self, token: Token) -> Token:
        digits = token.replace("_", "")
        token.value = int(digits) if len(digits) <= _DIGITS else LARGEST_INT + 1
        if token.value > LARGEST_INT:
            self.too_large(token, f"the largest `int` is {LARGEST_INT}")
            token.value = LARGEST_INT
        return token

    def float(self, token: Token) -> Token:
        token.value = float(token.replace("_", ""))
        if token.value == float("inf"):
            self.too_large(token, "the largest `float` has 308 digits")
            token.value = 0.0
        return token

    def duration(self, token: Token) -> Token:
        parts = _DURATION.match(token)
        assert parts is not None
        digits = parts.group(1).replace("_", "")
        amount = int(digits) if len(digits) <= _DIGITS else LARGEST_INT + 1
        if amount > LARGEST_INT:
            self.too_large(token, "no duration is that long")
            amount = LARGEST_INT
        token.value = (amount, parts.group(2))
        return token

    def vault(self, token: Token) -> Token:
        token.value = token.removeprefix("vault://")
        if not token.value:
            self.tell(
                "bad-vault-reference",
                "a vault reference needs a path",
                span_of(token),
                help="write `vault://team/secret`",
            )
        return token

    # Comments

    def comment(self, token: Token) -> None:
        self.out.comments.append(token)

    def block_comment(self, token: Token) -> None:
        start = span_of(token).start
        self.tell(
            "block-comment",
            "there are no `/* … */` comments" if token.endswith("*/") else "this comment is never closed",
            Span(start, start + 2),
            help="a comment begins with `//` or `#` and ends with the line",
        )

    # What is nearly a token

    def unclosed_string(self, token: Token) -> Token:
        self.tell(
            "unclosed-string",
            "this string is never closed",
            span_of(token),
            help='add the closing `"`; within a string it is written `\\"`',
        )
        return _token("STRING", token, span_of(token).start, value=token[1:])

    def wrong_quotes(self, token: Token) -> Token:
        what = "single" if token.startswith("'") else "typographic"
        self.tell(
            "wrong-quotes",
            f"a string has double quotes, not {what} ones",
            span_of(token),
            help=f'write `"{token[1:-1]}"`' if len(token) < 60 else "",
        )
        return _token("STRING", token, span_of(token).start, value=token[1:-1])

    def bad_number(self, token: Token) -> Token:
        number = re.match(r"[0-9][0-9_.]*", token)
        unit = token[number.end() :] if number else ""
        if unit.startswith(("x", "b", "o")) and token.startswith("0"):
            message, help = f"{quoted(token)} is no number", "numbers are written in decimal digits"
        elif unit and "." in token[: len(token) - len(unit)]:
            message = f"{quoted(token)} is no duration: the amount is a whole number"
            help = "take a smaller unit: `90m` for one hour and a half"
        elif unit:
            message, help = f"{quoted(unit)} is no unit of time", _units(unit)
        else:
            message = f"{quoted(token)} is no number"
            help = "digits, `_` between digits, and one `.` between digits: `10_000`, `0.5`"
        self.tell("bad-number", message, span_of(token), help=help)
        return _token("INT", token, span_of(token).start, value=0)

    def bad_name(self, token: Token) -> Token:
        self.tell(
            "bad-name",
            f"{quoted(token)} is no name",
            span_of(token),
            help="a name has the letters a to z and A to Z, digits and `_`",
        )
        token.type = "NAME"
        return token

    def strict_equals(self, token: Token) -> Token:
        meant = token[:-1]
        self.tell("no-such-operator", f"there is no `{token}`", span_of(token), help=f"write `{meant}`")
        return _token("OPERATOR", token, span_of(token).start, value=meant)

    def unknown(self, token: Token) -> Token | None:
        span = span_of(token)
        if token in ("&", "|"):
            meant = token * 2
            self.tell("no-such-operator", f"there is no operator `{token}`", span, help=f"write `{meant}`")
            return _token("OPERATOR", token, span.start, value=meant)
        told = self.out.diagnostics
        if told and told[-1].code == "unknown-character" and told[-1].span.end == span.start:
            told[-1] = replace(
                told[-1], span=told[-1].span.to(span), message="these characters mean nothing here"
            )
            return None
        shown = f"`{token}`" if token.isprintable() else f"the character U+{ord(token):04X}"
        self.tell("unknown-character", f"{shown} means nothing here", span, help=_UNKNOWN.get(token, ""))
        return None

    def too_large(self, token: Token, help: str) -> None:
        self.tell("number-too-large", "this number is too large", span_of(token), help=help)

    def tell(self, code: str, message: str, span: Span, *, help: str) -> None:
        if len(self.out.diagnostics) < MAX_TOLD:
            self.out.diagnostics.append(error(code, message, span, help=help))


def _tokens(text: str, start: int) -> Iterator[Token]:
    interactive = lark().parse_interactive(TextSlice(text, start, len(text)))
    tokens: Iterator[Token] = interactive.lexer_thread.lex(interactive.parser_state)  # type: ignore[no-untyped-call]
    return tokens


def _token(kind: str, text: str, start: int, *, value: object = None) -> Token:
    token = Token(kind, text, start, end_pos=start + len(text))
    if value is not None:
        token.value = value
    return token


def _of_code(code: str) -> str | None:
    """The character of a hexadecimal code; None for zero, half a pair and what Unicode does not have."""
    number = int(code, 16)
    return chr(number) if 0 < number <= sys.maxunicode and not 0xD800 <= number <= 0xDFFF else None


def _of_pair(high: str, low: str) -> str:
    """The character of two codes as in JSON, `ud83d` and `ude00`."""
    return chr(0x10000 + ((int(high, 16) - 0xD800) << 10) + int(low, 16) - 0xDC00)


def _units(unit: str) -> str:
    meant = get_close_matches(unit[:20], _UNITS, n=1, cutoff=0.5)
    if meant:
        return f"did you mean `{_UNITS[meant[0]]}`?"
    return "the units are s, m, h, d, w, months and y: `30s`, `5m`"


_DIGITS = 19
_DURATION = re.compile(r"([0-9_]+)\.?([a-z]+)")
_REST_OF_LINE = re.compile(r"[^\r\n]*")
_CLOSING = re.compile(r"[\s;,)\]}]+\Z")
_BEGINS_A_STRING = "_/.#$*%<"
_ESCAPE = re.compile(
    r"\\(?:u\{([0-9A-Fa-f]{1,6})\}|u([Dd][89ABab][0-9A-Fa-f]{2})\\u([Dd][C-Fc-f][0-9A-Fa-f]{2})"
    r"|u([0-9A-Fa-f]{4})|.)",
    re.DOTALL,
)
_ESCAPES = {"n": "\n", "t": "\t", "r": "\r", '"': '"', "\\": "\\", "/": "/", "b": "\b", "f": "\f"}
_UNITS = {
    "sec": "s",
    "secs": "s",
    "second": "s",
    "seconds": "s",
    "min": "m",
    "mins": "m",
    "minute": "m",
    "minutes": "m",
    "hr": "h",
    "hrs": "h",
    "hour": "h",
    "hours": "h",
    "day": "d",
    "days": "d",
    "week": "w",
    "weeks": "w",
    "month": "months",
    "mo": "months",
    "year": "y",
    "years": "y",
}
_UNKNOWN = {
    "'": "a string has double quotes",
    "`": "a string has double quotes",
    "\\": "a backslash stands in strings only",
    "?": "write `if … { … } else { … }`",
    "@": "there are no annotations; an agent's attributes stand behind `with`",
}
