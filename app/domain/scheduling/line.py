"""One tenant's tasks of one tier, in cells of tasks that are alike: of one kind and nearly one size."""

import heapq
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from .entry import Entry

if TYPE_CHECKING:
    from .kind import Kind
    from .lane import Lane
    from .tenants import Tenant


def step(amount: int) -> int:
    """Which step of size an amount belongs to: four steps to each doubling, every amount below 8 its own."""
    if amount < 8:
        return amount
    octave = amount.bit_length()
    return octave * 4 + (amount >> octave - 3 & 3) - 8


@dataclass(slots=True, eq=False)
class Cell:
    """Tasks that are alike. They are taken one after the other: who needs a little less does not pass by."""

    line: "Line"
    kind: "Kind"
    at: tuple["Kind", int, int]
    """Its place in the line: kind, and steps of cores and memory."""
    heap: list[tuple[int, "Lane"]] = field(default_factory=list)
    """What lanes offer; see `Lane.offers`."""
    key: int = 0
    """That of the first task, or smaller."""
    head: Entry | None = None
    """The first task, when it was last looked for."""
    body: bool = False
    cpu: int = 0
    memory: int = 0
    """What that one needs."""
    tested: Entry | None = None
    """The first task for which every node was searched for others to preempt, in vain."""
    queued: int = 0
    """How many tasks are queued in it, offered or not."""

    def lead_with(self, entry: Entry) -> None:
        """Its first task is this one."""
        self.key, self.head = entry.key, entry
        self.body, self.cpu, self.memory = entry.body, entry.cpu, entry.memory

    def __lt__(self, other: "Cell") -> bool:
        return False  # in heaps beside equal keys, which only the same cell has


@dataclass(slots=True, eq=False)
class Line:
    """The cells of one tenant and tier; one whose first task fits nowhere is closed until a node changes."""

    tenant: "Tenant"
    realtime: bool
    cells: dict[tuple["Kind", int, int], Cell] = field(default_factory=dict)
    open: dict[Cell, None] = field(default_factory=dict)
    """Those that offer something that may fit somewhere."""
    closed: dict[Cell, None] = field(default_factory=dict)
    """Those that offer something that fits nowhere now."""
    order: list[tuple[int, Cell]] = field(default_factory=list)
    """A heap of the open cells by their keys; what is there under another key, or not open, is void."""

    @property
    def offers(self) -> bool:
        """Whether there is anything to be had."""
        return bool(self.open or self.closed)

    def first_open(self) -> Cell | None:
        """The open cell with the smallest key."""
        while self.order:
            key, cell = self.order[0]
            if cell.key == key and cell in self.open:
                return cell
            heapq.heappop(self.order)
        return None

    def opened(self, cell: Cell, key: int) -> None:
        """The cell is open, under that key from now on."""
        self.open[cell] = None
        cell.key = key
        heapq.heappush(self.order, (key, cell))
