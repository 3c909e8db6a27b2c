"""`symbi task`: work given to agents."""

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from ..calls import Call, verb
from ..choices import TaskState
from ..groups import group

if TYPE_CHECKING:
    from app.bootstrap import Client
    from projections.scheduler import TaskRow

task = group("Tasks: give work to agents, see it run, call it off.")

AgentId = Annotated[str, typer.Argument(metavar="AGENT", help="The agent's id.", show_default=False)]
TaskId = Annotated[str, typer.Argument(metavar="TASK", help="The task's id.", show_default=False)]
Reason = Annotated[str, typer.Option("--reason", help="Why, for the record.")]


@verb(task, "submit")
async def submit(
    call: Call,
    agent_id: AgentId,
    argv: Annotated[
        list[str] | None,
        typer.Argument(metavar="-- ARGV…", help="The program and its arguments.", show_default=False),
    ] = None,
    image: Annotated[
        str | None, typer.Option("--image", help="Its container image; else the runtime's own.")
    ] = None,
    env: Annotated[
        list[str] | None, typer.Option("--env", metavar="K=V", help="An environment variable.")
    ] = None,
    file: Annotated[
        list[str] | None,
        typer.Option(
            "--file", metavar="PATH=LOCAL", help="A local file, read-only at PATH in its directory."
        ),
    ] = None,
    given: Annotated[
        list[str] | None,
        typer.Option(
            "--input",
            metavar="NAME=VALUE",
            help="An input of the agent's body: text or JSON, or @FILE for what is in it.",
        ),
    ] = None,
    noop: Annotated[
        bool, typer.Option("--noop", help="Run nothing: the task completes as soon as it starts.")
    ] = False,
    timeout: Annotated[
        str | None, typer.Option("--timeout", metavar="TIME", help="Stop it after 30s, 5m, …")
    ] = None,
    priority: Annotated[int, typer.Option("--priority", min=-1000, max=1000, help="Higher goes first.")] = 0,
    realtime: Annotated[bool, typer.Option("--realtime", help="Go before every task that is not.")] = False,
    retries: Annotated[int, typer.Option("--retries", min=0, max=100, help="Tries after the first.")] = 0,
    label: Annotated[list[str] | None, typer.Option("--label", metavar="K=V", help="A label.")] = None,
    wait: Annotated[
        bool,
        typer.Option(
            "--wait", help="Wait until it is over and print its output; exit 1 unless it completed."
        ),
    ] = False,
) -> None:
    """Give work to an agent: its own body, or a program that runs in a container without network."""
    from uuid import uuid4

    from events.commands import SubmitTask, TaskLimits
    from events.identifiers import derived_id

    from .. import tasks
    from ..inputs import body_work
    from ..requests import BadOption, build, document_of, last_seq, pairs
    from ..times import seconds

    if given and (argv or noop):
        raise BadOption(problems="--input is for the agent's body; leave out --noop and what follows --")
    if (image or env or file) and not argv:
        raise tasks.NothingToRun(agent=agent_id)
    command_id = str(uuid4())
    async with call.client() as client:
        # The task's id derives from the command's, so its files can be stored under its own key beforehand.
        task_id = derived_id("t", command_id)
        command = build(
            SubmitTask,
            agent_id=agent_id,
            work=tasks.noop_work(argv or [])
            if noop
            else await tasks.command_work(client, task_id, argv, image, env or [], file or [])
            if argv
            else await body_work(client, task_id, agent_id, given or []),
            tier="realtime" if realtime else None,
            priority=priority,
            limits=build(TaskLimits, execution_timeout=seconds(timeout)) if timeout else None,
            max_retries=retries,
            labels=pairs(label or [], "K=V"),
        )
        answer = await client.send(command, command_id=command_id)
        if wait:
            await client.wait_for(last_seq(answer))
            await _finish(call, client, await tasks.ended(client, task_id))
            return
    call.out.document(document_of(answer))
    call.out.say(f"Task {task_id} is queued. See it run: symbi task show {task_id}")


