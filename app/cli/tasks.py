"""How tasks are shown, waited for, and put together from options."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.text import Text

from app.domain.rejections import TaskInvalid
from app.domain.unrunnable import program_reasons
from events.codec import Bad
from events.commands import Program
from events.content import ContentRef
from events.task import NoopWork
from projections import scheduler
from projections.scheduler import TaskRow

from ..errors import Invalid
from .output import Column, record
from .requests import BadOption, NotKnownHere, build, labels, pairs, read_file
from .tables import moment, state
from .times import short

if TYPE_CHECKING:
    from app.bootstrap import Client

OVER = frozenset({"completed", "cancelled", "dead_lettered"})
FAILED = frozenset({"failed", "timed_out"})
NS = 1_000_000_000
ANYTHING = "application/octet-stream"
ANY_IMAGE = "its-own"
"""In place of the runtime's image, which it alone knows."""


class NothingToRun(Invalid):
    """Name the program after `--`: symbi task submit {agent} -- echo hello. Or give --noop."""


def as_json(row: TaskRow) -> dict[str, Any]:
    times = ("submitted_at", "queued_at", "assigned_at", "started_at", "ended_at", "updated_at")
    return record(row, times=times)


def shown_work(row: TaskRow) -> str:
    """What the task does, on one line."""
    if row.work.get("kind") == "body":
        return f"the body of {row.work.get('definition', {}).get('agent', 'its agent')}"
    return " ".join(row.work.get("argv", [])) or str(row.work.get("kind"))


def took(row: TaskRow) -> str:
    if row.started_at is None or row.ended_at is None:
        return ""
    return short((row.ended_at - row.started_at) / NS)


COLUMNS = [
    Column("Task", lambda row: row.id),
    Column("Agent", lambda row: row.agent),
    Column("State", lambda row: state(row.state)),
    Column("Submitted", lambda row: moment(row.submitted_at)),
    Column("Took", took, needed=False, right=True),
    Column("Exit", lambda row: row.exit_code, needed=False, right=True),
    Column("Why", lambda row: row.reason, needed=False),
    Column("Work", lambda row: shown_work(row)[:60], needed=False),
    Column("Node", lambda row: row.node, needed=False),
]


def facts(row: TaskRow) -> dict[str, Any]:
    """One task as names and values."""
    work = row.work
    return {
        "task": row.id,
        "agent": row.agent,
        "state": state(row.state),
        "why": row.reason if row.state not in ("assigned", "running") else None,
        "detail": row.detail,
        "exit code": row.exit_code,
        "work": shown_work(row),
        "image": work.get("image"),
        "environment": labels(work.get("environment", {})),
        "files": ", ".join(work.get("files", {})),
        "tier": f"{row.tier}, priority {row.priority}",
        "attempt": f"{row.attempt} of {row.max_retries + 1}" if row.max_retries else None,
        "node": row.node,
        "sandbox": row.sandbox,
        "progress": f"{row.percent:.0f} % {row.note}" if row.percent is not None else row.note,
        "submitted": moment(row.submitted_at),
        "started": moment(row.started_at) if row.started_at else None,
        "ended": moment(row.ended_at) if row.ended_at else None,
        "took": took(row),
        "used": _used(row.usage),
        "limits": ", ".join(f"{name} {value}" for name, value in row.limits.items()),
        "output": f"{row.output['size']} bytes; symbi task logs {row.id}" if row.output else None,
        "submitted by": row.actor,
        "labels": labels(row.labels),
        "events": f"{row.first_seq} to {row.last_seq}",
    }


def _used(usage: Mapping[str, float] | None) -> str:
    if not usage:
        return ""
    return f"{short(usage.get('cpu_seconds', 0.0))} of CPU, {usage.get('memory_peak_mb', 0.0):.0f} MB at most"


def is_over(row: TaskRow) -> bool:
    """Whether nothing more happens to the task by itself: one with retries left is not over when it fails."""
    return row.state in OVER or (row.state in FAILED and not row.max_retries)


async def find(client: "Client", task_id: str) -> TaskRow:
    """The task. Raises `NotKnownHere`."""
    async with client.queries.connect() as connection:
        row = await scheduler.task(connection, task_id)
    if row is None:
        raise NotKnownHere(what="task", name=task_id, verb="task list")
    return row


async def ended(client: "Client", task_id: str) -> TaskRow:
    """The task once it is over, however long that takes."""
    row = await find(client, task_id)
    if is_over(row):
        return row
    async for item in client.follow_events(row.last_seq):
        if isinstance(item, Bad) or getattr(item.event, "task_id", None) != task_id:
            continue
        await client.wait_for(item.seq)
        row = await find(client, task_id)
        if is_over(row):
            return row
    raise AssertionError("the log is followed for ever")


async def command_work(
    client: "Client",
    task_id: str,
    argv: Sequence[str],
    image: str | None,
    environment: Sequence[str],
    files: Sequence[str],
) -> Program:
    """A program to run; its files are stored first, under the task's own data key.

    Raises:
        TaskInvalid: it could never run; nothing is stored for it.
    """
    variables, local = pairs(environment, "K=V"), pairs(files, "PATH=LOCAL")
    nothing = ContentRef(digest=f"sha256:{'0' * 64}", size=0, scope="")
    program = build(
        Program, argv=list(argv), image=image, environment=variables, files=dict.fromkeys(local, nothing)
    )
    if reasons := program_reasons(program, task_image=ANY_IMAGE):
        raise TaskInvalid(summary="; ".join(reasons), reasons=reasons)
    content = {path: read_file(Path(name)) for path, name in local.items()}
    refs = {
        path: await client.blobs.put(data, scope=f"task/{task_id}", media_type=ANYTHING)
        for path, data in content.items()
    }
    return program.model_copy(update={"files": refs})


def noop_work(argv: Sequence[str]) -> NoopWork:
    if argv:
        raise BadOption(problems="--noop runs nothing; leave out what follows --")
    return NoopWork()


def ending(row: TaskRow) -> Text:
    """How the task ended, in one line; a detail of several lines stands below it."""
    line = Text(f"Task {row.id} is ") + state(row.state)
    if row.exit_code is not None:
        line += Text(f", exit code {row.exit_code}")
    detail = row.detail or ""
    below = "".join(f"\n  {each}" for each in detail.splitlines()) if "\n" in detail else ""
    if row.reason and row.state != "completed":
        line += Text(f" ({row.reason}{': ' + detail if detail and not below else ''})")
    return line + Text(f", after {took(row)}." if took(row) else ".") + Text(below)
