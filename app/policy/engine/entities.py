"""The entities that decisions rest on, as of now."""

from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from ...errors import Invalid
from ..request import Entity, EntityRef
from ..schema.entities import ENTITIES, data_class_entities
from ..schema.types import Attribute, WrongType, entities_in, record_to_cedar, to_cedar

CHANGES_KEPT = 100_000

NEVER_IN_IDS = "\0"
"""What no id of an entity has in it."""


class EntityInvalid(Invalid):
    """The entity {entity} does not fit the schema: {why}"""


class Entities:
    """Every entity that is known, changed as the log says."""

    def __init__(self, entities: Iterable[Entity] = ()) -> None:
        self._entities: dict[EntityRef, Entity] = {}
        self._changes: deque[EntityRef] = deque(maxlen=CHANGES_KEPT)
        self.version = 0
        """How often an entity was put or removed."""
        for entity in (*data_class_entities(), *entities):
            self.put(entity)

    def __len__(self) -> int:
        return len(self._entities)

    def __iter__(self) -> Iterator[Entity]:
        return iter(self._entities.values())

    def get(self, ref: EntityRef) -> Entity | None:
        return self._entities.get(ref)

    def put(self, entity: Entity) -> None:
        """Know *entity* from now on, in place of what was known of it.

        Raises:
            EntityInvalid: its type, an attribute or a parent is not as the schema says; nothing changes.
        """
        check(entity)
        if self._entities.get(entity.ref) != entity:
            self._entities[entity.ref] = entity
            self._changed(entity.ref)

    def remove(self, ref: EntityRef) -> None:
        """Know nothing of it any more; whatever still names it is denied."""
        if self._entities.pop(ref, None) is not None:
            self._changed(ref)

    def changed_since(self, version: int) -> list[EntityRef] | None:
        """What changed after *version*, the latest last; none where that is too long ago to say."""
        count = self.version - version
        if count > len(self._changes):
            return None
        return [self._changes[index] for index in range(len(self._changes) - count, len(self._changes))]

    def _changed(self, ref: EntityRef) -> None:
        self._changes.append(ref)
        self.version += 1


def check(entity: Entity) -> None:
    """Raise `EntityInvalid` when the schema does not allow *entity*."""
    shape = ENTITIES.get(entity.ref.type)  # type: ignore[call-overload]
    if shape is None:
        raise EntityInvalid(entity=entity.ref, why="there is no such type")
    if NEVER_IN_IDS in entity.ref.id:
        raise EntityInvalid(entity=entity.ref, why="its id holds a zero byte")
    if unknown := entity.attributes.keys() - shape.attributes.keys():
        raise EntityInvalid(entity=entity.ref, why=f"there is no attribute {', '.join(sorted(unknown))}")
    if entity.tags and not shape.tagged:
        raise EntityInvalid(entity=entity.ref, why=f"a {entity.ref.type} has no labels")
    for parent in entity.parents:
        if parent.type not in shape.parents:
            raise EntityInvalid(entity=entity.ref, why=f"a {entity.ref.type} is in no {parent.type}")
    try:
        record_to_cedar(entity.attributes, shape.attributes)
    except WrongType as error:
        raise EntityInvalid(entity=entity.ref, why=str(error)) from None


@dataclass(frozen=True, slots=True)
class Seen:
    """An entity as far as policies look at it."""

    ref: EntityRef
    attributes: Mapping[str, Any]
    """As Cedar's JSON has them."""
    leads_to: Mapping[str, tuple[EntityRef, ...]]
    """The entities that an attribute names, for attributes that name some."""
    parents: tuple[EntityRef, ...]
    tags: Mapping[str, str]

    @property
    def names(self) -> tuple[EntityRef, ...]:
        """Everything that it leads to."""
        return (*self.parents, *(ref for refs in self.leads_to.values() for ref in refs))


class Look:
    """Looks at entities with the eyes of policies that read certain attributes only."""

    def __init__(self, attributes: Iterable[str], tags: bool) -> None:
        wanted = set(attributes)
        self._tags = tags
        self._attributes: dict[str, dict[str, Attribute]] = {
            entity_type: {name: one for name, one in shape.attributes.items() if name in wanted}
            for entity_type, shape in ENTITIES.items()
        }

    def at(self, entity: Entity) -> Seen:
        """*entity*, which fits the schema."""
        attributes, leads_to = {}, {}
        for name, attribute in self._attributes[entity.ref.type].items():
            if (value := entity.attributes.get(name)) is not None:
                attributes[name] = to_cedar(value, attribute.type)
                if refs := entities_in(value, attribute.type):
                    leads_to[name] = tuple(refs)
        tags = dict(sorted(entity.tags.items())) if self._tags else {}
        return Seen(entity.ref, attributes, leads_to, tuple(sorted(entity.parents)), tags)
