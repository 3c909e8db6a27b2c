"""Expressions as text that stands alone, and back."""

from ..formatting.definitions import Printer
from ..formatting.doc import laid_out
from ..source import Source
from ..syntax import parse
from ..tree import Expression, PolicyDef

_ONE_LINE = 1_000_000


def text_of(node: Expression) -> str:
    """*node* on one line, with the parentheses that it needs and without comments."""
    printer = Printer(Source("", ""), ())
    return laid_out(printer.expression(node), _ONE_LINE)


def expression_of(text: str) -> Expression:
    """The expression that *text* is, as `text_of` writes it. Raises `ValueError` for what is none."""
    parsed = parse(Source("", f"policy p {{ require: {text}\n}}"))
    match parsed.program.items:
        case (PolicyDef(rules=(rule,)),) if parsed.ok and rule.condition is None:
            return rule.subject
    raise ValueError(f"{text!r} is no expression")
