"""Compiled definitions: instructions of a register machine, in blocks that run from the first to the last.

An instruction is `(op, d, a, b, span)`; `opcodes` says what each does. The registers of a function are its
parameters, what it captured, its constants, then its variables and what is in between.
"""

from dataclasses import dataclass
from typing import Any, TypeAlias

from ..source import Span
from ..tree import Type
from .shapes import Types

Instruction: TypeAlias = tuple[int, Any, Any, Any, Span]


class Block:
    """Instructions that run in a row; the last one says where it goes on."""

    __slots__ = ("code", "cost", "following", "handler")

    def __init__(self, handler: "Handler | None" = None) -> None:
        self.code: tuple[Instruction, ...] = ()
        self.cost = 0
        self.following: Block | None = None
        """Where it goes on after a call that ends it."""
        self.handler = handler


class Handler:
    """Where an error inside a `try` goes: to *block*, the error into R[register], its cause behind it."""

    __slots__ = ("block", "register")

    def __init__(self, block: Block, register: int) -> None:
        self.block, self.register = block, register


class Code:
    """One function or lambda. Its registers begin with the arguments and what was captured."""

    __slots__ = ("arity", "captures", "entry", "name", "rest", "size", "span")

    def __init__(self, name: str, arity: int, span: Span) -> None:
        self.name, self.arity, self.span = name, arity, span
        self.captures = 0
        self.entry = Block()
        self.rest: tuple[Any, ...] = ()
        """The registers behind those: constants, then empty ones."""
        self.size = 0
        """What an activation is charged, in bytes."""


@dataclass(frozen=True, slots=True)
class Compiled:
    """One agent, ready to be run any number of times at once; nothing in it changes."""

    name: str
    parameters: tuple[tuple[str, Type], ...]
    returns: Type | None
    body: Code
    types: Types
    """The types of the definition."""
