"""Policies written in YAML: each of the four types in Cedar's words."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias, assert_never

from pydantic import ValidationError

from ...dsl.source import Source
from ..condition_text import parse, tier, write, write_all
from ..conditions import (
    Audit,
    Budget,
    Condition,
    MaxTier,
    MinTier,
    RateLimit,
    Redact,
    RetryLimit,
    Sandbox,
    TimeLimit,
)
from ..request import Action
from ..schema.actions import ACTIONS
from .drafting import Draft, any_of, quote, test_of
from .policy import Policy, from_cedar
from .problems import Problem
from .yaml_models import (
    YAML_POLICY,
    AccessControl,
    AccessRule,
    AuditRequirements,
    DataFlow,
    FlowRule,
    LimitRule,
    Manifest,
    Most,
    RecordRule,
    ResourceUsage,
    Scope,
    YamlPolicy,
)
from .yaml_nodes import Document, NotYaml, Path, problems_of
from .yaml_nodes import read as read_yaml

MOVING = (
    Action.SEND_MESSAGE,
    Action.PUBLISH,
    Action.CALL_TOOL,
    Action.INVOKE_MODEL,
    Action.WRITE_DATA,
    Action.DISCLOSE_DATA,
)
"""The acts by which data goes somewhere."""

EXTERNAL = any_of(
    [
        "resource is Tool && resource.external",
        "resource is Topic && resource.external",
        "resource is Model && resource.external",
        'action == Action::"disclose_data" && context.external',
    ]
)
"""Holds when the receiver is outside the runtime."""

Rule: TypeAlias = AccessRule | FlowRule | LimitRule | RecordRule

LIMITED = (Action.ALLOCATE, Action.RUN_CODE)
"""The acts that ask for resources."""


@dataclass
class Read:
    """What a file of YAML holds."""

    policies: list[Policy] = field(default_factory=list)
    manifests: list[tuple[Manifest, Document]] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)


def read(source: Source) -> Read:
    """The policies in a file of YAML, and everything that is wrong with it."""
    found = Read()
    try:
        documents = list(read_yaml(source))
    except NotYaml as error:
        found.problems.append(error.problem)
        return found
    for document in documents:
        try:
            model = YAML_POLICY.validate_python(document.value)
        except ValidationError as error:
            found.problems += problems_of(error, document)
            continue
        if isinstance(model, Manifest):
            found.manifests.append((model, document))
            continue
        for path, rule in _rules(model):
            try:
                for draft in _drafts(rule):
                    found.policies.append(from_cedar(draft.to_cedar(), document.place(path)))
            except ValueError as error:
                found.problems.append(_rule_problem(rule, document, path, str(error)))
    return found


def _rules(model: YamlPolicy) -> Iterator[tuple[Path, Rule]]:
    match model:
        case AccessControl(policies=rules):
            yield from ((("policies", index), rule) for index, rule in enumerate(rules))
        case DataFlow(flows=flows):
            yield from ((("flows", index), flow) for index, flow in enumerate(flows))
        case ResourceUsage(limits=limits):
            yield from ((("limits", index), limit) for index, limit in enumerate(limits))
        case AuditRequirements(records=records):
            yield from ((("records", index), record) for index, record in enumerate(records))
        case Manifest():
            return
        case _:
            assert_never(model)


def _rule_problem(rule: Rule, document: Document, path: Path, message: str) -> Problem:
    for name in ("when", "unless"):
        if (place := document.places.get((*path, name))) is not None:
            return Problem(place, f"{name} of {rule.id}: {message}")
    return Problem(document.place(path), f"{rule.id}: {message}")


def _drafts(rule: Rule) -> Iterator[Draft]:
    match rule:
        case AccessRule():
            yield _access(rule)
        case FlowRule():
            yield _flow(rule)
        case LimitRule():
            yield from _limit(rule)
        case RecordRule():
            yield _record(rule)
        case _:
            assert_never(rule)


def _access(rule: AccessRule) -> Draft:
    return Draft(
        rule.id,
        "forbid" if rule.deny else "permit",
        rule.principals,
        rule.deny or rule.allow,
        rule.resources,
        _tests(rule.when),
        _tests(rule.unless),
        rule.reason,
        "; ".join(rule.conditions or ()),
        rule.on_deny is not None,
    )


def _flow(rule: FlowRule) -> Draft:
    classes = [f"DataClass::{quote(name)}" for name in rule.allow or rule.deny or rule.redact or ()]
    listed = f"[{', '.join(classes)}]"
    when, unless = [*_tests(rule.when)], [*_tests(rule.unless)]
    if rule.to:
        when.append(any_of(EXTERNAL if one == "external" else test_of("resource", one) for one in rule.to))
    if rule.allow:
        when.append(f"context has data_classes && {listed}.containsAll(context.data_classes)")
    else:
        # Data whose class nobody knows may be of any.
        unless.append(f"context has data_classes && !context.data_classes.containsAny({listed})")
    return Draft(
        rule.id,
        "permit" if rule.allow else "forbid",
        rule.principals,
        rule.actions or MOVING,
        None,
        when,
        unless,
        rule.reason,
        write(Redact(frozenset(rule.redact))) if rule.redact else "; ".join(rule.conditions or ()),
        rule.on_deny is not None,
    )


def _limit(rule: LimitRule) -> Iterator[Draft]:
    if conditions := list(_limit_conditions(rule)):
        yield _binding(rule, rule.id, rule.actions, conditions)
    if conditions := list(_sandbox_conditions(rule)):
        yield _binding(rule, f"{rule.id}.sandbox", _narrowed(LIMITED, rule, "sandbox"), conditions)
    if rule.max is None:
        return
    for name, actions, test in _most(rule.max):
        yield Draft(
            f"{rule.id}.max_{name}",
            "forbid",
            rule.principals,
            _narrowed(actions, rule, f"max.{name}"),
            rule.resources,
            _tests(rule.when),
            (*_tests(rule.unless), test),
            rule.reason or f"{name} is above what is allowed",
        )


def _narrowed(actions: Sequence[Action], rule: LimitRule, name: str) -> Sequence[Action]:
    """Those of *actions* that the rule is about. Raises `ValueError` when it is about none."""
    if rule.actions is None:
        return actions
    wanted = [one for one in actions if one in rule.actions or ACTIONS[one].group in rule.actions]
    if not wanted:
        raise ValueError(f"{name} is about {', '.join(actions)}, and actions names none of these")
    return wanted


def _limit_conditions(rule: LimitRule) -> Iterator[Condition]:
    for count, window, per in rule.rate or ():
        yield RateLimit(count, window, per)
    for unit, (amount, window, per) in (rule.budget or {}).items():
        yield Budget(unit, amount, window, per)
    if rule.time_limit:
        yield TimeLimit(rule.time_limit)
    if rule.total_time_limit:
        yield TimeLimit(rule.total_time_limit, True)
    if rule.retries:
        yield RetryLimit(rule.retries)
    if rule.circuit_breaker:
        yield parse(rule.circuit_breaker)


def _sandbox_conditions(rule: LimitRule) -> Iterator[Condition]:
    if rule.min_tier:
        yield MinTier(tier(rule.min_tier))
    if rule.max_tier:
        yield MaxTier(tier(rule.max_tier))
    if rule.network:
        yield Sandbox(rule.network)


def _most(most: Most) -> Iterator[tuple[str, Sequence[Action], str]]:
    """For each limit: its name, the acts that it is about, and when it is kept."""
    if most.cpu_cores is not None:
        yield "cpu_cores", LIMITED, f"context.cpu_millis <= {int(most.cpu_cores * 1000)}"
    for name in ("memory_mb", "disk_io_mbps", "network_io_mbps"):
        if (value := getattr(most, name)) is not None:
            yield name, LIMITED, f"context.{name} <= {value}"
    if most.execution_timeout is not None:
        yield "execution_timeout", LIMITED, f"context.execution_timeout_s <= {most.execution_timeout}"
    for name in ("size", "document_size"):
        if (value := getattr(most, name)) is not None:
            yield name, MOVING, f"context has {name} && context.{name} <= {value}"
    if most.live_agents is not None:
        test = f"context has live_agents && context.live_agents < {most.live_agents}"
        yield "live_agents", (Action.SPAWN_AGENT,), test
    if most.tokens is not None:
        yield "tokens", (Action.INVOKE_MODEL,), f"context.tokens <= {most.tokens}"


def _record(rule: RecordRule) -> Draft:
    audit = Audit(
        rule.level,
        rule.retention_days,
        frozenset(rule.tags),
        frozenset(rule.include),
        frozenset(rule.alert_on),
    )
    return _binding(rule, rule.id, rule.actions, [audit])


def _binding(rule: Scope, id_: str, actions: Sequence[str] | None, conditions: list[Condition]) -> Draft:
    """A policy that forbids unless the conditions are carried out."""
    return Draft(
        id_,
        "forbid",
        rule.principals,
        actions,
        rule.resources,
        _tests(rule.when),
        _tests(rule.unless),
        rule.reason,
        write_all(conditions),
    )


def _tests(expression: str | None) -> tuple[str, ...]:
    return () if expression is None else (expression,)
