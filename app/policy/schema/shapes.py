"""What an entity type and an action look like."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from ..request import EntityType
from .types import Attribute


@dataclass(frozen=True, slots=True)
class EntityShape:
    """One entity type: what its entities may be in, and what is known of them."""

    doc: str
    parents: tuple[EntityType, ...] = ()
    attributes: Mapping[str, Attribute] = field(default_factory=dict)
    tagged: bool = False
    """Whether its entities have labels, which policies read by `getTag`."""


@dataclass(frozen=True, slots=True)
class ActionShape:
    """One action: on what it is done, and what is said about each time."""

    doc: str
    group: str
    """The name of the action that it is in, by which policies speak of several."""
    resources: tuple[EntityType, ...]
    context: Mapping[str, Attribute] = field(default_factory=dict)
