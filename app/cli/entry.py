"""Runs one command line, and turns what goes wrong into one message and an exit code."""

import os
import sys
import tempfile
import traceback
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any

import typer

from events.strict_json import NotStrict

from ..errors import Invalid, SymbiError
from . import INTERRUPTED
from .calls import Call, current_call

UNEXPECTED = 70
"""The exit code of an error that nobody foresaw (sysexits.h: EX_SOFTWARE)."""


def run(arguments: Sequence[str], make: Callable[[], Any] | None = None) -> int:
    """Carry out `symbi` with *arguments* and return the exit code; errors are told on stderr.

    *make* gives another tree of verbs than `symbi`'s.
    """
    from .program import command

    current_call.set(None)
    try:
        code = (make or command)().main(args=arguments, prog_name="symbi", standalone_mode=False)
    except typer.Abort:
        return INTERRUPTED
    except typer.TyperException as error:
        if message := error.format_message():  # a group without a verb has shown its help, which is enough
            _say(f"{message}{_hint(error)}", "Usage")
        return error.exit_code
    except SymbiError as error:
        if _debugging():
            traceback.print_exc()
        _say(error.message, error.code, family(error), error.facts)
        return error.exit_code
    except KeyboardInterrupt:
        return INTERRUPTED
    except NotStrict as error:
        _say(f"this cannot be sent as JSON: {error}", "NotStrict")
        return Invalid.exit_code
    except RecursionError:
        _say("the input is nested too deeply to be read", "NestedTooDeeply")
        return Invalid.exit_code
    except Exception as error:
        _say(_unexpected(error), "Unexpected")
        return UNEXPECTED
    return code if isinstance(code, int) else 0


def family(error: SymbiError) -> str:
    """The family in `app.errors` that *error* belongs to: `rejected`."""
    mro = type(error).__mro__
    return mro[mro.index(SymbiError) - 1].__name__.lower() if type(error) is not SymbiError else "error"


def _say(message: str, code: str, family: str = "invalid", facts: object = None) -> None:
    call = current_call.get()
    if call is not None and call.json:
        from .output import to_json

        document = {"error": {"family": family, "code": code, "message": message, "facts": facts or {}}}
        sys.stderr.write(to_json(document).decode() + "\n")
    else:
        sys.stderr.write(f"symbi: {message}\n")


def _hint(error: typer.TyperException) -> str:
    context = getattr(error, "ctx", None)
    return f"\nTry `{context.command_path} --help`." if context is not None else ""


def _unexpected(error: Exception) -> str:
    summary = f"an unexpected {type(error).__name__}: {error}"
    if _debugging():
        return f"{summary}\n{traceback.format_exc()}"
    try:
        path = _written(traceback.format_exc())
    except OSError as problem:
        return f"{summary}\nRun it again with --debug to see where ({problem})."
    return f"{summary}\nWhere it happened is in {path}; --debug shows it here."


def _written(text: str) -> str:
    stamp = f"{datetime.now(UTC):%Y%m%dT%H%M%S}"
    descriptor, path = tempfile.mkstemp(prefix=f"symbi-{stamp}-", suffix=".txt")
    with os.fdopen(descriptor, "w") as file:
        file.write(text)
    return path


def _debugging() -> bool:
    call: Call | None = current_call.get()
    return call is not None and call.debug
