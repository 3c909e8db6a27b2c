"""Makes a node of each rule of the grammar as soon as it is read.

A method has the name of its rule, and takes what is kept of it: tokens written in capitals in the grammar,
and the nodes of its parts. `None` stands for an optional part that is missing, and for what was given up.
"""

from collections.abc import Callable
from typing import Any, TypeVar

from lark import Token

from .. import tree
from ..source import Span

Parts = list[Any]
N = TypeVar("N", bound=tree.Node)


def _token(token: Token) -> Span:
    return Span(token.start_pos or 0, token.end_pos or 0)


def _span(first: Any, last: Any) -> Span:
    """From the first part, a token or node, to the last."""
    start = _token(first) if isinstance(first, Token) else first.span
    end = _token(last) if isinstance(last, Token) else last.span
    return Span(start.start, end.end)


def _there(parts: Parts) -> tuple[Any, ...]:
    """Without what was given up."""
    return tuple(part for part in parts if part is not None)


class Builder:
    """Stateless: one serves every parse."""

    def nothing(self, parts: Parts) -> None:
        """An element that was given up, or an empty statement."""

    def program(self, parts: Parts) -> tree.Program:
        items = _there(parts)
        return tree.Program(items, span=_span(items[0], items[-1]) if items else Span(0, 0))

    # Blocks of settings

    def metadata(self, parts: Parts) -> tree.Metadata:
        return tree.Metadata(_there(parts[1:-1]), span=_span(parts[0], parts[-1]))

    def schedule(self, parts: Parts) -> tree.ScheduleDef:
        name = parts[1]
        return tree.ScheduleDef(
            None if name is None else name.value,
            _there(parts[2:-1]),
            name_span=_token(parts[0] if name is None else name),
            span=_span(parts[0], parts[-1]),
        )

    def channel(self, parts: Parts) -> tree.ChannelDef:
        return _named_block(tree.ChannelDef, parts)

    def memory(self, parts: Parts) -> tree.MemoryDef:
        return _named_block(tree.MemoryDef, parts)

    def webhook(self, parts: Parts) -> tree.WebhookDef:
        return _named_block(tree.WebhookDef, parts)

    def policy(self, parts: Parts) -> tree.PolicyDef:
        return _named_block(tree.PolicyDef, parts)

    def data_classification(self, parts: Parts) -> tree.DataClassification:
        return tree.DataClassification(_there(parts[1:-1]), span=_span(parts[0], parts[-1]))

    def search(self, parts: Parts) -> tree.SearchBlock:
        return tree.SearchBlock(_there(parts[1:-1]), span=_span(parts[0], parts[-1]))

    def filter(self, parts: Parts) -> tree.FilterBlock:
        return tree.FilterBlock(_there(parts[1:-1]), span=_span(parts[0], parts[-1]))

    def setting(self, parts: Parts) -> tree.Setting:
        name, value = parts
        return tree.Setting(name.value, value, name_span=_token(name), span=_span(name, value))

    # Agents, policies, functions and types

    def agent(self, parts: Parts) -> tree.AgentDef:
        keyword, name, params, returns, *items, end = parts
        return tree.AgentDef(
            name.value, params or (), returns, _there(items), name_span=_token(name), span=_span(keyword, end)
        )

    def capabilities(self, parts: Parts) -> tree.Capabilities:
        return tree.Capabilities(parts[1], span=_span(parts[0], parts[1]))

    def with_block(self, parts: Parts) -> tree.WithBlock:
        keyword, *settings, body = parts
        return tree.WithBlock(_there(settings), body, span=_span(keyword, body))

    def rule(self, parts: Parts) -> tree.Rule:
        kind, subject, condition = parts
        return tree.Rule(kind.value, subject, condition, span=_span(kind, condition or subject))

    def function(self, parts: Parts) -> tree.FunctionDef:
        keyword, name, params, returns, body = parts
        return tree.FunctionDef(
            name.value, params, returns, body, name_span=_token(name), span=_span(keyword, body)
        )

    def params(self, parts: Parts) -> tuple[tree.Param, ...]:
        return tuple(parts)

    def param(self, parts: Parts) -> tree.Param:
        name, of = parts
        return tree.Param(name.value, of, name_span=_token(name), span=_span(name, of))

    def type_def(self, parts: Parts) -> tree.TypeDef:
        keyword, name, definition = parts
        return tree.TypeDef(name.value, definition, name_span=_token(name), span=_span(keyword, definition))

    def record_type(self, parts: Parts) -> tree.RecordType:
        return tree.RecordType(_there(parts[1:-1]), span=_span(parts[0], parts[-1]))

    def field_def(self, parts: Parts) -> tree.FieldDef:
        name, of = parts
        return tree.FieldDef(name.value, of, name_span=_token(name), span=_span(name, of))

    def named_type(self, parts: Parts) -> tree.NamedType:
        return tree.NamedType(parts[0].value, span=_token(parts[0]))

    def generic_type(self, parts: Parts) -> tree.GenericType:
        name, *arguments, end = parts
        return tree.GenericType(name.value, tuple(arguments), name_span=_token(name), span=_span(name, end))

    # Statements

    def block(self, parts: Parts) -> tree.Block:
        begin, *inside, end = parts
        statements = [part for part in inside if part is not None]
        result = statements.pop() if statements and _is_result(statements[-1]) else None
        return tree.Block(tuple(statements), result, span=_span(begin, end))

    def let(self, parts: Parts) -> tree.Let:
        keyword, name, value = parts
        return tree.Let(name.value, value, name_span=_token(name), span=_span(keyword, value))

    def if_open(self, parts: Parts) -> tree.If:
        keyword, condition, then, otherwise = parts
        return tree.If(condition, then, otherwise, span=_span(keyword, otherwise or then))

    def if_else(self, parts: Parts) -> tree.If:
        keyword, condition, then, otherwise = parts
        return tree.If(condition, then, otherwise, span=_span(keyword, otherwise))

    def let_condition(self, parts: Parts) -> tree.LetCondition:
        keyword, pattern, value = parts
        return tree.LetCondition(pattern, value, span=_span(keyword, value))

    def for_loop(self, parts: Parts) -> tree.For:
        keyword, name, iterable, body = parts
        return tree.For(name.value, iterable, body, name_span=_token(name), span=_span(keyword, body))

    def match(self, parts: Parts) -> tree.Match:
        keyword, subject, *arms, end = parts
        return tree.Match(subject, _there(arms), span=_span(keyword, end))

    def arm(self, parts: Parts) -> tree.Arm:
        pattern, body = parts
        return tree.Arm(pattern, body, span=_span(pattern, body))

    def try_catch(self, parts: Parts) -> tree.Try:
        keyword, body, *catches = parts
        return tree.Try(body, tuple(catches), span=_span(keyword, catches[-1] if catches else body))

    def catch(self, parts: Parts) -> tree.Catch:
        keyword, first, second, body = parts
        name, of = (first, None) if second is None else (second, self.named_type([first]))
        return tree.Catch(name.value, of, body, name_span=_token(name), span=_span(keyword, body))

    def return_stmt(self, parts: Parts) -> tree.Return:
        return tree.Return(parts[1], span=_span(parts[0], parts[1] or parts[0]))

    def break_stmt(self, parts: Parts) -> tree.Break:
        return tree.Break(span=_token(parts[0]))

    def continue_stmt(self, parts: Parts) -> tree.Continue:
        return tree.Continue(span=_token(parts[0]))

    def assign(self, parts: Parts) -> tree.Assign:
        target, operator, value = parts
        return tree.Assign(target, operator.value, value, span=_span(target, value))

    def expr_stmt(self, parts: Parts) -> tree.ExpressionStatement:
        return tree.ExpressionStatement(parts[0], span=parts[0].span)

    # Patterns

    def literal_pattern(self, parts: Parts) -> tree.LiteralPattern:
        return tree.LiteralPattern(parts[0], span=parts[0].span)

    def negative_pattern(self, parts: Parts) -> tree.LiteralPattern:
        return self.literal_pattern([self.negative(parts)])

    def binding_pattern(self, parts: Parts) -> tree.WildcardPattern | tree.BindingPattern:
        span = _token(parts[0])
        if parts[0] == "_":
            return tree.WildcardPattern(span=span)
        return tree.BindingPattern(parts[0].value, span=span)

    def constructor_pattern(self, parts: Parts) -> tree.ConstructorPattern:
        name, *arguments, end = parts
        return tree.ConstructorPattern(
            name.value, tuple(arguments), name_span=_token(name), span=_span(name, end)
        )

    def record_pattern(self, parts: Parts) -> tree.RecordPattern:
        name, *fields, end = parts
        return tree.RecordPattern(name.value, tuple(fields), name_span=_token(name), span=_span(name, end))

    def field_pattern(self, parts: Parts) -> tree.FieldPattern:
        name, pattern = parts
        return tree.FieldPattern(
            name.value, pattern, name_span=_token(name), span=_span(name, pattern or name)
        )

    # Expressions

    def chain(self, parts: Parts) -> "Chain":
        first, operator, operand = parts
        if not isinstance(first, Chain):
            first = Chain(first)
        first.add(operator.value, operand)
        return first

    def chained(self, parts: Parts) -> tree.Expression:
        chain: Chain = parts[0]
        return chain.grouped()

    def unary(self, parts: Parts) -> tree.Unary:
        operator, operand = parts
        return tree.Unary(operator.value, operand, span=_span(operator, operand))

    negative = unary

    def lambda_expr(self, parts: Parts) -> tree.Lambda:
        *names, body = parts
        first = names[0]
        return tree.Lambda(
            tuple(name.value for name in names if name.type == "NAME"), body, span=_span(first, body)
        )

    def member(self, parts: Parts) -> tree.Member:
        of, name = parts
        return tree.Member(of, name.value, name_span=_token(name), span=_span(of, name))

    def index(self, parts: Parts) -> tree.Index | tree.VaultRef:
        of, index, end = parts
        if isinstance(of, tree.VaultRef) and of.entry is None:
            return tree.VaultRef(of.path, index, span=_span(of, end))
        return tree.Index(of, index, span=_span(of, end))

    def call(self, parts: Parts) -> tree.Call:
        callee, arguments, end = parts
        return tree.Call(callee, arguments, span=_span(callee, end))

    def arguments(self, parts: Parts) -> tuple[tree.Argument, ...]:
        return tuple(
            part if isinstance(part, tree.Argument) else tree.Argument(None, part, span=part.span)
            for part in parts
        )

    def named_argument(self, parts: Parts) -> tree.Argument:
        name, value = parts
        return tree.Argument(name.value, value, name_span=_token(name), span=_span(name, value))

    def record(self, parts: Parts) -> tree.RecordLiteral:
        begin, *fields, end = parts
        return tree.RecordLiteral(None, tuple(fields), span=_span(begin, end))

    def typed_record(self, parts: Parts) -> tree.RecordLiteral:
        name, *fields, end = parts
        return tree.RecordLiteral(name.value, tuple(fields), span=_span(name, end))

    def field(self, parts: Parts) -> tree.RecordField:
        name, value = parts
        return tree.RecordField(name.value, value, name_span=_token(name), span=_span(name, value))

    def array(self, parts: Parts) -> tree.ArrayLiteral:
        return tree.ArrayLiteral(tuple(parts[1:-1]), span=_span(parts[0], parts[-1]))

    def identifier(self, parts: Parts) -> tree.Identifier:
        return tree.Identifier(parts[0].value, span=_token(parts[0]))

    def vault(self, parts: Parts) -> tree.VaultRef:
        return tree.VaultRef(parts[0].value, span=_token(parts[0]))

    def string(self, parts: Parts) -> tree.StringLiteral:
        return tree.StringLiteral(parts[0].value, span=_token(parts[0]))

    def int(self, parts: Parts) -> tree.IntLiteral:
        return tree.IntLiteral(parts[0].value, span=_token(parts[0]))

    def float(self, parts: Parts) -> tree.FloatLiteral:
        return tree.FloatLiteral(parts[0].value, span=_token(parts[0]))

    def duration(self, parts: Parts) -> tree.DurationLiteral:
        amount, unit = parts[0].value
        return tree.DurationLiteral(amount, unit, span=_token(parts[0]))

    def bool(self, parts: Parts) -> tree.BoolLiteral:
        return tree.BoolLiteral(parts[0].type == "TRUE", span=_token(parts[0]))

    def null(self, parts: Parts) -> tree.NullLiteral:
        return tree.NullLiteral(span=_token(parts[0]))


