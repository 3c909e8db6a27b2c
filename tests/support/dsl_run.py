"""Bodies written in the language, run to their end."""

from collections.abc import Callable, Mapping
from typing import Any

from app.dsl.run import (
    Called,
    Compiled,
    Failure,
    Finished,
    Limits,
    Run,
    Stopped,
    Yielded,
    compile_program,
    from_json,
    to_json,
)
from app.dsl.source import Source
from app.dsl.syntax import parse
from app.dsl.tree import Program

World = Callable[[Called], Any]
"""Answers a call with JSON, or raises a `Failure`."""

MUCH = 10**9


def program(text: str) -> Program:
    """The tree of *text*, which must have no errors."""
    parsed = parse(Source("a.symbi", text))
    assert parsed.ok, [diagnostic.message for diagnostic in parsed.diagnostics]
    return parsed.program


def compiled(body: str, *, params: str = "", returns: str = "", around: str = "") -> Compiled:
    """An agent with that *body*; *around* stands before it in the file."""
    arrow = f"-> {returns} " if returns else ""
    text = f"{around}\nagent tried({params}) {arrow}{{ with timeout = 1m {{ {body} }} }}"
    return compile_program(program(text), "tried")


def silent(called: Called) -> Any:
    """Answers nothing, whatever is asked."""
    return None


def to_the_end(run: Run, world: World = silent, *, turn: int = MUCH) -> Finished | Stopped:
    """Let *run* go on, in turns of that many steps, until it has ended."""
    while True:
        match run.go(turn):
            case Called() as called:
                try:
                    run.answer(from_json(world(called)))
                except Failure as failure:
                    run.fail(failure.kind, failure.message)
            case Yielded():
                assert turn != MUCH, "it took a break in a turn without end"
            case Finished() | Stopped() as end:
                return end


def ending(
    body: str,
    inputs: Mapping[str, Any] | None = None,
    *,
    params: str = "",
    returns: str = "",
    around: str = "",
    limits: Limits | None = None,
    world: World = silent,
) -> Finished | Stopped:
    """How a run of *body* ends."""
    one = compiled(body, params=params, returns=returns, around=around)
    return to_the_end(Run(one, inputs or {}, limits), world)


def result(body: str, inputs: Mapping[str, Any] | None = None, **how: Any) -> Any:
    """What *body* returns, as plain JSON; it must not fail."""
    end = ending(body, inputs, **how)
    assert isinstance(end, Finished), end
    return to_json(end.value)


def value(expression: str, inputs: Mapping[str, Any] | None = None, **how: Any) -> Any:
    """What *expression* comes to, as plain JSON."""
    return result(f"return {expression};", inputs, **how)


def error(body: str, inputs: Mapping[str, Any] | None = None, **how: Any) -> str:
    """The kind and message of the error that *body* ends with: `TypeError: cannot add int and List`."""
    end = ending(body, inputs, **how)
    assert isinstance(end, Stopped), end
    assert end.code == "error", end
    return f"{end.kind}: {end.message}"


def limit(body: str, inputs: Mapping[str, Any] | None = None, **how: Any) -> str:
    """The limit that *body* reaches."""
    end = ending(body, inputs, **how)
    assert isinstance(end, Stopped), end
    assert end.code == "limit", end
    return end.kind
