"""The policies of agent definitions as Cedar policies."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from events.agent_policy import (
    ActionPattern,
    ActionRule,
    AuditRule,
    PolicyRule,
    RequireRule,
    StatedPolicy,
)

from ...dsl.settings.expression_text import expression_of
from ..condition_text import write_all
from ..conditions import Audit, AuditLevel, Condition, RequireApproval
from ..request import Action, Value
from . import requirements
from .drafting import Draft, Effect, any_of, quote
from .expressions import needs, reads, to_cedar
from .naming import ACTS, ALIASES, OF_RESOURCES
from .predicates import ANY_PLACE, Bound, Predicate

NOT_APPROVED = re.compile(r"(?:not |!)\(?context\.has_human_approval\)?")
"""A denial under this condition waits for an approval."""

APPROVED = "context has has_human_approval && context.has_human_approval"

CONTENT = frozenset({"input", "output"})
"""What `include_…` names that is content, and not about it."""


@dataclass(frozen=True, slots=True)
class Holder:
    """Whose policies they are."""

    agent: str | None = None
    """The name of the definition; none for policies of all agents."""
    channel: str | None = None
    inputs: tuple[str, ...] = ()
    """The names of the agent's inputs, of which conditions may speak."""
    definitions: str = ""
    """The functions and types of the file, of which conditions may speak."""
    functions: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Drafted:
    """A draft with the line that it comes from, and the conditions that it leaves to the interpreter."""

    draft: Draft
    line: int
    predicates: Mapping[str, Predicate] = field(default_factory=dict)
    otherwise: Draft | None = None
    """What to say instead where the draft does not fit the schema."""
    more: Mapping[str, Predicate] = field(default_factory=dict)
    """The conditions of *otherwise*."""


def drafted(policy: StatedPolicy, holder: Holder, mapped: Mapping[str, str]) -> Iterator[Drafted]:
    """The policies that one block makes; *mapped* says what requirements of an operator's own mean.

    Raises:
        ValueError: a condition is no expression.
    """
    return _Block(policy, holder, mapped).drafts()


class _Block:
    def __init__(self, policy: StatedPolicy, holder: Holder, mapped: Mapping[str, str]) -> None:
        self._policy = policy
        self._holder = holder
        self._mapped = mapped
        self._name = _id(".".join(filter(None, [holder.agent or holder.channel, policy.name])))
        self._principal = (f"principal.name == {quote(holder.agent)}",) if holder.agent else ()
        self._resources = (f"Topic::{quote(holder.channel)}",) if holder.channel else None
        self._approvals = requirements.approvals(policy)

    def drafts(self) -> Iterator[Drafted]:
        for number, rule in enumerate(self._policy.rules, 1):
            id_ = f"{self._name}.{number}"
            match rule:
                case ActionRule():
                    yield from self._actions(rule, id_)
                case RequireRule():
                    yield from self._required(rule, id_)
                case AuditRule():
                    yield from self._audited(rule, id_)

    def _actions(self, rule: ActionRule, id_: str) -> Iterator[Drafted]:
        waits = rule.kind == "deny" and NOT_APPROVED.fullmatch(rule.condition or "") is not None
        conditions = (
            write_all([self._approvals.shape or RequireApproval(requirements.APPROVER)]) if waits else ""
        )
        for index, pattern in enumerate(rule.actions):
            each = id_ if len(rule.actions) == 1 else f"{id_}.{index + 1}"
            yield self._made(
                rule,
                each,
                "permit" if rule.kind == "allow" else "forbid",
                condition=None if waits else rule.condition,
                pattern=pattern,
                conditions=conditions,
                unless=APPROVED if waits else "",
            )

    def _required(self, rule: RequireRule, id_: str) -> Iterator[Drafted]:
        if rule.holds is not None:
            yield self._made(rule, id_, "forbid", condition=rule.condition, holds=rule.holds)
        for one in rule.requirements:
            for means in requirements.meanings(one, self._holder.agent, self._mapped, self._approvals):
                yield self._made(
                    rule,
                    f"{id_}.{_id(one.name)}",
                    "forbid",
                    condition=rule.condition,
                    actions=means.actions,
                    unless=means.unless,
                    conditions=write_all(means.conditions),
                    reason=means.reason or f"{one.name} is required",
                    about=means.about,
                )

    def _audited(self, rule: AuditRule, id_: str) -> Iterator[Drafted]:
        conditions = write_all([_audit(rule.settings)])
        if not rule.actions:
            yield self._made(rule, id_, "forbid", condition=rule.condition, conditions=conditions)
        for index, pattern in enumerate(rule.actions):
            each = id_ if len(rule.actions) == 1 else f"{id_}.{index + 1}"
            yield self._made(
                rule, each, "forbid", condition=rule.condition, pattern=pattern, conditions=conditions
            )

    def _made(
        self,
        rule: PolicyRule,
        id_: str,
        effect: Effect,
        *,
        condition: str | None,
        pattern: ActionPattern | None = None,
        holds: str | None = None,
        actions: Sequence[Action] | None = None,
        unless: str = "",
        conditions: str = "",
        reason: str = "",
        about: str = "principal",
    ) -> Drafted:
        """One policy; with its conditions in Cedar where that may do, and with them in the interpreter."""
        when = list(self._principal) if about == "principal" else [about]
        bound = self._names(pattern)
        predicates: dict[str, Predicate] = {}
        if pattern is not None:
            if _resources_act(pattern) is None:
                when.append(_acts_of(pattern))
            if equals := _equals(pattern, effect):
                name = f"{id_}.arguments"
                predicates[name] = Predicate(equals=equals)
                when.append(_held(name))
        cedar_when, cedar_unless = list(when), [unless] if unless else []
        other_when, other_unless, more = list(when), list(cedar_unless), dict(predicates)
        in_cedar = True
        for text, name, tests, others in (
            (condition, f"{id_}.if", cedar_when, other_when),
            (holds, f"{id_}.holds", cedar_unless, other_unless),
        ):
            if text is None:
                continue
            expression = expression_of(text)
            said = to_cedar(expression, _in_cedar(bound, pattern))
            in_cedar = in_cedar and said is not None
            tests.append(said or "")
            looks = reads(expression, bound)
            more[name] = Predicate(
                text,
                {of: Bound(bound[of], tuple(sorted(looks[of]))) for of in sorted(looks)},
                definitions=self._holder.definitions if needs(expression, self._holder.functions) else "",
            )
            others.append(_held(name))

        def draft(tests: list[str], exceptions: list[str]) -> Draft:
            return Draft(
                id_,
                effect,
                ("Agent",) if about == "principal" else None,
                actions or (ACTS if pattern is None else _scope_of(pattern)),
                self._resources if about == "principal" else ("Agent",),
                tests,
                exceptions,
                reason or self._reason(rule, pattern),
                conditions,
            )

        other = draft(other_when, other_unless)
        if len(more) == len(predicates):
            return Drafted(other, rule.line, more)
        if not in_cedar:
            return Drafted(other, rule.line, more)
        return Drafted(draft(cedar_when, cedar_unless), rule.line, predicates, other, more)

    def _names(self, pattern: ActionPattern | None) -> dict[str, str]:
        """What the names in a condition stand for."""
        bound = {"context": "context", **{name: f"input:{name}" for name in self._holder.inputs}}
        if pattern is None or pattern.arguments is None:
            return bound
        for place, argument in enumerate(pattern.arguments):
            if argument.name is not None:
                of_resource = (pattern.action, argument.name) in OF_RESOURCES
                bound[argument.name] = "resource" if of_resource else f"argument:{place}:{argument.name}"
        return bound

    def _reason(self, rule: PolicyRule, pattern: ActionPattern | None) -> str:
        what = f" {pattern.action}" if pattern is not None else ""
        under = f" if {rule.condition}" if rule.condition else ""
        holds = f" {rule.holds}" if isinstance(rule, RequireRule) and rule.holds else ""
        return f"{rule.kind}:{what}{holds}{under}"[:500]


