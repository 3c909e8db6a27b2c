"""What names stand for inside a body, and which of them are used."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from ..source import Span
from ..tree import FunctionDef
from .types import ANY, Type, function_of


@dataclass(slots=True)
class Binding:
    """A name that stands for a value."""

    name: str
    type: Type
    span: Span
    must_be_used: bool = False
    used: bool = False


@dataclass(frozen=True, slots=True)
class Signature:
    """A function of the file."""

    node: FunctionDef
    parameters: Mapping[str, Type]
    result: Type
    """`ANY` where it declares none."""

    @property
    def name(self) -> str:
        return self.node.name

    @property
    def span(self) -> Span:
        """Of its name."""
        return self.node.name_span

    @property
    def type(self) -> Type:
        return function_of(self.parameters.values(), self.result)


@dataclass(slots=True)
class Needed:
    """What a function calls that only an agent can give it: where each is called first."""

    capabilities: dict[str, Span] = field(default_factory=dict)
    functions: dict[str, Span] = field(default_factory=dict)


class Scopes:
    """The names of the blocks around a place, the innermost first."""

    def __init__(self) -> None:
        self._blocks: list[dict[str, Binding]] = [{}]

    def enter(self) -> None:
        self._blocks.append({})

    def leave(self) -> Iterator[Binding]:
        """Close the innermost block, and give what in it should have been used and was not."""
        closed = self._blocks.pop()
        return (one for one in closed.values() if one.must_be_used and not one.used)

    def bind(self, name: str, of: Type, span: Span, *, must_be_used: bool = False) -> Binding | None:
        """Make *name* stand for a value; gives what it stood for in this block before, if that is unused."""
        block = self._blocks[-1]
        before = block.get(name)
        block[name] = Binding(name, of, span, must_be_used and not name.startswith("_"))
        return before if before is not None and before.must_be_used and not before.used else None

    def find(self, name: str) -> Binding | None:
        for block in reversed(self._blocks):
            if name in block:
                return block[name]
        return None

    def names(self) -> Iterator[str]:
        for block in reversed(self._blocks):
            yield from block


def unknown_binding(name: str, span: Span) -> Binding:
    """What a name that nobody bound is taken for, so that it is told once."""
    return Binding(name, ANY, span)
