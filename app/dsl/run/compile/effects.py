"""Which expressions may change a variable while they are evaluated."""

from ...tree import Block, Call, Identifier, If, LetCondition, Member, Node, walk
from ..builtins.bound import CALLING_BACK
from ..builtins.table import CHANGING

_TOUCHING = CHANGING | CALLING_BACK


class Effects:
    """Remembers its answers, for nodes that are kept alive as long as it is."""

    def __init__(self) -> None:
        self._known: dict[int, bool] = {}

    def may_change(self, node: Node) -> bool:
        """Whether evaluating *node* may change a variable of the function that it is in.

        Functions of the definition and capabilities cannot; lambdas, blocks and some methods can.
        """
        known = self._known.get(id(node))
        if known is None:
            known = self._known[id(node)] = any(map(_changes, walk(node)))
        return known


def _changes(node: Node) -> bool:
    match node:
        case Call(callee=Member(name=name)):
            return name in _TOUCHING
        case Call(callee=Identifier()):
            # It may be a variable that holds a lambda.
            return True
        case Call():
            return True
        case If(condition=LetCondition()):
            return True
        case Block(statements=statements):
            return bool(statements)
    return False
