"""Policies: how fast a decision is made, and how fast another bundle takes over."""

from collections.abc import Callable, Mapping, Sequence

from ..harness import Row
from . import decisions, equal_rules

MEASUREMENTS: Mapping[str, Callable[[], Sequence[Row]]] = {
    "decisions over an airline's policies, and Cedar plainly": decisions.measure,
    "a bundle takes over": decisions.swap,
    "rules that agent-os-kernel holds as well": equal_rules.measure,
}
