"""The place in a body that the checker has come to: what is known there, and who reads what comes next."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from ..report import Report
from ..run.builtins.signature import Builtin
from ..source import Span
from ..tree import Block, Expression, Node, Statement
from .annotations import Annotations
from .changes import changed
from .fitting import Records
from .names import Binding, Needed, Scopes, Signature
from .types import ANY, NEVER, NULL, ListOf, OptionOf, Shape, Type, loosened

ReadValue: TypeAlias = Callable[["Body", Any, Type], Type]
ReadStatement: TypeAlias = Callable[["Body", Any], bool]


@dataclass(frozen=True, slots=True)
class Readers:
    """Who reads which node: values give their type, statements whether what follows them is never reached."""

    values: Mapping[type[Node], ReadValue]
    statements: Mapping[type[Node], ReadStatement]


@dataclass(slots=True)
class Body:
    """One body, while it is checked."""

    readers: Readers
    report: Report
    types: Annotations
    functions: Mapping[str, Signature]
    """The functions that it may call, those of its agent and of the file."""
    capabilities: Mapping[str, Builtin | None] | None
    """What its agent may call, and what is known of each; None in a function that several agents may call."""
    others: frozenset[str] = frozenset()
    """Names of the file that are no values: of agents, policies, memories, channels and webhooks."""
    open: bool = False
    """Whether names that nobody bound are attributes of a request, as in a policy's condition."""
    result: Type | None = None
    """What it has to return, where it says so."""
    scopes: Scopes = field(default_factory=Scopes)
    needed: Needed = field(default_factory=Needed)
    loops: int = 0
    lambdas: int = 0
    block_of_all: Block | None = None
    """The whole of it; none of an expression that stands alone."""
    _changed: frozenset[str] | None = None

    @property
    def records(self) -> Records:
        return self.types.records

    def value(self, node: Expression, wanted: Type = ANY) -> Type:
        """The type of *node*, which stands where *wanted* is asked for; whether it fits is not told."""
        return self.readers.values[node.__class__](self, node, wanted)

    def bind(self, name: str, of: Type, span: Span, *, must_be_used: bool = False) -> None:
        """Make *name* stand for a value from here on."""
        before = self.scopes.bind(name, self._kept(name, of), span, must_be_used=must_be_used)
        if before is not None:
            self.unused(before)

    def _kept(self, name: str, of: Type) -> Type:
        """The type of what *name* holds from here on, whatever happens to it."""
        if not isinstance(of, Shape | ListOf | OptionOf) and of != NULL:
            return of
        if self._changed is None:
            self._changed = changed(self.block_of_all) if self.block_of_all is not None else frozenset()
        return loosened(of) if name in self._changed else of

    def leave(self) -> None:
        """Close the innermost block of names."""
        for binding in self.scopes.leave():
            self.unused(binding)

    def unused(self, binding: Binding) -> None:
        self.report.warning(
            "unused-variable",
            f"`{binding.name}` is never used",
            binding.span,
            help=f"remove it, or call it `_{binding.name}` if that is meant",
        )

    def block(self, block: Block, wanted: Type = ANY) -> Type:
        """The type of a block's value; `NEVER` where its end is not reached."""
        self.scopes.enter()
        of = self.inside(block, wanted)
        self.leave()
        return of

    def inside(self, block: Block, wanted: Type) -> Type:
        """As `block`, in the names that are open already."""
        ended: Statement | None = None
        statements = self.readers.statements
        for statement in block.statements:
            if ended is not None:
                self.unreachable(statement.span, ended)
                break
            if statements[statement.__class__](self, statement):
                ended = statement
        if block.result is None:
            return NULL if ended is None else NEVER
        if ended is not None and ended is block.statements[-1]:
            self.unreachable(block.result.span, ended)
        of = self.value(block.result, wanted)
        return of if ended is None else NEVER

    def unreachable(self, span: Span, ended: Statement) -> None:
        from ..diagnostics import Note

        self.report.error(
            "unreachable",
            "this is never reached",
            span,
            notes=[Note("nothing behind this is", ended.span)],
            help="remove it, or put it before",
        )
