"""Shows what a task writes while it writes it."""

import codecs
import sys
from typing import TYPE_CHECKING

from app.services.task_output import Attempt, TaskOutput
from events.content import ContentRef
from projections.scheduler import TaskRow

from .tasks import find, is_over

if TYPE_CHECKING:
    from app.bootstrap import Client


async def show(client: "Client", task_id: str) -> tuple[TaskRow, bool]:
    """Print the task's output as it comes, until the task is over; the task then, and whether there was any.

    Raises:
        NotKnownHere: there is no such task.
    """
    row = await find(client, task_id)
    decoder = codecs.getincrementaldecoder("utf-8")("replace")
    any_output = False
    if is_over(row):
        if row.output is not None:
            sys.stdout.write(decoder.decode(await _kept(client, ContentRef.model_validate(row.output))))
        return row, row.output is not None

    async def kept(ref: ContentRef) -> bytes:
        return await _kept(client, ref)

    output = TaskOutput(task_id, live=client.live_output, kept=kept, max_retries=row.max_retries)
    running = Attempt(row.node, row.assignment) if row.state == "running" and row.node else None
    async for part in output.follow(client.follow_events(row.last_seq), running):
        sys.stdout.write(decoder.decode(part))
        sys.stdout.flush()
        any_output = True
    sys.stdout.write(decoder.decode(b"", final=True))
    await client.wait_for(output.ended_at)
    return await find(client, task_id), any_output


async def _kept(client: "Client", ref: ContentRef) -> bytes:
    content: bytes = await client.blobs.get(ref)
    return content
