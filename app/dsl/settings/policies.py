"""Reads `policy` blocks into the form that no language owns."""

from collections.abc import Container, Iterable, Iterator
from dataclasses import dataclass

from pydantic import JsonValue

from events.agent_policy import ActionRule, AuditRule, PolicyRule, Requirement, RequireRule, StatedPolicy

from ..report import Report, meant
from ..source import Source
from ..tree import (
    Argument,
    BoolLiteral,
    Call,
    Expression,
    Identifier,
    PolicyDef,
    RecordField,
    RecordLiteral,
    Rule,
    StringLiteral,
)
from .actions import action_patterns
from .constants import NotConstant, constant, plain
from .expression_text import text_of
from .kinds import Kind, Lasting, Text, Whole
from .reading import value_of
from .requirements import AUDITS_BY_NAME, BY_NAME, EVERYTHING, PREFIXES, audit_setting

MOST_RULES = 256
"""Rules that one policy may have."""

_APPROVAL: dict[str, Kind] = {
    "role": Text(64, r"[A-Za-z0-9][A-Za-z0-9_-]*", 'the name of a role as `"finance"`'),
    "quorum": Whole(1, 100),
    "timeout": Lasting(366 * 86_400, "a year"),
}


@dataclass(frozen=True, slots=True)
class ReadRule:
    """One rule that says something, and where it was said."""

    rule: PolicyRule
    node: Rule

    @property
    def always(self) -> bool:
        """Whether it applies whatever the circumstances."""
        return self.rule.condition is None


@dataclass(frozen=True, slots=True)
class ReadPolicy:
    """One policy, and its rules with their places."""

    node: PolicyDef
    rules: tuple[ReadRule, ...]

    @property
    def stated(self) -> StatedPolicy:
        return StatedPolicy(name=self.node.name, rules=[each.rule for each in self.rules])


def read_policy(
    policy: PolicyDef, source: Source, report: Report, functions: Container[str] = ()
) -> ReadPolicy:
    """The policy; rules that say nothing are reported and left out.

    *functions* are those that an expression may call: `require: f(x)` demands that such a call be true, and
    is otherwise a requirement by its name.
    """
    if not policy.rules:
        report.warning("empty-policy", f"the policy `{policy.name}` has no rule", policy.name_span)
    if len(policy.rules) > MOST_RULES:
        report.error(
            "too-many",
            f"the policy `{policy.name}` has {len(policy.rules)} rules",
            policy.name_span,
            help=f"a policy has at most {MOST_RULES}; split it",
        )
    read = (_read_rule(rule, source, report, functions) for rule in policy.rules[:MOST_RULES])
    return ReadPolicy(policy, tuple(each for each in read if each is not None))


def _read_rule(rule: Rule, source: Source, report: Report, functions: Container[str]) -> ReadRule | None:
    if isinstance(rule.condition, BoolLiteral) and not rule.condition.value:
        report.warning(
            "unreachable-rule", "this rule never applies", rule.condition.span, help="leave it out"
        )
    line = source.position(rule.span.start).line
    condition = _condition(rule.condition)
    made: PolicyRule | None
    match rule.kind:
        case "allow" | "deny":
            actions = action_patterns(rule.subject, report)
            made = ActionRule(kind=rule.kind, actions=actions, condition=condition, line=line)
            made = made if actions else None
        case "require":
            made = _require(rule.subject, condition, line, report, functions)
        case "audit":
            made = _audit(rule.subject, condition, line, report)
    return ReadRule(made, rule) if made is not None else None


def _condition(condition: Expression | None) -> str | None:
    """The text of a condition; None for one that always holds."""
    if condition is None or (isinstance(condition, BoolLiteral) and condition.value):
        return None
    return text_of(condition)


def _require(
    subject: Expression, condition: str | None, line: int, report: Report, functions: Container[str]
) -> RequireRule | None:
    holds: str | None = None
    requirements: list[Requirement] = []
    match subject:
        case RecordLiteral(type_name=None, fields=fields):
            requirements = list(_requirements(fields, report))
        case Call(callee=Identifier(name="approval"), arguments=arguments):
            approval = _approval(subject, arguments, report)
            requirements = [Requirement(name="approval", value=approval, known=True)] if approval else []
        case Identifier(name=name) | StringLiteral(value=name):
            requirements = list(_requirements([_true(name, subject)], report))
        case Call(callee=Identifier(name=name)) if name not in functions:
            requirements = [_unmet(name, text_of(subject), subject, report)]
        case _:
            holds = text_of(subject)
    if not requirements and holds is None:
        return None
    return RequireRule(kind="require", requirements=requirements, holds=holds, condition=condition, line=line)