async def _finish(call: Call, client: "Client", row: "TaskRow") -> None:
    """Show the output and the end of a task, and end with 1 unless it completed."""
    from .. import tasks

    text = await _text(client, row)
    call.out.document({**tasks.as_json(row), "text": text})
    if not call.json:
        sys.stdout.write(text if text.endswith("\n") or not text else text + "\n")
        sys.stdout.flush()
    call.out.show(tasks.ending(row))
    if row.state != "completed":
        raise typer.Exit(1)


async def _text(client: "Client", row: "TaskRow") -> str:
    from events.content import ContentRef

    if row.output is None:
        return ""
    content: bytes = await client.blobs.get(ContentRef.model_validate(row.output))
    return content.decode("utf-8", "replace")


@verb(task, "list")
async def list_tasks(
    call: Call,
    agent: Annotated[str | None, typer.Option("--agent", help="Only this agent's.")] = None,
    state: Annotated[
        list[TaskState] | None, typer.Option("--state", help="Only those in it; may be repeated.")
    ] = None,
    label: Annotated[
        list[str] | None, typer.Option("--label", metavar="K=V", help="Only those with it.")
    ] = None,
    limit: Annotated[
        int, typer.Option("--limit", min=1, max=10_000, help="At most that many, the newest.")
    ] = 100,
) -> None:
    """List tasks, the newest first."""
    from projections import scheduler
    from projections.paging import Page

    from .. import tasks
    from ..requests import pairs

    wanted = pairs(label or [], "K=V")
    async with call.client() as client, client.queries.connect() as connection:
        page = Page(limit, newest_first=True)
        rows = await scheduler.tasks(connection, page, agent=agent, states=state, labels=wanted)
    call.out.document([tasks.as_json(row) for row in rows])
    call.out.table(
        rows, tasks.COLUMNS, none="There are no such tasks. `symbi task submit AGENT -- …` makes one."
    )


@verb(task, "show")
async def show(call: Call, task_id: TaskId) -> None:
    """Show one task: what it does, where it stands, what it used."""
    from .. import tasks

    async with call.client() as client:
        row = await tasks.find(client, task_id)
    call.out.document(tasks.as_json(row))
    call.out.facts(tasks.facts(row))


@verb(task, "logs")
async def logs(
    call: Call,
    task_id: TaskId,
    follow: Annotated[
        bool, typer.Option("--follow", "-f", help="See it as it is written, until the task is over.")
    ] = False,
) -> None:
    """Print what a task wrote. It is kept, encrypted, when the task ends."""
    from .. import live, tasks

    async with call.client() as client:
        if follow and not call.json:
            row, shown = await live.show(client, task_id)
        else:
            row = await (tasks.ended if follow else tasks.find)(client, task_id)
            text = await _text(client, row)
            call.out.document({"task": row.id, "state": row.state, "exit_code": row.exit_code, "text": text})
            if call.json:
                return
            sys.stdout.write(text)
            shown = bool(text)
    sys.stdout.flush()
    if not shown:
        over = (
            "it left no output"
            if tasks.is_over(row)
            else "its output comes when it ends; --follow shows it before"
        )
        typer.echo(f"Task {row.id} is {row.state}; {over}.", err=True)


@verb(task, "cancel")
async def cancel(call: Call, task_id: TaskId, reason: Reason = "") -> None:
    """Call a task off, whether it waits or runs."""
    from events.commands import CancelTask

    await _ask(call, CancelTask, task_id, reason, "is cancelled")


@verb(task, "retry")
async def retry(call: Call, task_id: TaskId, reason: Reason = "") -> None:
    """Queue a task again that failed, timed out or was given up."""
    from events.commands import RetryTask

    await _ask(call, RetryTask, task_id, reason, "is queued again")


async def _ask(call: Call, kind: type, task_id: str, reason: str, done: str) -> None:
    from ..requests import build, document_of
    from ..tasks import find

    async with call.client() as client:
        row = await find(client, task_id)
        answer = await client.send(build(kind, agent_id=row.agent, task_id=task_id, reason=reason))
    call.out.document(document_of(answer))
    call.out.say(f"Task {task_id} {done}.")
