"""What the operators do where the machine's loop has no short way: other types, and everything that fails."""

import math
from collections.abc import Callable
from typing import Final, TypeAlias

from .equality import equals, finds
from .failures import Failure
from .limits import Meter
from .sizes import SMALL, list_size, text_size
from .text import joined_secret, scalar_text
from .values import (
    LARGEST_INT,
    LEAST_INT,
    Duration,
    List,
    Map,
    Range,
    Secret,
    Value,
    share,
    type_name,
)

Operation: TypeAlias = Callable[[Meter, Value, Value], Value]

NUMBERS: Final = frozenset({int, float})


def number(value: int | float) -> int | float:
    """*value*, if the language has it: an int of 64 bits or a finite float. Raises `Failure`."""
    if value.__class__ is int:
        if LEAST_INT <= value <= LARGEST_INT:
            return value
        raise Failure("ArithmeticError", "the result has more than 64 bits")
    if math.isfinite(value):
        return value
    raise Failure("ArithmeticError", "the result is too large for a float")


def unfit(verb: str, left: Value, right: Value) -> Failure:
    return Failure("TypeError", f"cannot {verb} {type_name(left)} and {type_name(right)}")


def add(meter: Meter, left: Value, right: Value) -> Value:
    """Numbers, durations and lists of the same kind; text with text, a number, a bool, null or a duration."""
    if isinstance(left, str) or isinstance(right, str):
        return _concatenated(meter, left, right)
    if left.__class__ in NUMBERS and right.__class__ in NUMBERS:
        return number(left + right)  # type: ignore[operator]
    if isinstance(left, List | Range) and isinstance(right, List | Range):
        return _both(meter, left, right)
    if isinstance(left, Duration) and isinstance(right, Duration):
        return duration(meter, left.ms + right.ms)
    if isinstance(left, Secret) or isinstance(right, Secret):
        return _secret(meter, left, right)
    raise unfit("add", left, right)


def _concatenated(meter: Meter, left: Value, right: Value) -> Value:
    first = left if isinstance(left, str) else scalar_text(left)
    second = right if isinstance(right, str) else scalar_text(right)
    if first is None or second is None:
        if isinstance(left, Secret) or isinstance(right, Secret):
            return _secret(meter, left, right)
        raise unfit("add", left, right)
    meter.allocate(text_size(first) + text_size(second))
    return first + second


def _secret(meter: Meter, left: Value, right: Value) -> Secret:
    for value in (left, right):
        if isinstance(value, Secret):
            texts = sum(len(part) for part in value.parts if isinstance(part, str))
            meter.allocate(SMALL + 16 * len(value.parts) + 4 * texts)
        elif isinstance(value, str):
            meter.allocate(text_size(value))
    return joined_secret(left, right)


def _both(meter: Meter, left: List | Range, right: List | Range) -> List:
    first, second = left.items, right.items
    meter.allocate(list_size(len(first) + len(second)))
    return List([*map(share, first), *map(share, second)])


def duration(meter: Meter, ms: float) -> Duration:
    """That many milliseconds, to the nearest. Raises `Failure` beyond 64 bits."""
    meter.allocate(SMALL)
    return Duration(int(number(round(number(ms)))))


def subtract(meter: Meter, left: Value, right: Value) -> Value:
    if left.__class__ in NUMBERS and right.__class__ in NUMBERS:
        return number(left - right)  # type: ignore[operator]
    if isinstance(left, Duration) and isinstance(right, Duration):
        return duration(meter, left.ms - right.ms)
    raise unfit("subtract", left, right)


def multiply(meter: Meter, left: Value, right: Value) -> Value:
    if left.__class__ in NUMBERS and right.__class__ in NUMBERS:
        return number(left * right)  # type: ignore[operator,arg-type]
    for one, other in ((left, right), (right, left)):
        if isinstance(one, Duration) and other.__class__ in NUMBERS:
            return duration(meter, one.ms * other)  # type: ignore[operator,arg-type]
    raise unfit("multiply", left, right)