def _true(name: str, node: Expression) -> RecordField:
    return RecordField(name, BoolLiteral(True, span=node.span), name_span=node.span, span=node.span)


def _requirements(fields: Iterable[RecordField], report: Report) -> Iterator[Requirement]:
    seen: set[str] = set()
    for field in fields:
        if field.name in seen:
            report.error("duplicate-name", f"`{field.name}` is required twice", field.name_span)
            continue
        seen.add(field.name)
        known = BY_NAME.get(field.name)
        if known is not None:
            value = value_of(field.value, field.name, known.kind, report)
            if value is not None:
                yield Requirement(name=field.name, value=value, known=True)
            continue
        try:
            shown = plain(constant(field.value))
        except NotConstant as problem:
            report.error("not-constant", f"`{field.name}`: {problem.message}", problem.span)
            continue
        yield _unmet(field.name, shown, field, report)


def _unmet(name: str, value: JsonValue, node: RecordField | Expression, report: Report) -> Requirement:
    near = report.nearest(name, BY_NAME)
    report.warning(
        "unknown-requirement",
        f"nothing in the runtime meets `{name}`",
        node.name_span if isinstance(node, RecordField) else node.span,
        "acts that reach this are denied",
        help=meant(near) or "an operator can say in the configuration what meets it",
    )
    return Requirement(name=name, value=value, known=False)


def _approval(node: Call, arguments: tuple[Argument, ...], report: Report) -> dict[str, JsonValue]:
    """Role, quorum and timeout in seconds of `approval("finance", quorum = 2, timeout = 1d)`."""
    found: dict[str, JsonValue] = {"role": None, "quorum": 1, "timeout_s": 86_400}
    places = iter(_APPROVAL)
    for argument in arguments:
        name = argument.name or next(places, "")
        kind = _APPROVAL.get(name)
        if kind is None:
            report.error(
                "unknown-argument",
                f"`approval` takes no argument `{name}`" if name else "`approval` takes three arguments",
                argument.span,
                help='write `approval("finance", quorum = 2, timeout = 1d)`',
            )
            continue
        value = value_of(argument.value, name, kind, report)
        found["timeout_s" if name == "timeout" else name] = value
    if found["role"] is None:
        if not arguments:
            report.error(
                "wrong-arity",
                "`approval` needs the role that approves",
                node.span,
                help='write `approval("finance")`',
            )
        return {}
    return found


def _audit(subject: Expression, condition: str | None, line: int, report: Report) -> AuditRule | None:
    match subject:
        case RecordLiteral(type_name=None, fields=fields):
            settings = _audit_settings(fields, report)
            return AuditRule(kind="audit", settings=settings, condition=condition, line=line)
        case Identifier(name=name) | StringLiteral(value=name) if name in EVERYTHING:
            return AuditRule(kind="audit", condition=condition, line=line)
    actions = action_patterns(subject, report)
    return AuditRule(kind="audit", actions=actions, condition=condition, line=line) if actions else None


def _audit_settings(fields: Iterable[RecordField], report: Report) -> dict[str, JsonValue]:
    found: dict[str, JsonValue] = {}
    seen: set[str] = set()
    for field in fields:
        if field.name in seen:
            report.error("duplicate-name", f"`{field.name}` is given twice", field.name_span)
            continue
        seen.add(field.name)
        setting = audit_setting(field.name)
        if setting is None:
            near = report.nearest(field.name, AUDITS_BY_NAME)
            others = ", ".join([*AUDITS_BY_NAME, *(f"{prefix.name}…" for prefix in PREFIXES)])
            report.warning(
                "unknown-audit-setting",
                f"`{field.name}` changes nothing about what is recorded",
                field.name_span,
                help=meant(near) or f"there are {others}",
            )
            continue
        value = value_of(field.value, field.name, setting.kind, report)
        if value is not None:
            found[field.name] = value
    return found
