"""Entities as the policies of one slice see them."""

from collections.abc import Hashable, Iterable
from dataclasses import dataclass

import orjson

from ..request import EntityRef
from .closures import Closure
from .entities import Seen

VIEWS_KEPT = 50_000


@dataclass(frozen=True, slots=True)
class View:
    """What policies can find out when they start from one entity."""

    root: dict[str, object]
    """What is known of that one, as Cedar's JSON has it; nothing where there is nothing to tell."""
    others: dict[EntityRef, bytes]
    """Cedar's JSON of others that it leads to and that have something to tell; the rest are as none."""
    content: Hashable
    """Equal contents are told apart by no policy of the slice."""

    def documents(self, name: EntityRef) -> dict[EntityRef, bytes]:
        """Cedar's JSON of all of them, with the one looked from under that *name*."""
        return {**self.others, name: document(name, self.root)} if self.root else self.others


def document(ref: EntityRef, facts: dict[str, object]) -> bytes:
    """One entity as Cedar's JSON."""
    uid = {"type": str(ref.type), "id": ref.id}
    return orjson.dumps({"uid": uid, "attrs": {}, "parents": [], **facts})


class Views:
    """Makes views, and keeps them.

    Only the attributes that the slice reads are in them, and only what those lead to. No expression can get
    from an entity to one that it is in, so the latter are only named, at whatever height.
    """

    def __init__(self, attributes: Iterable[str], tags: bool) -> None:
        self._attributes = frozenset(attributes)
        self._tags = tags
        self._views: dict[tuple[int, bool], View] = {}
        self._contents: dict[bytes, int] = {}
        self._next = 0

    def of(self, closure: Closure, *, by_name: bool) -> View:
        """The view from the closure's root; with *by_name* no other entity has the same content."""
        if closure.print is None:
            return self._build(closure, by_name)
        view = self._views.get((closure.print, by_name))
        if view is None:
            if len(self._views) >= VIEWS_KEPT:
                self._views.clear()
            view = self._views[closure.print, by_name] = self._build(closure, by_name)
        return view

    def _build(self, closure: Closure, by_name: bool) -> View:
        root: dict[str, object] = {}
        others: dict[EntityRef, bytes] = {}
        content: list[bytes] = []
        waiting, visited = [closure.root], {closure.root}
        while waiting:
            ref = waiting.pop()
            seen = closure.members.get(ref)
            if seen is None:
                continue
            facts = self._facts(seen, closure)
            if ref == closure.root:
                root = facts
            elif facts:
                others[ref] = document(ref, facts)
            named = by_name or ref != closure.root
            content.append(orjson.dumps([ref.type, ref.id if named else None, facts]))
            for name, refs in seen.leads_to.items():
                if name in self._attributes:
                    waiting += [other for other in refs if other not in visited]
                    visited.update(refs)
        return View(root, others, self._interned(b"".join(sorted(content))))

    def _facts(self, seen: Seen, closure: Closure) -> dict[str, object]:
        facts: dict[str, object] = {}
        attributes = {name: value for name, value in seen.attributes.items() if name in self._attributes}
        if attributes:
            facts["attrs"] = attributes
        if parents := _ancestors(seen, closure):
            facts["parents"] = [{"type": str(parent.type), "id": parent.id} for parent in parents]
        if self._tags and seen.tags:
            facts["tags"] = seen.tags
        return facts

    def _interned(self, content: bytes) -> int:
        known = self._contents.get(content)
        if known is None:
            if len(self._contents) >= VIEWS_KEPT:
                self._contents.clear()  # numbers are never used again
            self._next += 1
            known = self._contents[content] = self._next
        return known


def _ancestors(seen: Seen, closure: Closure) -> list[EntityRef]:
    found: set[EntityRef] = set()
    waiting = list(seen.parents)
    while waiting:
        parent = waiting.pop()
        if parent not in found:
            found.add(parent)
            above = closure.members.get(parent)
            waiting += above.parents if above is not None else ()
    return sorted(found)
