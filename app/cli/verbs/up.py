"""`symbi up`: a runtime that stays."""

import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ..calls import Call, verb
from ..groups import group

if TYPE_CHECKING:
    from app.bootstrap import Running

up_verbs = group()


@verb(up_verbs, "up")
async def up(
    call: Call,
    roles: Annotated[
        str,
        typer.Option(
            "--roles", metavar="ROLE,…", help="Run only these: gateway, projector, scheduler, worker."
        ),
    ] = "",
    node: Annotated[
        str | None, typer.Option("--node", metavar="NAME", help="The node's id, where this runs a worker.")
    ] = None,
    nats_port: Annotated[
        int | None, typer.Option("--nats-port", min=0, max=65535, help="The embedded NATS server's port.")
    ] = None,
    log_file: Annotated[
        Path | None, typer.Option("--log-file", help="Where log entries go; else stderr.")
    ] = None,
) -> None:
    """Start the servers and the runtime, and stay until Ctrl-C or SIGTERM. Comes back with all it had."""
    began = time.monotonic()
    from app.bootstrap import ROLES, run

    from .. import logs

    settings = call.settings_with(nats__port=nats_port, worker__node=node)

    async def ready(running: "Running") -> None:
        _say_ready(call, running, time.monotonic() - began)

    with logs.told(settings, log_file):
        await run(settings, frozenset(filter(None, roles.split(","))) or ROLES, ready)
    call.out.say("Stopped.")


def _say_ready(call: Call, running: "Running", took_s: float) -> None:
    from app.config.masking import masked

    settings = running.settings
    call.out.line(
        {
            "ready": True,
            "data_dir": str(settings.data_dir),
            "nats_url": masked(running.nats_url),
            "postgres_url": masked(running.postgres_url),
            "roles": sorted(running.roles),
            "start_seconds": round(took_s, 3),
        }
    )
    call.out.say(f"[green]Ready[/] after {took_s:.1f} s. Ctrl-C stops it; `symbi status` shows it.")
    call.out.facts(
        {
            "data": settings.data_dir,
            "NATS": masked(running.nats_url),
            "PostgreSQL": masked(running.postgres_url),
            "roles": ", ".join(sorted(running.roles)),
        }
    )
