"""The tree of verbs."""

from functools import cache
from typing import Annotated, Any

import typer
from typer.main import get_command


def _version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        typer.echo(f"symbi {version('symbi')}")
        raise typer.Exit


def _root(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version and end.")
    ] = False,
) -> None:
    """Agents that live as signed events: start a runtime, give agents work, and see all that happened."""


@cache
def command() -> Any:
    """The whole command line, ready to be run."""
    from .verbs import GROUPS, ROOT_VERBS

    app = typer.Typer(
        name="symbi",
        no_args_is_help=True,
        rich_markup_mode="rich",
        pretty_exceptions_enable=False,
        context_settings={"help_option_names": ["-h", "--help"]},
    )
    app.callback()(_root)
    for verbs in ROOT_VERBS:
        app.add_typer(verbs)
    for name, group in GROUPS.items():
        app.add_typer(group, name=name)
    return get_command(app)
