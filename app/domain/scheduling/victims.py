"""Which tasks leave a node so that a more important one has room: the fewest that suffice.

Of equally few, the least important leave; of those, the youngest, which lose least of their work. One task
that suffices is found wherever there is one; sets are looked for on the nodes that lack least. Nobody leaves
for a task that would not go first if both were waiting: who has grown old in the queue can finish.
"""

from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import NamedTuple

from .entry import Entry
from .room import Room, amounts_of
from .tenants import Tenants

SEARCHED = 16
"""On how many nodes sets of tasks are looked for."""

STEPS = 500
"""How many sets are looked at on one node before the search makes do with a set from which none can stay."""

Worth = tuple[int, int]
"""Rank and age, negative: who has less of it leaves first."""


class Lack(NamedTuple):
    """What a task needs and a node does not have free."""

    cpu: int
    memory: int
    places: int
    """Among the tasks or the bodies of the node."""

    def after(self, entry: Entry) -> "Lack":
        """What is lacking still when *entry* has left."""
        return Lack(self.cpu - entry.cpu, self.memory - entry.memory, self.places - 1)

    @property
    def nothing(self) -> bool:
        return self.cpu <= 0 and self.memory <= 0 and self.places <= 0


class Victims(NamedTuple):
    """Tasks that leave a node together."""

    room: Room
    entries: Sequence[Entry]

    @property
    def cost(self) -> tuple[int, list[Worth]]:
        """What speaks against them: how many they are, then who is worth most."""
        return len(self.entries), dearest(self.entries)


def worth(entry: Entry) -> Worth:
    """What it costs that the task leaves."""
    return entry.rank, -entry.order


def dearest(entries: Iterable[Entry]) -> list[Worth]:
    """What they are worth, the one that is worth most first."""
    return sorted((worth(entry) for entry in entries), reverse=True)


def victims_for(entry: Entry, rooms: Sequence[Room], tenants: Tenants) -> Victims | None:
    """Those whose leaving makes room for *entry* on one of *rooms* at the least cost; none where none may.

    Nobody needs to leave where enough leaves already.
    """
    may_take = _may_take(entry, tenants)
    places = [room for room in rooms if _is_worth_a_look(room, entry)]
    places.sort(key=lambda room: room.victims[0])
    enough = next((room for room in places if room.leaving and lack(room, entry).nothing), None)
    if enough is not None:
        return Victims(enough, ())
    single = _single(entry, places, may_take)
    if single is not None:
        return single
    best: Victims | None = None
    for room in sorted(places, key=lambda room: (_share_lacking(room, entry), room.node_id))[:SEARCHED]:
        candidates = [*_candidates(room, entry, may_take)]
        found = fewest(candidates, lack(room, entry), len(best.entries) if best else len(candidates))
        if found is not None and (best is None or Victims(room, found).cost < best.cost):
            best = Victims(room, found)
    return best


def _is_worth_a_look(room: Room, entry: Entry) -> bool:
    least_important = room.victims[0][0] if room.victims else entry.rank
    if least_important >= entry.rank or not room.takes or not room.could_hold(entry):
        return False
    return min(room.to_come(entry)) >= 0  # else somebody waits there for more than leaves


def _single(entry: Entry, rooms: Sequence[Room], may_take: Callable[[Entry], bool]) -> Victims | None:
    """The one task whose leaving suffices and that is worth least; *rooms* are sorted by who that may be."""
    best: Victims | None = None
    for room in rooms:
        if best is not None and room.victims[0][:2] >= worth(best.entries[0]):
            break
        short = lack(room, entry)
        one = next((each for each in _candidates(room, entry, may_take) if short.after(each).nothing), None)
        if one is not None and (best is None or worth(one) < worth(best.entries[0])):
            best = Victims(room, (one,))
    return best


def lack(room: Room, entry: Entry) -> Lack:
    """What the task needs and the node will not have free for it."""
    short = amounts_of(entry.needs).less(room.to_come(entry))
    return Lack(short.cpu, short.memory, max(short.tasks, short.bodies))


