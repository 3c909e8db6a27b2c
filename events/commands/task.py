"""Commands to one task; its agent is named, because the agent's history holds it."""

from typing import Annotated, Literal, TypeAlias

from pydantic import Field

from ..agent_config import DataClass, SandboxTier
from ..base import Record
from ..content import ContentRef
from ..identifiers import Token
from ..placement import Placement
from ..task import BodyWork, NoopWork, PriorityTier, Usage
from .base import Command, asked_as


class TaskLimits(Record):
    """What a task asks for of what its agent is allowed; what it leaves out is the agent's own."""

    memory_mb: int | None = Field(None, ge=16)
    cpu_cores: float | None = Field(None, gt=0)
    disk_io_mbps: int | None = Field(None, ge=1)
    network_io_mbps: int | None = Field(None, ge=1)
    execution_timeout: float | None = Field(None, gt=0)
    """Seconds."""
    max_pids: int | None = Field(None, ge=1)


class Program(Record):
    """A program to run in a sandbox."""

    kind: Literal["command"] = "command"
    argv: list[str] = Field(max_length=256)
    image: str | None = Field(None, max_length=512)
    """The container image; the runtime's own (`worker.task_image`) where it is left out."""
    environment: dict[str, str] = Field(default_factory=dict, max_length=128)
    files: dict[str, ContentRef] = Field(default_factory=dict, max_length=128)
    """Path below the working directory → content, read-only."""


AskedWork: TypeAlias = Annotated[Program | NoopWork | BodyWork, Field(discriminator="kind")]


@asked_as("task.submit")
class SubmitTask(Command):
    """Give work to an agent. The task's id derives from the command's. What could never run is refused."""

    agent_id: Token
    work: AskedWork
    tier: PriorityTier = PriorityTier.BATCH
    priority: int | None = Field(None, ge=-1000, le=1000)
    """The agent's own where it is left out."""
    limits: TaskLimits | None = None
    """At most the agent's own, which are the default."""
    deadline: str | None = None
    max_retries: int = Field(0, ge=0, le=100)
    data_classes: list[DataClass] = Field(default_factory=list)
    labels: dict[str, str] = Field(default_factory=dict, max_length=64)
    placement: Placement | None = None
    """On which nodes it may run, beside what its agent says of that."""
    sandbox: SandboxTier | None = None
    """A tier that it demands; what the risk or the agent demand beyond that holds all the same."""


@asked_as("schedule.fire")
class FireSchedule(Command):
    """Give an agent the task of a schedule whose time has come. The scheduler's."""

    agent_id: Token
    schedule: str
    due_at: str
    """The time that came: RFC 3339 in UTC."""
    skipped: int = Field(0, ge=0)
    """How many of its times passed by before that one without a task."""


class _Named(Command):
    agent_id: Token
    task_id: Token


class _Report(_Named):
    node_id: Token
    assignment: int
    """The number of the assignment that the node runs under; a stale one is refused."""


@asked_as("task.assign")
class AssignTask(_Named):
    """Give a queued task of a Ready agent to a node. The scheduler's."""

    node_id: Token
    reason: str = ""
    sandbox: SandboxTier | None = None
    """The tier that isolates the run, at least that of the submission."""


@asked_as("task.start")
class StartTask(_Report):
    """Say that the node begins to run it. A worker's."""

    sandbox: str = "none"


@asked_as("task.progress")
class ProgressTask(_Report):
    """Say how far it is. A worker's."""

    percent: float | None = Field(None, ge=0, le=100)
    note: str = Field("", max_length=1000)


@asked_as("task.complete")
class CompleteTask(_Report):
    """Say that it ended well. A worker's."""

    exit_code: int | None = None
    output: ContentRef | None = None
    usage: Usage = Field(default_factory=Usage)


@asked_as("task.fail")
class FailTask(_Report):
    """Say that it ended badly. A worker's."""

    reason: str = Field(max_length=100)
    detail: str = Field("", max_length=4000)
    exit_code: int | None = None
    output: ContentRef | None = None
    usage: Usage = Field(default_factory=Usage)


@asked_as("task.time_out")
class TimeOutTask(_Report):
    """Say that it was stopped for running too long. A worker's."""

    after_seconds: float
    output: ContentRef | None = None
    usage: Usage = Field(default_factory=Usage)


@asked_as("task.preempt")
class PreemptTask(_Named):
    """Have a task leave its node for a more important one; it goes on when there is room. The scheduler's."""

    by_task_id: Token | None = None
    reason: str = Field(max_length=1000)


@asked_as("task.yield")
class YieldTask(_Report):
    """Say that a task which was to leave has been stopped, and that nothing of it runs. A worker's."""

    usage: Usage = Field(default_factory=Usage)


@asked_as("task.retry")
class RetryTask(_Named):
    """Queue a task again that failed, timed out or was dead-lettered."""

    reason: str = Field("", max_length=1000)


@asked_as("task.requeue")
class RequeueTask(_Named):
    """Queue a task again whose node was lost while it held the task. The scheduler's."""

    reason: str = Field("", max_length=1000)


@asked_as("task.cancel")
class CancelTask(_Named):
    """Call a task off, whether it waits, runs or has failed."""

    reason: str = Field("", max_length=1000)


@asked_as("task.refuse")
class RefuseTask(_Named):
    """Fail a queued task that nothing here could ever run: no node has what it needs. The scheduler's."""

    reason: str = Field(max_length=100)
    detail: str = Field("", max_length=4000)


@asked_as("task.expire")
class ExpireTask(_Named):
    """Time out a task that waits and whose deadline has passed. The scheduler's."""


@asked_as("task.dead_letter")
class DeadLetterTask(_Named):
    """Give up on a failed task; a person must look at it. The scheduler's."""

    reason: str = Field("", max_length=1000)


TaskCommand: TypeAlias = (
    SubmitTask
    | FireSchedule
    | AssignTask
    | StartTask
    | ProgressTask
    | CompleteTask
    | FailTask
    | TimeOutTask
    | PreemptTask
    | YieldTask
    | RefuseTask
    | ExpireTask
    | RetryTask
    | RequeueTask
    | CancelTask
    | DeadLetterTask
)
