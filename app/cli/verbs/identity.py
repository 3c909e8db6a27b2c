"""`symbi identity`: who may act."""

from pathlib import Path
from typing import Annotated

import typer

from ..calls import Call, verb
from ..choices import IdentityKind, Role
from ..groups import group

identity = group("Identities: who may act, as whom, with which keys.")

Name = Annotated[
    str, typer.Argument(metavar="NAME", help="The identity's id, a pseudonym.", show_default=False)
]
Out = Annotated[
    Path | None,
    typer.Option(
        "--out", metavar="DIR", help="Where private keys go; else the data directory.", show_default=False
    ),
]


@verb(identity, "add")
async def add(
    call: Call,
    name: Name,
    kind: Annotated[IdentityKind, typer.Option("--kind", help="What sort of principal it is.")] = "human",
    role: Annotated[
        list[Role] | None, typer.Option("--role", help="What it may do; may be repeated.", show_default=False)
    ] = None,
    display_name: Annotated[
        str | None, typer.Option("--display-name", help="Its name in clear; encrypted before it is recorded.")
    ] = None,
    out: Out = None,
) -> None:
    """Make somebody known: register the identity, make its command key and its NATS login, issue both."""
    from events.commands import RegisterIdentity
    from events.identity import KeyUse

    from ..key_files import KeyFiles
    from ..requests import build, document_of

    files = KeyFiles(call.settings, out)
    register = build(
        RegisterIdentity, identity_id=name, kind=kind, display_name=display_name, roles=role or []
    )
    # Checked first: an identity must not be made whose keys have no place.
    paths = {use: files.unused(name, use) for use in (KeyUse.COMMAND, KeyUse.LOGIN)}
    async with call.client() as client:
        document = document_of(await client.send(register))
        for use, path in paths.items():
            answer = await client.send(files.make(name, use, path).issue())
            document["events"] += document_of(answer)["events"]
    call.out.document(
        {**document, "command_key": str(paths[KeyUse.COMMAND]), "login_key": str(paths[KeyUse.LOGIN])}
    )
    may = f"may act as {', '.join(role)}" if role else "is known, and may do nothing until `symbi role grant`"
    call.out.say(f"[green]{name} {may}.[/] Its private keys:")
    call.out.facts({"command key": paths[KeyUse.COMMAND], "NATS login": paths[KeyUse.LOGIN]})


@verb(identity, "list")
async def list_identities(
    call: Call,
    kind: Annotated[IdentityKind | None, typer.Option("--kind", help="Only those of this kind.")] = None,
    limit: Annotated[int, typer.Option("--limit", min=1, max=10_000, help="At most that many.")] = 1000,
) -> None:
    """List identities with their roles."""
    from projections import identities
    from projections.paging import Page

    from ..principals import as_json, by_identity, columns, display_name

    async with call.client() as client:
        async with client.queries.connect() as connection:
            rows = await identities.identities(connection, Page(limit), kind=kind)
            roles = by_identity(await identities.roles(connection))
        names = {row.id: display_name(row, client.data_keys) for row in rows}
        call.out.document([as_json(row, roles.get(row.id, ()), client.data_keys) for row in rows])
    call.out.table(rows, columns(roles, names), none="There are no such identities.")


@verb(identity, "show")
async def show(call: Call, name: Name) -> None:
    """Show one identity, its roles and its keys."""
    from projections import identities

    from ..principals import KEYS, as_json, display_name, key_as_json
    from ..requests import NotKnownHere
    from ..tables import moment, state

    async with call.client() as client:
        async with client.queries.connect() as connection:
            row = await identities.identity(connection, name)
            if row is None:
                raise NotKnownHere(what="identity", name=name, verb="identity list")
            roles = [role.role for role in await identities.roles(connection, name)]
            keys = await identities.keys(connection, identity=name)
        clear = display_name(row, client.data_keys)
        document = as_json(row, roles, client.data_keys)
    call.out.document({**document, "keys": [key_as_json(key) for key in keys]})
    call.out.facts(
        {
            "identity": row.id,
            "kind": row.kind,
            "name": clear,
            "state": state(row.state),
            "reason": row.reason,
            "roles": ", ".join(roles) or "none",
            "registered": moment(row.registered_at),
        }
    )
    call.out.table(keys, KEYS, none="It has no keys: symbi keys issue.")


@verb(identity, "terminate")
async def terminate(
    call: Call, name: Name, reason: Annotated[str, typer.Option("--reason", help="Why, for the record.")] = ""
) -> None:
    """Let an identity act no more, and revoke its keys. This cannot be undone."""
    from events.commands import TerminateIdentity

    from ..requests import build, send

    await send(call, build(TerminateIdentity, identity_id=name, reason=reason), f"{name} may act no more.")


@verb(identity, "logins")
async def logins(call: Call) -> None:
    """Print the accounts and logins for the configuration of a NATS server of your own, made at need."""
    from app.adapters.nats_permissions import render_users
    from app.bootstrap.identities import known_identities
    from app.bootstrap.logins import founding_users, users_of
    from app.embedded.data_dir import DataDir

    data = DataDir.open(call.settings.data_dir)
    founders = founding_users(data, call.settings.worker.node)
    users = users_of(await known_identities(call.settings), founders)
    call.out.document([{"name": user.name, "nkey": user.public_nkey, "role": user.role} for user in users])
    call.out.verbatim(render_users(users))
