"""What every part of a file's check knows of the file."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TypeVar

from .. import tree
from ..diagnostics import Note
from ..report import Report, first
from ..run.builtins.signature import Builtin
from ..run.builtins.table import FUNCTIONS
from ..source import Source, Span
from .annotations import Annotations
from .body import Body
from .names import Needed, Signature
from .reading import READERS

MOST_ITEMS = 256
"""Blocks of one kind that a file may have; of types and functions there may be any number."""

N = TypeVar("N", bound=tree.Node)
D = TypeVar("D", tree.AgentDef, tree.PolicyDef, tree.MemoryDef, tree.ChannelDef, tree.WebhookDef)


@dataclass
class File:
    """One file, while it is checked."""

    program: tree.Program
    source: Source
    tools: Mapping[str, Builtin] | None
    report: Report
    types: Annotations
    functions: dict[str, Signature] = field(default_factory=dict)
    """Those that stand in no agent."""
    needed: dict[str, Needed] = field(default_factory=dict)
    """What each of them calls."""
    others: frozenset[str] = frozenset()
    """Names of blocks that stand for themselves in a body, as text."""

    @property
    def callable(self) -> frozenset[str]:
        """The functions that every expression of the file may call."""
        return frozenset({*self.functions, *FUNCTIONS})

    def items(self, kind: type[N]) -> list[N]:
        """The items of one kind, in the order of the file."""
        return [item for item in self.program.items if isinstance(item, kind)]

    def named(self, kind: type[D], word: str) -> list[D]:
        """The items of one kind, without those whose name was there before, which are reported."""
        found: dict[str, D] = {}
        for item in first(self.items(kind), MOST_ITEMS, f"blocks of the kind `{word}`", self.report):
            before = found.setdefault(item.name, item)
            if before is not item:
                self.report.error(
                    "duplicate-name",
                    f"the {word} `{item.name}` is there twice",
                    item.name_span,
                    "the second time",
                    notes=[Note("the first time", before.name_span)],
                    help="rename one of them",
                )
        return list(found.values())

    def condition_body(self) -> Body:
        """The body of an expression in a policy that stands in no agent."""
        return self.body(self.functions, None, Needed(), open=True)

    def body(
        self,
        functions: Mapping[str, Signature],
        capabilities: Mapping[str, Builtin | None] | None,
        needed: Needed,
        *,
        open: bool = False,
    ) -> Body:
        """A body of the file, with nothing bound yet."""
        return Body(
            READERS,
            self.report,
            self.types,
            functions,
            capabilities,
            self.others,
            open,
            needed=needed,
        )


def too_many(of: Iterable[object], most: int, what: str, span: Span, report: Report) -> None:
    """Report more of something than there is room for."""
    number = len(list(of))
    if number > most:
        report.error("too-many", f"there are {number} {what}", span, help=f"there is room for {most}")
