"""`symbi dsl`: definitions of agents, before anything is spawned."""

from pathlib import Path
from typing import Annotated

import typer

from ...errors import Invalid
from ..calls import Call, verb
from ..groups import group

dsl = group("Definitions of agents: check them, lay them out, see what follows from them.")

Files = Annotated[
    list[Path],
    typer.Argument(
        metavar="FILE…",
        help="Definitions, or directories of them; - is stdin.",
        show_default=False,
    ),
]
File = Annotated[Path, typer.Argument(metavar="FILE", help="A definition; - is stdin.", show_default=False)]


@verb(dsl, "check")
def check(
    call: Call,
    paths: Files,
    syntax_only: Annotated[bool, typer.Option("--syntax-only", help="Parse, and no more.")] = False,
) -> None:
    """Say everything that is wrong with definitions, or may be, each at its place. Errors: exit code 2.

    With --json there is an object for each file, whose diagnostics have ranges for editors.
    """
    from .. import checking

    documents, told = [], False
    for path in checking.files(paths):
        source, diagnostics, reading = checking.read(path, syntax_only=syntax_only)
        documents.append(checking.as_document(source, diagnostics, reading))
        if diagnostics:
            told = True
            call.out.show(checking.rendered(source, diagnostics))
    call.out.document(documents)
    wrong = sum(not document["ok"] for document in documents)
    if not told:
        call.out.say(f"[green]{_all_of(len(documents))} right.[/]")
    elif len(documents) > 1:
        call.out.say(f"{wrong} of {len(documents)} definitions have errors.")
    if wrong:
        raise typer.Exit(Invalid.exit_code)


def _all_of(number: int) -> str:
    return "The definition is" if number == 1 else f"All {number} definitions are"


@verb(dsl, "fmt")
def fmt(
    call: Call,
    paths: Files,
    check: Annotated[
        bool, typer.Option("--check", help="Change nothing; exit code 1 where something would change.")
    ] = False,
    diff: Annotated[bool, typer.Option("--diff", help="The same, and show what would change.")] = False,
) -> None:
    """Lay definitions out the one way, in place; what comes from stdin goes to stdout. Errors: exit code 2.

    Meaning and comments stay; so does a file that has errors.
    """
    from .. import checking

    changed: list[str] = []
    wrong = False
    keep = check or diff
    for path in checking.files(paths):
        laid_out = checking.lay_out(path)
        if isinstance(laid_out, checking.NotLaidOut):
            wrong = True
            call.out.show(checking.rendered(laid_out.source, laid_out.diagnostics))
            continue
        if path == checking.STDIN and not keep:
            call.out.verbatim(laid_out.text)
        elif laid_out.changes:
            changed.append(str(path))
            if diff:
                call.out.verbatim(laid_out.diff(str(path)))
            if not keep:
                laid_out.write(path)
    call.out.document({"changed": changed})
    for name in [] if diff else changed:
        call.out.item(name)
    if wrong:
        raise typer.Exit(Invalid.exit_code)
    if changed and keep:
        raise typer.Exit(1)


@verb(dsl, "show")
def show(
    call: Call,
    path: File,
    agent: Annotated[
        str | None,
        typer.Option("--agent", metavar="NAME", help="Which agent of the file; else its only one."),
    ] = None,
) -> None:
    """Print the configuration that follows from a definition, as JSON. Errors in it: exit code 2."""
    from app.dsl.definition import NoSuchAgent

    from .. import checking
    from ..output import to_json

    source, diagnostics, reading = checking.read(path)
    if reading is None or reading.definition is None:
        call.out.show(checking.rendered(source, diagnostics))
        call.out.document([checking.as_document(source, diagnostics, reading)])
        raise typer.Exit(Invalid.exit_code)
    try:
        found = reading.definition.agent(agent)
    except NoSuchAgent as problem:
        raise Invalid(str(problem)) from None
    typer.echo(to_json(found.config.model_dump(mode="json"), indent=True))
