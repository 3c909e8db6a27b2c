"""Places: a variable, or a member or element of one, which can be assigned to and changed."""

from dataclasses import dataclass

from ...tree import Expression, Identifier, Index, Member
from ..access import Path
from ..opcodes import INDEX, MEMBER, STORE
from .builder import Builder
from .errors import CompileError
from .scopes import Variable


@dataclass(frozen=True, slots=True)
class Place:
    """A *path* from a variable."""

    variable: Variable
    path: Path


def place(b: Builder, node: Expression) -> Place | None:
    """The place that *node* writes, its indexes evaluated; none where it is not inside a variable."""
    steps: list[tuple[bool, str | Expression]] = []
    while isinstance(node, Member | Index):
        steps.append((True, node.name) if isinstance(node, Member) else (False, node.index))
        node = node.object
    variable = b.find(node.name) if isinstance(node, Identifier) else None
    if variable is None:
        return None
    path: list[tuple[bool, str | int]] = []
    for is_member, key in reversed(steps):
        if isinstance(key, str):
            path.append((is_member, key))
        else:
            # Of its own: nothing that follows may change it.
            path.append((is_member, b.owned(key, b.temporary())))
    return Place(variable, tuple(path))


def known_place(b: Builder, node: Expression) -> Place:
    """As `place`. Raises `CompileError` where there is none."""
    found = place(b, node)
    if found is None:
        root = node
        while isinstance(root, Member | Index):
            root = root.object
        what = f"there is no {root.name}" if isinstance(root, Identifier) else "this cannot be assigned to"
        raise CompileError(what, node.span)
    return found


def value_at(b: Builder, where: Place, node: Expression) -> int:
    """The value at a place, in a register of its own."""
    found = b.load(where.variable, node.span)
    for is_member, key in where.path:
        found = int(b.emit(MEMBER if is_member else INDEX, b.temporary(), found, key, node.span))
    return found


def store(b: Builder, where: Place, register: int, node: Expression) -> None:
    """Make what is in *register* the value at a place."""
    if not where.path:
        b.assign(where.variable, register, node.span)
        return
    root = b.load(where.variable, node.span)
    b.emit(STORE, root, where.path, register, node.span)
    b.assign(where.variable, root, node.span)
