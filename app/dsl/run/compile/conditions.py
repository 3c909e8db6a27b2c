"""Conditions: expressions whose value only decides where it goes on."""

from ...tree import Binary, BoolLiteral, Expression, Unary
from ..code import Block
from ..opcodes import BRANCH, BRANCH_AT_MOST, BRANCH_EQUAL, BRANCH_IN, BRANCH_LESS
from .builder import Builder

_COMPARISONS = {
    "==": (BRANCH_EQUAL, False),
    "!=": (BRANCH_EQUAL, False),
    "<": (BRANCH_LESS, False),
    ">": (BRANCH_LESS, True),
    "<=": (BRANCH_AT_MOST, False),
    ">=": (BRANCH_AT_MOST, True),
    "in": (BRANCH_IN, False),
}
"""The instruction of an operator, and whether its operands are exchanged."""


def condition(b: Builder, node: Expression, then: Block, otherwise: Block) -> None:
    """Go on with *then* if *node* is true and with *otherwise* if it is false; the block is ended."""
    match node:
        case Unary(operator="!" | "not"):
            condition(b, node.operand, otherwise, then)
        case Binary(operator="&&" | "||"):
            right = b.block()
            if node.operator == "&&":
                condition(b, node.left, right, otherwise)
            else:
                condition(b, node.left, then, right)
            b.begin(right)
            condition(b, node.right, then, otherwise)
        case Binary() if node.operator in _COMPARISONS:
            _comparison(b, node, then, otherwise)
        case BoolLiteral():
            b.jump(then if node.value else otherwise, node.span)
        case _:
            with b.released():
                b.end(BRANCH, b.expr(node), then, otherwise, node.span)


def _comparison(b: Builder, node: Binary, then: Block, otherwise: Block) -> None:
    op, exchanged = _COMPARISONS[node.operator]
    if node.operator == "!=":
        then, otherwise = otherwise, then
    with b.released():
        left, right = b.operand(node.left, (node.right,)), b.expr(node.right)
        if exchanged:
            left, right = right, left
        b.end(op, left, right, (then, otherwise), node.span)
