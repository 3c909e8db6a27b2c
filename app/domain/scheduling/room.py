"""One joined node: what it offers, and what is booked on it. Everything is counted in whole numbers."""

from bisect import bisect_left, insort
from dataclasses import dataclass, field
from typing import NamedTuple

from events.agent_config import DataClass, SandboxTier

from ..breaker import CLOSED, Breaker, BreakerState
from ..needs import Labels, Needs, strictness, thousandths
from ..node import Node, NodeState
from ..task import ON_A_NODE
from .entry import Entry


class Amounts(NamedTuple):
    """Something of each resource of a node."""

    cpu: int
    """Thousandths of a core."""
    memory: int
    """Megabytes."""
    tasks: int
    bodies: int

    def cover(self, needed: "Amounts") -> bool:
        """Whether it is enough; what is not needed may be below zero."""
        return all(has >= needs or not needs for has, needs in zip(self, needed, strict=True))

    def plus(self, other: "Amounts") -> "Amounts":
        """It and *other* together."""
        return Amounts(
            self.cpu + other.cpu,
            self.memory + other.memory,
            self.tasks + other.tasks,
            self.bodies + other.bodies,
        )

    def less(self, other: "Amounts") -> "Amounts":
        """What is left of it when *other* is taken away; it may be negative."""
        return Amounts(
            self.cpu - other.cpu,
            self.memory - other.memory,
            self.tasks - other.tasks,
            self.bodies - other.bodies,
        )


NOTHING = Amounts(0, 0, 0, 0)


def amounts_of(needs: Needs) -> Amounts:
    """What a task takes of a node."""
    return Amounts(needs.cpu, needs.memory, 0 if needs.body else 1, 1 if needs.body else 0)


