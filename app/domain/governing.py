"""What governs the agents: the policies in force, and what waits for people."""

from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, TypeAlias

from events.approval import ApprovalEvent
from events.policy import AboutBundles

from .approval import APPROVAL, Approval, ApprovalStatus
from .policy import POLICY, PolicySet

CLOSED_KEPT = 10_000
"""Approvals that are decided are remembered up to this many, so that a late word gets the right answer."""

GoverningEvent: TypeAlias = AboutBundles | ApprovalEvent


@dataclass
class Governing:
    """The sets of policies and the approvals, as far as decisions depend on them."""

    policies: dict[str, PolicySet] = field(default_factory=dict)
    approvals: dict[str, Approval] = field(default_factory=dict)
    _closed: "OrderedDict[str, None]" = field(default_factory=OrderedDict)
    """Those that are decided, in the order in which they were."""

    def copy(self) -> "Governing":
        """The same, which stays as it is now."""
        return Governing(dict(self.policies), dict(self.approvals), self._closed.copy())

    def policy_set(self, policy_id: str) -> PolicySet:
        return self.policies.get(policy_id) or POLICY.initial

    def approval(self, approval_id: str) -> Approval:
        return self.approvals.get(approval_id) or APPROVAL.initial

    def take(self, event: GoverningEvent) -> None:
        """Fold the next event."""
        if isinstance(event, AboutBundles):
            self.policies[event.policy_id] = POLICY.evolve(self.policy_set(event.policy_id), event)
            return
        self.approvals[event.approval_id] = APPROVAL.evolve(self.approval(event.approval_id), event)
        if self.approvals[event.approval_id].status is not ApprovalStatus.WAITING:
            self._closed[event.approval_id] = None
            if len(self._closed) > CLOSED_KEPT:
                oldest, _ = self._closed.popitem(last=False)
                del self.approvals[oldest]

    def to_json(self) -> dict[str, Any]:
        """What `from_json` reads."""
        return {
            "policies": {name: _plain(asdict(one)) for name, one in self.policies.items()},
            "approvals": [_plain(asdict(one)) for one in self.approvals.values()],
            "closed": list(self._closed),
        }

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> "Governing":
        """The state that `to_json` wrote; nothing where it wrote nothing."""
        found = cls()
        for name, one in document.get("policies", {}).items():
            found.policies[name] = PolicySet(
                frozenset(one["registered"]), frozenset(one["retired"]), one["active"], tuple(one["before"])
            )
        for one in document.get("approvals", []):
            values = {
                **one,
                "status": ApprovalStatus(one["status"]),
                "barred": frozenset(one["barred"]),
                "granted_by": frozenset(one["granted_by"]),
            }
            found.approvals[one["approval_id"]] = Approval(**values)
        found._closed.update((name, None) for name in document.get("closed", []))
        return found


def _plain(values: Mapping[str, Any]) -> dict[str, Any]:
    return {name: sorted(value) if isinstance(value, frozenset) else value for name, value in values.items()}
