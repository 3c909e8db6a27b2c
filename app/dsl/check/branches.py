"""Where a body goes one way or another: `if`, `match` and `try`."""

from ..diagnostics import Note
from ..report import meant
from ..run.failures import KINDS
from ..source import Span
from ..tree import (
    Arm,
    BindingPattern,
    Block,
    BoolLiteral,
    ConstructorPattern,
    If,
    LetCondition,
    LiteralPattern,
    Match,
    NullLiteral,
    Try,
    WildcardPattern,
)
from .body import Body
from .operators import expect_bool
from .patterns import bind_pattern, literal_key
from .types import ANY, BOOL, NEVER, NULL, Type, joined, without_null

_STEMS = tuple(kind.removesuffix("Error") for kind in KINDS if kind != "Error")


def conditional(body: Body, node: If, wanted: Type) -> Type:
    """The type of an `if`; `NEVER` where no branch comes to its end."""
    body.scopes.enter()
    if isinstance(node.condition, LetCondition):
        subject = body.value(node.condition.value)
        whole = bind_pattern(body, node.condition.pattern, without_null(subject))
        if whole and not isinstance(node.condition.pattern, BindingPattern):
            _always(body, node.condition)
    else:
        expect_bool(body, node.condition, body.value(node.condition), "if")
    then = body.inside(node.then, wanted)
    body.leave()
    if node.otherwise is None:
        return NULL
    if isinstance(node.otherwise, If):
        return joined(then, body.value(node.otherwise, wanted))
    return joined(then, body.block(node.otherwise, wanted))


def _always(body: Body, condition: LetCondition) -> None:
    body.report.warning(
        "always-matches",
        "this pattern fits everything",
        condition.pattern.span,
        help="write `if let Some(x) = …` to ask whether it is not null",
    )


def branch(body: Body, node: If) -> bool:
    return conditional(body, node, ANY) == NEVER


def select(body: Body, node: Match) -> bool:
    """A `match`; its end is not reached where every arm ends, and one of them always fits."""
    subject = body.value(node.subject)
    if not node.arms:
        body.report.error("never-matches", "this `match` has no arms", node.span, help="add `_ => { }`")
        return False
    ends, whole = True, False
    seen: set[object] = set()
    for arm in node.arms:
        if whole:
            body.report.error(
                "unreachable",
                "this arm is never reached",
                arm.pattern.span,
                "an arm before fits everything",
                help="put it before, or leave it out",
            )
            break
        _repeated(body, arm, seen)
        body.scopes.enter()
        whole = bind_pattern(body, arm.pattern, subject)
        ends = (_arm(body, arm) == NEVER) and ends
        body.leave()
    whole = whole or _covers(node, subject)
    if not whole:
        body.report.warning(
            "not-exhaustive",
            "no arm may fit",
            Span(node.span.start, node.span.start + len("match")),
            help="add `_ => { }`: where none fits, the body fails with a MatchError",
        )
    return ends


def _arm(body: Body, arm: Arm) -> Type:
    return body.block(arm.body) if isinstance(arm.body, Block) else body.value(arm.body)


def _repeated(body: Body, arm: Arm, seen: set[object]) -> None:
    """Report an arm whose literal an arm before it has."""
    if not isinstance(arm.pattern, LiteralPattern):
        return
    key = literal_key(arm.pattern)
    if key in seen:
        body.report.error(
            "unreachable",
            "this arm is never reached",
            arm.pattern.span,
            "an arm before has the same pattern",
            help="leave it out",
        )
    seen.add(key)


def _covers(node: Match, subject: Type) -> bool:
    """Whether the arms together fit everything, though none does alone."""
    patterns = [arm.pattern for arm in node.arms]
    literals = [one.value for one in patterns if isinstance(one, LiteralPattern)]
    nothing = any(isinstance(one, NullLiteral) for one in literals) or any(
        isinstance(one, BindingPattern) and one.name == "None" for one in patterns
    )
    something = any(
        isinstance(one, ConstructorPattern)
        and one.name == "Some"
        and all(isinstance(each, WildcardPattern | BindingPattern) for each in one.arguments)
        for one in patterns
    )
    truths = {one.value for one in literals if isinstance(one, BoolLiteral)}
    return (nothing and something) or (subject == BOOL and len(truths) == 2)


def attempt(body: Body, node: Try) -> bool:
    ends = body.block(node.body) == NEVER
    if not node.catches:
        body.report.error(
            "missing-catch",
            "this `try` catches nothing",
            Span(node.span.start, node.span.start + len("try")),
            help="add `catch (e) { … }`",
        )
    everything: Span | None = None
    for catch in node.catches:
        if everything is not None:
            body.report.error(
                "unreachable",
                "this `catch` is never reached",
                catch.name_span,
                notes=[Note("this one takes every error", everything)],
                help="put it before, or leave it out",
            )
            break
        if catch.type is None or catch.type.name == "Error":
            everything = catch.name_span
        elif catch.type.name not in KINDS:
            _kind(body, catch.type.name, catch.type.span)
        body.scopes.enter()
        body.bind(catch.name, ANY, catch.name_span)
        ends = (body.inside(catch.body, ANY) == NEVER) and ends
        body.leave()
    return ends


def _kind(body: Body, name: str, span: Span) -> None:
    """Say which kind of errors may have been meant; kinds of their own are no mistake."""
    near = body.report.nearest(name.removesuffix("Error"), _STEMS)
    if near is not None:
        help = meant(f"{near}Error")
        body.report.warning("unknown-kind", f"no built-in error is a `{name}`", span, help=help)
