"""What can be asked about agents."""

from collections import Counter
from collections.abc import Mapping

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from ..paging import Page
from .tables import AGENT_TRANSITIONS, AGENTS, AgentRow, TransitionRow


async def agents(
    connection: AsyncConnection,
    page: Page = Page(),
    *,
    state: str | None = None,
    tenant: str | None = None,
    owner: str | None = None,
    name: str | None = None,
    quarantined: bool | None = None,
    labels: Mapping[str, str] | None = None,
) -> list[AgentRow]:
    """The agents that fit every filter given, by `first_seq`."""
    wanted = {"state": state, "tenant": tenant, "owner": owner, "name": name, "quarantined": quarantined}
    query = select(AGENTS).where(*(AGENTS.c[k] == v for k, v in wanted.items() if v is not None))
    if labels:
        query = query.where(AGENTS.c.labels.contains(dict(labels)))
    found = await connection.execute(page.of(query, AGENTS.c.first_seq))
    return [AgentRow(*row) for row in found]


async def agent(connection: AsyncConnection, agent_id: str) -> AgentRow | None:
    """The agent of this id."""
    row = (await connection.execute(select(AGENTS).where(AGENTS.c.id == agent_id))).one_or_none()
    return AgentRow(*row) if row else None


async def transitions(connection: AsyncConnection, agent_id: str, page: Page = Page()) -> list[TransitionRow]:
    """The agent's steps, by `n`."""
    query = select(AGENT_TRANSITIONS).where(AGENT_TRANSITIONS.c.agent == agent_id)
    found = await connection.execute(page.of(query, AGENT_TRANSITIONS.c.n))
    return [TransitionRow(*row) for row in found]


async def agent_counts(connection: AsyncConnection) -> Counter[str]:
    """How many agents are in each state."""
    query = select(AGENTS.c.state, func.count()).where(AGENTS.c.state.is_not(None)).group_by(AGENTS.c.state)
    return Counter({state: count for state, count in await connection.execute(query)})