def divide(meter: Meter, left: Value, right: Value) -> Value:
    """A float, of two ints too; a duration by a number is a duration, by a duration a float."""
    if left.__class__ in NUMBERS and right.__class__ in NUMBERS:
        return _quotient(left, right)  # type: ignore[arg-type]
    if isinstance(left, Duration):
        if right.__class__ in NUMBERS:
            return duration(meter, _quotient(left.ms, right))  # type: ignore[arg-type]
        if isinstance(right, Duration):
            return _quotient(left.ms, right.ms)
    raise unfit("divide", left, right)


def _quotient(left: int | float, right: int | float) -> float:
    if right == 0:
        raise Failure("ArithmeticError", "a division by zero")
    try:
        return float(number(left / right))
    except OverflowError:
        raise Failure("ArithmeticError", "the result is too large for a float") from None


def remainder(meter: Meter, left: Value, right: Value) -> Value:
    """What remains of a division rounded down: it has the sign of the divisor."""
    if isinstance(left, Duration) and isinstance(right, Duration):
        return duration(meter, _remainder(left.ms, right.ms))
    if left.__class__ in NUMBERS and right.__class__ in NUMBERS:
        return _remainder(left, right)  # type: ignore[arg-type]
    raise unfit("divide", left, right)


def _remainder(left: int | float, right: int | float) -> int | float:
    if right == 0:
        raise Failure("ArithmeticError", "a division by zero")
    return number(left % right)


def div_floor(left: int, right: int) -> int | float:
    """How often *right* fits into *left*, rounded down."""
    if right == 0:
        raise Failure("ArithmeticError", "a division by zero")
    return number(left // right)


def negative(meter: Meter, value: Value) -> Value:
    if value.__class__ in NUMBERS:
        return number(-value)  # type: ignore[operator]
    if isinstance(value, Duration):
        return duration(meter, -value.ms)
    raise Failure("TypeError", f"cannot negate {type_name(value)}")


def less(meter: Meter, left: Value, right: Value) -> bool:
    """Numbers by size, texts by code points, durations by length. Anything else raises `Failure`."""
    if left.__class__ in NUMBERS and right.__class__ in NUMBERS:
        return left < right  # type: ignore[operator]
    if isinstance(left, str) and isinstance(right, str):
        meter.spend(len(left) >> 6)
        return left < right
    if isinstance(left, Duration) and isinstance(right, Duration):
        return left.ms < right.ms
    raise unfit("compare", left, right)


def at_most(meter: Meter, left: Value, right: Value) -> bool:
    return not less(meter, right, left)


def equal(meter: Meter, left: Value, right: Value) -> bool:
    """Whether they are the same value. Raises `Failure` for two of types that are never equal.

    Null may be compared with everything; ints and floats are compared as numbers.
    """
    if left is None or right is None:
        return left is right
    kinds = {_kind(left), _kind(right)}
    if len(kinds) > 1 or not kinds.isdisjoint({"Secret", "Function"}):
        raise unfit("compare", left, right)
    return equals(meter, left, right)


def _kind(value: Value) -> str:
    """What it may be compared with: values of the same kind."""
    if value.__class__ in NUMBERS:
        return "number"
    return "Map" if isinstance(value, Map) else type_name(value)


def unequal(meter: Meter, left: Value, right: Value) -> bool:
    return not equal(meter, left, right)


def within(meter: Meter, item: Value, container: Value) -> bool:
    """Whether *item* is an element of a List, a key of a Map or a part of text."""
    if isinstance(container, List | Range):
        return finds(meter, container.items, item) is not None
    if isinstance(container, Map) and isinstance(item, str):
        meter.spend(len(item) >> 6)
        return item in container.entries
    if isinstance(container, str) and isinstance(item, str):
        meter.spend(len(container) >> 6)
        return item in container
    raise Failure("TypeError", f"cannot look for {type_name(item)} in {type_name(container)}")


BINARY: Final[dict[str, Operation]] = {
    "/": divide,
    "==": equal,
    "!=": unequal,
    "<": less,
    "<=": at_most,
    ">": lambda meter, left, right: less(meter, right, left),
    ">=": lambda meter, left, right: at_most(meter, right, left),
    "in": within,
}
"""The operators that the machine has no instruction of its own for, outside of conditions."""
