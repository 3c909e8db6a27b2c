"""`symbi agent`: agents and their lives."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ..calls import Call, verb
from ..choices import AgentState
from ..groups import group

if TYPE_CHECKING:
    from events.commands import Command

agent = group("Agents: spawn them, see them, stop them.")

AgentId = Annotated[str, typer.Argument(metavar="AGENT", help="The agent's id.", show_default=False)]
Definition = Annotated[
    Path,
    typer.Argument(
        metavar="FILE",
        help="The agent's definition (.symbi, .dsl), or its configuration (.toml, .json); - is stdin.",
        show_default=False,
    ),
]
OfFile = Annotated[
    str | None,
    typer.Option("--agent", metavar="NAME", help="Which agent of the file; else its only one."),
]
Reason = Annotated[str, typer.Option("--reason", help="Why, for the record.")]
Limit = Annotated[int, typer.Option("--limit", min=1, max=10_000, help="At most that many, the newest.")]


@verb(agent, "spawn")
async def spawn(
    call: Call,
    definition: Definition,
    agent_id: Annotated[
        str | None, typer.Option("--id", help="The agent's id; else one is made.", show_default=False)
    ] = None,
    of_file: OfFile = None,
    wait: Annotated[bool, typer.Option("--wait", help="Return when the projections show the agent.")] = False,
) -> None:
    """Give a definition an identity and check it. An invalid one makes a failed agent: exit code 1."""
    from events.commands import SpawnAgent

    from ..definitions import fields_of
    from ..requests import build, document_of, last_seq

    command = build(SpawnAgent, agent_id=agent_id, **fields_of(definition, of_file))
    async with call.client() as client:
        answer = await client.send(command)
        if wait:
            await client.wait_for(last_seq(answer))
    call.out.document(document_of(answer))
    _say_spawned(call, answer.result)


def _say_spawned(call: Call, result: dict[str, Any]) -> None:
    from ..definitions import show_reasons

    agent_id, reasons = result["agent_id"], result.get("reasons")
    if not reasons:
        given = " ".join(f"--input {name}=…" for name in result.get("inputs", []))
        submit = f"symbi task submit {agent_id} {given or '-- …'}"
        call.out.say(f"[green]Agent {agent_id} is ready.[/] Give it work: {submit}")
        show_reasons(call.out, result.get("remarks", []))
        return
    call.out.say(f"[bold red]Agent {agent_id} failed.[/] Its definition is invalid:")
    show_reasons(call.out, reasons)
    call.out.say("\nCorrect the definition and spawn it again.")
    raise typer.Exit(1)


@verb(agent, "deploy")
async def deploy(call: Call, agent_id: AgentId, definition: Definition, of_file: OfFile = None) -> None:
    """Replace a ready agent's definition by a new version. An invalid one is refused."""
    from events.commands import DeployAgent

    from ..definitions import fields_of, show_reasons
    from ..requests import build, document_of

    command = build(DeployAgent, agent_id=agent_id, **fields_of(definition, of_file))
    async with call.client() as client:
        answer = await client.send(command)
    call.out.document(document_of(answer))
    call.out.say(f"Agent {agent_id} has its new definition.")
    show_reasons(call.out, answer.result.get("remarks", []))


@verb(agent, "list")
async def list_agents(
    call: Call,
    state: Annotated[AgentState | None, typer.Option("--state", help="Only those in this state.")] = None,
    owner: Annotated[str | None, typer.Option("--owner", help="Only this principal's: human/alice.")] = None,
    label: Annotated[
        list[str] | None, typer.Option("--label", metavar="K=V", help="Only those with it.")
    ] = None,
    limit: Limit = 100,
) -> None:
    """List agents, the newest first."""
    from projections import lifecycle
    from projections.paging import Page

    from ..agents import COLUMNS, as_json
    from ..requests import pairs

    wanted = pairs(label or [], "K=V")
    async with call.client() as client, client.queries.connect() as connection:
        page = Page(limit, newest_first=True)
        rows = await lifecycle.agents(connection, page, state=state, owner=owner, labels=wanted)
    call.out.document([as_json(row) for row in rows])
    call.out.table(rows, COLUMNS, none="There are no such agents. `symbi agent spawn FILE` makes one.")


