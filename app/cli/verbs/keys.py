"""`symbi keys`: which keys speak for whom."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ..calls import Call, verb
from ..choices import KeyUse, RevocationReason
from ..groups import group

if TYPE_CHECKING:
    from app.bootstrap import Client
    from projections.identities import KeyRow

keys = group("Keys: which keys speak for whom, since when and until when.")

KeyId = Annotated[
    str, typer.Argument(metavar="KEY", help="The key's id: ed25519:… or nats:U….", show_default=False)
]
Out = Annotated[
    Path | None,
    typer.Option(
        "--out",
        metavar="DIR",
        help="Where the private key goes; else the data directory.",
        show_default=False,
    ),
]


@verb(keys, "list")
async def list_keys(
    call: Call,
    identity: Annotated[str | None, typer.Option("--identity", help="Only this identity's.")] = None,
    use: Annotated[KeyUse | None, typer.Option("--use", help="Only those for this use.")] = None,
    revoked: Annotated[bool, typer.Option("--revoked", help="Those that are revoked, too.")] = False,
) -> None:
    """List keys; those that are valid, unless --revoked is given."""
    from projections import identities
    from projections.paging import Page

    from ..principals import KEYS, key_as_json

    async with call.client() as client, client.queries.connect() as connection:
        rows = await identities.keys(
            connection, Page(10_000), identity=identity, use=use, valid=None if revoked else True
        )
    call.out.document([key_as_json(row) for row in rows])
    call.out.table(rows, KEYS, none="There are no such keys.")


@verb(keys, "issue")
async def issue(
    call: Call,
    identity: Annotated[str, typer.Argument(metavar="NAME", help="The identity's id.", show_default=False)],
    use: Annotated[KeyUse, typer.Option("--use", help="What the key is for.")] = "command",
    public_key: Annotated[
        str | None,
        typer.Option("--public-key", metavar="BASE64", help="A key that was made elsewhere, not here."),
    ] = None,
    possession: Annotated[
        str | None,
        typer.Option("--possession", metavar="BASE64", help="That key's signature, which proves it is held."),
    ] = None,
    out: Out = None,
) -> None:
    """Let a key speak for an identity; the key is made here unless --public-key gives one."""
    from events import identity as terms
    from events.commands import IssueKey

    from ..key_files import KeyFiles
    from ..requests import build, document_of

    files, wanted = KeyFiles(call.settings, out), terms.KeyUse(use)
    async with call.client() as client:
        if public_key is not None:
            path = None
            command = build(
                IssueKey, identity_id=identity, use=wanted, public_key=public_key, possession=possession
            )
        else:
            path = files.path(identity, wanted)
            command = files.make(identity, wanted, path).issue()
        answer = await client.send(command)
    call.out.document({**document_of(answer), "path": str(path) if path else None})
    call.out.say(f"The key {answer.result['key_id']} speaks for {identity}.")
    call.out.facts({"private key": path})


@verb(keys, "rotate")
async def rotate(call: Call, key_id: KeyId, out: Out = None) -> None:
    """Make a key that takes over from an old one, in its file. The old one is valid until it is revoked."""
    from events import identity as terms

    from ..key_files import KeyFiles, replace
    from ..requests import document_of

    async with call.client() as client:
        old = await _find(client, key_id)
        use, files = terms.KeyUse(old.use), KeyFiles(call.settings, out)
        path = files.path(old.identity, use)
        # The old file stays until the new key is registered; after a crash in between, both are there.
        made = files.make(old.identity, use, path.with_name(path.name + ".new"))
        answer = await client.send(made.take_over(key_id))
        replace(path, made.path)
    call.out.document({**document_of(answer), "old_key_id": key_id, "path": str(path)})
    call.out.say(
        f"The key {made.key_id} takes over from {key_id}. Where the old one is in use, hand out the new:"
    )
    call.out.facts({"private key": path})
    call.out.say(f"Then end the old one: symbi keys revoke {key_id}")


@verb(keys, "revoke")
async def revoke(
    call: Call,
    key_id: KeyId,
    reason: Annotated[RevocationReason, typer.Option("--reason", help="Why.")] = "superseded",
    suspected_since: Annotated[
        int | None,
        typer.Option("--suspected-since", min=1, help="The position since which what it signed is in doubt."),
    ] = None,
) -> None:
    """End a key's validity from this position of the log on."""
    from events.commands import RevokeKey

    from ..requests import build, document_of

    async with call.client() as client:
        row = await _find(client, key_id)
        command = build(
            RevokeKey, identity_id=row.identity, key_id=key_id, reason=reason, suspected_since=suspected_since
        )
        answer = await client.send(command)
    call.out.document(document_of(answer))
    call.out.say(f"The key {key_id} of {row.identity} is valid no more.")


async def _find(client: "Client", key_id: str) -> "KeyRow":
    from projections import identities

    from ..requests import NotKnownHere

    async with client.queries.connect() as connection:
        row = await identities.key(connection, key_id)
    if row is None:
        raise NotKnownHere(what="key", name=key_id, verb="keys list")
    return row
