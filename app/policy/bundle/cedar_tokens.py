"""Cedar text as tokens, which know where they stand."""

import re
from collections.abc import Iterable, Iterator
from typing import NamedTuple

MAX_NESTING = 100
"""Brackets inside one another; Cedar's parser ends the process where there are very many."""

_TOKEN = re.compile(
    r"""(?P<skip>\s+|//[^\n\r]*)|(?P<string>"(?:\\.|[^"\\])*")|(?P<word>\??[A-Za-z_]\w*|\d+)|(?P<mark>::|&&|\|\||[=!<>]=|.)""",
    re.DOTALL,
)


class Token(NamedTuple):
    """One token, and the characters that it is."""

    text: str
    start: int
    end: int


def tokens(text: str) -> Iterator[Token]:
    """The tokens of *text*, without spaces and comments."""
    for found in _TOKEN.finditer(text):
        if found.lastgroup != "skip":
            yield Token(found.group(), found.start(), found.end())


def statements(text: str) -> Iterator[list[Token]]:
    """The tokens of each policy, the semicolon that ends it included."""
    collected: list[Token] = []
    for token in tokens(text):
        collected.append(token)
        if token.text == ";":
            yield collected
            collected = []
    if collected:
        yield collected


def too_deep(found: Iterable[Token]) -> Token | None:
    """The first bracket that is nested more than `MAX_NESTING` deep."""
    depth = 0
    for token in found:
        if token.text in ("(", "[", "{"):
            depth += 1
            if depth > MAX_NESTING:
                return token
        elif token.text in (")", "]", "}"):
            depth -= 1
    return None
