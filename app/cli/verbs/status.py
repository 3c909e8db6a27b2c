"""`symbi status`: how the runtime is."""

import typer

from ..calls import Call, verb
from ..groups import group

status_verbs = group()


@verb(status_verbs, "status")
async def status(call: Call) -> None:
    """Show how the runtime is: its parts, what they use, what went wrong lately.

    Exit code 0 where every part works, even where one is degraded; 4 where one is down, the gateway
    that takes commands included, or where no runtime can be reached.
    """
    from dataclasses import asdict

    from ..condition import UNHEALTHY, show

    async with call.client() as client:
        found = await client.get_system_status()
    call.out.document(asdict(found))
    show(call.out, found)
    if found.overall_status == "unhealthy":
        raise typer.Exit(UNHEALTHY)
