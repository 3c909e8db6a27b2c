"""An entity with everything that it leads to: what a decision about it can depend on."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from ..request import Entity, EntityRef, EntityType
from .entities import Entities, Look, Seen, check


class Missing(ValueError):
    """An entity is not known, or leads to one that is not; the text names it."""


@dataclass(frozen=True, slots=True)
class Closure:
    """An entity and all that it leads to."""

    root: EntityRef
    members: Mapping[EntityRef, Seen]
    print: int | None
    """Equal prints are of the same entity, and all of it looks the same; none where it is not kept."""


class Closures:
    """The closures of the known entities, kept until one of their entities looks different.

    An entity that changes in what no policy looks at changes no closure.
    """

    def __init__(self, entities: Entities, look: Look) -> None:
        self._entities = entities
        self._look = look
        self._version = entities.version
        self._seen: dict[EntityRef, Seen] = {}
        self._closures: dict[EntityRef, Closure] = {}
        self._used_by: defaultdict[EntityRef, set[EntityRef]] = defaultdict(set)
        self._next = 0

    def of(self, ref: EntityRef) -> Closure:
        """The closure of a known entity. Raises `Missing`."""
        if self._entities.version != self._version:
            self._catch_up()
        found = self._closures.get(ref)
        if found is None:
            members = self._members(ref, {})
            for name in members:
                self._used_by[name].add(ref)
            self._next += 1
            found = self._closures[ref] = Closure(ref, members, self._next)
        return found

    def with_others(self, ref: EntityRef, others: Mapping[EntityRef, Seen]) -> Closure:
        """The closure of *ref* where *others* are taken in place of what is known. Raises `Missing`."""
        if self._entities.version != self._version:
            self._catch_up()
        members = self._members(ref, others)
        return Closure(ref, members, None)

    def look(self, others: Iterable[Entity]) -> dict[EntityRef, Seen]:
        """Entities that are not among the known ones. Raises `EntityInvalid`."""
        found = {}
        for other in others:
            check(other)
            found[other.ref] = self._look.at(other)
        return found

    def _members(self, ref: EntityRef, others: Mapping[EntityRef, Seen]) -> dict[EntityRef, Seen]:
        found: dict[EntityRef, Seen] = {}
        visited = {ref}
        waiting: list[tuple[EntityRef, EntityRef | None]] = [(ref, None)]
        while waiting:
            name, cause = waiting.pop()
            seen = others.get(name) or self._at(name)
            if seen is None:
                leads = f", which {cause} leads to" if cause is not None else ""
                raise Missing(f"{name} is not known{leads}")
            found[name] = seen
            for other in seen.names:
                if other not in visited:
                    visited.add(other)
                    waiting.append((other, name))
        return found

    def _at(self, ref: EntityRef) -> Seen | None:
        seen = self._seen.get(ref)
        if seen is None and (entity := self._entities.get(ref)) is not None:
            seen = self._seen[ref] = self._look.at(entity)
        if seen is None and ref.type == EntityType.ROLE:
            # A role that nobody holds is a role all the same.
            seen = self._seen[ref] = Seen(ref, {}, {}, (), {})
        return seen

    def _catch_up(self) -> None:
        changes = self._entities.changed_since(self._version)
        self._version = self._entities.version
        if changes is None:
            self._seen.clear()
            self._closures.clear()
            self._used_by.clear()
            return
        for ref in changes:
            before = self._seen.pop(ref, None)
            if before is None or self._at(ref) == before:
                continue
            for user in self._used_by.pop(ref, ()):
                self._closures.pop(user, None)
