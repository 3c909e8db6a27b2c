"""What is wrong with a bundle, and where."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from ...dsl.source import Source
from ...errors import Invalid

Severity = Literal["error", "warning"]


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """Where something is written: line and column from 1."""

    file: str
    line: int = 1
    column: int = 1

    def __str__(self) -> str:
        return f"{self.file}:{self.line}"


@dataclass(frozen=True, slots=True, order=True)
class Problem:
    """One thing to tell the author."""

    place: Place
    message: str
    """One sentence, without a full stop."""
    severity: Severity = "error"

    def __str__(self) -> str:
        return f"{self.place}: {self.message}"


class BundleInvalid(Invalid):
    """The bundle is invalid: {summary}"""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = sorted(set(problems))
        """All of them, in the order of files and lines."""
        shown = [str(problem) for problem in self.problems]
        super().__init__(summary="; ".join(shown), problems=shown)


def place_at(source: Source, offset: int) -> Place:
    """The place of the character at *offset*."""
    position = source.position(offset)
    return Place(source.name, position.line, position.column)
