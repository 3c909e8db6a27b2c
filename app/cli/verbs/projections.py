"""`symbi projections`: the views that are derived from the log."""

from collections.abc import AsyncIterator, Sequence
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ..calls import Call, verb
from ..groups import group

if TYPE_CHECKING:
    from app.bootstrap import Client
    from projections.projection import Projection
    from projections.rebuilding import Verification

projections = group("Projections: the views derived from the log, which can be rebuilt at any time.")

Names = Annotated[
    list[str] | None,
    typer.Argument(metavar="[NAME]…", help="Which ones; all, if none is named.", show_default=False),
]


@verb(projections, "list")
async def list_projections(call: Call) -> None:
    """List projections: how far each is, how many subjects it could not go on with, when it was verified."""
    from projections.checkpoints import positions
    from projections.parking import parked

    from ..views import COLUMNS, PARKED, as_json, parked_as_json

    async with call.client() as client:
        head = await client.log.last_seq()
        async with client.queries.connect() as connection:
            rows = await positions(connection)
            stopped = await parked(connection)
    documents = [as_json(row, head) for row in rows]
    call.out.document(
        {"head": head, "projections": documents, "parked": [parked_as_json(row) for row in stopped]}
    )
    call.out.table(documents, COLUMNS, none="There are no projections yet.")
    if stopped:
        call.out.say("\n[bold red]These stopped at an event that a projection could not take:[/]")
        call.out.table(stopped, PARKED, none="")
        call.out.say(
            "A rebuild brings them up to date once the cause is mended: symbi projections rebuild NAME"
        )


@verb(projections, "rebuild")
async def rebuild(call: Call, name: Names = None) -> None:
    """Make the rows again from the log, beside the live ones, and swap. For operators."""
    from app.policy.roles import authorize_rebuild
    from projections import rebuilding

    from ..views import parked_as_json

    chosen = _chosen(name)
    async with call.client() as client:
        authorize_rebuild(call.principal, await client.roles())
        for projection in chosen:
            done = await rebuilding.rebuild(client.queries, projection, _reader(client))
            call.out.line(
                {
                    "projection": done.projection,
                    "position": done.position,
                    "parked": [parked_as_json(row) for row in done.parked],
                }
            )
            parked = f", {len(done.parked)} events could not be taken" if done.parked else ""
            call.out.say(f"{done.projection} is rebuilt up to position {done.position}{parked}.")


@verb(projections, "verify")
async def verify(call: Call, name: Names = None) -> None:
    """Compare the rows with a rebuild at the same position; exit 5 where they differ."""
    from projections import rebuilding

    from ..views import Differs, verification_as_json

    chosen = _chosen(name)
    results: list[Verification] = []
    async with call.client() as client:
        for projection in chosen:
            found = await rebuilding.verify(client.queries, projection, _reader(client))
            results.append(found)
            call.out.line(verification_as_json(found))
            _say_verified(call, found)
    differing = [found.projection for found in results if not found.equal]
    if differing:
        raise Differs(names=" ".join(differing))


def _say_verified(call: Call, found: "Verification") -> None:
    if found.equal:
        rows = sum(check.rows for check in found.tables)
        call.out.say(
            f"[green]{found.projection}[/] equals its rebuild at position {found.position}: {rows} rows."
        )
        return
    call.out.say(f"[bold red]{found.projection}[/] differs from its rebuild at position {found.position}:")
    for check in found.tables:
        for difference in check.differences:
            key = ", ".join(f"{name} {value}" for name, value in difference.key.items())
            what = (
                f"missing in {difference.missing_in}"
                if difference.missing_in
                else ", ".join(difference.columns)
            )
            call.out.item(f"{check.table}, {key}: {what}")


def _chosen(names: Sequence[str] | None) -> "list[Projection[Any]]":
    from app.adapters.postgres.errors import guard
    from projections.catalogue import PROJECTIONS, projection

    with guard():
        return [projection(name) for name in names] if names else list(PROJECTIONS)


def _reader(client: "Client") -> Any:
    """The log, verified, as a rebuild reads it."""

    async def read(after: int, upto: int) -> AsyncIterator[Sequence[Any]]:
        if after >= upto:
            return
        async for items in client.read_events(after):
            wanted = [item for item in items if item.seq <= upto]
            if wanted:
                yield wanted
            if len(wanted) < len(items):
                return

    return read
