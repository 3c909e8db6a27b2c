"""The grammar, made into tables by lark when it is first needed."""

from collections.abc import Iterator
from functools import cache
from pathlib import Path

from lark import Lark, Token
from lark.lark import PostLex
from lark.lexer import PatternStr

from .builder import Builder

GRAMMAR = Path(__file__).with_name("grammar.lark").read_text(encoding="utf-8")


class EveryToken(PostLex):
    """Keeps the terminals that no rule has: comments, and what is nearly a token."""

    always_accept = (
        "COMMENT",
        "BLOCK_COMMENT",
        "UNCLOSED_STRING",
        "QUOTED",
        "BAD_NUMBER",
        "BAD_NAME",
        "STRICT_EQUALS",
        "UNKNOWN",
    )

    def process(self, stream: Iterator[Token]) -> Iterator[Token]:
        return stream


@cache
def lark() -> Lark:
    """The parser; it keeps no state of a text."""
    return Lark(
        GRAMMAR,
        parser="lalr",
        lexer="basic",
        start="program",
        maybe_placeholders=True,
        transformer=Builder(),
        postlex=EveryToken(),
    )


@cache
def spellings() -> dict[str, str]:
    """How the terminals that have one spelling are written: `AGENT` → `agent`, `SEMICOLON` → `;`."""
    return {
        terminal.name: terminal.pattern.value
        for terminal in lark().terminals
        if isinstance(terminal.pattern, PatternStr)
    }
