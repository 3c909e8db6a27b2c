"""Fair shares: of two tenants that both want something, the one that has less of the pool goes first.

What a tenant has is its share of the resource that it has most of (dominant resource fairness, Ghodsi et al.
2011), divided by its weight; of two that have equally much, the one that was served longer ago goes first.
"""

from bisect import bisect_left, insort
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from .entry import Entry
from .line import Line
from .room import NOTHING, Amounts, amounts_of

_PARTS = 1_000_000
"""Shares are counted in millionths."""


@dataclass(slots=True, eq=False)
class Tenant:
    """One tenant: what it has, and what it waits for."""

    name: str
    weight: int
    used: Amounts = NOTHING
    share: int = 0
    """Millionths of the pool, divided by its weight."""
    turn: int = 0
    """When it was served last, counted in tasks."""
    lines: dict[bool, Line] = field(default_factory=dict)
    """By whether the tasks are in real time."""
    listed: dict[bool, tuple[int, int, str]] = field(default_factory=dict)
    """Where it stands among those that want something, by the same."""


class Tenants:
    """Every tenant that ever submitted a task, and the order in which they are served."""

    def __init__(self, weights: Mapping[str, int]) -> None:
        self._weights = weights
        self._known: dict[str, Tenant] = {}
        self._turn: dict[bool, list[tuple[int, int, str]]] = {True: [], False: []}
        self._total = NOTHING
        self._served = 0

    def __getitem__(self, name: str) -> Tenant:
        found = self._known.get(name)
        if found is None:
            found = self._known[name] = Tenant(name, max(1, self._weights.get(name, 1)))
            found.lines = {realtime: Line(found, realtime) for realtime in (True, False)}
        return found

    def __iter__(self) -> Iterator[Tenant]:
        return iter(self._known.values())

    def in_turn(self, *, realtime: bool) -> list[Tenant]:
        """Those that want something of this tier, the one that goes first at the front."""
        return [self._known[name] for _, _, name in self._turn[realtime]]

    def wanting(self) -> set[str]:
        """The names of those that want something."""
        return {name for turn in self._turn.values() for _, _, name in turn}

    def settle(self, line: Line) -> None:
        """List the tenant, or not, after its line got its first offer or lost its last."""
        tenant = line.tenant
        at = tenant.listed.get(line.realtime)
        if line.offers and at is None:
            self._enter(tenant, line.realtime)
        elif not line.offers and at is not None:
            self._leave(tenant, line.realtime)

    def book(self, entry: Entry) -> None:
        """Count what the task has been given."""
        tenant = self[entry.task.tenant]
        self._served += 1
        tenant.turn = self._served
        self._now_has(tenant, tenant.used.plus(amounts_of(entry.needs)))

    def release(self, entry: Entry) -> None:
        """Count what it has given back."""
        tenant = self[entry.task.tenant]
        self._now_has(tenant, tenant.used.less(amounts_of(entry.needs)))

    def share_out(self, total: Amounts) -> None:
        """Count shares of *total* from now on: what the nodes offer together."""
        self._total = total
        for tenant in self:
            self._now_has(tenant, tenant.used)

    def due(self, tenant: Tenant) -> int:
        """The millionths of the pool that are the tenant's, among those that want or have something."""
        weights = sum(each.weight for each in self if any(each.used) or each.listed)
        return _PARTS * tenant.weight // max(1, weights)

    def _now_has(self, tenant: Tenant, used: Amounts) -> None:
        tenant.used = used
        tenant.share = self._part(used) // tenant.weight
        for realtime in [*tenant.listed]:
            self._leave(tenant, realtime)
            self._enter(tenant, realtime)

    def _part(self, used: Amounts) -> int:
        """How much of the resource that it is most of, in millionths."""
        total = self._total
        return max(
            _PARTS * used.cpu // (total.cpu or 1),
            _PARTS * used.memory // (total.memory or 1),
            _PARTS * used.tasks // (total.tasks or 1),
            _PARTS * used.bodies // (total.bodies or 1),
        )

    def _enter(self, tenant: Tenant, realtime: bool) -> None:
        at = tenant.listed[realtime] = (tenant.share, tenant.turn, tenant.name)
        insort(self._turn[realtime], at)

    def _leave(self, tenant: Tenant, realtime: bool) -> None:
        turn = self._turn[realtime]
        del turn[bisect_left(turn, tenant.listed.pop(realtime))]
