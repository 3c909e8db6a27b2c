"""The text of one definition file, and where things are in it."""

import re
from bisect import bisect_right
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple


class Span(NamedTuple):
    """Characters `start` up to but not including `end` of a source's text."""

    start: int
    end: int

    def to(self, other: "Span") -> "Span":
        """From where this begins to where *other* ends."""
        return Span(self.start, other.end)


NOWHERE = Span(0, 0)
"""Of what was not read from a file."""


class Position(NamedTuple):
    """A place as people count it: line and column start at 1, and a column is one character."""

    line: int
    column: int


_LINE_END = re.compile(r"\r\n|\n|\r")


@dataclass(frozen=True)
class Source:
    """A file's name, as messages show it, and its text. Lines end with `\\n`, `\\r\\n` or `\\r`."""

    name: str
    text: str

    @cached_property
    def _starts(self) -> list[int]:
        return [0, *(end.end() for end in _LINE_END.finditer(self.text))]

    def position(self, offset: int) -> Position:
        """Line and column of the character at *offset*; offsets behind the end are the end."""
        offset = min(max(offset, 0), len(self.text))
        line = bisect_right(self._starts, offset)
        return Position(line, offset - self._starts[line - 1] + 1)

    def line(self, number: int) -> str:
        """The text of line *number*, counted from 1, without its end. Raises IndexError."""
        if not 1 <= number <= len(self._starts):
            raise IndexError(number)
        start = self._starts[number - 1]
        end = self._starts[number] if number < len(self._starts) else len(self.text)
        return self.text[start:end].rstrip("\r\n")

    def text_of(self, span: Span) -> str:
        """What is written at *span*."""
        return self.text[span.start : span.end]
