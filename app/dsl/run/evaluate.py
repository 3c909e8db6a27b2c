"""One expression, evaluated: for conditions, which decide something and do nothing."""

from collections.abc import Sequence

from .code import Compiled
from .failures import Failure
from .limits import Limits
from .machine import Machine
from .steps import Called, Finished, Stopped
from .values import Value, share

OF_A_CONDITION = Limits(fuel=100_000, memory=4 * 1024 * 1024, depth=50, calls=0, output=64 * 1024)
"""Plenty for a condition, and over in some 20 ms at worst."""


class EvaluationError(Failure):
    """The expression has no value: it failed, reached a limit, or wanted to call something."""


def evaluate(compiled: Compiled, values: Sequence[Value], limits: Limits = OF_A_CONDITION) -> Value:
    """The value of an expression from `compile_expression`, its names standing for *values*, in their order.

    Raises:
        EvaluationError: it has none; the kind and the message say why.
    """
    machine = Machine(compiled.body, [share(value) for value in values], limits)
    match machine.go(limits.fuel):
        case Finished(value=value):
            return value
        case Stopped(kind=kind, message=message):
            raise EvaluationError(kind, message)
        case Called(capability=capability):
            raise EvaluationError("calls", f"it calls {capability}, which nothing may here")
    raise AssertionError("it had all its fuel and took a break")
