"""Built-in functions of no type in particular."""

from typing import NoReturn

from ..failures import Failure
from ..limits import Meter
from ..sizes import SMALL
from ..values import Range, Value, type_name
from .native import implements

_MOST_KIND = 64


@implements("error")
def error(meter: Meter, message: str, kind: str = "Error") -> NoReturn:
    if not kind.isidentifier() or len(kind) > _MOST_KIND:
        raise Failure("ValueError", "the kind of an error must be a name")
    raise Failure(kind, message)


@implements("assert")
def assert_(meter: Meter, condition: bool, message: str = "it does not hold") -> None:
    if not condition:
        raise Failure("AssertionError", message)


@implements("range")
def range_(meter: Meter, start: int, end: int | None = None, step: int = 1) -> Range:
    if step == 0:
        raise Failure("ValueError", "the step of a range cannot be 0")
    meter.allocate(SMALL)
    made = range(start) if end is None else range(start, end, step)
    if made and made[-1] - made[0] >= 2**63 - 1:
        raise Failure("ValueError", "the range is too long")
    return Range(made)


@implements("type_of")
def type_of(meter: Meter, value: Value) -> str:
    return type_name(value)


@implements("Some")
def some(meter: Meter, value: Value) -> Value:
    return value
