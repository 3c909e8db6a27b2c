"""Every group of measurements by its name."""

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

from .dsl import MEASUREMENTS as DSL
from .harness import Row
from .log import MEASUREMENTS as LOG
from .policy import MEASUREMENTS as POLICY


class Measurement(NamedTuple):
    """One thing that is measured; it may give several rows."""

    title: str
    run: Callable[[], Sequence[Row]]


GROUPS: Mapping[str, Sequence[Measurement]] = {
    "dsl": [Measurement(title, run) for title, run in DSL.items()],
    "log": [Measurement(title, run) for title, run in LOG.items()],
    "policy": [Measurement(title, run) for title, run in POLICY.items()],
}
