"""The tables of agents and their transitions."""

from typing import Any, NamedTuple

from sqlalchemy import BigInteger, Boolean, Column, Index, Integer, Table, Text
from sqlalchemy.dialects.postgresql import JSONB

from ..schema import METADATA

AGENTS = Table(
    "agents",
    METADATA,
    Column("id", Text, primary_key=True),
    Column("name", Text, nullable=False),
    Column("version", Text),
    Column("definition_digest", Text, nullable=False),
    Column("owner", Text, nullable=False),
    Column("tenant", Text, nullable=False),
    Column("state", Text),
    Column("state_since", BigInteger),
    Column("reason", Text, nullable=False),
    Column("quarantined", Boolean, nullable=False),
    Column("decommissioned", Boolean, nullable=False),
    Column("running", JSONB, nullable=False),
    Column("config", JSONB),
    Column("labels", JSONB, nullable=False),
    Column("transitions", Integer, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("updated_at", BigInteger, nullable=False),
    Column("first_seq", BigInteger, nullable=False),
    Column("last_seq", BigInteger, nullable=False),
    Index("agents_first_seq", "first_seq"),
)

AGENT_TRANSITIONS = Table(
    "agent_transitions",
    METADATA,
    Column("agent", Text, primary_key=True),
    # Counts the agent's transitions, from 1.
    Column("n", Integer, primary_key=True, autoincrement=False),
    Column("seq", BigInteger, nullable=False),
    Column("from_state", Text),
    Column("to_state", Text, nullable=False),
    Column("at", BigInteger, nullable=False),
    Column("event", Text, nullable=False),
    Column("task", Text),
    Column("reason", Text, nullable=False),
    Column("actor", Text, nullable=False),
)


class AgentRow(NamedTuple):
    """One agent; times are nanoseconds since the epoch."""

    id: str
    name: str
    version: str | None
    definition_digest: str
    owner: str
    tenant: str
    state: str | None
    """`initializing`, `ready`, `running`, `suspended`, `terminated`, `failed`; none until it is spawned."""
    state_since: int | None
    reason: str
    """Why it is in this state, where somebody said so."""
    quarantined: bool
    decommissioned: bool
    running: list[str]
    """The tasks that are assigned to a node or run there, in the order of their assignment."""
    config: dict[str, Any] | None
    labels: dict[str, str]
    transitions: int
    """How many steps it has taken."""
    created_at: int
    updated_at: int
    first_seq: int
    last_seq: int


class TransitionRow(NamedTuple):
    """One step of an agent's life."""

    agent: str
    n: int
    """Counts the agent's steps, from 1; `agent.resumed` may cause two."""
    seq: int
    from_state: str | None
    to_state: str
    at: int
    event: str
    task: str | None
    """The task that caused it, if one did."""
    reason: str
    actor: str
