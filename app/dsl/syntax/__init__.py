"""From text to tree: the grammar, its parser, and what is told when a text does not follow it."""

from .parser import MAX_BYTES, Parsed, load, parse

__all__ = ["MAX_BYTES", "Parsed", "load", "parse"]
