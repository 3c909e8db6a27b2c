"""Everything that waits: agents' lanes, offered in the cells of their tenants."""

import heapq
from collections.abc import Iterator

from ..needs import strictness
from .entry import Entry
from .kind import Demands, Kind
from .lane import Lane
from .line import Cell, Line, step
from .nodes import Nodes
from .tenants import Tenants
from .tuning import Strategy, Tuning


class Queue:
    """What waits, so arranged that the first that may run is found without looking at the others."""

    def __init__(self, tuning: Tuning, nodes: Nodes) -> None:
        self._nodes = nodes
        self._reserving = tuning.strategy is Strategy.PRIORITY
        self.tenants = Tenants(tuning.weights)
        self.lanes: dict[str, Lane] = {}
        self._kinds: dict[Demands, Kind] = {}
        self.open = 0
        """How many cells are open: none means that nothing new can be had but on nodes that changed."""

    def lane(self, agent_id: str) -> Lane:
        """The lane of an agent."""
        found = self.lanes.get(agent_id)
        if found is None:
            found = self.lanes[agent_id] = Lane(agent_id)
        return found

    def add(self, entry: Entry) -> None:
        """Queue a task; it is offered when its lane is refreshed."""
        self.remove(entry)
        cell = entry.cell = self._cell(entry)
        cell.queued += 1
        heapq.heappush(entry.lane.tasks.setdefault(cell, []), (entry.key, entry))
        entry.lane.withheld[cell] = None

    def remove(self, entry: Entry) -> None:
        """Take a task out of the queue; what its lane has next is offered when the lane is refreshed."""
        cell = entry.cell
        if cell is None:
            return
        entry.cell = None
        cell.queued -= 1
        lane = entry.lane
        if lane.offers.get(cell) == entry.key:
            del lane.offers[cell]
        lane.withheld[cell] = None
        if cell.head is entry:
            self.open_cell(cell)
        if not cell.queued:
            self._forget(cell)

    def refresh(self, lane: Lane) -> None:
        """Offer what the lane may run, after anything about it has changed; what it may not run is void."""
        if lane.may_run:
            if lane.withheld:
                withheld, lane.withheld = lane.withheld, {}
                for cell in withheld:
                    self._offer(lane, cell)
        else:
            for cell in lane.offers:
                if cell.head is not None and cell.head.lane is lane:
                    self.open_cell(cell)

    def head(self, cell: Cell) -> Entry | None:
        """The first task of the cell that may run; a cell without any is dropped from its line."""
        heap = cell.heap
        while heap:
            key, lane = heap[0]
            if lane.offers.get(cell) == key:
                if lane.may_run and (entry := lane.best(cell)) is not None and entry.key == key:
                    if cell.head is not entry or cell.key != key:
                        cell.lead_with(entry)
                        if cell in cell.line.open:
                            cell.line.opened(cell, key)
                    return entry
                del lane.offers[cell]
                lane.withheld[cell] = None
            heapq.heappop(heap)
            if cell in lane.withheld and lane.may_run:
                self._offer(lane, cell)
        self._drop(cell)
        return None

    def open_cell(self, cell: Cell) -> None:
        """Have a cell tried again, if it offers anything."""
        line = cell.line
        if cell in line.closed:
            del line.closed[cell]
            line.opened(cell, cell.key)
            self.open += 1

    def close_cell(self, cell: Cell) -> None:
        """The first task of the cell fits nowhere now."""
        line = cell.line
        if cell in line.open:
            del line.open[cell]
            line.closed[cell] = None
            self.open -= 1

    def lines(self) -> Iterator[Line]:
        """Those that offer anything, in turn."""
        for realtime in (True, False):
            for tenant in self.tenants.in_turn(realtime=realtime):
                yield tenant.lines[realtime]

    def closed_cells(self) -> list[Cell]:
        """Every cell whose first task fits nowhere now."""
        return [cell for line in self.lines() for cell in line.closed]

    def kind_of(self, entry: Entry) -> Kind:
        """What a task asks of nodes, and those that have it."""
        demands = Demands.of(entry, reserving=self._reserving)
        return self._kinds.get(demands) or self._settled(Kind(demands))

    def settle_kinds(self) -> None:
        """Find out anew which nodes what waits may run on, after nodes came or went."""
        for kind in self._kinds.values():
            self._settled(kind)
        for cell in self.closed_cells():
            self.open_cell(cell)

    def missing_tiers(self) -> bool:
        """Whether something waits that needs a tier which no node offers."""
        return any(kind.tier_is_missing for kind in self._kinds.values())

    def _settled(self, kind: Kind) -> Kind:
        kind.settle(self._nodes.rooms)
        strict = strictness(kind.demands.tier)
        kind.tier_is_missing = strict > 0 and self._nodes.known() and not self._nodes.offers_tier(strict)
        return kind

    def _cell(self, entry: Entry) -> Cell:
        line = self.tenants[entry.task.tenant].lines[entry.realtime]
        kind = self.kind_of(entry)
        at = (kind, step(entry.needs.cpu), step(entry.needs.memory))
        cell = line.cells.get(at)
        if cell is None:
            cell = line.cells[at] = Cell(line, kind, at)
            self._kinds[kind.demands] = kind
            kind.cells += 1
        return cell

    def _offer(self, lane: Lane, cell: Cell) -> None:
        """Put the lane's best task of the cell forward."""
        lane.withheld.pop(cell, None)
        entry = lane.best(cell)
        if entry is None or lane.offers.get(cell) == entry.key:
            return
        lane.offers[cell] = entry.key
        heapq.heappush(cell.heap, (entry.key, lane))
        line, head = cell.line, cell.head
        if cell in line.closed:
            if head is not None and entry.key < cell.key:
                if entry.cpu >= head.cpu and entry.memory >= head.memory:
                    cell.lead_with(entry)  # where less did not fit, this does not either
                else:
                    cell.key = entry.key
                    self.open_cell(cell)
        elif cell in line.open:
            if entry.key < cell.key:
                line.opened(cell, entry.key)
        else:
            line.opened(cell, entry.key)
            self.open += 1
            self.tenants.settle(line)

    def _drop(self, cell: Cell) -> None:
        """The cell offers nothing now."""
        line = cell.line
        if cell in line.open:
            del line.open[cell]
            self.open -= 1
        line.closed.pop(cell, None)
        cell.head = cell.tested = None
        self.tenants.settle(line)

    def _forget(self, cell: Cell) -> None:
        """Nothing is queued in the cell."""
        self._drop(cell)
        cell.heap.clear()
        cell.line.cells.pop(cell.at, None)
        cell.kind.cells -= 1
        if not cell.kind.cells:
            self._kinds.pop(cell.kind.demands, None)
