"""Witnessing: an outsider cosigns what a log says of itself, and never two contradicting things."""

from .admission import Answer, Asked, Forked, Refused, WitnessedLogs, admit, read
from .request import MAX_BYTES, AddCheckpoint, MalformedRequest

__all__ = [
    "MAX_BYTES",
    "AddCheckpoint",
    "Answer",
    "Asked",
    "Forked",
    "MalformedRequest",
    "Refused",
    "WitnessedLogs",
    "admit",
    "read",
]
