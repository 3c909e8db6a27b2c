"""What a task needs of the node that runs it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from events.agent_config import DataClass, SandboxTier
from events.task import BodyWork, TaskSubmitted

Labels = frozenset[tuple[str, str]]
"""Names and values."""


@dataclass(frozen=True, slots=True)
class Needs:
    """Equal needs are equal values, however many tasks have them."""

    body: bool = False
    """True for a body, which takes a place among the bodies of a node and none of its cores and memory."""
    cpu: int = 0
    """Thousandths of a core."""
    memory: int = 0
    """Megabytes."""
    tier: SandboxTier | None = None
    """The least tier that isolates it."""
    requires: Labels = frozenset()
    avoids: Labels = frozenset()
    prefers: Labels = frozenset()
    """Labels of nodes, as `events.placement` says."""
    data_classes: frozenset[DataClass] = frozenset()
    """What its node must be allowed to be given."""


NOTHING = Needs()


def thousandths(cpu_cores: float) -> int:
    """A number of cores as the nearest whole number of thousandths, which add up without rounding."""
    return round(cpu_cores * 1000)


def needs_of(submitted: TaskSubmitted) -> Needs:
    """What the task that was submitted needs."""
    body = isinstance(submitted.work, BodyWork)
    limits, placement = submitted.limits, submitted.placement
    return Needs(
        body=body,
        cpu=0 if body else max(1, thousandths(limits.cpu_cores)),
        memory=0 if body else limits.memory_mb,
        tier=submitted.sandbox,
        requires=_labels(placement.requires if placement else {}),
        avoids=_labels(placement.avoids if placement else {}),
        prefers=_labels(placement.prefers if placement else {}),
        data_classes=frozenset(submitted.data_classes),
    )


def _labels(of: Mapping[str, str]) -> Labels:
    return frozenset(of.items()) if of else frozenset()


def strictness(tier: SandboxTier | None) -> int:
    """How strongly a tier isolates, from 0, which is not at all."""
    return 0 if tier is None else _STRICTNESS[tier]


_STRICTNESS = {SandboxTier.DOCKER: 1, SandboxTier.GVISOR: 2}


def strictest(tiers: Iterable[SandboxTier | None]) -> SandboxTier | None:
    """The one of *tiers* that isolates most; none where there is none."""
    return max(tiers, key=strictness, default=None)