class Chain:
    """Operands and the operators between them, grouped as they come: `1 + 2 * 3` waits with `1 +`."""

    __slots__ = ("operands", "operators")

    def __init__(self, first: tree.Expression) -> None:
        self.operands = [first]
        self.operators: list[tree.BinaryOperator] = []

    def add(self, operator: tree.BinaryOperator, operand: tree.Expression) -> None:
        self._group(tree.PRECEDENCE[operator])
        self.operators.append(operator)
        self.operands.append(operand)

    def grouped(self) -> tree.Expression:
        self._group(0)
        return self.operands[0]

    def _group(self, above: int) -> None:
        """Group what binds at least as tightly as *above*; equals group from the left."""
        while self.operators and tree.PRECEDENCE[self.operators[-1]] >= above:
            right = self.operands.pop()
            left = self.operands.pop()
            self.operands.append(
                tree.Binary(self.operators.pop(), left, right, span=left.span.to(right.span))
            )


def _named_block(kind: Callable[..., N], parts: Parts) -> N:
    keyword, name, *items, end = parts
    return kind(name.value, _there(items), name_span=_token(name), span=_span(keyword, end))


def _is_result(part: tree.Node) -> bool:
    """Whether what ends a block is its value: an expression, or an `if` that ends with an `else`."""
    while isinstance(part, tree.If):
        if part.otherwise is None:
            return False
        part = part.otherwise
    return isinstance(part, tree.Expression | tree.Block)
