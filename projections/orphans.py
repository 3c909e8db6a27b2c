"""What was begun and never ended: intents without an outcome."""

from collections.abc import Mapping

from sqlalchemy import and_, exists, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from .history import EVENTS, EventRow
from .paging import Page

_TASK_OVER = (
    "task.completed",
    "task.failed",
    "task.timed_out",
    "task.cancelled",
    "task.preempted",
    "task.retried",
)

OUTCOMES: Mapping[str, tuple[str, ...]] = {
    "agent.spawned": ("agent.readied", "agent.initialization.failed"),
    "halt.requested": ("agent.halted", "agent.terminated"),
    "task.assigned": ("task.started", *_TASK_OVER),
    "task.started": _TASK_OVER,
    "task.preemption.requested": _TASK_OVER,
    "tool.call.requested": ("tool.call.completed", "tool.call.failed", "tool.call.denied"),
}
"""Each type of event that announces an act, and those that close it, on the same aggregate."""


async def orphans(
    connection: AsyncConnection, page: Page = Page(), *, before: int | None = None, agent: str | None = None
) -> list[EventRow]:
    """The intents without an outcome, by `seq`.

    An act that is under way has no outcome yet either: *before*, a time in nanoseconds since the epoch,
    leaves out those announced at or after it.
    """
    later = EVENTS.alias("later")
    closed = (
        exists()
        .where(later.c.aggregate_id == EVENTS.c.aggregate_id, later.c.seq > EVENTS.c.seq)
        .where(later.c.aggregate == EVENTS.c.aggregate)
    )
    query = select(EVENTS).where(
        or_(
            *(
                and_(EVENTS.c.type == intent, ~closed.where(later.c.type.in_(outcomes)))
                for intent, outcomes in OUTCOMES.items()
            )
        )
    )
    if before is not None:
        query = query.where(EVENTS.c.time < before)
    if agent is not None:
        query = query.where(EVENTS.c.agent == agent)
    return [EventRow(*row) for row in await connection.execute(page.of(query, EVENTS.c.seq))]
