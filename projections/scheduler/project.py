"""What waits, what runs where, and how did it end?"""

from collections.abc import Callable, Mapping, Sequence
from typing import TypeVar

from sqlalchemy.ext.asyncio import AsyncConnection

from events.base import Event
from events.codec import Fact

from ..projection import Projection
from ..rows import Rows
from . import fold_node, fold_task
from .tables import NODES, TASKS, NodeRow, TaskRow

R = TypeVar("R")

_tasks = Rows(TASKS, TaskRow)
_nodes = Rows(NODES, NodeRow)


class Scheduler(Projection[Fact]):
    """Tasks, and the nodes that run them."""

    name = "scheduler"
    version = 1
    tables = (TASKS, NODES)
    reads = Fact

    def subject(self, item: Fact) -> str:
        return item.envelope.subject

    async def apply(self, connection: AsyncConnection, items: Sequence[Fact]) -> None:
        facts = _by_id(items, fold_task.CONCERNS)
        tasks = {task.id: task for task in await _tasks.load(connection, "id", facts)}
        await _tasks.upsert(connection, _folded(tasks, facts, fold_task.fold))
        facts = _by_id(items, fold_node.CONCERNS)
        nodes = {node.id: node for node in await _nodes.load(connection, "id", facts)}
        await _nodes.upsert(connection, _folded(nodes, facts, fold_node.fold))


def _by_id(items: Sequence[Fact], concerns: frozenset[type[Event]]) -> dict[str, list[Fact]]:
    found: dict[str, list[Fact]] = {}
    for fact in items:
        if type(fact.event) in concerns:
            found.setdefault(fact.envelope.aggregate_id, []).append(fact)
    return found


def _folded(
    before: Mapping[str, R], facts: Mapping[str, list[Fact]], fold: Callable[[R | None, Fact], R]
) -> list[R]:
    after = []
    for name, its_facts in facts.items():
        row = before.get(name)
        for fact in its_facts:
            row = fold(row, fact)
        assert row is not None, name
        after.append(row)
    return after
