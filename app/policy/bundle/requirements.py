"""What the named requirements of definitions mean: a test that must hold, or conditions to carry out."""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from events.agent_policy import ActionRule, Requirement, RequireRule, StatedPolicy

from ..condition_text import BadCondition, parse_all
from ..condition_text import tier as tier_of
from ..conditions import (
    ApprovalScope,
    CircuitBreaker,
    Condition,
    MinTier,
    RateLimit,
    RequireApproval,
    RetryLimit,
    TimeLimit,
)
from ..request import Action, Value
from .drafting import quote
from .naming import ACTS

APPROVER = "operator"
"""Whose approval is asked for where a definition says how, and not whose."""

MECHANISMS = frozenset({"cryptographic_token", "signed", "signature", "human", "manual", "cli"})
"""How approvals are given here: a person signs a command. Any other mechanism is not met."""

SHAPING = frozenset({"approval_mechanism", "approval_expiry", "approval_scope"})

TALKING = (
    Action.CALL_TOOL,
    Action.INVOKE_MODEL,
    Action.SEND_MESSAGE,
    Action.PUBLISH,
    Action.DISCLOSE_DATA,
)
"""The acts that may lead to somebody else's computer."""

DATA = (Action.READ_DATA, Action.WRITE_DATA, Action.DELETE_DATA, Action.DISCLOSE_DATA)
SANDBOXED = (Action.ALLOCATE, Action.RUN_CODE)


@dataclass(frozen=True, slots=True)
class Meaning:
    """What one requirement forbids unless it is met."""

    actions: Sequence[Action]
    unless: str = ""
    """A Cedar expression that holds where it is met."""
    conditions: tuple[Condition, ...] = ()
    """What must be carried out in place of that."""
    reason: str = ""
    about: str = "principal"
    """`principal` where the agent acts; otherwise a test that the resource is the agent."""


@dataclass(frozen=True, slots=True)
class Approvals:
    """What a block says of approvals in general."""

    shape: RequireApproval | None = None
    """How they are given, where it says so; for nobody in particular."""
    asked_for: bool = False
    """Whether a rule of the block asks for one by itself; otherwise saying how one is given asks for it."""


def approvals(policy: StatedPolicy) -> Approvals:
    """What the rules of *policy* say of approvals together."""
    required = [one for rule in policy.rules if isinstance(rule, RequireRule) for one in rule.requirements]
    asked_for = any(one.name == "approval" for one in required) or any(
        isinstance(rule, ActionRule) and "has_human_approval" in (rule.condition or "")
        for rule in policy.rules
    )
    shape = RequireApproval(APPROVER) if any(one.name in SHAPING for one in required) else None
    for one in required:
        if shape is not None and one.name == "approval_expiry":
            shape = replace(shape, valid_s=_whole(one.value))
        elif shape is not None and one.name == "approval_scope":
            shape = replace(shape, scope=ApprovalScope(str(one.value)))
    return Approvals(shape, asked_for)


def meanings(
    one: Requirement, agent: str | None, mapped: Mapping[str, str], approvals: Approvals
) -> Iterator[Meaning]:
    """What *one* means for the agents of a definition, or for all where *agent* is none.

    *mapped* is the operator's: name → a Cedar expression that holds where it is met, or `condition:` and
    conditions. What is neither known nor mapped is never met. A requirement that is `false` asks for nothing.
    """
    if one.value is False and one.name != "pin_on_first_use":
        return
    if one.name in mapped:
        yield _mapped(one.name, mapped[one.name])
    elif not one.known:
        yield _unmet(one.name)
    else:
        yield from _known(one, agent, approvals)


