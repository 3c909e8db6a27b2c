"""The definition language: reading definitions, and running their bodies."""

from collections.abc import Callable, Mapping, Sequence

from ..harness import Row
from . import checking, spawning, stepping, waiting

MEASUREMENTS: Mapping[str, Callable[[], Sequence[Row]]] = {
    "parsing and checking": checking.measure,
    "steps of the interpreter": stepping.measure,
    "bodies that wait": waiting.measure,
    "agents of one definition": spawning.measure,
}
