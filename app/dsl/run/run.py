"""One run of an agent's body: started with its inputs, let go on in turns, answered when it calls."""

from collections.abc import Mapping
from typing import Any

from .code import Compiled
from .failures import Failure
from .json_text import NotAValue, from_json, size_of
from .limits import Limits
from .machine import Machine
from .shapes import Misfit, conform
from .steps import Step
from .values import Value, share

A_TURN = 20_000
"""Steps after which a run lets others go on, unless something else is asked for: some milliseconds."""


class WrongInputs(ValueError):
    """The inputs are not those that the agent takes; the text says which and why."""


class Run:
    """One run. It holds no thread, no task and no file, and waiting costs it a few kilobytes.

    Two runs of the same definition with the same inputs and the same answers make the same calls, in the same
    order, and end in the same way, whatever the turns they are given.
    """

    __slots__ = ("_machine",)

    def __init__(self, compiled: Compiled, inputs: Mapping[str, Any], limits: Limits | None = None) -> None:
        """*inputs* is parsed JSON by the name of the parameter.

        Raises:
            WrongInputs: one is missing, unknown, or does not fit its type.
        """
        arguments = _arguments(compiled, inputs)
        self._machine = Machine(compiled.body, arguments, limits or Limits())
        self._charge(*arguments)

    @property
    def steps(self) -> int:
        """The fuel that it has used."""
        return self._machine.steps

    @property
    def ended(self) -> Step | None:
        """How it ended, once it has."""
        return self._machine.ended

    def go(self, most: int = A_TURN) -> Step:
        """Go on for a turn of about *most* steps. One built-in may take longer, up to `MOST_AT_ONCE`.

        Until a `Called` is answered it says that again, and after the end how it ended.
        """
        return self._machine.go(most)

    def answer(self, value: Value) -> None:
        """The call has succeeded with *value*, which the run now owns: see `from_json`."""
        self._machine.answer(share(value))
        self._charge(value)

    def fail(self, kind: str, message: str) -> None:
        """The call has failed. The body may catch it as *kind*, as `CallError` and as `Error`."""
        self._machine.fail(Failure(kind, message, of_call=True))

    def _charge(self, *values: Value) -> None:
        self._machine.take(sum(map(size_of, values)))


def _arguments(compiled: Compiled, inputs: Mapping[str, Any]) -> list[Value]:
    known = dict(compiled.parameters)
    missing, unknown = known.keys() - inputs.keys(), inputs.keys() - known.keys()
    if missing or unknown:
        lacks = [f"{', '.join(sorted(missing))} missing"] if missing else []
        odd = [f"no {', '.join(sorted(unknown))}"] if unknown else []
        raise WrongInputs(f"{compiled.name} takes {', '.join(known) or 'nothing'}: {'; '.join(lacks + odd)}")
    try:
        return [
            share(conform(compiled.types, of, from_json(inputs[name]), name)) for name, of in known.items()
        ]
    except (NotAValue, Misfit) as error:
        raise WrongInputs(str(error)) from None
