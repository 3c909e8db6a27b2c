"""Which state is each agent in, and how did it get there?"""

from collections.abc import Sequence

from sqlalchemy.ext.asyncio import AsyncConnection

from events.codec import Fact

from ..projection import Projection
from ..rows import Rows
from .fold import CONCERNS, agent_of, fold
from .tables import AGENT_TRANSITIONS, AGENTS, AgentRow, TransitionRow

_agents = Rows(AGENTS, AgentRow)
_transitions = Rows(AGENT_TRANSITIONS, TransitionRow)


class Lifecycle(Projection[Fact]):
    """Agents and their transitions."""

    name = "lifecycle"
    version = 2
    tables = (AGENTS, AGENT_TRANSITIONS)
    reads = Fact

    def subject(self, item: Fact) -> str:
        return f"agent/{agent_of(item)}"

    async def apply(self, connection: AsyncConnection, items: Sequence[Fact]) -> None:
        mine = [fact for fact in items if type(fact.event) in CONCERNS]
        known = await _agents.load(connection, "id", {agent_of(fact) for fact in mine})
        agents = {agent.id: agent for agent in known}
        touched: dict[str, AgentRow] = {}
        taken: list[TransitionRow] = []
        for fact in mine:
            agent_id = agent_of(fact)
            before = agents.get(agent_id)
            after, steps = fold(before, fact)
            if after is not before:
                agents[agent_id] = touched[agent_id] = after
                taken += steps
        await _agents.upsert(connection, touched.values())
        await _transitions.add(connection, taken)
