"""Lists of nodes with the comments and blank lines between them.

A comment belongs to an element of the innermost list it stands in: before it on lines of its own, or behind
it on the same line. One that stands inside an element, but in no list of it, goes before the element.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Sequence
from typing import TypeVar

from ..source import Source, Span
from ..tree import Node
from .doc import HARD, LINE, SOFT, Doc, Indent, Line, group, joined

N = TypeVar("N", bound=Node)


class Lists:
    """Prints lists, and uses up the comments of a file in the order in which they stand."""

    def __init__(self, source: Source, comments: Sequence[Span]) -> None:
        self.source = source
        self.comments = comments
        self.used = 0

    def in_lines(self, nodes: Sequence[N], show: Callable[[N], Doc], end: int, *, apart: bool = False) -> Doc:
        """Each on lines of its own, with a blank line where the source has some.

        *end* is where the list ends in the source. With *apart* there is a blank line before each element.
        """
        lines = _Lines(self.source)
        for number, node in enumerate(nodes):
            leading = self.before(node.span.start)
            doc = show(node)
            inside = self.before(node.span.end)
            for span in leading:
                lines.add(self.text(span), span, apart=apart and span is leading[0])
            trailing = self.behind(
                node.span.end, nodes[number + 1].span.start if nodes[number + 1 :] else end
            )
            whole = Span(node.span.start, trailing.end if trailing else node.span.end)
            remarks: Doc = [[self.text(span), HARD] for span in inside]
            lines.add((remarks, doc, self.text(trailing, "  ")), whole, apart=apart and not leading)
        for span in self.before(end):
            lines.add(self.text(span), span)
        return lines.docs

    def in_brackets(
        self,
        begin: str,
        nodes: Sequence[N],
        show: Callable[[N], Doc],
        close: str,
        end: int,
        *,
        edge: Line = SOFT,
        broken: bool = False,
    ) -> Doc:
        """On one line, or each on its own, with commas between; *end* is where *close* stands in the source.

        *edge* is what stands inside the brackets when all is on one line.
        """
        used = self.used
        docs: list[Doc] = []
        for number, node in enumerate(nodes):
            leading = self.before(node.span.start)
            doc = show(node)
            inside = self.before(node.span.end)
            last = number == len(nodes) - 1
            trailing = self.behind(node.span.end, end if last else nodes[number + 1].span.start)
            remarks: Doc = [[self.text(span), HARD] for span in (*leading, *inside)]
            docs.append((remarks, doc, "" if last else ",", self.text(trailing, "  ")))
        docs += [self.text(span) for span in self.before(end)]
        if not docs:
            return begin + close
        broken = broken or self.used > used
        return group(begin, Indent([edge, joined(docs, LINE)]), edge, close, broken=broken)

    # Comments

    def before(self, end: int) -> Sequence[Span]:
        """Those that are left before *end*."""
        first = self.used
        while self.used < len(self.comments) and self.comments[self.used].start < end:
            self.used += 1
        return self.comments[first : self.used]

    def behind(self, start: int, limit: int) -> Span | None:
        """The one on the same line behind *start*, if it stands before *limit*."""
        if not self.has_before(limit):
            return None
        comment = self.comments[self.used]
        if comment.start < start or "\n" in self.source.text[start : comment.start]:
            return None
        self.used += 1
        return comment

    def has_before(self, end: int) -> bool:
        return self.used < len(self.comments) and self.comments[self.used].start < end

    def has_between(self, start: int, end: int) -> bool:
        """Whether one that is left stands there."""
        at = bisect_left(self.comments, (start, start), self.used)
        return at < len(self.comments) and self.comments[at].start < end

    def text(self, comment: Span | None, lead: str = "") -> str:
        return lead + self.source.text_of(comment).rstrip() if comment else ""

    # The source

    def is_expanded(self, begin: int, first: int) -> bool:
        """Whether a line of the source ends between *begin* and *first*."""
        return "\n" in self.source.text[begin:first]

    def find(self, bracket: str, start: int) -> int:
        """Where the next *bracket* stands that is in no comment."""
        at = self.source.text.find(bracket, start)
        while at >= 0 and (comment := self.comment_at(at)) is not None:
            at = self.source.text.find(bracket, comment.end)
        return max(at, start)

    def comment_at(self, offset: int) -> Span | None:
        number = bisect_right(self.comments, offset, key=lambda comment: comment.start)
        if number == 0 or self.comments[number - 1].end <= offset:
            return None
        return self.comments[number - 1]


class _Lines:
    """Lines below each other."""

    def __init__(self, source: Source) -> None:
        self.source = source
        self.docs: list[Doc] = []
        self.above = 0

    def add(self, doc: Doc, span: Span, *, apart: bool = False) -> None:
        """What stood at *span*, behind a blank line if there was one before or it shall be *apart*."""
        if self.docs:
            between = self.source.text[self.above : span.start]
            self.docs.append(HARD)
            if apart or between.count("\n") > 1:
                self.docs.append(HARD)
        self.docs.append(doc)
        self.above = span.end
