"""Which tasks leave a node so that a more important one has room: the fewest that suffice.

Of equally few, the least important leave; of those, the youngest, which lose least of their work.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import NamedTuple

from .entry import Entry
from .room import Amounts, Room, amounts_of
from .tenants import Tenants

STEPS = 2_000
"""How many sets are looked at on one node before the search makes do with what it has."""


class Victims(NamedTuple):
    """Tasks that leave a node together."""

    room: Room
    entries: tuple[Entry, ...]

    @property
    def cost(self) -> tuple[int, list[tuple[int, int]]]:
        """What speaks against them: how many they are, then who is the most important and the oldest."""
        return len(self.entries), sorted((_worth(entry) for entry in self.entries), reverse=True)


def _worth(entry: Entry) -> tuple[int, int]:
    return entry.rank, -entry.order


def victims_for(entry: Entry, rooms: Sequence[Room], tenants: Tenants) -> Victims | None:
    """Those whose leaving makes room for *entry* on one of *rooms* at the least cost; none where none may."""
    best: Victims | None = None
    for room in rooms:
        found = _on(room, entry, tenants, len(best.entries) if best else None)
        if found is not None and (best is None or found.cost < best.cost):
            best = found
    return best


def _on(room: Room, entry: Entry, tenants: Tenants, most: int | None) -> Victims | None:
    """The cheapest on one node, at most that many."""
    if not room.takes or room.claim is not None or not room.could_hold(entry):
        return None
    if not room.victims or room.victims[0][0] >= entry.rank:
        return None
    missing = _missing(room, entry)
    candidates = [*_candidates(room, entry, tenants)]
    chosen = _fewest(candidates, missing, len(candidates) if most is None else most)
    return None if chosen is None else Victims(room, tuple(chosen))


def _missing(room: Room, entry: Entry) -> Amounts:
    """What the task needs and the node does not have free."""
    needs, free = amounts_of(entry.needs), room.free
    short = needs.less(free)
    if not entry.critical:  # it may not use what is kept for others, either
        plain = Amounts(room.plain_cpu, room.plain_memory, room.plain_tasks, room.plain_bodies)
        open_to_it = room.offers.less(room.kept).less(plain)
        short = Amounts(*(max(pair) for pair in zip(short, needs.less(open_to_it), strict=True)))
    return Amounts(*(max(0, amount) for amount in short))


def _candidates(room: Room, entry: Entry, tenants: Tenants) -> Iterator[Entry]:
    """Who may be made to leave for *entry*: the least important first, of those the youngest."""
    for rank, _, task_id in room.victims:
        if rank >= entry.rank:
            return
        victim = room.held[task_id]
        alike = victim.needs.body is entry.needs.body
        if alike and _may_take(entry, victim, tenants):
            yield victim


def _may_take(entry: Entry, victim: Entry, tenants: Tenants) -> bool:
    """Whether a tenant may take from another what that one has: only from one that has more than itself."""
    mine, its = entry.task.tenant, victim.task.tenant
    return mine == its or tenants[its].share > tenants[mine].share


def _fewest(candidates: Sequence[Entry], missing: Amounts, most: int) -> list[Entry] | None:
    """The fewest of *candidates*, which are in the order of preference, that free what is missing."""
    if not any(missing):
        return None  # it would fit without: whoever asks has not looked
    single = next((each for each in candidates if _covers(amounts_of(each.needs), missing)), None)
    if single is not None:
        return [single] if most >= 1 else None
    return _Search(candidates, missing).fewest(most)


def _covers(given: Amounts, missing: Amounts) -> bool:
    return all(has >= lacks for has, lacks in zip(given, missing, strict=True))


@dataclass(slots=True)
class _Group:
    """Candidates that need the same, which are as good as each other but for the order of preference."""

    gives: Amounts
    entries: list[Entry]


class _Search:
    """Looks through the sets of candidates by size, as far as `STEPS` allows."""

    def __init__(self, candidates: Sequence[Entry], missing: Amounts) -> None:
        groups: dict[Amounts, _Group] = {}
        for entry in candidates:
            gives = amounts_of(entry.needs)
            groups.setdefault(gives, _Group(gives, [])).entries.append(entry)
        self._groups = [*groups.values()]
        self._candidates = candidates
        self._missing = missing
        self._steps = 0
        self._most = [
            [*accumulate(sorted((amounts_of(each.needs)[i] for each in candidates), reverse=True))]
            for i in range(len(missing))
        ]
        """For each resource, what the first n candidates free at most, whoever they are."""

    def fewest(self, most: int) -> list[Entry] | None:
        """The cheapest of the smallest sets that suffice, at most that large."""
        for size in range(2, min(most, len(self._candidates)) + 1):
            if not all(
                sums[size - 1] >= lacks for sums, lacks in zip(self._most, self._missing, strict=True)
            ):
                continue
            found = min(self._sets(size), key=_dearest, default=None)
            if found is not None:
                return found
            if self._steps > STEPS:
                break
        return self._greedy(most)

    def _sets(self, size: int) -> Iterator[list[Entry]]:
        """The sets of that size that suffice."""
        yield from self._extended([], 0, size, self._missing)

    def _extended(
        self, chosen: list[Entry], group: int, left: int, missing: Amounts
    ) -> Iterator[list[Entry]]:
        self._steps += 1
        if left == 0 or group == len(self._groups) or self._steps > STEPS:
            if left == 0 and not any(lacks > 0 for lacks in missing):
                yield chosen
            return
        here = self._groups[group]
        for count in range(min(left, len(here.entries)), -1, -1):
            rest = Amounts(*(lacks - count * gives for lacks, gives in zip(missing, here.gives, strict=True)))
            yield from self._extended([*chosen, *here.entries[:count]], group + 1, left - count, rest)

    def _greedy(self, most: int) -> list[Entry] | None:
        """A set that suffices and from which none can stay; not always the smallest."""
        chosen: list[Entry] = []
        missing = self._missing
        for entry in sorted(self._candidates, key=lambda each: (-self._part(each), _worth(each))):
            if not any(lacks > 0 for lacks in missing):
                break
            chosen.append(entry)
            missing = missing.less(amounts_of(entry.needs))
        if any(lacks > 0 for lacks in missing):
            return None
        for entry in sorted(chosen, key=_worth, reverse=True):
            without = missing.plus(amounts_of(entry.needs))
            if not any(lacks > 0 for lacks in without):
                chosen.remove(entry)
                missing = without
        return chosen if len(chosen) <= most else None

    def _part(self, entry: Entry) -> int:
        """How much of what is missing the task would free, in millionths."""
        gives = amounts_of(entry.needs)
        return sum(
            1_000_000 * min(gives[i], lacks) // lacks for i, lacks in enumerate(self._missing) if lacks
        )


def _dearest(entries: Sequence[Entry]) -> list[tuple[int, int]]:
    return sorted((_worth(entry) for entry in entries), reverse=True)
