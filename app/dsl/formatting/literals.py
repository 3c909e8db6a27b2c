"""How a literal is written that no source has."""

import re
from decimal import Decimal

from ..tree import DurationLiteral

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_SPELLED = {"\\": "\\\\", '"': '\\"', "\n": "\\n", "\t": "\\t", "\r": "\\r"}


def string(value: str) -> str:
    return '"' + "".join(map(_character, value)) + '"'


def _character(character: str) -> str:
    if character in _SPELLED:
        return _SPELLED[character]
    return character if character.isprintable() else f"\\u{{{ord(character):X}}}"


def number(value: float) -> str:
    """All digits: there are no exponents."""
    digits = format(Decimal(repr(value)), "f")
    return digits if "." in digits else f"{digits}.0"


def duration(value: DurationLiteral) -> str:
    dot = "." if value.unit in ("seconds", "minutes", "hours") else ""
    return f"{value.amount}{dot}{value.unit}"


def key(name: str) -> str:
    """A record's key: a name, or else a string."""
    return name if _NAME.fullmatch(name) else string(name)