def _acts_of(pattern: ActionPattern) -> str:
    tests = [f"context has capability && context.capability == {quote(pattern.action)}"]
    if (alias := ALIASES.get(pattern.action)) is not None:
        tests.append(alias)
    return any_of(tests)


def _resources_act(pattern: ActionPattern) -> Action | None:
    """The one act that the pattern is about, where an argument stands for the resource."""
    acts = (OF_RESOURCES.get((pattern.action, argument.name or "")) for argument in pattern.arguments or ())
    return next((act for act in acts if act is not None), None)


def _scope_of(pattern: ActionPattern) -> Sequence[Action]:
    if (act := _resources_act(pattern)) is not None:
        return (act,)
    named = [action for action in Action if action.value == pattern.action and action not in ACTS]
    return (*ACTS, *named)


def _equals(pattern: ActionPattern, effect: Effect) -> tuple[tuple[str, Value], ...]:
    """The arguments that must be certain values; a denial is not evaded by another order of arguments."""
    return tuple(
        (ANY_PLACE if effect == "forbid" else str(place), argument.value)
        for place, argument in enumerate(pattern.arguments or ())
        if argument.kind == "equal"
    )


def _in_cedar(bound: Mapping[str, str], pattern: ActionPattern | None) -> dict[str, str]:
    """How Cedar calls what the names stand for, where it knows it."""
    return {name: source for name, source in bound.items() if source in ("context", "resource")}


def _held(name: str) -> str:
    return f"context.holds[{quote(name)}]"


def _audit(settings: Mapping[str, Value]) -> Condition:
    include = {
        name.removeprefix("include_") for name, on in settings.items() if name.startswith("include_") and on
    }
    alerts = {
        name.removeprefix("alert_on_") for name, on in settings.items() if name.startswith("alert_on_") and on
    }
    days, tags = settings.get("retention_days"), settings.get("compliance_tags")
    return Audit(
        AuditLevel.FULL if include & CONTENT else AuditLevel.METADATA,
        days if isinstance(days, int) else None,
        frozenset(map(str, tags)) if isinstance(tags, list) else frozenset(),
        frozenset(include),
        frozenset(alerts),
        str(settings.get("log_level") or ""),
    )


def _id(name: str) -> str:
    """*name* as a part of a policy's id."""
    made = re.sub(r"[^A-Za-z0-9_.-]", "_", name)[:90]
    return made if made[:1].isalnum() else f"p{made}"