def _share_lacking(room: Room, entry: Entry) -> int:
    """How much of the node must become free, in thousandths of what it offers."""
    short, offers = lack(room, entry), room.offers
    return max(short.cpu * 1000 // max(1, offers.cpu), short.memory * 1000 // offers.memory)


def _candidates(room: Room, entry: Entry, may_take: Callable[[Entry], bool]) -> Iterator[Entry]:
    """Who may be made to leave for *entry*: the least important first, of those the youngest."""
    for rank, _, task_id in room.victims:
        if rank >= entry.rank:
            return
        victim = room.held[task_id]
        goes_first = entry.realtime or entry.key < victim.key
        if goes_first and victim.body is entry.body and may_take(victim):
            yield victim


def _may_take(entry: Entry, tenants: Tenants) -> Callable[[Entry], bool]:
    """Whether the tenant may take what a task has: of its own, or of a tenant that has more than itself."""
    mine, share = entry.task.tenant, tenants[entry.task.tenant].share

    def may(victim: Entry) -> bool:
        its = victim.task.tenant
        return its == mine or tenants[its].share > share

    return may


def fewest(candidates: Sequence[Entry], short: Lack, most: int) -> Sequence[Entry] | None:
    """The fewest of *candidates*, at most that many, that make up for *short*; they come in their order.

    Never one more than needed: from what is found, none could stay.
    """
    least = _at_least(candidates, short)
    if least is None or least > most:
        return None
    return _Search(candidates, short).fewest(least, most)


def _at_least(candidates: Sequence[Entry], short: Lack) -> int | None:
    """How many it takes at least, whoever they are; none where all of them are not enough."""
    counts = [short.places]
    for lacking, gives in (
        (short.cpu, [entry.cpu for entry in candidates]),
        (short.memory, [entry.memory for entry in candidates]),
    ):
        if lacking > 0:
            sums = [*accumulate(sorted(gives, reverse=True))]
            counts.append(bisect_left(sums, lacking) + 1)
    least = max(1, *counts)
    return least if least <= len(candidates) else None


@dataclass(slots=True)
class _Group:
    """Candidates that need the same: they are as good as each other but for the order of preference."""

    cpu: int
    memory: int
    entries: list[Entry]


class _Search:
    """Looks through the sets of candidates by size, as far as `STEPS` allows."""

    def __init__(self, candidates: Sequence[Entry], short: Lack) -> None:
        groups: dict[tuple[int, int], _Group] = {}
        for entry in candidates:
            group = groups.setdefault((entry.cpu, entry.memory), _Group(entry.cpu, entry.memory, []))
            group.entries.append(entry)
        self._groups = [*groups.values()]
        self._candidates = candidates
        self._short = short
        self._steps = 0

    def fewest(self, least: int, most: int) -> Sequence[Entry] | None:
        """The cheapest of the smallest sets that suffice; their size lies between the two bounds."""
        for size in range(least, most + 1):
            found = min(self._sets([], 0, size, self._short), key=dearest, default=None)
            if found is not None:
                return found
            if self._steps > STEPS:
                break
        chosen = self._irredundant()
        return chosen if chosen is not None and len(chosen) <= most else None

    def _sets(self, chosen: list[Entry], group: int, left: int, short: Lack) -> Iterator[list[Entry]]:
        """The sets that suffice and have *left* more than *chosen*, from this group on."""
        self._steps += 1
        if left == 0:
            if short.nothing:
                yield chosen
            return
        if group == len(self._groups) or self._steps > STEPS:
            return
        here = self._groups[group]
        for count in range(min(left, len(here.entries)), -1, -1):
            rest = Lack(
                short.cpu - count * here.cpu, short.memory - count * here.memory, short.places - count
            )
            yield from self._sets([*chosen, *here.entries[:count]], group + 1, left - count, rest)

    def _irredundant(self) -> list[Entry] | None:
        """A set that suffices and from which none can stay, though it may not be the smallest."""
        chosen: list[Entry] = []
        short = self._short
        for entry in sorted(self._candidates, key=lambda each: (-self._part(each), worth(each))):
            if short.nothing:
                break
            chosen.append(entry)
            short = short.after(entry)
        if not short.nothing:
            return None
        for entry in sorted(chosen, key=worth, reverse=True):
            without = Lack(short.cpu + entry.cpu, short.memory + entry.memory, short.places + 1)
            if without.nothing:
                chosen.remove(entry)
                short = without
        return chosen

    def _part(self, entry: Entry) -> int:
        """How much of what is lacking the task would give back, in thousandths."""
        pairs = ((entry.cpu, self._short.cpu), (entry.memory, self._short.memory))
        return sum(1000 * min(gives, lacking) // lacking for gives, lacking in pairs if lacking > 0)
