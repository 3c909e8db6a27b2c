"""What in a valid bundle its authors may not have meant."""

from collections.abc import Iterator, Sequence

from cedarpy import pst

from ..bundle.bundle import Bundle
from ..bundle.policy import Policy
from ..bundle.problems import Place, Problem
from ..conditions import MaxTier, MinTier
from ..merging import TIERS
from ..request import Action
from .covering import actions_of, covers, meet, never_applies

MOST_COMPARED = 3_000
"""Policies that are compared with one another; of more, each is only looked at alone."""


def warnings(bundle: Bundle) -> list[Problem]:
    """Everything that is worth a look, in the order of files and lines.

    Shadowed (another policy always decides in its place), repeated, contradictory, unreachable; denials that
    do not say why; actions that nothing permits. What only the values of attributes would show is not found.
    """
    found = [*bundle.warnings, *_alone(bundle), *_unpermitted(bundle)]
    if len(bundle.policies) <= MOST_COMPARED:
        found += _compared(bundle.policies)
    else:
        many = f"{len(bundle.policies)} policies are too many to compare with one another"
        found.append(Problem(Place(bundle.name), many, "warning"))
    return sorted(set(found))


def _warning(policy: Policy, message: str) -> Problem:
    return Problem(policy.place, f"{policy.id}: {message}", "warning")


def _alone(bundle: Bundle) -> Iterator[Problem]:
    for policy in bundle.policies:
        if never_applies(policy.tree):
            yield _warning(policy, "unreachable: a condition never holds")
        if policy.forbids and not policy.binds and not policy.reason:
            yield _warning(policy, "a denial without @reason tells nobody why")


def _unpermitted(bundle: Bundle) -> Iterator[Problem]:
    permitted: set[Action] = set()
    for policy in bundle.policies:
        if not policy.forbids:
            permitted |= actions_of(policy.tree.action)
    missing = [action for action in Action if action not in permitted]
    if missing:
        text = f"no policy permits {', '.join(missing)}: these are always denied"
        yield Problem(Place(bundle.name), text, "warning")


def _compared(policies: Sequence[Policy]) -> Iterator[Problem]:
    hard = [policy for policy in policies if policy.forbids and not policy.binds]
    permits = [policy for policy in policies if not policy.forbids]
    for permit in permits:
        for forbid in hard:
            if covers(forbid.tree, permit.tree):
                if _same(forbid.tree, permit.tree):
                    yield _warning(
                        permit, f"contradictory: {forbid.id} forbids exactly this ({forbid.place})"
                    )
                else:
                    yield _warning(permit, f"shadowed: {forbid.id} always forbids it ({forbid.place})")
                break
    yield from _repeated(permits)
    yield from _repeated(hard)
    yield from _tiers(policies)


def _repeated(policies: Sequence[Policy]) -> Iterator[Problem]:
    """Policies that add nothing to another one of the same effect."""
    for policy in policies:
        if policy.conditions:
            continue
        for other in policies:
            if other is policy or not covers(other.tree, policy.tree):
                continue
            if policy.suspends and not other.suspends:
                continue
            if covers(policy.tree, other.tree) and other.id > policy.id:
                continue  # of two that say the same, the later one is told of
            yield _warning(policy, f"repeated: {other.id} says it already ({other.place})")
            break


def _tiers(policies: Sequence[Policy]) -> Iterator[Problem]:
    """Acts that can never happen, because no sandbox is strict and loose enough."""
    low = [(policy, one) for policy in policies for one in policy.conditions if isinstance(one, MinTier)]
    high = [(policy, one) for policy in policies for one in policy.conditions if isinstance(one, MaxTier)]
    for policy, least in low:
        for other, most in high:
            if TIERS.index(least.tier) > TIERS.index(most.tier) and meet(policy.tree, other.tree):
                text = f"contradictory: it demands {least.tier}, and {other.id} at most {most.tier}"
                yield _warning(policy, f"{text} ({other.place}); where both apply, nothing may happen")


def _same(one: pst.Template, other: pst.Template) -> bool:
    return covers(one, other) and covers(other, one)