@verb(agent, "show")
async def show(
    call: Call,
    agent_id: AgentId,
    definition: Annotated[
        bool, typer.Option("--definition", help="Print the text of its definition, as it was given.")
    ] = False,
) -> None:
    """Show one agent: its state, its configuration, its tasks."""
    if definition:
        await _show_definition(call, agent_id)
        return
    from projections import lifecycle, scheduler

    from ..agents import as_json, facts
    from ..requests import NotKnownHere

    async with call.client() as client, client.queries.connect() as connection:
        row = await lifecycle.agent(connection, agent_id)
        if row is None:
            raise NotKnownHere(what="agent", name=agent_id, verb="agent list")
        tasks = await scheduler.task_counts(connection, agent_id)
    call.out.document({**as_json(row), "tasks": dict(tasks)})
    call.out.facts(facts(row, tasks))


async def _show_definition(call: Call, agent_id: str) -> None:
    from ..definitions import definition_of

    async with call.client() as client:
        ref, text = await definition_of(client, agent_id)
    shown = text.decode("utf-8", "replace")
    call.out.document({**ref.model_dump(mode="json"), "text": shown})
    call.out.verbatim(shown)


@verb(agent, "diff")
async def diff(
    call: Call,
    before: Annotated[str, typer.Argument(metavar="BEFORE", help="A definition file, or an agent's id.")],
    after: Annotated[str, typer.Argument(metavar="AFTER", help="Another one, or the same one now.")],
) -> None:
    """Show what changed between two definitions in what they mean: layout and comments count for nothing."""
    from .. import definitions

    changes = await definitions.changes(call, before, after)
    call.out.document([definitions.change_as_json(change) for change in changes])
    call.out.table(changes, definitions.CHANGES, none="They mean the same.")


@verb(agent, "history")
async def history(call: Call, agent_id: AgentId) -> None:
    """Show every step of one agent's life, from the projection."""
    from projections import lifecycle
    from projections.paging import Page

    from ..agents import TRANSITIONS, transition_as_json
    from ..requests import NotKnownHere

    async with call.client() as client, client.queries.connect() as connection:
        if await lifecycle.agent(connection, agent_id) is None:
            raise NotKnownHere(what="agent", name=agent_id, verb="agent list")
        rows = await lifecycle.transitions(connection, agent_id, Page(10_000))
    call.out.document([transition_as_json(row) for row in rows])
    call.out.table(rows, TRANSITIONS, none="Nothing has happened to it yet.")


@verb(agent, "suspend")
async def suspend(call: Call, agent_id: AgentId, reason: Reason = "") -> None:
    """Pause a running agent and its tasks."""
    from events.commands import SuspendAgent

    await _ask(call, SuspendAgent, agent_id, reason, "is suspended")


@verb(agent, "resume")
async def resume(call: Call, agent_id: AgentId, reason: Reason = "") -> None:
    """Let a suspended agent go on."""
    from events.commands import ResumeAgent

    await _ask(call, ResumeAgent, agent_id, reason, "goes on")


@verb(agent, "halt")
async def halt(call: Call, agent_id: AgentId, reason: Reason = "") -> None:
    """Stop a running or suspended agent for good; its running tasks are cancelled."""
    from events.commands import HaltAgent

    await _ask(call, HaltAgent, agent_id, reason, "is halted and terminated")


@verb(agent, "terminate")
async def terminate(call: Call, agent_id: AgentId, reason: Reason = "") -> None:
    """Shut down a ready or failed agent."""
    from events.commands import TerminateAgent

    await _ask(call, TerminateAgent, agent_id, reason, "is terminated")


@verb(agent, "quarantine")
async def quarantine(call: Call, agent_id: AgentId, reason: Reason = "") -> None:
    """Give an agent no more tasks until it is released; what runs goes on."""
    from events.commands import QuarantineAgent

    await _ask(call, QuarantineAgent, agent_id, reason, "is in quarantine")


@verb(agent, "release")
async def release(call: Call, agent_id: AgentId, reason: Reason = "") -> None:
    """End an agent's quarantine."""
    from events.commands import ReleaseAgent

    await _ask(call, ReleaseAgent, agent_id, reason, "is released")


@verb(agent, "decommission")
async def decommission(call: Call, agent_id: AgentId, reason: Reason = "") -> None:
    """Retire a terminated agent; its id is never used again."""
    from events.commands import DecommissionAgent

    await _ask(call, DecommissionAgent, agent_id, reason, "is decommissioned")


async def _ask(call: Call, kind: "type[Command]", agent_id: str, reason: str, done: str) -> None:
    from ..requests import build, send

    await send(call, build(kind, agent_id=agent_id, reason=reason), f"Agent {agent_id} {done}.")
