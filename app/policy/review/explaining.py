"""Why a request is decided as it is, policy by policy."""

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

from cedarpy import pst

from ..bundle.policy import Policy, written
from ..decision import Decision
from ..engine.engine import Engine
from ..request import Request


class Applies(StrEnum):
    """What a policy has to say about a request."""

    YES = "yes"
    NO = "no"
    FAILED = "failed"
    """It could not be evaluated."""


@dataclass(frozen=True, slots=True)
class Heard:
    """One policy that may have a say."""

    policy: Policy
    applies: Applies
    why: str
    """What of it does not fit, or failed; empty where it applies."""
    determined: bool
    """Whether it is among those that determined the decision."""


@dataclass(frozen=True, slots=True)
class Explanation:
    """A decision, and what every policy that could have had a say said."""

    decision: Decision
    heard: tuple[Heard, ...]
    """Those that determined it first."""
    ruled_out: int
    """How many policies are about something else altogether."""

    def to_json(self) -> dict[str, Any]:
        return {
            "digest": self.decision.grounds.digest,
            "policies": [
                {
                    "policy": one.policy.id,
                    "place": str(one.policy.place),
                    "effect": "forbid" if one.policy.forbids else "permit",
                    "applies": one.applies.value,
                    "why": one.why,
                    "determined": one.determined,
                    "reason": one.policy.reason,
                }
                for one in self.heard
            ],
            "ruled_out": self.ruled_out,
        }


def explain(engine: Engine, request: Request) -> Explanation:
    """How *engine* decides *request*, and why; never raises."""
    decision = engine.decide(request)
    policies = engine.slice_of(request).policies
    determining = set(decision.grounds.policies)
    heard = [_heard(engine, request, policy, policy.id in determining) for policy in policies]
    heard.sort(key=lambda one: (not one.determined, one.applies is not Applies.YES, one.policy.id))
    return Explanation(decision, tuple(heard), len(engine.bundle.policies) - len(policies))


def _heard(engine: Engine, request: Request, policy: Policy, determined: bool) -> Heard:
    parts: list[tuple[str, pst.Template]] = [("", replace(policy.tree, clauses=()))]
    for clause in policy.tree.clauses:
        scopeless = replace(policy.tree, principal=pst.ScopeAny(), resource=pst.ScopeAny(), clauses=(clause,))
        parts.append((_clause_text(clause), scopeless))
    for text, part in parts:
        try:
            holds = engine.applies(part, request)
        except ValueError as error:
            return Heard(policy, Applies.FAILED, f"{text}: {error}" if text else str(error), determined)
        if not holds:
            why = f"{text} does not hold" if text else "its scope does not fit"
            return Heard(policy, Applies.NO, why, determined)
    return Heard(policy, Applies.YES, "", determined)


def _clause_text(clause: pst.Clause) -> str:
    """A condition in Cedar's words, on one line: `when { … }`."""
    scope = pst.ScopeAny()
    bare = pst.Template("p", "permit", scope, scope, scope, (clause,), {})
    text = written(pst.PolicySet({}, {"p": bare}, ()))
    return text.partition("resource)")[2].strip(" ;")