def _known(one: Requirement, agent: str | None, approvals: Approvals) -> Iterator[Meaning]:
    value = one.value
    if (fact := _FACTS.get(one.name)) is not None:
        actions, attribute = fact
        test = f"context has {attribute} && context.{attribute}"
        yield Meaning(actions, test, reason=f"{one.name} is required")
        return
    match one.name:
        case "approval" if isinstance(value, Mapping):
            asked = RequireApproval(str(value["role"]), _whole(value["quorum"]), _whole(value["timeout_s"]))
            if (shape := approvals.shape) is not None:
                asked = replace(asked, scope=shape.scope, valid_s=shape.valid_s)
            yield Meaning(ACTS, conditions=(asked,))
        case "approval_mechanism" if str(value) not in MECHANISMS:
            yield _unmet(f"approval_mechanism {value}")
        case "approval_mechanism" | "approval_expiry" | "approval_scope":
            if approvals.shape is not None and not approvals.asked_for:
                yield Meaning(ACTS, conditions=(approvals.shape,))
        case "require_reason":
            yield Meaning(
                (Action.APPROVE,),
                'context has reason && context.reason != ""',
                reason="who approves must say why",
                about=_is(agent),
            )
        case "rate_limiting" if isinstance(value, Mapping):
            per = str(value.get("per") or "principal")
            yield Meaning(
                ACTS, conditions=(RateLimit(_whole(value["count"]), _whole(value["window_s"]), per),)
            )
        case "timeout_per_request":
            yield Meaning(ACTS, conditions=(TimeLimit(_milliseconds(value)),))
        case "total_timeout":
            yield Meaning(ACTS, conditions=(TimeLimit(_milliseconds(value), whole_run=True),))
        case "max_retry_attempts":
            yield Meaning(ACTS, conditions=(RetryLimit(_whole(value)),))
        case "circuit_breaker":
            yield Meaning(ACTS, conditions=(CircuitBreaker(5 if value is True else _whole(value), 60),))
        case "sandbox_tier":
            yield Meaning(SANDBOXED, conditions=(MinTier(tier_of(str(value))),))
        case "max_concurrent_agents":
            count = "same_definition" if agent else "live_agents"
            yield Meaning(
                (Action.SPAWN_AGENT,),
                f"context has {count} && context.{count} < {_whole(value)}",
                reason=f"no more than {value} agents at once",
                about=_is(agent),
            )
        case "max_data_size" | "max_document_size":
            name = "size" if one.name == "max_data_size" else "document_size"
            test = f"context has {name} && context.{name} <= {_whole(value)}"
            yield Meaning((*TALKING, *DATA[:2]), test, reason=f"{one.name} is {value} bytes")
        case "schemapin_mode":
            test = "context has schema_verified && context.schema_verified"
            if value == "strict":
                test += f" && {_PINNED}"
            yield Meaning((Action.CALL_TOOL,), test, reason=f"schemapin_mode is {value}")
        case "pin_on_first_use":
            if value is False:
                yield Meaning((Action.CALL_TOOL,), _PINNED, reason="keys are not pinned on first use")
        case "verify_tool_schemas":
            test = "resource is Tool && resource.approved"
            yield Meaning((Action.CALL_TOOL,), test, reason="the tool's definition is not the approved one")
        case "trust_bundle":
            test = f"context has trust_bundle && context.trust_bundle == {quote(str(value))}"
            yield Meaning((Action.CALL_TOOL,), test, reason=f"trust_bundle must be {value}")
        case _:
            yield _unmet(one.name)


_PINNED = 'context has schema_pinned && context.schema_pinned == "operator"'

_FACTS: dict[str, tuple[Sequence[Action], str]] = {
    "tls_verification": (TALKING, "tls_verified"),
    "signature_verification": (TALKING, "signature_verified"),
    "schema_validation": ((Action.CALL_TOOL,), "schema_valid"),
    "input_validation": (ACTS, "input_valid"),
    "consent_verification": (DATA, "consent"),
}
"""Requirements that are met where an attribute of the context is true."""


def _mapped(name: str, text: str) -> Meaning:
    if not text.startswith("condition:"):
        return Meaning(ACTS, text, reason=f"{name} is required")
    try:
        return Meaning(ACTS, conditions=parse_all(text.removeprefix("condition:").strip()))
    except BadCondition as error:
        raise ValueError(f"the configuration maps {name} to no condition: {error}") from None


def _unmet(name: str) -> Meaning:
    return Meaning(ACTS, "false", reason=f"nothing here meets the requirement {name}")


def _is(agent: str | None) -> str:
    return f"resource.name == {quote(agent)}" if agent else "true"


def _whole(value: Value) -> int:
    return math.ceil(_number(value))


def _milliseconds(value: Value) -> int:
    return max(1, math.ceil(_number(value) * 1000))


def _number(value: Value) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ValueError(f"{value!r} is no number")
    return value
