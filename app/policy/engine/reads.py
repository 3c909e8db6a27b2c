"""What policies read: nothing else can change what they decide."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields, is_dataclass
from typing import Any, TypeAlias, Union

from cedarpy import pst

from ..request import EntityRef

Tree: TypeAlias = dict[str, Union["Tree", bool]]
"""Names of attributes, to what is read below them: everything (`True`), or only some attributes.

An empty tree below a name means that only its presence is asked for.
"""


@dataclass
class Reads:
    """What some policies depend on."""

    context: Tree = field(default_factory=dict)
    whole_context: bool = False
    attributes: set[str] = field(default_factory=set)
    """Names of attributes of entities, of any type."""
    tags: bool = False
    looked_into: set[str] = field(default_factory=set)
    """Attributes of the context that are looked for in groups, or whose labels are."""
    entities: set[EntityRef] = field(default_factory=set)
    """Entities that conditions name and look at, or look for in others; not those only compared with."""

    def add(self, clauses: Iterable[pst.Clause]) -> None:
        """Take in the conditions of one policy."""
        waiting: list[tuple[Any, bool]] = [(clause.expr, False) for clause in clauses]
        while waiting:
            node, looked_at = waiting.pop()
            match node:
                case pst.Var(name="context"):
                    self.whole_context = True
                case pst.EntityLit(value=uid) if looked_at:
                    self.entities.add(EntityRef(str(uid.type), uid.id))
                case pst.GetAttr(base=base, attr=attr):
                    self.attributes.add(attr)
                    if (path := _path(node)) is None:
                        waiting.append((base, True))
                    else:
                        self._read(path, True)
                        self.attributes.update(path)
                        self.looked_into.update(path[:1] if looked_at else ())
                case pst.HasAttr(base=base, attrs=attrs):
                    self.attributes.update(attrs)
                    if (path := _path(base)) is None:
                        waiting.append((base, True))
                    else:
                        self._read((*path, *attrs), False)
                        self.attributes.update(path)
                case pst.BinaryOp(op=op, left=left, right=right):
                    self.tags = self.tags or op in ("get_tag", "has_tag")
                    waiting.append((left, looked_at or op in ("in", "get_tag", "has_tag")))
                    waiting.append((right, looked_at))
                case pst.Is(base=base, in_expr=in_expr):
                    waiting += [(base, True), (in_expr, looked_at)]
                case tuple():
                    waiting += [(item, looked_at) for item in node]
                case Mapping():
                    waiting += [(item, looked_at) for item in node.values()]
                case _ if is_dataclass(node) and not isinstance(node, type):
                    waiting += [(getattr(node, one.name), looked_at) for one in fields(node)]

    def _read(self, path: tuple[str, ...], whole: bool) -> None:
        tree = self.context
        for name in path[:-1]:
            below = tree.setdefault(name, {})
            if isinstance(below, bool):
                return
            tree = below
        if whole:
            tree[path[-1]] = True
        else:
            tree.setdefault(path[-1], {})


def of(clauses_of_policies: Iterable[Iterable[pst.Clause]]) -> Reads:
    """What policies with these conditions read."""
    reads = Reads()
    for clauses in clauses_of_policies:
        reads.add(clauses)
    return reads


def _path(node: Any) -> tuple[str, ...] | None:
    """The attribute of the context that *node* is, `()` for the context itself; none for anything else."""
    names: list[str] = []
    while isinstance(node, pst.GetAttr):
        names.append(node.attr)
        node = node.base
    return tuple(reversed(names)) if isinstance(node, pst.Var) and node.name == "context" else None
