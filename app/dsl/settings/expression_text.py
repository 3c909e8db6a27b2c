"""Expressions and statements as text that stands alone, and back."""

from ..formatting.definitions import Printer
from ..formatting.doc import Doc, laid_out
from ..source import Source
from ..syntax import parse
from ..tree import Expression, PolicyDef, Statement

_ONE_LINE = 1_000_000


def text_of(node: Expression) -> str:
    """*node* without comments, and on one line where no block in it has statements."""
    return _text(_printer().expression(node))


def statement_text(node: Statement) -> str:
    """*node* laid out the one way, without comments; its blocks have lines of their own."""
    return _text(_printer().statement(node))


def _printer() -> Printer:
    return Printer(Source("", ""), ())


def _text(doc: Doc) -> str:
    return laid_out(doc, _ONE_LINE)


def expression_of(text: str) -> Expression:
    """The expression that *text* is, as `text_of` writes it. Raises `ValueError` for what is none."""
    parsed = parse(Source("", f"policy p {{ require: {text}\n}}"))
    match parsed.program.items:
        case (PolicyDef(rules=(rule,)),) if parsed.ok and rule.condition is None:
            return rule.subject
    raise ValueError(f"{text!r} is no expression")
