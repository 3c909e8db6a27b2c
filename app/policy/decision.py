"""What the policies answered: allowed, denied, or allowed under conditions; by which set, and why."""

from dataclasses import dataclass, field
from typing import TypeAlias

from .conditions import Audit, Condition

NO_BUNDLE = ""
"""The digest of a decision that no bundle made, because none is active."""


@dataclass(frozen=True, slots=True)
class Grounds:
    """What a decision rests on."""

    digest: str = NO_BUNDLE
    """`sha256:` and 64 hex digits: the bundle that decided."""
    policies: tuple[str, ...] = ()
    """The ids of the policies that determined it, sorted; none where it was an error or nothing permits."""
    reasons: tuple[str, ...] = ()
    """What those policies say of themselves (`@reason`), in the same order; silent ones are left out."""
    holds: tuple[tuple[str, bool], ...] = ()
    """The conditions that Cedar cannot hold and that were asked for, by name, and what they came to."""


@dataclass(frozen=True, slots=True)
class Allow:
    """It may happen."""

    grounds: Grounds


@dataclass(frozen=True, slots=True)
class Deny:
    """It must not happen."""

    reason: str
    """One sentence for people: which policy says no and why, what permits nothing, or what went wrong."""
    grounds: Grounds = field(default_factory=Grounds)
    suspend: bool = False
    """A policy that denied says that the agent is to be suspended, `@on_deny("suspend")`."""
    error: bool = False
    """Nothing was decided: no bundle, an unknown entity, a policy that failed. Denied for safety."""
    audit: Audit | None = None
    """How fully the attempt is recorded, where a policy says so."""


@dataclass(frozen=True, slots=True)
class AllowWithConditions:
    """It may happen if every condition is carried out; whoever cannot carry out one must not act."""

    conditions: tuple[Condition, ...]
    """Not empty; of each kind the strictest that applies (`merging.py`)."""
    grounds: Grounds


Decision: TypeAlias = Allow | Deny | AllowWithConditions
