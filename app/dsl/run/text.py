"""Values as text."""

from typing import Final

from .failures import Failure
from .json_text import json_text
from .limits import Meter
from .values import Duration, List, Map, Range, Secret, SecretRef, Value, described, type_name

_SCALARS: Final = frozenset({type(None), bool, int, float, Duration})


def scalar_text(value: Value) -> str | None:
    """The text of null, a bool, a number or a duration; none of anything else.

    Floats are written with the fewest digits that read back as the same float, and always with a point or an
    exponent.
    """
    if value is None:
        return "null"
    if value is True:
        return "true"
    if value is False:
        return "false"
    if isinstance(value, Duration):
        return f"{value.ms // 1000}s" if value.ms % 1000 == 0 else f"{value.ms / 1000!r}s"
    return repr(value) if value.__class__ in _SCALARS else None


def to_text(meter: Meter, value: Value) -> str:
    """*value* as text, charged. Raises `Failure` for what has none: secrets and functions."""
    if isinstance(value, str):
        return value
    found = scalar_text(value)
    if found is None:
        if not isinstance(value, List | Map | Range):
            raise Failure("TypeError", f"{described(value)} has no text")
        return json_text(meter, value)
    meter.allocate(len(found) + 56)
    return found


def joined_secret(*values: Value) -> Secret:
    """The text of all in a row, one of them a secret. The same text has the same parts, however joined."""
    parts: list[str | SecretRef] = []
    text: list[str] = []
    for part in (part for value in values for part in _parts(value)):
        if isinstance(part, str):
            text.append(part)
            continue
        parts += _joined(text)
        parts.append(part)
        text.clear()
    return Secret((*parts, *_joined(text)))


def _joined(text: list[str]) -> list[str]:
    """The text as one part, or none when it is empty."""
    return ["".join(text)] if any(text) else []


def _parts(value: Value) -> tuple[str | SecretRef, ...]:
    if isinstance(value, Secret):
        return value.parts
    text = value if isinstance(value, str) else scalar_text(value)
    if text is None:
        raise Failure("TypeError", f"cannot join a secret and a {type_name(value)}")
    return (text,)
