"""What tasks ask of a node beside room, and the nodes that have it."""

from dataclasses import dataclass, field
from typing import NamedTuple

from events.agent_config import DataClass, SandboxTier

from ..needs import Labels, strictness
from ..risk import NAMES
from .entry import Entry
from .room import Room


class Demands(NamedTuple):
    """Tasks with equal demands may run on the same nodes."""

    body: bool
    tier: SandboxTier | None
    requires: Labels
    avoids: Labels
    prefers: Labels
    data_classes: frozenset[DataClass]
    critical: bool
    barred: frozenset[str]
    shuns: str

    @classmethod
    def of(cls, entry: Entry, *, reserving: bool) -> "Demands":
        """What a task asks; *reserving* says whether room is kept for critical tasks."""
        needs = entry.task.needs
        return cls(
            needs.body,
            needs.tier,
            needs.requires,
            needs.avoids,
            needs.prefers,
            needs.data_classes,
            reserving and entry.critical,
            entry.barred,
            entry.shuns,
        )

    def unmet(self, room: Room) -> str:
        """Why the node will never do, in words; empty where it does."""
        if strictness(self.tier) > room.strictness:
            return f"it does not offer {NAMES[self.tier]}" if self.tier else ""
        for name, value in sorted(self.requires - room.labels):
            return f"it lacks the label {name}={value}"
        for name, value in sorted(self.avoids & room.labels):
            return f"it has the label {name}={value}"
        if room.cleared is not None and (more := self.data_classes - room.cleared):
            return f"it may not be given data of the class {min(more)}"
        if room.node_id in self.barred:
            return "policy refused it there"
        return ""


@dataclass(slots=True, eq=False)
class Kind:
    """Demands that some queued task has, and the nodes that meet them."""

    demands: Demands
    rooms: dict[str, Room] = field(default_factory=dict)
    cells: int = 0
    """How many cells are of this kind; without any it is forgotten."""
    tier_is_missing: bool = False
    """There are nodes, and none of them offers its tier, nor did one before it was lost."""

    def settle(self, rooms: dict[str, Room]) -> None:
        """Find the nodes anew, after some came or went."""
        met = {name: room for name, room in rooms.items() if not self.demands.unmet(room)}
        shuns = self.demands.shuns
        if shuns in met and any(room.accepting for name, room in met.items() if name != shuns):
            del met[shuns]
        self.rooms = met

    def matches(self, room: Room) -> int:
        """How many of the labels that it prefers the node has."""
        return len(self.demands.prefers & room.labels)
