"""How a group of verbs is made."""

import typer


def group(about: str = "") -> typer.Typer:
    """A group of verbs, which shows its help when it is called without one."""
    return typer.Typer(help=about, no_args_is_help=True, rich_markup_mode="rich")
