"""The one way a definition is laid out; what it means and what its comments say stays."""

from ..source import Source
from ..syntax import Parsed
from ..tree import Program
from .definitions import Printer

WIDTH = 110
"""How many columns a line should have."""


def formatted(parsed: Parsed) -> str:
    """The text of a file, laid out; a text that is so already stays. Raises ValueError if it has errors."""
    if not parsed.ok:
        raise ValueError(f"{parsed.source.name} has errors")
    return Printer(parsed.source, parsed.comments).program(parsed.program, WIDTH)


def pretty(program: Program) -> str:
    """A text that parses to *program*."""
    return Printer(Source("", ""), ()).program(program, WIDTH)


__all__ = ["WIDTH", "formatted", "pretty"]
