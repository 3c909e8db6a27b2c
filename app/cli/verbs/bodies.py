"""`symbi task calls` and `replay`: what the body of an agent did, told from the log."""

from typing import Annotated

import typer

from ..calls import Call, verb
from .task import TaskId, task


@verb(task, "calls")
async def calls(
    call: Call,
    task_id: TaskId,
    content: Annotated[
        bool, typer.Option("--content", help="Show what was given and what came of it, in full.")
    ] = False,
) -> None:
    """List the calls that a task's body made, with what each was given and what came of it."""
    from .. import bodies

    async with call.client() as client:
        recorded = await bodies.recorded(client, task_id)
        rows = [await bodies.shown(client, each) for each in recorded.calls]
    call.out.document([bodies.as_json(row) for row in rows])
    if content:
        bodies.in_full(call.out, rows)
    else:
        call.out.table(rows, bodies.COLUMNS, none="It made no calls.")


@verb(task, "replay")
async def replay(call: Call, task_id: TaskId) -> None:
    """Run a task's body again from the log alone, and compare every byte. Exit code 1 where one differs."""
    from .. import bodies

    async with call.client() as client:
        found = await bodies.replayed(client, task_id)
    call.out.document(bodies.replay_as_json(found))
    bodies.tell(call.out, found)
    if not found.same:
        raise typer.Exit(1)
