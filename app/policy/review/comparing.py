"""What is different between two bundles."""

from dataclasses import dataclass
from difflib import unified_diff
from typing import Any

from ..bundle.bundle import Bundle
from ..bundle.policy import Policy


@dataclass(frozen=True, slots=True)
class Changed:
    """A policy that both have, and not the same."""

    id: str
    what: tuple[str, ...]
    """`effect`, `scope`, `conditions`, and names of annotations: `@reason`."""
    old: Policy
    new: Policy

    def lines(self) -> list[str]:
        """The change in Cedar's words, as a unified diff without its head."""
        old, new = self.old.text.splitlines(), self.new.text.splitlines()
        return [
            line for line in unified_diff(old, new, lineterm="", n=99) if line[:2] not in ("--", "++", "@@")
        ]


@dataclass(frozen=True, slots=True)
class Difference:
    """From one bundle to another one."""

    old: str
    """The digests."""
    new: str
    added: tuple[Policy, ...]
    removed: tuple[Policy, ...]
    changed: tuple[Changed, ...]
    other: tuple[str, ...]
    """What else is different, in words."""

    @property
    def same(self) -> bool:
        """Whether both decide alike; their names may differ."""
        return not (self.added or self.removed or self.changed or self.other)

    def to_json(self) -> dict[str, Any]:
        return {
            "old": self.old,
            "new": self.new,
            "added": [policy.id for policy in self.added],
            "removed": [policy.id for policy in self.removed],
            "changed": [
                {"policy": one.id, "what": list(one.what), "diff": one.lines()} for one in self.changed
            ],
            "other": list(self.other),
        }


def compare(old: Bundle, new: Bundle) -> Difference:
    """What happened to the policies between *old* and *new*, by their ids."""
    return Difference(
        old.digest,
        new.digest,
        tuple(policy for policy in new.policies if policy.id not in old.by_id),
        tuple(policy for policy in old.policies if policy.id not in new.by_id),
        tuple(
            Changed(policy.id, what, policy, new.by_id[policy.id])
            for policy in old.policies
            if policy.id in new.by_id and (what := _what(policy, new.by_id[policy.id]))
        ),
        tuple(_other(old, new)),
    )


def _what(old: Policy, new: Policy) -> tuple[str, ...]:
    if old == new:
        return ()
    found = ["effect"] if old.forbids is not new.forbids else []
    one, other = old.tree, new.tree
    if (one.principal, one.action, one.resource) != (other.principal, other.action, other.resource):
        found.append("scope")
    if one.clauses != other.clauses:
        found.append("conditions")
    names = sorted({*old.annotations, *new.annotations})
    found += [f"@{name}" for name in names if old.annotations.get(name) != new.annotations.get(name)]
    return tuple(found)


def _other(old: Bundle, new: Bundle) -> list[str]:
    found = []
    for what, one, other in (
        ("argument", old.arguments, new.arguments),
        ("condition of a definition", old.predicates, new.predicates),
    ):
        for name in sorted({*one, *other}):
            before, after = one.get(name), other.get(name)
            if before != after:
                verb = "added" if before is None else "removed" if after is None else "changed"
                found.append(f"the {what} {name} was {verb}")
    return found
