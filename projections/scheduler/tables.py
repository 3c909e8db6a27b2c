"""The tables of tasks and of the nodes that run them."""

from typing import Any, NamedTuple

from sqlalchemy import BigInteger, Column, Float, Index, Integer, Table, Text, text
from sqlalchemy.dialects.postgresql import JSONB

from ..schema import METADATA

TASKS = Table(
    "tasks",
    METADATA,
    Column("id", Text, primary_key=True),
    Column("agent", Text, nullable=False),
    Column("tenant", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("detail", Text, nullable=False),
    Column("tier", Text, nullable=False),
    Column("priority", BigInteger, nullable=False),
    Column("work", JSONB, nullable=False),
    Column("limits", JSONB, nullable=False),
    Column("labels", JSONB, nullable=False),
    Column("data_classes", JSONB, nullable=False),
    Column("deadline", Text),
    Column("max_retries", BigInteger, nullable=False),
    Column("attempt", Integer, nullable=False),
    Column("assignment", Integer, nullable=False),
    Column("preemptions", Integer, nullable=False),
    Column("node", Text),
    Column("sandbox", Text),
    Column("percent", Float),
    Column("note", Text, nullable=False),
    Column("exit_code", BigInteger),
    Column("output", JSONB),
    Column("usage", JSONB),
    Column("actor", Text, nullable=False),
    Column("correlation_id", Text, nullable=False),
    Column("submitted_at", BigInteger, nullable=False),
    Column("queued_at", BigInteger, nullable=False),
    Column("assigned_at", BigInteger),
    Column("started_at", BigInteger),
    Column("ended_at", BigInteger),
    Column("updated_at", BigInteger, nullable=False),
    Column("first_seq", BigInteger, nullable=False),
    Column("last_seq", BigInteger, nullable=False),
)
Index("tasks_first_seq", TASKS.c.first_seq)
Index("tasks_agent", TASKS.c.agent, TASKS.c.first_seq)
Index(
    "tasks_queue",
    TASKS.c.tier.desc(),
    TASKS.c.priority.desc(),
    TASKS.c.first_seq,
    postgresql_where=text("state = 'queued'"),
)
Index("tasks_on_nodes", TASKS.c.node, postgresql_where=text("state IN ('assigned', 'running')"))

NODES = Table(
    "nodes",
    METADATA,
    Column("id", Text, primary_key=True),
    Column("state", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("cpu_cores", Float, nullable=False),
    Column("memory_mb", BigInteger, nullable=False),
    Column("tasks", BigInteger, nullable=False),
    Column("tiers", JSONB, nullable=False),
    Column("labels", JSONB, nullable=False),
    Column("joined_at", BigInteger, nullable=False),
    Column("updated_at", BigInteger, nullable=False),
    Column("first_seq", BigInteger, nullable=False),
    Column("last_seq", BigInteger, nullable=False),
)


class TaskRow(NamedTuple):
    """One task; times are nanoseconds since the epoch."""

    id: str
    agent: str
    tenant: str
    state: str
    """`queued`, `assigned`, `running`, `completed`, `failed`, `timed_out`, `cancelled`, `dead_lettered`."""
    reason: str
    """Why it is in this state, where somebody said so."""
    detail: str
    tier: str
    priority: int
    work: dict[str, Any]
    limits: dict[str, Any]
    labels: dict[str, str]
    data_classes: list[str]
    deadline: str | None
    max_retries: int
    attempt: int
    """The attempt that runs, ran last or will run next, from 1; a preemption charges none."""
    assignment: int
    """The number of its newest assignment; 0 before the first."""
    preemptions: int
    node: str | None
    """Where it runs or ran last; none while it is queued."""
    sandbox: str | None
    percent: float | None
    note: str
    exit_code: int | None
    output: dict[str, Any] | None
    """The `ContentRef` of its output."""
    usage: dict[str, float] | None
    actor: str
    """Who submitted it."""
    correlation_id: str
    submitted_at: int
    queued_at: int
    """When it last came into the queue."""
    assigned_at: int | None
    started_at: int | None
    ended_at: int | None
    updated_at: int
    first_seq: int
    last_seq: int


class NodeRow(NamedTuple):
    """One node and what it offered when it last joined."""

    id: str
    state: str
    """`joined`, `draining`, `lost` or `removed`."""
    reason: str
    cpu_cores: float
    memory_mb: int
    tasks: int
    """How many tasks it runs at once."""
    tiers: list[str]
    labels: dict[str, str]
    joined_at: int
    updated_at: int
    first_seq: int
    last_seq: int
