"""Built-ins of numbers and durations."""

import math
import re
from collections.abc import Iterable, Sequence
from typing import Any

from ..failures import Failure
from ..limits import Meter
from ..operators import NUMBERS, div_floor, less, number
from ..values import Duration, List, Range, Value, type_name
from .native import implements

Number = int | float

_INTEGER = re.compile(r"[+-]?[0-9]{1,20}")
_FLOAT = re.compile(r"[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]{1,4})?")
MOST_DIGITS = 400
"""Characters that text which is read as a number may have."""


@implements("abs")
@implements("number.abs")
def absolute(meter: Meter, value: Number) -> Number:
    return number(abs(value))


@implements("round")
@implements("number.round")
def rounded(meter: Meter, value: Number, digits: int | None = None) -> Number:
    if digits is None:
        return number(round(value))
    if not -15 <= digits <= 15:
        raise Failure("ValueError", f"cannot round to {digits} digits; it must be from -15 to 15")
    return number(float(round(float(value), digits)))


@implements("floor")
@implements("number.floor")
def floor(meter: Meter, value: Number) -> Number:
    return number(math.floor(value))


@implements("ceil")
@implements("number.ceil")
def ceil(meter: Meter, value: Number) -> Number:
    return number(math.ceil(value))


@implements("sqrt")
def sqrt(meter: Meter, value: Number) -> Number:
    if value < 0:
        raise Failure("ArithmeticError", "the square root of a negative number")
    return math.sqrt(value)


@implements("pow")
def power(meter: Meter, base: Number, exponent: int) -> Number:
    """By squaring: the C library's `pow` does not promise the same float everywhere."""
    if exponent < 0:
        return number(1 / _nonzero(float(power(meter, base, -exponent))))
    found: Number = 1
    while exponent:
        meter.spend(1)
        if exponent & 1:
            found = number(found * base)
        exponent >>= 1
        if exponent:
            base = number(base * base)
    return found


def _nonzero(value: float) -> float:
    if value == 0:
        raise Failure("ArithmeticError", "a division by zero")
    return value


@implements("div")
def div(meter: Meter, dividend: int, divisor: int) -> Number:
    return div_floor(dividend, divisor)


@implements("to_int")
@implements("number.to_int")
@implements("String.to_int")
def to_int(meter: Meter, value: Value) -> Number:
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise Failure("TypeError", f"cannot make an int of {type_name(value)}")
    if isinstance(value, str):
        text = value.strip() if len(value) <= MOST_DIGITS else ""
        if not _INTEGER.fullmatch(text):
            raise Failure("ValueError", f"{_shown(value)} is not an integer")
        return number(int(text))
    return number(int(value))


@implements("to_float")
@implements("number.to_float")
@implements("String.to_float")
def to_float(meter: Meter, value: Value) -> Number:
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise Failure("TypeError", f"cannot make a float of {type_name(value)}")
    if isinstance(value, str):
        text = value.strip() if len(value) <= MOST_DIGITS else ""
        if not _FLOAT.fullmatch(text):
            raise Failure("ValueError", f"{_shown(value)} is not a number")
        return number(float(text))
    return float(value)


def _shown(text: str) -> str:
    return f'"{text[:40]}{"…" if len(text) > 40 else ""}"'


@implements("Duration.seconds")
def seconds(meter: Meter, value: Duration) -> float:
    return value.ms / 1000


@implements("Duration.minutes")
def minutes(meter: Meter, value: Duration) -> float:
    return value.ms / 60_000


@implements("Duration.hours")
def hours(meter: Meter, value: Duration) -> float:
    return value.ms / 3_600_000


@implements("min")
def least(meter: Meter, *values: Value) -> Value:
    return smallest(meter, _of(values))


@implements("max")
def largest(meter: Meter, *values: Value) -> Value:
    return greatest(meter, _of(values))


def _of(values: tuple[Value, ...]) -> Sequence[Value]:
    """`min(list)` means its elements."""
    if len(values) == 1 and isinstance(values[0], List | Range):
        return values[0].items
    return values


@implements("List.min")
def list_min(meter: Meter, items: List | Range) -> Value:
    return smallest(meter, items.items)


@implements("List.max")
def list_max(meter: Meter, items: List | Range) -> Value:
    return greatest(meter, items.items)


def smallest(meter: Meter, values: Sequence[Value]) -> Value:
    """The first of the smallest; null when there are none."""
    _paid(meter, values)
    found = values[0] if values else None
    for value in values:
        if less(meter, value, found):
            found = value
    return found


def greatest(meter: Meter, values: Sequence[Value]) -> Value:
    """The first of the largest; null when there are none."""
    _paid(meter, values)
    found = values[0] if values else None
    for value in values:
        if less(meter, found, value):
            found = value
    return found


def _paid(meter: Meter, values: Sequence[Value]) -> None:
    meter.spend(len(values))


@implements("sum")
@implements("List.sum")
def total(meter: Meter, values: List | Range) -> Number:
    if isinstance(values, Range):
        items = values.items
        return number(len(items) * (items[0] + items[-1]) // 2) if items else 0
    meter.spend(len(values.items) >> 2)
    return number(_sum(values.items))


def _sum(values: Iterable[Any]) -> Number:
    """From the first to the last. An int as long as all are; past 64 bits only in between is no error."""
    found: Any = 0
    for value in values:
        if value.__class__ not in NUMBERS:
            raise Failure("TypeError", f"cannot sum {type_name(value)}")
        found += value
    return found  # type: ignore[no-any-return]


@implements("List.average")
def average(meter: Meter, values: List | Range) -> Number | None:
    count = len(values.items)
    return number(total(meter, values) / count) if count else None
