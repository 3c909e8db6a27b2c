"""What policies say together: rules that contradict one another, and conditions that fail."""

from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from typing import TypeAlias

from events.agent_policy import ActionPattern, ActionRule

from ..diagnostics import Note
from ..report import Report
from ..settings.actions import demanded, names_of, shown
from ..settings.policies import ReadPolicy, ReadRule
from ..source import Span
from ..tree import Expression
from .body import Body
from .operators import expect_bool
from .types import ANY

CONTEXT = "context"
"""What a condition calls the circumstances of a request."""

Demands: TypeAlias = frozenset[tuple[int, str]]

_FEW = 50
"""Rules about one action that a rule is compared with, beside those that demand the same or nothing."""


class Index:
    """Rules by their action and what they demand of its arguments."""

    def __init__(self) -> None:
        self._by_action: dict[str, dict[Demands, ReadRule]] = {}

    def add(self, pattern: ActionPattern, rule: ReadRule) -> None:
        self._by_action.setdefault(pattern.action, {}).setdefault(demanded(pattern), rule)

    def covering(self, pattern: ActionPattern) -> ReadRule | None:
        """A rule about everything that *pattern* names."""
        rules = self._by_action.get(pattern.action)
        if rules is None:
            return None
        wanted = demanded(pattern)
        found = rules.get(frozenset()) or rules.get(wanted)
        if found is not None or not wanted:
            return found
        return next((rule for demands, rule in islice(rules.items(), _FEW) if demands <= wanted), None)

    def covered(self, pattern: ActionPattern) -> ReadRule | None:
        """A rule that is about nothing but what *pattern* names."""
        demands = demanded(pattern)
        rules = self._by_action.get(pattern.action, {})
        return next((rule for wanted, rule in islice(rules.items(), _FEW) if demands <= wanted), None)


class Together:
    """The rules of policies that hold together; those that cannot are reported as they are added."""

    def __init__(
        self, policies: Iterable[ReadPolicy], report: Report, around: "Together | None" = None
    ) -> None:
        self.policies: list[ReadPolicy] = [*(around.policies if around else ()), *policies]
        self._report = report
        self._around = around
        self._denied = Index()
        """Whatever the circumstances."""
        self._allowed = Index()
        self._denied_if: dict[str, Index] = {}
        """By the condition."""
        self._said: dict[tuple[str, str], ReadRule] = {}
        rules = [rule for policy in policies for rule in policy.rules]
        for rule in rules:
            self._repeated(rule)
        for rule, pattern in _patterns(rules, "deny"):
            self._deny(rule, pattern)
        for rule, pattern in _patterns(rules, "allow"):
            self._allow(rule, pattern)

    def check_capabilities(self, capabilities: Mapping[str, Span]) -> None:
        """Report capabilities that are declared and always denied."""
        for name, span in capabilities.items():
            denial = self._denial(ActionPattern(action=name), None)
            if denial is not None:
                self._report.warning(
                    "unreachable-capability",
                    f"`{name}` is declared and can never be called",
                    span,
                    notes=[Note("it is always denied here", denial.node.subject.span)],
                    help="leave out one of them",
                )

    def _deny(self, rule: ReadRule, pattern: ActionPattern) -> None:
        condition = rule.rule.condition
        index = self._denied if condition is None else self._denied_if.setdefault(condition, Index())
        index.add(pattern, rule)
        if condition is None and self._around is not None:
            allowed = self._around._allowed.covered(pattern)
            if allowed is not None:
                self._contradiction(allowed, pattern, rule, at=rule)

    def _allow(self, rule: ReadRule, pattern: ActionPattern) -> None:
        self._allowed.add(pattern, rule)
        denial = self._denial(pattern, rule.rule.condition)
        if denial is not None:
            self._contradiction(rule, pattern, denial, at=rule)

    def _denial(self, pattern: ActionPattern, condition: str | None) -> ReadRule | None:
        """A rule that denies all that *pattern* names: always, or under that very condition."""
        found = self._denied.covering(pattern)
        if found is None and condition is not None and condition in self._denied_if:
            found = self._denied_if[condition].covering(pattern)
        if found is None and self._around is not None:
            found = self._around._denial(pattern, condition)
        return found

    def _contradiction(
        self, allow: ReadRule, pattern: ActionPattern, deny: ReadRule, *, at: ReadRule
    ) -> None:
        name = shown(pattern)
        other, word = (deny, "denied") if at is allow else (allow, "allowed")
        notes = [Note(f"it is {word} here", other.node.subject.span)]
        if allow.always or not deny.always:
            self._report.error(
                "contradiction",
                f"`{name}` is both allowed and denied",
                at.node.subject.span,
                "allowed here" if at is allow else "denied here",
                notes=notes,
                help="a denial outweighs whatever allows: remove one of them, or give the denial a condition",
            )
            return
        self._report.warning(
            "unreachable-rule",
            f"`{name}` is always denied, so it is never allowed",
            at.node.subject.span,
            notes=notes,
            help="remove one of them, or give the denial a condition",
        )

    def _repeated(self, rule: ReadRule) -> None:
        """Report a rule that another one has said already."""
        key = (rule.rule.kind, rule.rule.model_dump_json(exclude={"line"}))
        before = self._said.setdefault(key, rule)
        if before is not rule:
            self._report.warning(
                "duplicate-rule",
                "this rule is there already",
                rule.node.span,
                notes=[Note("here", before.node.span)],
                help="remove one of them",
            )


def _patterns(rules: Iterable[ReadRule], kind: str) -> Iterator[tuple[ReadRule, ActionPattern]]:
    for rule in rules:
        if isinstance(rule.rule, ActionRule) and rule.rule.kind == kind:
            for pattern in rule.rule.actions:
                yield rule, pattern


def check_conditions(policy: ReadPolicy, body: Body, inputs: Iterable[str]) -> None:
    """Check the expressions of a policy, each with the names that its rule binds; *body* is a new one."""
    for name in (CONTEXT, *inputs):
        body.scopes.bind(name, ANY, policy.node.name_span)
    for each in policy.rules:
        body.scopes.enter()
        if each.rule.kind != "require":
            for name in names_of(each.rule.actions):
                body.scopes.bind(name, ANY, each.node.span)
        elif each.rule.holds is not None:
            _check(each.node.subject, body)
        if each.node.condition is not None:
            _check(each.node.condition, body)
        body.scopes.leave()


def _check(expression: Expression, body: Body) -> None:
    expect_bool(body, expression, body.value(expression), "if")
