"""Parses a definition: always gives a tree of what could be read, and tells everything that could not."""

from dataclasses import dataclass, replace

from ..diagnostics import Diagnostic, error, in_order
from ..source import NOWHERE, Source, Span
from ..tree import MAX_DEPTH, Node, Program, children
from .brackets import balance, too_deep
from .lexing import MAX_TOKENS, lex, span_of
from .reading import Reader

MAX_BYTES = 1024 * 1024
"""The largest definition that is read."""

MAX_DIAGNOSTICS = 50
"""How much is told about one file."""


@dataclass(frozen=True)
class Parsed:
    """What was read of *source*. With an error in *diagnostics* the tree lacks what could not be read."""

    source: Source
    program: Program
    diagnostics: tuple[Diagnostic, ...] = ()
    comments: tuple[Span, ...] = ()

    @property
    def ok(self) -> bool:
        return not any(diagnostic.is_error for diagnostic in self.diagnostics)


def parse(source: Source) -> Parsed:
    """Never raises; time and memory are bounded by the length of the text, which is at most MAX_BYTES."""
    if len(source.text) > MAX_BYTES:
        return _unread(source, _too_large(f"{len(source.text):,} characters"))
    lexed = lex(source)
    if lexed.too_many:
        return _unread(source, _too_large(f"more than {MAX_TOKENS:,} words and signs"))
    comments = tuple(span_of(comment) for comment in lexed.comments)
    balanced = balance(lexed.tokens, source)
    told = lexed.diagnostics + balanced.diagnostics
    if balanced.too_deep:
        return Parsed(source, Program(()), _limited(told), comments)
    reader = Reader(source, balanced, told)
    program = reader.read()
    told += reader.diagnostics
    items = tuple(item for item in program.items if not _is_deeper(item, MAX_DEPTH - 1))
    if len(items) < len(program.items):
        told += [too_deep(item.span) for item in program.items if not any(item is kept for kept in items)]
        program = replace(program, items=items)
    return Parsed(source, program, _limited(told), comments)


def load(data: bytes, name: str) -> Parsed:
    """Parse the content of the file *name*; what is no text is told as such. A byte order mark is ignored."""
    if len(data) > MAX_BYTES:
        return _unread(Source(name, ""), _too_large(f"{len(data):,} bytes"))
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return _unread(Source(name, ""), error("not-utf8", "this file is UTF-16, not UTF-8", NOWHERE))
    data = data.removeprefix(b"\xef\xbb\xbf")
    source = Source(name, data.decode("utf-8", errors="replace"))
    if (at := source.text.find("\0")) >= 0:
        return _unread(source, error("binary", "this is no text: it has a zero byte", Span(at, at + 1)))
    try:
        data.decode()
    except UnicodeDecodeError as problem:
        at = len(data[: problem.start].decode())
        message = f"this is not UTF-8: the byte 0x{data[problem.start]:02X} does not fit here"
        return _unread(source, error("not-utf8", message, Span(at, at + 1)))
    return parse(source)


def _unread(source: Source, told: Diagnostic) -> Parsed:
    return Parsed(source, Program(()), (told,))


def _too_large(size: str) -> Diagnostic:
    limits = f"a definition has at most {MAX_BYTES:,} bytes, and {MAX_TOKENS:,} words and signs"
    return error("file-too-large", f"this file is too large: it has {size}", NOWHERE, help=limits)


def _is_deeper(top: Node, limit: int) -> bool:
    """Whether a path down from *top* has more than *limit* nodes."""
    waiting = [(top, 1)]
    while waiting:
        node, depth = waiting.pop()
        if depth > limit:
            return True
        waiting += [(child, depth + 1) for child in children(node)]
    return False


def _limited(told: list[Diagnostic]) -> tuple[Diagnostic, ...]:
    told = in_order(told)
    if len(told) <= MAX_DIAGNOSTICS:
        return tuple(told)
    *told, next_one = told[:MAX_DIAGNOSTICS]
    return (*told, error("too-many-errors", "from here on there are more errors", next_one.span))
