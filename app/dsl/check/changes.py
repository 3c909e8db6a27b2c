"""Which names of a body hold something else later, or something that changes."""

from ..run.builtins.table import CHANGING
from ..tree import Assign, Block, Call, Expression, Identifier, Index, Member, walk


def changed(block: Block) -> frozenset[str]:
    """The names that are assigned to in *block*, or whose value is changed in place."""
    found: set[str] = set()
    for node in walk(block):
        match node:
            case Assign(target=target):
                found.add(root(target))
            case Call(callee=Member(object=receiver, name=name)) if name in CHANGING:
                found.add(root(receiver))
    return frozenset(found)


def root(place: Expression) -> str:
    """The name of what is changed with *place*; nothing where it has none."""
    while isinstance(place, Member | Index):
        place = place.object
    return place.name if isinstance(place, Identifier) else ""