@dataclass(slots=True, eq=False)
class Room:
    """A node, as far as it matters what else fits on it."""

    node_id: str
    offers: Amounts
    kept: Amounts
    """What only critical tasks may take."""
    strictness: int
    """Of the strictest tier that it offers."""
    tiers: tuple[SandboxTier, ...]
    labels: Labels
    cleared: frozenset[DataClass] | None
    """The classes of data that it may be given; none stands for every class."""
    accepting: bool
    """Not draining."""
    breaker: Breaker = CLOSED
    resting: bool = False
    """Its breaker keeps tasks from it."""
    cpu: int = 0
    """What of it nothing is booked for."""
    memory: int = 0
    tasks: int = 0
    bodies: int = 0
    open_cpu: int = 0
    """What of it tasks that are not critical may take, of what they have not taken yet."""
    open_memory: int = 0
    open_tasks: int = 0
    open_bodies: int = 0
    held: dict[str, Entry] = field(default_factory=dict)
    """Everything that is booked here, by task."""
    victims: list[tuple[int, int, str]] = field(default_factory=list)
    """Rank, age and id of what may be preempted here: the least important first, of those the youngest."""
    leaving: dict[str, Entry] = field(default_factory=dict)
    """What is here and makes room for something more important, by task."""
    claims: list[Entry] = field(default_factory=list)
    """The tasks that room is kept for, in the order in which they claimed it."""

    @classmethod
    def of(cls, node: Node, reserved_permille: int) -> "Room":
        """The room of a node that has joined, empty."""
        assert node.capacity is not None
        capacity = node.capacity
        offers = Amounts(thousandths(capacity.cpu_cores), capacity.memory_mb, capacity.tasks, capacity.bodies)
        kept = _share(offers, reserved_permille) if reserved_permille else NOTHING
        return cls(
            node.node_id,
            offers,
            kept,
            strictness=max((strictness(tier) for tier in node.tiers), default=0),
            tiers=node.tiers,
            labels=frozenset(node.labels),
            cleared=None if node.cleared_for is None else frozenset(node.cleared_for),
            accepting=node.state is NodeState.JOINED,
            **offers._asdict(),
            **{f"open_{name}": amount for name, amount in offers.less(kept)._asdict().items()},
        )

    @property
    def takes(self) -> bool:
        """Whether it gets new tasks."""
        return self.accepting and not self.resting

    @property
    def free(self) -> Amounts:
        """What nothing is booked for."""
        return Amounts(self.cpu, self.memory, self.tasks, self.bodies)

    def open_to(self, entry: Entry) -> Amounts:
        """What the task could take, were there no claims; below zero where too much is booked."""
        if entry.critical or self.kept is NOTHING:
            return self.free
        most = Amounts(self.open_cpu, self.open_memory, self.open_tasks, self.open_bodies)
        return Amounts(*(min(pair) for pair in zip(self.free, most, strict=True)))

    def fits(self, entry: Entry) -> bool:
        """Whether the task has room here now, beside what is booked, kept and claimed."""
        if not self.accepting or self.resting:
            return False
        if entry.body:
            if self.bodies <= 0:
                return False
        elif self.tasks <= 0 or entry.cpu > self.cpu or entry.memory > self.memory:
            return False
        if not self.claims and self.kept is NOTHING:
            return True
        return self.unclaimed(entry).cover(amounts_of(entry.needs))

    def unclaimed(self, entry: Entry) -> Amounts:
        """What the task could take now beside those that claimed room before it; it may be below zero."""
        free = self.open_to(entry)
        for claim in self.claims:
            if claim is entry:
                break
            if claim.realtime or not entry.realtime:  # in real time, it gives way only to what is so itself
                free = free.less(amounts_of(claim.needs))
        return free

    def to_come(self, entry: Entry) -> Amounts:
        """What the task could take once everything has left that leaves."""
        coming = self.unclaimed(entry)
        for each in self.leaving.values():
            coming = coming.plus(amounts_of(each.needs))
        return coming

    def could_hold(self, entry: Entry) -> bool:
        """Whether it would fit if the node had nothing else to do."""
        needs, offers = entry.task.needs, self.offers
        kept = NOTHING if entry.critical else self.kept
        if needs.body:
            return offers.bodies > kept.bodies
        return (
            offers.tasks > kept.tasks
            and needs.cpu <= offers.cpu - kept.cpu
            and needs.memory <= offers.memory - kept.memory
        )

    def book(self, entry: Entry) -> None:
        """Take what the task needs. What is booked already changes nothing."""
        if entry.task.task_id not in self.held:
            self.held[entry.task.task_id] = entry
            self._count(entry, 1)

    def release(self, entry: Entry) -> None:
        """Give back what the task had."""
        if self.held.pop(entry.task.task_id, None) is not None:
            self._count(entry, -1)
            self.leaving.pop(entry.task.task_id, None)

    def expose(self, entry: Entry) -> None:
        """Let the task be preempted from now on."""
        insort(self.victims, _victim(entry))

    def spare(self, entry: Entry) -> bool:
        """Let it not be preempted any more; whether it could be before."""
        victim = _victim(entry)
        at = bisect_left(self.victims, victim)
        found = at < len(self.victims) and self.victims[at] == victim
        if found:
            del self.victims[at]
        return found

    def load(self, *, body: bool) -> int:
        """How full it is, in thousandths of the resource that it has least of."""
        offers = self.offers
        if body:
            return 1000 - self.bodies * 1000 // offers.bodies if offers.bodies else 1000
        left = min(
            self.tasks * 1000 // offers.tasks,
            self.cpu * 1000 // max(1, offers.cpu),
            self.memory * 1000 // offers.memory,
        )
        return 1000 - left

    def on_trial(self) -> bool:
        """Whether the next task decides if its breaker closes."""
        return self.breaker.state is not BreakerState.CLOSED

    def _count(self, entry: Entry, sign: int) -> None:
        cpu, memory = sign * entry.cpu, sign * entry.memory
        tasks, bodies = (0, sign) if entry.body else (sign, 0)
        self.cpu -= cpu
        self.memory -= memory
        self.tasks -= tasks
        self.bodies -= bodies
        if not entry.critical:
            self.open_cpu -= cpu
            self.open_memory -= memory
            self.open_tasks -= tasks
            self.open_bodies -= bodies


def _share(of: Amounts, permille: int) -> Amounts:
    return Amounts(*(amount * permille // 1000 for amount in of))


def may_be_preempted(entry: Entry) -> bool:
    """Whether a more important task may take its place: it is recorded there, and not in real time."""
    return entry.task.status in ON_A_NODE and not entry.leaves_for and not entry.realtime


def _victim(entry: Entry) -> tuple[int, int, str]:
    return entry.rank, -entry.order, entry.task.task_id
