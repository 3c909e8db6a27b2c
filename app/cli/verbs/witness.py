"""`symbi witness`: a small program that cosigns what logs say of themselves."""

from pathlib import Path
from typing import Annotated

import typer

from ..calls import Call, verb
from ..groups import group

witness = group("A witness: cosigns checkpoints of logs, and never two that contradict each other.")

State = Annotated[
    Path,
    typer.Option(
        "--state",
        metavar="DIR",
        help="Where its key and what it cosigned last are kept, and nothing else.",
        file_okay=False,
        show_default=False,
    ),
]
Name = Annotated[
    str, typer.Option("--name", help="Its name in notes, like witness.example/w1.", show_default=False)
]


@verb(witness, "key")
async def key(call: Call, state: State, name: Name) -> None:
    """Show the key that verifies its cosignatures, for trust policies; it is made where there is none."""
    from ..witnessing import cosigner

    verifier = cosigner(state, name, call.settings.security.crypto_provider).verifier
    call.out.document({"name": name, "vkey": str(verifier)})
    call.out.verbatim(f"{verifier}\n")


@verb(witness, "serve")
async def serve(
    call: Call,
    state: State,
    name: Name,
    listen: Annotated[
        str, typer.Option("--listen", metavar="HOST:PORT", help="Where it is asked; port 0 is any free one.")
    ] = "127.0.0.1:8765",
    log: Annotated[
        list[str] | None,
        typer.Option(
            "--log",
            metavar="VKEY",
            help="The key of a log to look after, or ORIGIN=VKEY where its name is not the origin; may be "
            "repeated.",
        ),
    ] = None,
    policy: Annotated[
        Path | None,
        typer.Option("--policy", metavar="FILE", help="Look after the logs of this trust policy, too."),
    ] = None,
) -> None:
    """Answer `add-checkpoint` of the C2SP witness protocol over HTTP, until Ctrl-C or SIGTERM.

    What it cosigns is on the disk before it answers. Run it as another user on another machine than the log,
    behind a proxy with TLS; on the log's own it protects against nobody who can become root there.
    """
    import asyncio
    import signal

    from app.adapters.witness import WitnessServer

    from .. import logs
    from ..witnessing import address, cosigner, witnessed
    from ..witnessing import witness as made

    crypto = call.settings.security.crypto_provider
    known, (host, port) = witnessed(log or (), policy), address(listen)
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    with logs.told(call.settings):
        running = made(cosigner(state, name, crypto), known, state, crypto)
        server = WitnessServer(running, host, port)
        server.start()
        try:
            document = {"ready": True, "url": server.url, "vkey": str(running.verifier)}
            call.out.line({**document, "logs": sorted(known)})
            call.out.say(f"[green]Ready[/] at {server.url}. Ctrl-C stops it.")
            call.out.facts({"key": running.verifier, "logs": ", ".join(sorted(known))})
            await stop.wait()
        finally:
            await asyncio.to_thread(server.stop)
