"""One function or lambda while it is compiled: its registers, its names and its blocks."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, TypeVar

from ...source import Span
from ...tree import (
    MAX_DEPTH,
    Call,
    Expression,
    FunctionDef,
    Identifier,
    Index,
    Member,
    Node,
    Statement,
)
from ..builtins.table import CHANGING
from ..code import Block, Code, Handler, Instruction
from ..opcodes import BOX, INDEX_KEPT, JUMP, KEEP, MEMBER_KEPT, MOVE, REBOX, UNBOX
from ..shapes import Shape, Types
from ..sizes import FRAME, SLOT
from ..values import Duration
from .effects import Effects
from .errors import CompileError
from .scopes import Readings, Variable


@dataclass(slots=True)
class Definition:
    """What the functions of one definition have in common."""

    functions: Mapping[str, tuple[FunctionDef, Code]] = field(default_factory=dict)
    named: frozenset[str] = frozenset()
    """Names of memories, channels and the like: each stands for its name, as text."""
    types: Types = field(default_factory=dict)
    may_call: bool = True
    """Whether capabilities may be called."""


@dataclass(slots=True)
class Loop:
    """Where `continue` and `break` lead."""

    following: Block
    behind: Block


Compiler = Callable[["Builder", Any, int | None], int]
EXPRESSIONS: dict[type, Compiler] = {}
"""What compiles an expression of a class: its value goes to the register that is given, or to any, which is
returned."""

STATEMENTS: dict[type, Callable[["Builder", Any], None]] = {}

_N = TypeVar("_N", bound=Node)


def expression(kind: type[_N]) -> Callable[[Callable[["Builder", _N, int | None], int]], Any]:
    """Say that a function compiles expressions of that class."""

    def keep(function: Any) -> Any:
        EXPRESSIONS[kind] = function
        return function

    return keep


def statement(kind: type[_N]) -> Callable[[Callable[["Builder", _N], None]], Any]:
    """Say that a function compiles statements of that class."""

    def keep(function: Any) -> Any:
        STATEMENTS[kind] = function
        return function

    return keep


class Builder:
    """Emits the code of one function or lambda."""

    def __init__(
        self,
        definition: Definition,
        readings: Readings,
        effects: Effects,
        code: Code,
        parameters: tuple[str, ...],
        parent: "Builder | None" = None,
    ) -> None:
        self.definition, self.readings, self.effects = definition, readings, effects
        self.code, self.parent = code, parent
        self.returns: Shape | None = None
        """What it must return, if that is declared."""
        self.loops: list[Loop] = []
        self.handler: Handler | None = None
        self.captured: list[Variable] = []
        """The variables of the parent that it captures, in the order of its registers."""
        self._own: dict[str, Variable] = {}
        self._scopes: list[dict[str, Variable]] = [{}]
        self._layout = readings.layout()
        self._constants: dict[tuple[type, Any], int] = {}
        self._values: list[Any] = []
        self._instructions: list[Instruction] = []
        self._depth = 0
        self._block = code.entry
        self._block.handler = None
        self._first_constant = len(parameters) + self._layout.captures
        self._first_free = self._first_constant + self._layout.constants
        self._next = self._first_free
        self._most = self._next
        for register, name in enumerate(parameters):
            self.declare(name, register, code.span)

    # Registers

    def temporary(self) -> int:
        """A register of its own, until what holds it is left."""
        self._next += 1
        self._most = max(self._most, self._next)
        return self._next - 1

    @contextmanager
    def released(self) -> Iterator[None]:
        """Registers taken inside are free again behind it."""
        before = self._next
        yield
        self._next = before

    def constant(self, value: Any) -> int:
        """The register that holds *value*, which nothing changes."""
        key = (value.__class__, value.ms if isinstance(value, Duration) else repr(value))
        if key not in self._constants:
            self._constants[key] = len(self._values)
            self._values.append(value)
        return self._first_constant + self._constants[key]

    # Names

    def declare(self, name: str, register: int, span: Span) -> Variable:
        """*name* now stands for what is in *register*, until the scope ends."""
        facts = self.readings.facts()
        boxed = facts.captured and facts.changed
        if boxed:
            self.emit(BOX, register, register, None, span)
        variable = self._scopes[-1][name] = Variable(name, register, facts, boxed)
        return variable

    @contextmanager
    def scope(self) -> Iterator[None]:
        """Names declared inside are unknown behind it, and their registers free."""
        self._scopes.append({})
        with self.released():
            yield
        self._scopes.pop()

    def find(self, name: str) -> Variable | None:
        """What *name* stands for here; captured from around a lambda when that knows it."""
        for scope in reversed(self._scopes):
            if name in scope:
                return scope[name]
        if name in self._own:
            return self._own[name]
        found = self.parent.find(name) if self.parent is not None else None
        if found is None:
            return None
        found.facts.captured = True
        register = self.code.arity + len(self.captured)
        self.captured.append(found)
        self._own[name] = Variable(name, register, found.facts, found.boxed)
        return self._own[name]

    def load(self, variable: Variable, span: Span) -> int:
        """A register that holds the value of *variable*."""
        if not variable.boxed:
            return variable.register
        return int(self.emit(UNBOX, self.temporary(), variable.register, None, span))

    def assign(self, variable: Variable, register: int, span: Span) -> None:
        """*variable* now has the value that is in *register*."""
        variable.facts.changed = True
        if variable.boxed:
            self.emit(REBOX, variable.register, register, None, span)
        elif register != variable.register:
            self.emit(MOVE, variable.register, register, None, span)

    # Code

    def emit(self, op: int, d: Any, a: Any, b: Any, span: Span) -> Any:
        """Add an instruction to the block; *d*."""
        self._instructions.append((op, d, a, b, span))
        return d

    def block(self) -> Block:
        """A new block, inside the `try` that this is inside of."""
        return Block(self.handler)

    def begin(self, block: Block) -> None:
        """Go on with *block*; the one before must have been ended."""
        assert not self._instructions, "the block before has not been ended"
        self._block = block

    def end(self, op: int, d: Any, a: Any, b: Any, span: Span) -> None:
        """End the block with an instruction that says where it goes on. Nothing reaches what follows."""
        self.emit(op, d, a, b, span)
        self._block.code = tuple(self._instructions)
        self._block.cost = len(self._instructions)
        self._instructions.clear()
        self._block = self.block()

    def call(self, op: int, d: int, a: Any, b: Any, span: Span) -> int:
        """End the block with a call, and go on behind it; *d*."""
        calling = self._block
        self.end(op, d, a, b, span)
        calling.following = self._block
        return d

    def jump(self, to: Block, span: Span) -> None:
        self.end(JUMP, to, None, None, span)

    def finish(self) -> Code:
        """The code, complete. What was emitted last is reached by nothing."""
        self._instructions.clear()
        self._layout.captures, self._layout.constants = len(self.captured), len(self._values)
        self.code.captures = len(self.captured)
        empty = [None] * (self._most - self._first_free)
        self.code.rest = (*self._values, *empty)
        self.code.size = FRAME + SLOT * (self.code.arity + self.code.captures + len(self.code.rest))
        return self.code

    # Expressions and statements

    def expr(self, node: Expression, want: int | None = None) -> int:
        """The register that the value of *node* is in: *want*, or any, which may be that of a variable."""
        self._depth += 1
        if self._depth > MAX_DEPTH:
            raise CompileError(f"it is nested more than {MAX_DEPTH} deep", node.span)
        found = EXPRESSIONS[type(node)](self, node, want)
        self._depth -= 1
        if want is not None and found != want:
            self.emit(MOVE, want, found, None, node.span)
            return want
        return found

    def statement(self, node: Statement) -> None:
        self._depth += 1
        if self._depth > MAX_DEPTH:
            raise CompileError(f"it is nested more than {MAX_DEPTH} deep", node.span)
        STATEMENTS[type(node)](self, node)
        self._depth -= 1

    def operand(self, node: Expression, later: Sequence[Node] = ()) -> int:
        """As `expr`, of what is used before anything else happens but the evaluation of *later*."""
        if any(map(self.effects.may_change, later)) and isinstance(node, Identifier | Member | Index):
            return self.owned(node, self.temporary())
        return self.expr(node)

    def owned(self, node: Expression, want: int | None = None, later: Sequence[Node] = ()) -> int:
        """As `expr`, of what is going to be held by another place than the one that it comes from."""
        match node:
            case Identifier(name=name):
                variable = self.find(name)
                if variable is None:
                    return self.expr(node, want)
                held_in = self.load(variable, node.span)
                if want is None and not variable.boxed and any(map(self.effects.may_change, later)):
                    want = self.temporary()
                return int(self.emit(KEEP, held_in if want is None else want, held_in, None, node.span))
            case Member(object=of, name=name):
                want = self.temporary() if want is None else want
                with self.released():
                    return int(self.emit(MEMBER_KEPT, want, self.expr(of), name, node.span))
            case Index(object=of, index=index):
                want = self.temporary() if want is None else want
                with self.released():
                    value, place = self.operand(of, (index,)), self.expr(index)
                    return int(self.emit(INDEX_KEPT, want, value, place, node.span))
            case Call(callee=Member(name=name)) if name in CHANGING:
                found = self.expr(node, want)
                return int(self.emit(KEEP, found, found, None, node.span))
        return self.expr(node, want)
