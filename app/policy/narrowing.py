"""An agent's own policies narrow what the active bundle allows it; they never widen it."""

from .conditions import Condition
from .decision import Allow, AllowWithConditions, Decision, Deny, Grounds
from .merging import Contradiction, merge


def narrowed(active: Decision, own: Decision) -> Decision:
    """What both allow, under the conditions of both; a denial names the bundle that it is of."""
    if isinstance(active, Deny):
        return active
    if isinstance(own, Deny):
        return own
    grounds = Grounds(
        active.grounds.digest,
        (*active.grounds.policies, *own.grounds.policies),
        (*active.grounds.reasons, *own.grounds.reasons),
        (*active.grounds.holds, *own.grounds.holds),
    )
    try:
        conditions = merge([*_conditions(active), *_conditions(own)])
    except Contradiction as error:
        return Deny(f"{error} ({', '.join(grounds.policies)})", grounds)
    return AllowWithConditions(conditions, grounds) if conditions else Allow(grounds)


def _conditions(decision: Decision) -> tuple[Condition, ...]:
    return decision.conditions if isinstance(decision, AllowWithConditions) else ()
