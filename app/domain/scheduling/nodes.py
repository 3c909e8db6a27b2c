"""The nodes of the pool: which there are, how full each is, and which of them a task is given."""

from bisect import bisect_left, insort
from collections import Counter
from collections.abc import Iterator
from operator import attrgetter

from ..breaker import CLOSED, BreakerState
from ..needs import strictness
from ..node import Node
from .entry import Entry
from .kind import Kind
from .room import NOTHING, Amounts, Room, may_be_preempted
from .tuning import Strategy, Tuning

_BODY, _PROGRAM = True, False
_CPU, _MEMORY, _TASKS, _BODIES = map(attrgetter, ("cpu", "memory", "tasks", "bodies"))


class Nodes:
    """Every node that has joined and is not lost, in the order of their load."""

    def __init__(self, tuning: Tuning) -> None:
        self._strategy = tuning.strategy
        self._reserved = tuning.reserved_permille if tuning.strategy is Strategy.PRIORITY else 0
        self._breaker = tuning.breaker
        self.rooms: dict[str, Room] = {}
        self.dirty: dict[Room, None] = {}
        """Nodes on which something may fit that did not before."""
        self.changed: dict[Room, None] = {}
        """Nodes on which there may be victims where there were none before."""
        self._most = NOTHING
        """No node has more of any resource free than this."""
        self._by_load: dict[bool, list[tuple[int, str, Room]]] = {_BODY: [], _PROGRAM: []}
        self._at: dict[tuple[str, bool], int] = {}
        self._gone: dict[str, Room] = {}
        """Nodes that went, with what is booked on them still: it was decided before anybody knew."""
        self._offered: dict[str, int] = {}
        """Node → the strictness of its strictest tier, of every node that was not removed."""
        self._preemptible: Counter[int] = Counter()
        """Rank → how many tasks have it that may be preempted."""

    def join(self, node: Node) -> Room:
        """A node comes, empty, whatever was there under its name before."""
        self.leave(node.node_id)
        self._gone.pop(node.node_id, None)
        room = self.rooms[node.node_id] = Room.of(node, self._reserved)
        self._offered[node.node_id] = room.strictness
        for body in (_BODY, _PROGRAM):
            self._list(room, body)
        self._most = Amounts(*map(max, self._most, room.free))
        self.touch(room)
        return room

    def know(self, node: Node) -> None:
        """A node that is lost now has offered its tiers, and may again."""
        self._offered[node.node_id] = max((strictness(tier) for tier in node.tiers), default=0)

    def leave(self, node_id: str, *, for_good: bool = False) -> Room | None:
        """A node goes; what was booked there is still in its `held`. None where nothing is known of it."""
        if for_good:
            self._offered.pop(node_id, None)
        room = self.rooms.pop(node_id, None)
        if room is not None:
            for body in (_BODY, _PROGRAM):
                self._unlist(room, body)
            for rank, _, _ in room.victims:
                self._fewer(rank)
            room.victims.clear()
            self.dirty.pop(room, None)
            self.changed.pop(room, None)
            self._gone[node_id] = room
        return self._gone.get(node_id)

    @property
    def total(self) -> Amounts:
        """What all of them offer."""
        sums = [sum(each) for each in zip(*(room.offers for room in self.rooms.values()), strict=True)]
        return Amounts(*sums) if sums else NOTHING

    def offers_tier(self, strict: int) -> bool:
        """Whether some node offers a tier as strict as that, or did before it was lost."""
        return any(offered >= strict for offered in self._offered.values())

    def known(self) -> bool:
        """Whether any node has ever joined that was not removed."""
        return bool(self._offered)

    def lowest_rank(self) -> int | None:
        """The rank of the least important task that may be preempted; none where there is none."""
        return min(self._preemptible, default=None)

    def touch(self, room: Room) -> None:
        """Have what waits tried on this node."""
        self.dirty[room] = None
        self.changed[room] = None

    def book(self, entry: Entry, room: Room) -> None:
        """Book what the task needs."""
        room.book(entry)
        entry.room = room
        self._relist(room, entry.needs.body)
        self.changed[room] = None
        if room.on_trial():
            room.breaker = room.breaker.tried()
            room.resting = self._any_healthy()

    def release(self, entry: Entry) -> None:
        """Book it no more."""
        room = entry.room
        entry.room = None
        if room is None:
            return
        here = self.rooms.get(room.node_id) is room
        if here:
            self.spare(entry, room)
        room.release(entry)
        if here:
            self._most = Amounts(*map(max, self._most, room.free))
            self._relist(room, entry.needs.body)
            self.touch(room)

    def expose(self, entry: Entry) -> None:
        """Let more important tasks take the place of the task, if that may be, and not otherwise."""
        if entry.room is None:
            return
        self.spare(entry, entry.room)
        if may_be_preempted(entry):
            entry.room.expose(entry)
            self.changed[entry.room] = None
            self._preemptible[entry.rank] += 1

    def spare(self, entry: Entry, room: Room) -> None:
        """Let nothing take its place any more."""
        if room.spare(entry):
            self._fewer(entry.rank)

    def place(self, entry: Entry, kind: Kind) -> Room | None:
        """The node that the task is given; none where it fits on none."""
        most = self._most
        if entry.body:
            if most.bodies <= 0:
                return None
        elif entry.cpu > most.cpu or entry.memory > most.memory or most.tasks <= 0:
            return None
        inorder, eligible = self._in_order(entry.body), kind.rooms
        candidates = (room for room in inorder if room.node_id in eligible and room.fits(entry))
        if kind.demands.prefers:
            found = max(candidates, key=kind.matches, default=None)  # of equal ones the first
        else:
            found = next(candidates, None)
        if found is None:
            self._most = self._look_for_most()
        return found

    def tried(self, room: Room, *, failed: bool, now_ns: int) -> None:
        """Count a run that went wrong by the node's fault, or one that did not."""
        before = room.breaker
        if failed or before is not CLOSED:
            room.breaker = before.failed(self._breaker, now_ns) if failed else CLOSED
            self.rest(now_ns)

    def rest(self, now_ns: int) -> None:
        """Keep tasks from nodes whose breakers are open, as long as there are others."""
        healthy = self._any_healthy()
        for room in self.rooms.values():
            resting = healthy and not room.breaker.allows(now_ns)
            if room.resting and not resting:
                self.touch(room)
            room.resting = resting

    def rests_until(self) -> int | None:
        """When the next breaker lets a trial through; none where none is open."""
        until = (
            room.breaker.until_ns
            for room in self.rooms.values()
            if room.resting and room.breaker.state is BreakerState.OPEN
        )
        return min(until, default=None)

    def _any_healthy(self) -> bool:
        return any(room.accepting and not room.on_trial() for room in self.rooms.values())

    def _look_for_most(self) -> Amounts:
        rooms = self.rooms.values()
        return Amounts(
            max(map(_CPU, rooms), default=0),
            max(map(_MEMORY, rooms), default=0),
            max(map(_TASKS, rooms), default=0),
            max(map(_BODIES, rooms), default=0),
        )

    def _in_order(self, body: bool) -> Iterator[Room]:
        listed = self._by_load[body]
        best_fit = self._strategy is Strategy.BEST_FIT
        return (room for _, _, room in (reversed(listed) if best_fit else listed))

    def _relist(self, room: Room, body: bool) -> None:
        if self._at[room.node_id, body] != room.load(body=body):
            self._unlist(room, body)
            self._list(room, body)

    def _list(self, room: Room, body: bool) -> None:
        load = self._at[room.node_id, body] = room.load(body=body)
        insort(self._by_load[body], (load, room.node_id, room))

    def _unlist(self, room: Room, body: bool) -> None:
        listed = self._by_load[body]
        del listed[bisect_left(listed, (self._at.pop((room.node_id, body)), room.node_id))]

    def _fewer(self, rank: int) -> None:
        self._preemptible[rank] -= 1
        if not self._preemptible[rank]:
            del self._preemptible[rank]
