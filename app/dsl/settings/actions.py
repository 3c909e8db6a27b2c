"""The acts that a policy's rule is about: call patterns, texts and lists of texts."""

from collections.abc import Iterator

from events.agent_policy import ActionPattern, ArgumentPattern

from ..report import Report
from ..tree import ArrayLiteral, Call, Expression, Identifier, Member, StringLiteral
from .constants import NotConstant, constant, plain

HOW = 'write a call pattern as `export(rows)` or `export(any)`, a text as `"export"`, or a list of texts'


def action_patterns(subject: Expression, report: Report) -> list[ActionPattern]:
    """The acts that *subject* names; what names none is reported and left out."""
    nodes = subject.items if isinstance(subject, ArrayLiteral) else (subject,)
    if not nodes:
        report.error("bad-action", "the list names no action", subject.span, help=HOW)
    found: list[ActionPattern] = []
    for node in nodes:
        pattern = _pattern(node, report)
        if pattern is None:
            continue
        if pattern in found:
            report.warning("duplicate-rule", f"`{shown(pattern)}` is named twice in this rule", node.span)
            continue
        found.append(pattern)
    return found


def _pattern(node: Expression, report: Report) -> ActionPattern | None:
    match node:
        case StringLiteral(value=name) if _is_dotted(name):
            return ActionPattern(action=name)
        case Identifier(name="any"):
            report.error(
                "bad-action",
                "`any` stands for an argument, not for an action",
                node.span,
                help="name the actions; what no rule allows is denied anyway",
            )
        case Identifier(name=name):
            return ActionPattern(action=name)
        case Call(callee=callee, arguments=arguments) if (called := dotted(callee)) is not None:
            patterns = [_argument(argument.value, report) for argument in arguments]
            if None not in patterns:
                return ActionPattern(action=called, arguments=[one for one in patterns if one is not None])
        case _:
            report.error("bad-action", "this names no action", node.span, help=HOW)
    return None


def _argument(node: Expression, report: Report) -> ArgumentPattern | None:
    if isinstance(node, Identifier):
        return ArgumentPattern(kind="any") if node.name in ("any", "_") else _named(node.name)
    try:
        return ArgumentPattern(kind="equal", value=plain(constant(node)))
    except NotConstant as problem:
        report.error(
            "bad-action",
            "an argument of a pattern is a name, `any` or a constant",
            problem.span,
            help="put what depends on it behind `if`",
        )
        return None


def _named(name: str) -> ArgumentPattern:
    return ArgumentPattern(kind="named", name=name)


def names_of(patterns: list[ActionPattern]) -> Iterator[str]:
    """The names that the patterns give to arguments."""
    for pattern in patterns:
        for argument in pattern.arguments or ():
            if argument.name is not None:
                yield argument.name


def demanded(pattern: ActionPattern) -> frozenset[tuple[int, str]]:
    """The places at which *pattern* demands a value, and that value.

    A pattern fits a call with more or fewer arguments too: only values that it demands have to be there. So
    it covers another one of the same action that demands at least the same.
    """
    arguments = enumerate(pattern.arguments or ())
    return frozenset(
        (place, repr(argument.value)) for place, argument in arguments if argument.kind == "equal"
    )


def dotted(node: Expression) -> str | None:
    """`http.get` of the expression that writes it; None: it is no dotted name."""
    parts: list[str] = []
    while isinstance(node, Member):
        parts.append(node.name)
        node = node.object
    if not isinstance(node, Identifier):
        return None
    return ".".join([node.name, *reversed(parts)])


def _is_dotted(name: str) -> bool:
    return len(name) <= 256 and all(
        part.isascii() and part.replace("-", "_").isidentifier() for part in name.split(".")
    )


def shown(pattern: ActionPattern) -> str:
    """*pattern* as one writes it."""
    if pattern.arguments is None:
        return pattern.action
    inside = (
        "any" if argument.kind == "any" else argument.name or repr(argument.value)
        for argument in pattern.arguments
    )
    return f"{pattern.action}({', '.join(inside)})"
