"""`symbi role`: what identities may do."""

from typing import Annotated

import typer

from ..calls import Call, verb
from ..choices import Role
from ..groups import group

role = group("Roles: what identities may do.")

Name = Annotated[str, typer.Argument(metavar="NAME", help="The identity's id.", show_default=False)]
WhichRole = Annotated[Role, typer.Argument(metavar="ROLE", help="Which role.", show_default=False)]


@verb(role, "grant")
async def grant(call: Call, name: Name, which: WhichRole) -> None:
    """Let an identity do what a role allows: operator, agent_owner, viewer, scheduler or worker."""
    from events.commands import GrantRole

    from ..requests import build, send

    await send(call, build(GrantRole, identity_id=name, role=which), f"{name} has the role {which}.")


@verb(role, "revoke")
async def revoke(call: Call, name: Name, which: WhichRole) -> None:
    """Take a role back."""
    from events.commands import RevokeRole

    from ..requests import build, send

    await send(
        call, build(RevokeRole, identity_id=name, role=which), f"{name} no longer has the role {which}."
    )
