"""`symbi audit`: for whoever wants to know whether the log is what it says to be."""

from pathlib import Path
from typing import Annotated

import typer

from ..calls import Call, verb
from ..groups import group

audit = group("The audit trail: check what a log, or a part of it, proves.")


@verb(audit, "verify")
def verify(
    call: Call,
    bundle: Annotated[
        Path,
        typer.Argument(metavar="BUNDLE", help="A directory or a .tar that was exported.", show_default=False),
    ],
    root: Annotated[
        str | None,
        typer.Option(
            "--root", metavar="KEY", help="The root registrar key that you know: its id, or base64."
        ),
    ] = None,
    policy: Annotated[
        Path | None,
        typer.Option("--policy", metavar="FILE", help="The logs and witnesses that you trust (tlog-policy)."),
    ] = None,
    checkpoint: Annotated[
        list[Path] | None,
        typer.Option(
            "--checkpoint", metavar="FILE", help="A checkpoint that you or a witness kept; may be repeated."
        ),
    ] = None,
    statements: Annotated[
        Path | None,
        typer.Option(
            "--statements", metavar="DIR", help="Producer statements that were kept outside the broker."
        ),
    ] = None,
    tsa_root: Annotated[
        list[Path] | None,
        typer.Option("--tsa-root", metavar="PEM", help="The root of a timestamp authority; may be repeated."),
    ] = None,
    processes: Annotated[
        int | None, typer.Option("--processes", min=1, help="How many; else one for each core.")
    ] = None,
    skew: Annotated[
        float, typer.Option("--skew", metavar="SECONDS", min=0, help="How far clocks may be apart.")
    ] = 120.0,
    without_signatures: Annotated[
        bool, typer.Option("--without-signatures", help="Check chain and tree alone: fast, and incomplete.")
    ] = False,
) -> None:
    """Check a bundle, with no network and no services at all.

    Ends with 0 where it is valid, 5 where it is broken, 6 where something could not be checked.
    """
    from dataclasses import replace

    from app.adapters.bundles import open_bundle
    from app.adapters.timestamps import read_tokens
    from app.services.verifying import Options, verify_bundle

    from ..auditing import progress, show, trust_of

    crypto = call.settings.security.crypto_provider
    options = Options(crypto=crypto, skew_s=skew, signatures=not without_signatures)
    if processes is not None:
        options = replace(options, processes=processes)
    trust = trust_of(root, policy, checkpoint or [], statements, tsa_root or [])
    with progress(call.out) as told:
        report = verify_bundle(open_bundle(bundle), trust, read_tokens, options, told)
    show(report, call.out)
    raise typer.Exit(report.verdict.exit_code)
