"""One call of a verb: the options that every verb takes, and what follows from them."""

import inspect
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from functools import cached_property, wraps
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

import typer

if TYPE_CHECKING:
    from app.bootstrap import Client
    from app.config import Settings

    from .output import Output

PANEL = "Which runtime"

Where = Annotated[
    Path | None,
    typer.Option(
        "--data-dir",
        help="The runtime's data directory. Or SYMBI_DATA_DIR; else .symbi.",
        rich_help_panel=PANEL,
        file_okay=False,
    ),
]
Config = Annotated[
    Path | None,
    typer.Option(
        "--config",
        help="The TOML file of settings. Or SYMBI_CONFIG_PATH; else symbi.toml in the data directory.",
        rich_help_panel=PANEL,
        dir_okay=False,
    ),
]
NatsUrl = Annotated[
    str | None,
    typer.Option(
        "--nats-url", help="A NATS server of your own instead of the embedded one.", rich_help_panel=PANEL
    ),
]
PostgresUrl = Annotated[
    str | None,
    typer.Option(
        "--postgres-url",
        help="A PostgreSQL database of your own instead of the embedded one.",
        rich_help_panel=PANEL,
    ),
]
Principal = Annotated[
    str,
    typer.Option("--as", metavar="NAME", help="Whose keys to sign and log in with.", rich_help_panel=PANEL),
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON for programs.")]
Debug = Annotated[bool, typer.Option("--debug", help="Show where an error came from.")]


@dataclass
class Call:
    """The options that every verb takes."""

    data_dir: Path | None = None
    config: Path | None = None
    nats_url: str | None = None
    postgres_url: str | None = None
    principal: str = "operator"
    json: bool = False
    debug: bool = False

    @cached_property
    def settings(self) -> "Settings":
        """Raises `Invalid` when a setting is."""
        return self.settings_with()

    def settings_with(self, **options: Any) -> "Settings":
        """The settings with more options, `nats__port=4222`."""
        from app.config import load

        given = {"nats.url": self.nats_url, "postgres.url": self.postgres_url}
        given |= {name.replace("__", "."): value for name, value in options.items()}
        return load(data_dir=self.data_dir, config=self.config, options=given)

    @cached_property
    def out(self) -> "Output":
        from .output import Output

        return Output(json=self.json)

    @asynccontextmanager
    async def client(self, *, quiet: bool = False) -> "AsyncIterator[Client]":
        """A connection to the running runtime; *quiet* leaves the logging of this process as it is.

        Raises:
            Unavailable: none runs, or a part of it is down.
        """
        from app.adapters.postgres.errors import guard
        from app.bootstrap import connect

        from . import logs

        if not quiet:
            logs.warnings_only()
        with guard():
            async with connect(self.settings, as_principal=self.principal) as client:
                yield client


current_call: ContextVar[Call | None] = ContextVar("current_call", default=None)
"""The call that this process carries out; errors are told as its options ask."""

F = TypeVar("F", bound=Callable[..., Awaitable[None] | None])

_COMMON = {
    "data_dir": Where,
    "config": Config,
    "nats_url": NatsUrl,
    "postgres_url": PostgresUrl,
    "principal": Principal,
    "json": Json,
    "debug": Debug,
}


def verb(group: typer.Typer, name: str, **about: Any) -> Callable[[F], F]:
    """Make a function a verb of *group*: its first parameter is the `Call`, the others its own options."""

    def register(function: F) -> F:
        own = list(inspect.signature(function, eval_str=True).parameters.values())[1:]

        @wraps(function)
        def carry_out(**given: Any) -> None:
            call = Call(**{option: given.pop(option) for option in _COMMON})
            current_call.set(call)
            running = function(call, **given)
            if inspect.iscoroutine(running):
                import uvloop

                uvloop.run(running)

        common = [
            inspect.Parameter(
                option, inspect.Parameter.KEYWORD_ONLY, default=getattr(Call, option), annotation=annotation
            )
            for option, annotation in _COMMON.items()
        ]
        own = [parameter.replace(kind=inspect.Parameter.KEYWORD_ONLY) for parameter in own]
        carry_out.__signature__ = inspect.Signature([*own, *common])  # type: ignore[attr-defined]
        carry_out.__annotations__ = {p.name: p.annotation for p in (*own, *common)}
        group.command(name, **about)(carry_out)
        return function

    return register
