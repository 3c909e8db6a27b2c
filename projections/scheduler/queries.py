"""What can be asked about tasks, their queue and the nodes."""

from collections import Counter
from collections.abc import Collection, Mapping

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from ..paging import Page
from .tables import NODES, TASKS, NodeRow, TaskRow


async def tasks(
    connection: AsyncConnection,
    page: Page = Page(),
    *,
    agent: str | None = None,
    states: Collection[str] | None = None,
    node: str | None = None,
    tier: str | None = None,
    tenant: str | None = None,
    labels: Mapping[str, str] | None = None,
) -> list[TaskRow]:
    """The tasks that fit every filter given, by `first_seq`."""
    wanted = {"agent": agent, "node": node, "tier": tier, "tenant": tenant}
    query = select(TASKS).where(*(TASKS.c[k] == v for k, v in wanted.items() if v is not None))
    if states is not None:
        query = query.where(TASKS.c.state.in_(states))
    if labels:
        query = query.where(TASKS.c.labels.contains(dict(labels)))
    return [TaskRow(*row) for row in await connection.execute(page.of(query, TASKS.c.first_seq))]


async def task(connection: AsyncConnection, task_id: str) -> TaskRow | None:
    """The task of this id."""
    row = (await connection.execute(select(TASKS).where(TASKS.c.id == task_id))).one_or_none()
    return TaskRow(*row) if row else None


async def queue(connection: AsyncConnection, limit: int = 100) -> list[TaskRow]:
    """The tasks that wait: real-time before batch, then by priority, then by age."""
    # `realtime` comes after `batch` in any alphabet, and the index is in this order.
    in_turn = (TASKS.c.tier.desc(), TASKS.c.priority.desc(), TASKS.c.first_seq)
    query = select(TASKS).where(TASKS.c.state == "queued").order_by(*in_turn).limit(limit)
    return [TaskRow(*row) for row in await connection.execute(query)]


async def queue_depths(connection: AsyncConnection) -> Counter[str]:
    """How many tasks wait in each tier."""
    query = select(TASKS.c.tier, func.count()).where(TASKS.c.state == "queued").group_by(TASKS.c.tier)
    return Counter({tier: count for tier, count in await connection.execute(query)})


async def task_counts(connection: AsyncConnection, agent: str | None = None) -> Counter[str]:
    """How many tasks are in each state: all, or one agent's."""
    query = select(TASKS.c.state, func.count()).group_by(TASKS.c.state)
    if agent is not None:
        query = query.where(TASKS.c.agent == agent)
    return Counter({state: count for state, count in await connection.execute(query)})


async def nodes(connection: AsyncConnection, state: str | None = None) -> list[NodeRow]:
    """The nodes, in the order in which they first joined."""
    query = select(NODES).order_by(NODES.c.first_seq)
    if state is not None:
        query = query.where(NODES.c.state == state)
    return [NodeRow(*row) for row in await connection.execute(query)]


async def node(connection: AsyncConnection, node_id: str) -> NodeRow | None:
    """The node of this id."""
    row = (await connection.execute(select(NODES).where(NODES.c.id == node_id))).one_or_none()
    return NodeRow(*row) if row else None


async def node_loads(connection: AsyncConnection) -> Counter[str]:
    """How many tasks are assigned to each node or run there."""
    query = (
        select(TASKS.c.node, func.count())
        .where(TASKS.c.state.in_(("assigned", "running")))
        .group_by(TASKS.c.node)
    )
    return Counter({node: count for node, count in await connection.execute(query)})
