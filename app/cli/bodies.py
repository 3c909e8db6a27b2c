"""What the body of an agent did, as the log holds it."""

import json
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from typing import TYPE_CHECKING, Any, NamedTuple

from app.services.bodies.recorded import RecordedCall, RecordedTask, recorded_task
from app.services.bodies.replay import NotReplayable, Replayed, replay
from app.services.bodies.replies import Answered, told
from app.services.definitions import Definitions
from events.tool import ToolCallCompleted, ToolCallDenied

from ..ports.blobs import BlobCorrupt, BlobErased, BlobMissing
from .output import Column, Output
from .tables import state
from .tasks import find
from .times import short

if TYPE_CHECKING:
    from app.bootstrap import Client

SHOWN = 60
"""Characters of content in a table."""


class ShownCall(NamedTuple):
    """One call, with its content as text."""

    number: int
    tool: str
    outcome: str
    """`completed`, `failed`, `denied`; `open` where nothing is known yet."""
    reason: str
    given: str
    came: str
    seconds: float | None
    call: str


async def recorded(client: "Client", task_id: str) -> RecordedTask:
    """The task and its calls, from the log.

    Raises:
        NotKnownHere: there is no such task.
        NotReplayable: it runs no body.
    """
    row = await find(client, task_id)
    if row.work.get("kind") != "body":
        raise NotReplayable(task_id=task_id, why="it runs a program, and not the body of an agent")
    upto = await client.log.last_seq()
    found = await recorded_task(client.log, client.verifier, row.agent, task_id, upto=upto)
    assert found is not None, "the projection knows it from the log"
    return found


async def shown(client: "Client", call: RecordedCall) -> ShownCall:
    """The call, with what it was given and what came of it; where content is gone, that is said instead."""
    request, outcome = call.request, call.outcome
    given = _as_call(await _content(client, request.arguments))
    if outcome is None:
        return ShownCall(request.index, request.tool, "open", "", given, "", None, request.call_id)
    try:
        reply = await told(outcome, client.blobs)
        came = (
            reply.content.decode("utf-8", "replace")
            if isinstance(reply, Answered)
            else f"{reply.kind}: {reply.message}"
        )
    except (BlobMissing, BlobErased, BlobCorrupt) as error:
        came = error.message
    kind = outcome.name.removeprefix("tool.call.")
    reason = "" if isinstance(outcome, ToolCallCompleted) else outcome.reason
    seconds = None if isinstance(outcome, ToolCallDenied) else outcome.duration_seconds
    return ShownCall(request.index, request.tool, kind, reason, given, came, seconds, request.call_id)


def _as_call(content: str) -> str:
    """What a call was given, as one writes it in a definition; *content* where it is something else."""
    try:
        given = json.loads(content)
        args = [json.dumps(value, ensure_ascii=False) for value in given["positional"]]
        named = [
            f"{name} = {json.dumps(value, ensure_ascii=False)}" for name, value in given["named"].items()
        ]
    except (ValueError, LookupError, TypeError):
        return content
    return ", ".join([*args, *named])


async def _content(client: "Client", ref: Any) -> str:
    try:
        content: bytes = await client.blobs.get(ref)
        return content.decode("utf-8", "replace")
    except (BlobMissing, BlobErased, BlobCorrupt) as error:
        return error.message


COLUMNS: Sequence[Column] = [
    Column("#", lambda row: row.number, right=True),
    Column("Tool", lambda row: row.tool),
    Column("Outcome", lambda row: state(row.outcome)),
    Column("Given", lambda row: _cut(row.given)),
    Column("Came of it", lambda row: _cut(row.came)),
    Column("Took", lambda row: "" if row.seconds is None else short(row.seconds), needed=False, right=True),
]


def as_json(row: ShownCall) -> dict[str, Any]:
    return row._asdict()


def in_full(out: Output, rows: Sequence[ShownCall]) -> None:
    """Each call with everything that it was given and that came of it."""
    for row in rows:
        out.item(
            f"{row.number} {row.tool}: {row.outcome}{f' ({row.reason})' if row.reason else ''}", bullet=""
        )
        out.item(row.given, bullet="    ← ")
        out.item(row.came, bullet="    → ")


async def replayed(client: "Client", task_id: str) -> Replayed:
    """Run the body again from the log. Raises `NotKnownHere`, `NotReplayable`."""
    found = await recorded(client, task_id)
    with ThreadPoolExecutor(1) as thread:
        definitions = Definitions(client.blobs, thread)
        memory_mb = client.settings.worker.body_memory_mb
        return await replay(found, definitions, client.blobs, memory_mb=memory_mb)


def replay_as_json(found: Replayed) -> dict[str, Any]:
    return {**asdict(found), "same": found.same}


def tell(out: Output, found: Replayed) -> None:
    """How the replay went, in words."""
    if found.same:
        how = "" if found.ended in ("completed", "failed") else ", as far as it went before it was stopped"
        calls = f"{found.calls} call{'s' * (found.calls != 1)}"
        out.say(f"[green]The same, byte for byte[/]: {calls} and the outcome ({found.ended}){how}.")
        return
    out.say(f"[bold red]Not the same[/], after {found.calls} calls that were:")
    for difference in found.differences:
        out.item(f"{difference.what}: recorded {difference.recorded}")
        out.item(f"{' ' * len(difference.what)}  now {difference.replayed}", bullet="    ")


def _cut(text: str) -> str:
    return text if len(text) <= SHOWN else f"{text[: SHOWN - 1]}…"
