"""Statements, each on lines of its own."""

from typing import assert_never

from .. import tree
from .doc import HARD, Doc, Indent
from .expressions import Expressions


class Statements(Expressions):
    def block(self, node: tree.Block) -> Doc:
        inside: list[tree.Statement | tree.Expression] = [*node.statements]
        if node.result is not None:
            inside.append(node.result)
        lines = self.in_lines(inside, lambda each: self.line(each, node), node.span.end - 1)
        return ["{", Indent([HARD, lines]), HARD, "}"] if lines else "{}"

    def line(self, node: tree.Statement | tree.Expression, block: tree.Block) -> Doc:
        """A statement, or the block's result."""
        if isinstance(node, tree.If):
            return self.if_(node, self.block)
        if node is block.result:
            return self.expression(block.result)
        assert isinstance(node, tree.Statement)
        return self.statement(node)

    def statement(self, node: tree.Statement) -> Doc:
        match node:
            case tree.Let():
                return [f"let {node.name} = ", self.expression(node.value), ";"]
            case tree.Assign():
                return [self.target(node.target), f" {node.operator} ", self.expression(node.value), ";"]
            case tree.ExpressionStatement():
                return [self.operand(node.value, (tree.If,), bare=False), ";"]
            case tree.If():
                return self.if_(node, self.block)
            case tree.For():
                head = [f"for {node.name} in ", self.expression(node.iterable, bare=True), " "]
                return [head, self.block(node.body)]
            case tree.Match():
                return self.match(node)
            case tree.Try():
                return ["try ", self.block(node.body), [self.catch(catch) for catch in node.catches]]
            case tree.Return():
                return "return;" if node.value is None else ["return ", self.expression(node.value), ";"]
            case tree.Break():
                return "break;"
            case tree.Continue():
                return "continue;"
            case _:
                assert_never(node)

    def target(self, node: tree.Expression) -> Doc:
        """What is assigned to: a name, a member or an element."""
        return self.object(node, bare=False)

    def match(self, node: tree.Match) -> Doc:
        head = ["match ", self.expression(node.subject, bare=True), " "]
        lines = self.in_lines(node.arms, self.arm, node.span.end - 1)
        return [head, "{", Indent([HARD, lines]), HARD, "}"] if lines else [head, "{}"]

    def arm(self, node: tree.Arm) -> Doc:
        if isinstance(node.body, tree.Block):
            return [self.pattern(node.pattern), " => ", self.block(node.body)]
        shown = self.expression(node.body)
        if _begins_with_no_fields(node.body):
            shown = ["(", shown, ")"]  # `{}` would be a block
        return [self.pattern(node.pattern), " => ", shown, ","]

    def catch(self, node: tree.Catch) -> Doc:
        of = f"{node.type.name} " if node.type else ""
        return [f" catch ({of}{node.name}) ", self.block(node.body)]


def _begins_with_no_fields(node: tree.Expression) -> bool:
    """Whether the first token of an expression is the brace of `{}`."""
    while True:
        match node:
            case tree.Binary(left=first) | tree.Member(object=first) | tree.Index(object=first):
                node = first
            case tree.Call(callee=first):
                node = first
            case tree.RecordLiteral(type_name=None, fields=()):
                return True
            case _:
                return False
