"""What comes of a run that is let go on: its end, a question to the world, or a break."""

from dataclasses import dataclass
from typing import Literal, TypeAlias

from ..source import Span
from .values import Value


@dataclass(frozen=True, slots=True)
class Finished:
    """The body has ended with this value."""

    value: Value


@dataclass(frozen=True, slots=True)
class Called:
    """The body calls a capability, and waits for `answer` or `fail`."""

    index: int
    """How many calls this run has made before it."""
    capability: str
    """Its dotted name: `http.get`."""
    positional: tuple[Value, ...]
    named: dict[str, Value]
    request: bytes
    """The canonical tagged JSON of all that, `{"capability", "named", "positional"}`: the same in every run
    that gets here with the same definition, inputs and answers. Secrets are in it as references."""
    span: Span


@dataclass(frozen=True, slots=True)
class Stopped:
    """The body has failed: an error that it did not catch, or a limit."""

    code: Literal["error", "limit"]
    kind: str
    """Of an error its kind, of a limit the resource: `fuel`, `memory`, `recursion`, `calls`, `output`."""
    message: str
    span: Span


@dataclass(frozen=True, slots=True)
class Yielded:
    """It could go on and has had its turn."""


Step: TypeAlias = Finished | Called | Stopped | Yielded
