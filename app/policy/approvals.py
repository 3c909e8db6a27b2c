"""Which acts people have granted, and which still wait for them."""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from events import clock
from events.approval import (
    ApprovalDenied,
    ApprovalEvent,
    ApprovalExpired,
    ApprovalGranted,
    ApprovalRequested,
)
from events.policy import PolicyDecision

from .conditions import ApprovalScope, Condition, RequireApproval
from .recording import act_digest, kind_digest, of_kind
from .request import Request


@dataclass(frozen=True, slots=True)
class Standing:
    """One approval, as far as acts depend on it."""

    approval_id: str
    role: str
    quorum: int
    scope: ApprovalScope
    act: str
    """Of the act that was asked about."""
    kind: str
    """Of all acts of the run that are like it."""
    expires_at_ns: int
    valid_until_ns: int | None = None
    """Once it is granted."""

    def covers(self, act: str, kind: str) -> bool:
        return self.act == act or (self.scope is ApprovalScope.RUN and self.kind == kind)


@dataclass(frozen=True, slots=True)
class Cleared:
    """How far the approvals that a decision asks for are there."""

    granted: tuple[str, ...]
    """The ids of those that are; recorded with the decision that rests on them."""
    waiting: tuple[str, ...]
    """The ids of those that were requested and are not decided yet."""
    missing: tuple[RequireApproval, ...]
    """What has not been requested, or was denied, used or is over: it has to be requested."""

    @property
    def complete(self) -> bool:
        """Whether the act may happen as far as people are concerned."""
        return not self.waiting and not self.missing


@dataclass
class Approvals:
    """Every approval that may still matter, folded from the log."""

    _standing: dict[str, Standing] = field(default_factory=dict)

    def take(self, event: ApprovalEvent | PolicyDecision) -> None:
        """Fold the next event; never raises."""
        match event:
            case ApprovalRequested():
                self._standing[event.approval_id] = Standing(
                    event.approval_id,
                    event.role,
                    event.quorum,
                    ApprovalScope(event.scope),
                    event.act_digest,
                    of_kind(event.asked),
                    clock.from_wire(event.expires_at),
                )
            case ApprovalGranted(approval_id=name, valid_until=until) if until is not None:
                if (known := self._standing.get(name)) is not None:
                    self._standing[name] = replace(known, valid_until_ns=clock.from_wire(until))
            case ApprovalDenied(approval_id=name) | ApprovalExpired(approval_id=name):
                self._standing.pop(name, None)
            case PolicyDecision(approvals=names):
                for name in names:
                    used = self._standing.get(name)
                    if used is not None and used.scope is ApprovalScope.ACT:
                        del self._standing[name]
            case _:
                pass

    def cleared(self, conditions: Iterable[Condition], request: Request, now_ns: int) -> Cleared:
        """How far the approvals among *conditions* are there for exactly this request."""
        wanted = [one for one in conditions if isinstance(one, RequireApproval)]
        if not wanted:
            return Cleared((), (), ())
        act, kind = act_digest(request), kind_digest(request)
        granted, waiting, missing = list[str](), list[str](), list[RequireApproval]()
        for one in wanted:
            fitting = [
                standing
                for standing in self._standing.values()
                if standing.role == one.role and standing.quorum >= one.quorum and standing.covers(act, kind)
            ]
            good = [
                each for each in fitting if each.valid_until_ns is not None and now_ns < each.valid_until_ns
            ]
            open_ = [each for each in fitting if each.valid_until_ns is None and now_ns < each.expires_at_ns]
            if good:
                granted.append(good[0].approval_id)
            elif open_:
                waiting.append(open_[0].approval_id)
            else:
                missing.append(one)
        return Cleared(tuple(granted), tuple(waiting), tuple(missing))

    def forget(self, now_ns: int) -> None:
        """Drop what can clear nothing any more."""
        for name, one in list(self._standing.items()):
            until = one.valid_until_ns if one.valid_until_ns is not None else one.expires_at_ns
            if until <= now_ns:
                del self._standing[name]

    def __len__(self) -> int:
        return len(self._standing)
