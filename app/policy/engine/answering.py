"""From what Cedar determined to a decision in our words."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from ..bundle.bundle import Bundle
from ..bundle.policy import Policy
from ..conditions import Audit, Budget, Condition, RateLimit, Unknown
from ..decision import Allow, AllowWithConditions, Decision, Deny, Grounds
from ..merging import Contradiction, merge
from ..request import Request


@dataclass(frozen=True, slots=True)
class Determined:
    """What Cedar says of a request."""

    allowed: bool
    """Whether a policy permits and none forbids, were all conditions carried out."""
    policies: tuple[str, ...]
    """The ids of the policies that determined that, sorted."""
    binding: tuple[str, ...] = ()
    """The ids of the policies that forbid unless their conditions are carried out, and apply; sorted."""
    holds: tuple[tuple[str, bool], ...] = ()
    """The predicates that were asked for, and what they came to."""


def answer(bundle: Bundle, determined: Determined) -> Decision:
    """The decision that follows from what was determined; where nothing permits, without a reason yet."""
    deciding = [bundle.by_id[id_] for id_ in determined.policies]
    binding = [bundle.by_id[id_] for id_ in determined.binding]
    if not determined.allowed:
        return _denied(bundle, determined, deciding, binding)
    grounds = _grounds(bundle, determined, sorted([*deciding, *binding], key=lambda policy: policy.id))
    conditions = [_counted(one, policy) for policy in (*deciding, *binding) for one in policy.conditions]
    for condition in conditions:
        if isinstance(condition, Unknown):
            return Deny(f"nobody here can carry out {condition.text}", grounds)
    try:
        merged = merge(conditions)
    except Contradiction as error:
        return Deny(f"{error} ({', '.join(grounds.policies)})", grounds)
    return AllowWithConditions(merged, grounds) if merged else Allow(grounds)


def named(decision: Decision, request: Request) -> Decision:
    """*decision*, which may be about several requests, in words about this one."""
    if isinstance(decision, Deny) and not decision.reason:
        who = f"{request.principal.ref} to {request.action} {request.resource}"
        return replace(decision, reason=f"no policy permits {who}")
    return decision


def _counted(condition: Condition, policy: Policy) -> Condition:
    """A limit is counted under the policy that sets it."""
    return replace(condition, bucket=policy.id) if isinstance(condition, RateLimit | Budget) else condition


def failed(digest: str, why: str) -> Deny:
    """The decision where nothing could be determined."""
    return Deny(f"it could not be decided: {why}", Grounds(digest), error=True)


def _denied(
    bundle: Bundle,
    determined: Determined,
    deciding: Sequence[Policy],
    binding: Iterable[Policy],
) -> Deny:
    grounds = _grounds(bundle, determined, deciding)
    if deciding:
        said = "; ".join(grounds.reasons)
        names = ", ".join(grounds.policies)
        reason = f"{said} ({names})" if said else f"forbidden by {names}"
    else:
        reason = ""
    audits: list[Condition] = [
        one for policy in binding for one in policy.conditions if isinstance(one, Audit)
    ]
    audit = next(iter(merge(audits)), None)
    return Deny(
        reason,
        grounds,
        suspend=any(policy.suspends for policy in deciding),
        audit=audit if isinstance(audit, Audit) else None,
    )


def _grounds(bundle: Bundle, determined: Determined, policies: Sequence[Policy]) -> Grounds:
    return Grounds(
        bundle.digest,
        tuple(policy.id for policy in policies),
        tuple(policy.reason for policy in policies if policy.reason),
        determined.holds,
    )
