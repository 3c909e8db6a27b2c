"""`symbi quickstart`: example agents at work, on a runtime of its own if none runs."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ..calls import Call, verb
from ..groups import group

if TYPE_CHECKING:
    from app.bootstrap import Client, Running

quickstart_verbs = group()


@verb(quickstart_verbs, "quickstart")
async def quickstart(
    call: Call,
    examples: Annotated[
        Path | None, typer.Option("--examples", metavar="DIR", help="Other examples than docs/examples.")
    ] = None,
) -> None:
    """Start everything, run the example agents, show what happens and what was recorded."""
    from ..quickstart import telling
    from ..quickstart.display import Display
    from ..quickstart.examples import load_examples
    from ..quickstart.play import Play

    began = time.monotonic()
    chosen = load_examples(examples)
    async with _runtime(call) as (client, stays):
        play = Play(client)
        with Display(call.out, play.scene) as display:
            await play.run(chosen, display)
        await client.wait_for(await client.log.last_seq())
        telling.refusals(call, play)
        await telling.outputs(call, play)
        await telling.histories(call, client, play)
        await telling.schedules(call, play)
    call.out.document(telling.as_json(play))
    telling.summary(call, play, time.monotonic() - began)
    telling.next_commands(call, play, stays=stays)
    if unexpected := telling.surprises(play):
        titles = ", ".join(f"{watched.title} ({watched.task.status})" for watched in unexpected)
        typer.echo(f"symbi: these ended otherwise than the examples say: {titles}", err=True)
        raise typer.Exit(1)


@asynccontextmanager
async def _runtime(call: Call) -> "AsyncIterator[tuple[Client, bool]]":
    """A client of the runtime that runs, and True; or of one that ends with the block, and False."""
    from rich.markup import escape

    from app.bootstrap.runtime import running
    from app.embedded.data_dir import DataDir

    from .. import logs

    data = DataDir.open(call.settings.data_dir)
    if data.read_runtime() is not None:
        call.out.say(f"A runtime is running in {escape(str(data.path))}; the examples go there.")
        async with call.client() as client:
            yield client, True
        return
    log = data.logs / "runtime.log"
    call.out.say(f"Starting NATS, PostgreSQL and the runtime in {escape(str(data.path))} …")
    began = time.monotonic()
    with logs.told(call.settings, log):
        async with running(call.settings) as runtime, _while_well(runtime):
            took_s = time.monotonic() - began
            call.out.say(f"Ready after {took_s:.1f} s. What it does inside is told in {escape(str(log))}")
            async with call.client(quiet=True) as client:
                yield client, False


@asynccontextmanager
async def _while_well(runtime: "Running") -> AsyncIterator[None]:
    """Cut the block off when a part of the runtime fails, and raise what that part did."""
    block = asyncio.current_task()
    assert block is not None
    failing = asyncio.create_task(runtime.until(asyncio.Event()))
    failing.add_done_callback(lambda task: task.cancelled() or block.cancel())
    try:
        yield
    except asyncio.CancelledError:
        if failing.done() and not failing.cancelled() and (error := failing.exception()):
            raise error from None
        raise
    finally:
        failing.cancel()
        await asyncio.gather(failing, return_exceptions=True)
