"""The life of one task, inside the boundary of the agent that runs it."""

from typing import Annotated, Any, Literal, TypeAlias

from pydantic import Field, JsonValue

from .agent_config import DataClass, ResourceLimits, SandboxTier
from .agent_definition import DefinitionRef
from .base import Event, Record, Term, recorded_as
from .content import ContentRef
from .identifiers import Token
from .placement import Placement
from .risk import RiskAssessment
from .upcast import upcasts


class PriorityTier(Term):
    """Real-time tasks go before batch tasks, whatever their priority."""

    REALTIME = "realtime"
    BATCH = "batch"


class CommandWork(Record):
    """A program run in a sandbox."""

    kind: Literal["command"] = "command"
    argv: Annotated[list[str], Field(min_length=1, max_length=256)]
    image: Annotated[str, Field(min_length=1, max_length=512)]
    environment: dict[str, str] = Field(default_factory=dict, max_length=128)
    files: dict[str, ContentRef] = Field(default_factory=dict, max_length=128)
    """Path below the working directory → content, read-only."""


class NoopWork(Record):
    """Nothing to run: completes as soon as it starts. Measures the path that every task takes."""

    kind: Literal["noop"] = "noop"


class BodyWork(Record):
    """The body of the agent's own definition, interpreted in the worker."""

    kind: Literal["body"] = "body"
    inputs: ContentRef | None = None
    """What it is given, as JSON: an object with a value for each of the agent's inputs."""
    given: dict[str, JsonValue] = Field(default_factory=dict, max_length=64)
    """Inputs that are no content: those that a schedule of the definition names."""
    definition: DefinitionRef | None = None
    """What runs: the definition that the agent had when the task was submitted, which puts it here."""


Work: TypeAlias = Annotated[CommandWork | NoopWork | BodyWork, Field(discriminator="kind")]


class Usage(Record):
    """What a run used."""

    wall_seconds: float = 0.0
    cpu_seconds: float = 0.0
    memory_peak_mb: float = 0.0


@recorded_as("task.submitted", aggregate="task", version=2)
class TaskSubmitted(Event):
    """Work was given to an agent: it is queued."""

    task_id: Token
    agent_id: Token
    work: Work
    tier: PriorityTier = PriorityTier.BATCH
    priority: int = 0
    """Higher goes first within a tier."""
    limits: ResourceLimits
    deadline: str | None = None
    """When it times out whatever it is doing: RFC 3339 in UTC."""
    max_retries: int = 0
    """How many more tries a failure gets."""
    data_classes: list[DataClass] = Field(default_factory=list)
    labels: dict[str, str] = Field(default_factory=dict)
    tenant: str = "default"
    """On whose account it runs: what the tenants use is kept even."""
    submitted_at: str | None = None
    """RFC 3339 in UTC; its turn in the queue counts from here."""
    placement: Placement | None = None
    sandbox: SandboxTier | None = None
    """The least tier that isolates it; none where nothing is isolated, or nothing was assessed."""
    risk: RiskAssessment | None = None
    """Why that tier."""


@recorded_as("task.assigned", aggregate="task", version=2)
class TaskAssigned(Event):
    """The scheduler gave the task to a node; its assignment number fences every later report."""

    task_id: Token
    agent_id: Token
    node_id: Token
    assignment: int
    """Counts the task's assignments, from 1. Reports that name an older one are refused."""
    attempt: int
    """Counts the tries that are charged to the task, from 1; a preemption or resumption charges none."""
    reason: str = ""
    sandbox: SandboxTier | None = None
    """The tier that isolates the run; none where nothing is isolated, or the node chooses."""


@recorded_as("task.started", aggregate="task")
class TaskStarted(Event):
    """The node began to run it."""

    task_id: Token
    node_id: Token
    assignment: int
    """The number of the assignment under which it runs."""
    sandbox: str = "none"
    """The tier that isolates it."""


@recorded_as("task.progressed", aggregate="task")
class TaskProgressed(Event):
    """The run reported how far it is."""

    task_id: Token
    assignment: int
    percent: float | None = None
    """0 to 100, as the run itself says."""
    note: str = ""


@recorded_as("task.preemption.requested", aggregate="task")
class TaskPreemptionRequested(Event):
    """A more important task needs its place: its node stops it, and says so when it has."""

    task_id: Token
    assignment: int
    by_task_id: Token | None = None
    reason: str


@recorded_as("task.preempted", aggregate="task", version=2)
class TaskPreempted(Event):
    """It has made room for a more important task: it is queued again and not charged a retry."""

    task_id: Token
    by_task_id: Token | None = None
    reason: str
    usage: Usage = Field(default_factory=Usage)


@recorded_as("task.completed", aggregate="task")
class TaskCompleted(Event):
    """It ended well."""

    task_id: Token
    assignment: int
    exit_code: int | None = None
    output: ContentRef | None = None
    usage: Usage = Field(default_factory=Usage)


@recorded_as("task.failed", aggregate="task")
class TaskFailed(Event):
    """It ended badly, or could not begin; whether it is tried again is the error handler's business."""

    task_id: Token
    assignment: int
    reason: str
    """A short code: `exit`, `no_sandbox`, `image_missing`, `limit`, `lost`."""
    detail: str = ""
    exit_code: int | None = None
    output: ContentRef | None = None
    usage: Usage = Field(default_factory=Usage)


@recorded_as("task.timed_out", aggregate="task")
class TaskTimedOut(Event):
    """It ran longer than its limit allows, and was stopped, or its deadline passed, in the queue too."""

    task_id: Token
    assignment: int
    after_seconds: float
    output: ContentRef | None = None
    usage: Usage = Field(default_factory=Usage)


@recorded_as("task.retried", aggregate="task")
class TaskRetried(Event):
    """It is queued again after a failure, a timeout or the loss of its node."""

    task_id: Token
    attempt: int
    """The attempt that will run next, from 1."""
    reason: str


@recorded_as("task.cancelled", aggregate="task")
class TaskCancelled(Event):
    """Somebody called it off; if it runs, it is stopped."""

    task_id: Token
    reason: str


@recorded_as("task.dead_lettered", aggregate="task")
class TaskDeadLettered(Event):
    """It failed for good and waits for a person."""

    task_id: Token
    reason: str


@recorded_as("schedule.fired", aggregate="task", version=2)
class ScheduleFired(Event):
    """A schedule's time came and caused this task."""

    task_id: Token
    schedule: str
    due_at: str
    """The time that came: RFC 3339 in UTC."""
    skipped: int = Field(0, ge=0)
    """How many of its times passed by before that one without a task, counted up to 1,000."""


@upcasts("symbi.task.assigned.v1", TaskAssigned.wire_type())
@upcasts("symbi.task.preempted.v1", TaskPreempted.wire_type())
def _what_the_scheduler_added(data: dict[str, Any]) -> dict[str, Any]:
    """Before, every node had one way to isolate, and what a preempted run had used was not told."""
    return data


@upcasts("symbi.task.submitted.v1", TaskSubmitted.wire_type())
@upcasts("symbi.schedule.fired.v1", ScheduleFired.wire_type())
def _what_definitions_added(data: dict[str, Any]) -> dict[str, Any]:
    """Before agents had bodies, no task ran one, and no schedule was missed."""
    return data


TaskEvent: TypeAlias = (
    TaskSubmitted
    | TaskAssigned
    | TaskStarted
    | TaskProgressed
    | TaskPreemptionRequested
    | TaskPreempted
    | TaskCompleted
    | TaskFailed
    | TaskTimedOut
    | TaskRetried
    | TaskCancelled
    | TaskDeadLettered
    | ScheduleFired
)
