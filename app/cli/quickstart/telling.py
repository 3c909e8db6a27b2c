"""What quickstart says beside the moving table: what came out, how each agent lived, what to do next."""

import os
import shlex
import shutil
import sys
from time import time_ns
from typing import Any

from rich.text import Text

from app.bootstrap import Client
from events.content import ContentRef
from projections import lifecycle, scheduler
from projections.paging import Page

from ..agents import TRANSITIONS
from ..calls import Call
from ..output import printable
from ..schedules import upcoming
from ..tables import state
from .play import Play
from .scene import Watched

SHOWN_LINES = 12
STEPS_SHOWN = 40


async def outputs(call: Call, play: Play) -> None:
    """Read and show what the tasks wrote."""
    for task_id, watched in play.scene.tasks.items():
        async with play.client.queries.connect() as connection:
            row = await scheduler.task(connection, task_id)
        if row is None or row.output is None:
            continue
        content: bytes = await play.client.blobs.get(ContentRef.model_validate(row.output))
        watched.written = content.decode("utf-8", "replace")
        call.out.say("")
        call.out.show(
            Text(f"{watched.agent_id}: {watched.title} ", style="bold") + Text(task_id, style="dim")
        )
        lines = watched.written.splitlines()
        for line in lines[:SHOWN_LINES]:
            call.out.item(line, bullet="    ")
        if len(lines) > SHOWN_LINES:
            call.out.say(f"[dim]    … {len(lines) - SHOWN_LINES} more lines[/]")


def refusals(call: Call, play: Play) -> None:
    """Say plainly where programs could not run, and which definitions are wrong."""
    for watched in play.scene.tasks.values():
        if watched.not_runnable:
            call.out.say("\n[yellow]No program could run here:[/]")
            call.out.item(watched.detail or watched.why)
            call.out.say(
                "Tasks are refused rather than run without a sandbox. `symbi doctor` says what is missing."
            )
            break
    for agent_id, reasons in play.invalid.items():
        call.out.say(f"\n[bold]{agent_id}[/] is failed, as it should be: its definition is wrong.")
        for reason in reasons:
            call.out.item(headline(reason))


def headline(reason: str) -> str:
    """The first line of a reason, and where it is: the excerpt is for whoever mends it."""
    first, *rest = reason.splitlines() or [""]
    place = next((line.strip().removeprefix("--> ") for line in rest if line.strip().startswith("-->")), "")
    return f"{first} ({place})" if place else first


async def schedules(call: Call, play: Play) -> None:
    """Say when the agents that have schedules are next given work."""
    for agent_id in play.scene.agents:
        async with play.client.queries.connect() as connection:
            row = await lifecycle.agent(connection, agent_id)
        for name, when in upcoming(row and row.config, time_ns()):
            call.out.say(f"\n[bold]{agent_id}[/] is given work by its schedule {name}, next at {when}.")


async def histories(call: Call, client: Client, play: Play) -> None:
    """Show every agent's life, from the projection."""
    for agent_id in play.scene.agents:
        async with client.queries.connect() as connection:
            rows = await lifecycle.transitions(connection, agent_id, Page(STEPS_SHOWN, newest_first=True))
        again = " (from an earlier run, too)" if agent_id in play.returning else ""
        call.out.say(f"\n[bold]The life of {agent_id}[/]{again}")
        call.out.table(rows[::-1], TRANSITIONS, none="Nothing has happened to it yet.")


def summary(call: Call, play: Play, took_s: float) -> None:
    """Count what happened."""
    tasks = list(play.scene.tasks.values())
    ends: dict[str, int] = {}
    for watched in tasks:
        ends[watched.task.status.value] = ends.get(watched.task.status.value, 0) + 1
    counted = ", ".join(f"{count} {name}" for name, count in sorted(ends.items()))
    ready = len(play.scene.agents) - len(play.invalid)
    call.out.say(
        f"\n[green]Done[/] in {took_s:.1f} s: {ready} agents ready, {len(play.invalid)} failed on purpose; "
        f"{len(tasks)} tasks, {counted}; {play.scene.calls} calls of tools; "
        f"{play.scene.events} events, each signed and verified."
    )
    for watched in tasks:
        if watched.as_expected and watched.expect != "completed" and not watched.not_runnable:
            line = Text(f"{watched.agent_id}: {printable(watched.title)} is ") + state(
                watched.task.status.value
            )
            call.out.show(line + Text(f", as it should be: {printable(watched.because)}."))


def next_commands(call: Call, play: Play, *, stays: bool) -> None:
    """What to try, ready to be copied; *stays* where the runtime goes on."""
    where = f" --data-dir {shlex.quote(str(call.data_dir))}" if call.data_dir else ""
    agent_id = next(iter(play.scene.agents), "AGENT")
    done = [task_id for task_id, watched in play.scene.tasks.items() if watched.task.status == "completed"]
    bodies = [task_id for task_id in done if play.scene.tasks[task_id].task.needs.body]
    call.out.say(
        "\nGo on with:" if stays else "\nThe runtime has stopped; all it recorded is kept. Go on with:"
    )
    symbi = _program()
    commands = [] if stays else [f"{symbi} up{where}  # in another terminal: start it again, and stay"]
    commands += [
        f"{symbi} agent list{where}",
        f"{symbi} agent history {agent_id}{where}",
        f"{symbi} task submit {agent_id} --wait{where} -- echo hello",
        f"{symbi} task logs {done[0] if done else 'TASK'}{where}",
        f"{symbi} task calls {bodies[0] if bodies else 'TASK'}{where}",
        f"{symbi} task replay {bodies[0] if bodies else 'TASK'}{where}",
        f"{symbi} events tail --follow{where}",
        f"{symbi} projections verify{where}",
        f"{symbi} status{where}",
    ]
    for command in commands:
        call.out.item(command, bullet="    ")


def _program() -> str:
    """How this shell calls the program: by its name, or by where it lies."""
    if shutil.which("symbi"):
        return "symbi"
    path = os.path.relpath(sys.argv[0])
    return shlex.quote(path if os.access(path, os.X_OK) else "symbi")


def surprises(play: Play) -> list[Watched]:
    """The tasks that ended otherwise than the examples say, though programs can run here."""
    return [
        watched
        for watched in play.scene.tasks.values()
        if not watched.as_expected and not watched.not_runnable
    ]


def as_json(play: Play) -> dict[str, Any]:
    """The whole run as one JSON object."""
    return {
        "agents": {
            agent_id: {"state": agent.state.value, "reasons": play.invalid.get(agent_id, [])}
            for agent_id, agent in play.scene.agents.items()
        },
        "tasks": {
            task_id: {
                "agent": watched.agent_id,
                "title": watched.title,
                "state": watched.task.status.value,
                "expected": watched.expect,
                "reason": watched.why,
                "text": watched.written or None,
            }
            for task_id, watched in play.scene.tasks.items()
        },
        "events": play.scene.events,
    }
