"""Expressions, types and patterns, with no more parentheses than they need."""

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import TypeAlias, assert_never

from .. import tree
from ..source import Span
from . import literals
from .doc import HARD, LINE, SOFT, Doc, Indent, breaks, group, joined, laid_out
from .lists import Lists

PrintBlock: TypeAlias = Callable[[tree.Block], Doc]

_BESIDE_AN_OPERATOR = (tree.Binary, tree.Lambda, tree.If)
_UNDER_UNARY = _BESIDE_AN_OPERATOR
_NUMBERS = (tree.IntLiteral, tree.FloatLiteral, tree.DurationLiteral)
_UNDER_POSTFIX = (*_UNDER_UNARY, tree.Unary, *_NUMBERS)
"""What needs parentheses there; `5.seconds` is a duration, and no member of a number."""

_HOLDS_LINES = (tree.RecordLiteral, tree.ArrayLiteral, tree.Call)
_BEFORE_THE_LAST = 60
"""How long the arguments before such a last one may be for it to begin on the same line."""


class Expressions(Lists, ABC):
    @abstractmethod
    def block(self, node: tree.Block) -> Doc:
        """With each statement on a line."""

    def expression(self, node: tree.Expression, *, bare: bool = False) -> Doc:
        """*bare* is in the head of an `if`, `for` or `match`, where a record needs parentheses."""
        match node:
            case tree.StringLiteral():
                return self.literal(node.span, literals.string(node.value))
            case tree.IntLiteral():
                return self.literal(node.span, str(node.value))
            case tree.FloatLiteral():
                return self.literal(node.span, literals.number(node.value))
            case tree.BoolLiteral():
                return "true" if node.value else "false"
            case tree.NullLiteral():
                return "null"
            case tree.DurationLiteral():
                return self.literal(node.span, literals.duration(node))
            case tree.VaultRef():
                entry: Doc = "" if node.entry is None else ["[", self.expression(node.entry), "]"]
                return [f"vault://{node.path}", entry]
            case tree.Identifier():
                return node.name
            case tree.ArrayLiteral():
                return self.array(node)
            case tree.RecordLiteral():
                return ["(", self.record(node), ")"] if bare else self.record(node)
            case tree.Binary():
                return self.binary(node, bare=bare)
            case tree.Unary():
                space = " " if node.operator == "not" else ""
                return [node.operator + space, self.operand(node.operand, _UNDER_UNARY, bare=bare)]
            case tree.Member():
                return [self.object(node.object, bare=bare), f".{node.name}"]
            case tree.Index():
                return [self.object(node.object, bare=bare), "[", self.expression(node.index), "]"]
            case tree.Call():
                return [self.object(node.callee, bare=bare), self.arguments(node)]
            case tree.Lambda():
                return self.function(node, bare=bare)
            case tree.If():
                return group(self.if_(node, self.value_block))
            case _:
                assert_never(node)

    def literal(self, span: Span, spelled: str) -> str:
        """As the source spells it, if there is one: `10_000`."""
        return self.source.text_of(span) or spelled

    # Operators

    def operand(self, node: tree.Expression, inside: tuple[type[tree.Node], ...], *, bare: bool) -> Doc:
        """In parentheses when it is one of *inside*."""
        if isinstance(node, inside):
            return ["(", self.expression(node), ")"]
        return self.expression(node, bare=bare)

    def binary(self, node: tree.Binary, *, bare: bool) -> Doc:
        """All operators of one level at once; lines break before them."""
        level = tree.PRECEDENCE[node.operator]
        more: list[tree.Binary] = []
        first: tree.Expression = node
        while isinstance(first, tree.Binary) and tree.PRECEDENCE[first.operator] == level:
            more.append(first)
            first = first.left
        start = self.beside(first, level, bare=bare)
        rest = [
            [LINE, f"{each.operator} ", self.beside(each.right, level + 1, bare=bare)]
            for each in reversed(more)
        ]
        return group(start, Indent(rest))

    def beside(self, node: tree.Expression, level: int, *, bare: bool) -> Doc:
        """An operand beside an operator, in parentheses when it binds less tightly than *level*."""
        if isinstance(node, tree.Binary) and tree.PRECEDENCE[node.operator] >= level:
            return self.expression(node, bare=bare)
        return self.operand(node, _BESIDE_AN_OPERATOR, bare=bare)

    def object(self, node: tree.Expression, *, bare: bool) -> Doc:
        """What stands before `.`, `[` or `(`."""
        if isinstance(node, tree.VaultRef) and node.entry is None:
            return ["(", self.expression(node), ")"]  # `.name` would belong to its path
        return self.operand(node, _UNDER_POSTFIX, bare=bare)

    def function(self, node: tree.Lambda, *, bare: bool) -> Doc:
        names = ", ".join(node.parameters)
        return [
            names if len(node.parameters) == 1 else f"({names})",
            " => ",
            self.expression(node.body, bare=bare),
        ]

    # Brackets

    def array(self, node: tree.ArrayLiteral) -> Doc:
        expanded = bool(node.items) and self.is_expanded(node.span.start, node.items[0].span.start)
        return self.in_brackets("[", node.items, self.expression, "]", node.span.end - 1, broken=expanded)

    def record(self, node: tree.RecordLiteral) -> Doc:
        begin = self.find("{", node.span.start)
        expanded = bool(node.fields) and self.is_expanded(begin, node.fields[0].span.start)
        return self.in_brackets(
            f"{node.type_name} {{" if node.type_name else "{",
            node.fields,
            self.record_field,
            "}",
            node.span.end - 1,
            edge=LINE,
            broken=expanded,
        )

    def record_field(self, node: tree.RecordField) -> Doc:
        return [f"{literals.key(node.name)}: ", self.expression(node.value)]

    def arguments(self, node: tree.Call) -> Doc:
        """A record, list or call that comes last begins on the line of this one."""
        end = node.span.end - 1
        last = node.arguments[-1] if node.arguments else None
        if last is None or not isinstance(last.value, _HOLDS_LINES):
            return self.in_brackets("(", node.arguments, self.argument, ")", end)
        if self.has_before(last.value.span.start) or self.has_between(last.span.end, end):
            return self.in_brackets("(", node.arguments, self.argument, ")", end)
        *shown, shown_last = map(self.argument, node.arguments)
        line = laid_out(joined(shown, ", "), 10_000)
        if any(map(breaks, shown)) or len(line) > _BEFORE_THE_LAST:
            return group("(", Indent([SOFT, joined([*shown, shown_last], ",", LINE)]), SOFT, ")")
        return ["(", f"{line}, " if line else "", shown_last, ")"]

    def argument(self, node: tree.Argument) -> Doc:
        return [f"{node.name} = " if node.name else "", self.expression(node.value)]

    # Conditions

    def if_(self, node: tree.If, block: PrintBlock) -> Doc:
        parts: list[Doc] = ["if ", self.condition(node.condition), " ", block(node.then)]
        if node.otherwise is not None:
            parts.append(" else ")
            last = node.otherwise
            parts.append(self.if_(last, block) if isinstance(last, tree.If) else block(last))
        return parts

    def condition(self, node: tree.Expression | tree.LetCondition) -> Doc:
        if isinstance(node, tree.LetCondition):
            return ["let ", self.pattern(node.pattern), " = ", self.expression(node.value, bare=True)]
        return self.expression(node, bare=True)

    def value_block(self, node: tree.Block) -> Doc:
        """On one line, if it is only a value and the source has it so."""
        only = node.result if not node.statements else None
        if only is None or isinstance(only, tree.If) or self.has_before(node.span.end):
            return self.block(node)
        begin = HARD if self.is_expanded(node.span.start, only.span.start) else LINE
        return ["{", Indent([begin, self.expression(only)]), LINE, "}"]

    # Types and patterns

    def type(self, node: tree.Type) -> str:
        if isinstance(node, tree.NamedType):
            return node.name
        return f"{node.name}<{', '.join(map(self.type, node.arguments))}>"

    def pattern(self, node: tree.Pattern) -> Doc:
        match node:
            case tree.WildcardPattern():
                return "_"
            case tree.LiteralPattern():
                return self.expression(node.value)
            case tree.BindingPattern():
                return node.name
            case tree.ConstructorPattern():
                return [node.name, "(", joined(map(self.pattern, node.arguments), ", "), ")"]
            case tree.RecordPattern():
                fields = joined(map(self.field_pattern, node.fields), ", ")
                return [node.name, " { ", fields, " }"] if node.fields else f"{node.name} {{}}"
            case _:
                assert_never(node)

    def field_pattern(self, node: tree.FieldPattern) -> Doc:
        return node.name if node.pattern is None else [f"{node.name}: ", self.pattern(node.pattern)]
