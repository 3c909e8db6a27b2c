"""`symbi events`: what happened, as recorded."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from ..calls import Call, verb
from ..groups import group

if TYPE_CHECKING:
    from app.bootstrap import Client
    from projections.history import EventRow

    from ..happenings import Wanted

events = group("Events: follow them, find them, look into one.")

OfAgent = Annotated[str | None, typer.Option("--agent", help="Only this agent's.")]
OfType = Annotated[
    list[str] | None,
    typer.Option("--type", help="Only this type: agent.spawned, or task.*; may be repeated."),
]
Limit = Annotated[int, typer.Option("--limit", "-n", min=1, max=10_000, help="At most that many.")]


@verb(events, "tail")
async def tail(
    call: Call,
    limit: Annotated[
        int,
        typer.Option("--limit", "-n", min=0, max=10_000, help="Begin that many back; 0 only with --follow."),
    ] = 20,
    follow: Annotated[
        bool, typer.Option("--follow", "-f", help="Go on with what happens, until Ctrl-C.")
    ] = False,
    agent: OfAgent = None,
    type: OfType = None,
    all: Annotated[
        bool, typer.Option("--all", help="What the log says about itself, too: log.producer.acknowledged.")
    ] = False,
) -> None:
    """Show the newest events; with --json, one line each."""
    from ..happenings import NothingToShow, Wanted

    if not limit and not follow:
        raise NothingToShow()
    wanted = Wanted(agent, type or (), statements=all)
    async with call.client() as client:
        # Whatever is recorded while the newest are looked up comes after this position.
        last = await client.log.last_seq()
        rows = await _newest(client, wanted, limit, last)
        for row in rows:
            _line(call, row)
        if not rows and not follow:
            call.out.say("There are no such events yet.")
        if follow:
            await _follow(call, client, wanted, last)


async def _newest(client: "Client", wanted: "Wanted", limit: int, last: int) -> "list[EventRow]":
    from projections import history
    from projections.paging import Page

    rows: list[EventRow] = []
    before = last + 1
    await client.wait_for(last)
    async with client.queries.connect() as connection:
        while len(rows) < limit and before > 1:
            page = Page(max(limit, 100), after=before, newest_first=True)
            found = await history.events(connection, page, agent=wanted.agent, types=wanted.types or None)
            rows += [row for row in found if row in wanted]
            before = found[-1].seq if found else 1
    return rows[:limit][::-1]


async def _follow(call: Call, client: "Client", wanted: "Wanted", after: int) -> None:
    from events.codec import Bad

    from ..happenings import row_of

    async for item in client.follow_events(after):
        if isinstance(item, Bad):
            typer.echo(f"symbi: event {item.seq} is quarantined: {item.code}, {item.detail}", err=True)
        elif (row := row_of(item)) in wanted:
            _line(call, row)


def _line(call: Call, row: "EventRow") -> None:
    from ..happenings import as_json, summary
    from ..output import printable
    from ..tables import moment

    if call.json:
        call.out.line(as_json(row))
        return
    about = f"{row.aggregate}/{row.aggregate_id}"
    call.out.item(
        printable(f"{row.seq:>7} {moment(row.time)} {row.type:<24} {about} {summary(row)}"), bullet=""
    )


@verb(events, "show")
async def show(
    call: Call,
    event: Annotated[str, typer.Argument(metavar="EVENT", help="Its position in the log, or its id.")],
) -> None:
    """Show one event: its envelope as signed, who asked for it, and its personal fields in clear."""
    from projections import history

    from ..requests import NotKnownHere

    async with call.client() as client:
        async with client.queries.connect() as connection:
            row = await history.event(connection, int(event) if event.isdigit() else event)
        if row is None:
            raise NotKnownHere(what="event", name=event, verb="events query")
        document = await _recorded(client, row.seq)
    if call.json:
        call.out.document(document)
    else:
        from rich.json import JSON

        call.out.show(JSON.from_data(document))


async def _recorded(client: "Client", seq: int) -> dict[str, Any]:
    """The event at *seq* as it lies in the log, verified."""
    import orjson

    from events import clock
    from events.codec import Bad
    from events.personal import reveal

    from ..happenings import Invisible

    async for item in client.follow_events(seq - 1):
        if isinstance(item, Bad):
            raise Invisible(seq=seq, code=item.code, detail=item.detail)
        document = {
            "seq": item.seq,
            "stored_at": clock.to_wire(item.stored_at),
            "subject": item.raw.subject,
            "signature": item.raw.signature,
            "key": item.raw.key,
            "payload": orjson.loads(item.raw.payload),
        }
        clear = reveal(item.event, item.envelope.id, client.data_keys)
        if clear != item.event.model_dump(mode="json", exclude_none=True):
            document["in_clear"] = clear
        return document
    raise AssertionError("the log is followed for ever")


@verb(events, "query")
async def query(
    call: Call,
    agent: OfAgent = None,
    type: OfType = None,
    about: Annotated[str | None, typer.Option("--about", help="Only what is about it: task/t-1.")] = None,
    actor: Annotated[
        str | None, typer.Option("--actor", help="Only what it asked for: human/operator.")
    ] = None,
    correlation: Annotated[
        str | None, typer.Option("--correlation", help="Only those of this correlation id.")
    ] = None,
    since: Annotated[
        str | None, typer.Option("--since", help="From this time on: 10m (ago), 2026-11-21.")
    ] = None,
    until: Annotated[str | None, typer.Option("--until", help="Before this time.")] = None,
    after: Annotated[
        int | None, typer.Option("--after", min=0, help="Beyond this position, the oldest first.")
    ] = None,
    limit: Limit = 100,
) -> None:
    """Find events; the newest ones, or with --after the next ones, in the order of the log."""
    from datetime import UTC, datetime

    from projections import history
    from projections.paging import Page

    from ..happenings import COLUMNS, as_json
    from ..times import nanoseconds

    now = datetime.now(UTC)
    page = Page(limit, after=after, newest_first=after is None)
    async with call.client() as client, client.queries.connect() as connection:
        rows = await history.events(
            connection,
            page,
            agent=agent,
            types=type,
            subject=about,
            actor=actor,
            correlation_id=correlation,
            since=nanoseconds(since, now) if since else None,
            until=nanoseconds(until, now) if until else None,
        )
    rows = rows if after is not None else rows[::-1]
    call.out.document([as_json(row) for row in rows])
    call.out.table(rows, COLUMNS, none="There are no such events.")


@verb(events, "quarantine")
async def quarantine(call: Call, limit: Limit = 100) -> None:
    """List what lies in the log and could not be believed: a bad signature, key, shape or revision."""
    from projections.paging import Page
    from projections.quarantine import quarantined

    from ..happenings import QUARANTINED, quarantined_as_json

    async with call.client() as client, client.queries.connect() as connection:
        rows = await quarantined(connection, Page(limit, newest_first=True))
    call.out.document([quarantined_as_json(row) for row in rows])
    call.out.table(rows, QUARANTINED, none="[green]Nothing is in quarantine.[/]")


@verb(events, "orphans")
async def orphans(
    call: Call,
    agent: OfAgent = None,
    older_than: Annotated[
        str,
        typer.Option(
            "--older-than", metavar="TIME", help="Leave out what began since; 0 leaves out nothing."
        ),
    ] = "1m",
    limit: Limit = 100,
) -> None:
    """List what was begun and has not ended: intents without an outcome."""
    from datetime import UTC, datetime

    from projections import orphans as orphaned
    from projections.paging import Page

    from ..happenings import COLUMNS, as_json
    from ..times import nanoseconds

    before = nanoseconds(older_than, datetime.now(UTC))
    async with call.client() as client, client.queries.connect() as connection:
        rows = await orphaned.orphans(connection, Page(limit), before=before, agent=agent)
    call.out.document([as_json(row) for row in rows])
    call.out.table(
        rows, COLUMNS, none=f"[green]Nothing that began more than {older_than} ago is without an end.[/]"
    )
