"""Which state is each agent in, and how did it get there?"""

from .project import Lifecycle
from .queries import agent, agent_counts, agents, transitions
from .tables import AGENT_TRANSITIONS, AGENTS, AgentRow, TransitionRow

__all__ = [
    "AGENTS",
    "AGENT_TRANSITIONS",
    "AgentRow",
    "Lifecycle",
    "TransitionRow",
    "agent",
    "agent_counts",
    "agents",
    "transitions",
]
