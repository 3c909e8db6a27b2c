"""The functions of a file and of its agents: their signatures, and what comes out at their ends."""

from collections.abc import Iterable, Mapping, Sequence

from ..diagnostics import Note
from ..report import Report, first
from ..run.builtins.table import FUNCTIONS
from ..source import Span
from ..tree import Block, FunctionDef, Param
from ..tree import Type as Written
from .annotations import Annotations
from .body import Body
from .complaints import fits
from .names import Signature
from .types import ANY, NEVER, NULL, Type

MOST = 64
"""Parameters of a function, or inputs of an agent."""


def parameters(params: Sequence[Param], types: Annotations, report: Report) -> dict[str, Type]:
    """The parameters by name; one whose name was there before is reported and left out."""
    found: dict[str, Type] = {}
    spans: dict[str, Span] = {}
    for param in first(params, MOST, "parameters", report):
        if param.name in spans:
            report.error(
                "duplicate-name",
                f"two parameters are called `{param.name}`",
                param.name_span,
                "the second one",
                notes=[Note("the first one", spans[param.name])],
                help="rename one of them",
            )
            continue
        spans[param.name] = param.name_span
        found[param.name] = types.read(param.type)
    return found


def signatures(
    functions: Iterable[FunctionDef],
    types: Annotations,
    report: Report,
    *,
    around: Mapping[str, Signature] | None = None,
) -> dict[str, Signature]:
    """The functions by name; *around* are those of the file, whose names an agent's must not have."""
    found: dict[str, Signature] = {}
    for function in functions:
        made = Signature(
            function,
            parameters(function.params, types, report),
            ANY if function.returns is None else types.read(function.returns),
        )
        before = found.get(function.name) or (around or {}).get(function.name)
        if before is not None:
            report.error(
                "duplicate-name",
                f"the function `{function.name}` is declared twice",
                function.name_span,
                "the second time",
                notes=[Note("the first time", before.span)],
                help="rename one of them",
            )
            continue
        if function.name in FUNCTIONS:
            report.error(
                "duplicate-name",
                f"`{function.name}` is a function of the language",
                function.name_span,
                help="give it another name",
            )
        found[function.name] = made
    return found


def bind_parameters(body: Body, params: Iterable[Param], types: Mapping[str, Type]) -> None:
    """Make the names of *params* stand for what is given."""
    for param in params:
        body.scopes.bind(param.name, types.get(param.name, ANY), param.name_span)


def check_function(body: Body, function: FunctionDef, signature: Signature) -> None:
    """Check what a function does; *body* is its own."""
    bind_parameters(body, function.params, signature.parameters)
    check_result(body, function.body, function.returns, signature.result, f"the function `{function.name}`")


def check_result(body: Body, block: Block, returns: Written | None, wanted: Type, what: str) -> None:
    """Check a body, and what comes out at its end."""
    body.result = wanted
    body.block_of_all = block
    of = body.block(block, wanted)
    if returns is None or of == NEVER:
        return
    if block.result is not None:
        fits(body, block.result, of, wanted, "the result")
        return
    declared_any = wanted == ANY and getattr(returns, "name", "") == "any"
    if not declared_any and (wanted == ANY or not body.records.fits(NULL, wanted)):
        body.report.error(
            "missing-return",
            f"{what} may end without a result",
            Span(max(block.span.start, block.span.end - 1), block.span.end),
            "the end is reached here",
            notes=[Note("a result is declared here", returns.span)],
            help="add `return …;` before the end",
        )
