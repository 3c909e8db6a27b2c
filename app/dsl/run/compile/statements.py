"""Statements."""

from ...tree import (
    Assign,
    Block,
    Break,
    Continue,
    ExpressionStatement,
    For,
    Identifier,
    If,
    Let,
    Match,
    Return,
    Try,
)
from ..code import Handler
from ..failures import Failure
from ..limits import Meter
from ..opcodes import BRANCH_TEST, ITERATE, KEEP, MISMATCH, NEXT, RAISE
from .builder import Builder, Loop, statement
from .calls import same_variable
from .errors import CompileError
from .expressions import block, branches, discard, give_back, give_nothing, operate
from .patterns import Test, pattern
from .places import known_place, store, value_at


@statement(Let)
def let(b: Builder, node: Let) -> None:
    _declare(b, node.name, node)


def _declare(b: Builder, name: str, node: Let | Assign) -> None:
    register = b.temporary()
    with b.released():
        b.owned(node.value, register)
    b.declare(name, register, node.span)


@statement(Assign)
def assign(b: Builder, node: Assign) -> None:
    is_new = isinstance(node.target, Identifier) and b.find(node.target.name) is None
    if node.operator == "=" and is_new:
        assert isinstance(node.target, Identifier)
        _declare(b, node.target.name, node)
        return
    with b.released():
        if node.operator == "=":
            _assign(b, node)
        else:
            _update(b, node)


def _update(b: Builder, node: Assign) -> None:
    where = known_place(b, node.target)
    current = value_at(b, where, node.target)
    if b.effects.may_change(node.value):
        current = b.emit(KEEP, b.temporary(), current, None, node.span)
    value = b.expr(node.value)
    plain = not where.path and not where.variable.boxed
    result = where.variable.register if plain else b.temporary()
    operate(b, node.operator[0], result, current, value, node.span)
    store(b, where, result, node.target)


def _assign(b: Builder, node: Assign) -> None:
    if same_variable(b, node.target, node.value):
        b.expr(node.value)
        return
    variable = b.find(node.target.name) if isinstance(node.target, Identifier) else None
    if variable is not None:
        b.assign(variable, b.owned(node.value, None if variable.boxed else variable.register), node.span)
    else:
        where = known_place(b, node.target)
        store(b, where, b.owned(node.value), node.target)


@statement(ExpressionStatement)
def expression_statement(b: Builder, node: ExpressionStatement) -> None:
    discard(b, node.value)


@statement(If)
def if_statement(b: Builder, node: If) -> None:
    branches(b, node, None)


@statement(For)
def for_(b: Builder, node: For) -> None:
    with b.released():
        _loop_over(b, node)


def _loop_over(b: Builder, node: For) -> None:
    iterator = b.temporary()
    b.temporary()
    with b.released():
        b.emit(ITERATE, iterator, b.expr(node.iterable), None, node.iterable.span)
    following, inside, behind = b.block(), b.block(), b.block()
    b.jump(following, node.span)
    b.begin(following)
    with b.scope():
        register = b.temporary()
        b.end(NEXT, register, iterator, (inside, behind), node.iterable.span)
        b.begin(inside)
        b.declare(node.name, register, node.name_span)
        b.loops.append(Loop(following, behind))
        block(b, node.body, None)
        b.loops.pop()
    b.jump(following, node.span)
    b.begin(behind)


@statement(Break)
def break_(b: Builder, node: Break) -> None:
    b.jump(_loop(b, node).behind, node.span)


@statement(Continue)
def continue_(b: Builder, node: Continue) -> None:
    b.jump(_loop(b, node).following, node.span)


def _loop(b: Builder, node: Break | Continue) -> Loop:
    if not b.loops:
        raise CompileError("there is no loop around it", node.span)
    return b.loops[-1]


@statement(Match)
def match_(b: Builder, node: Match) -> None:
    with b.released():
        _arms(b, node)


def _arms(b: Builder, node: Match) -> None:
    subject = b.owned(node.subject, b.temporary())
    behind = b.block()
    for arm in node.arms:
        miss = b.block()
        with b.scope():
            pattern(b, arm.pattern, subject, miss)
            if isinstance(arm.body, Block):
                block(b, arm.body, None)
            else:
                discard(b, arm.body)
        b.jump(behind, arm.span)
        b.begin(miss)
    b.end(MISMATCH, subject, None, None, node.subject.span)
    b.begin(behind)


@statement(Try)
def try_(b: Builder, node: Try) -> None:
    with b.released():
        _attempt(b, node)


def _attempt(b: Builder, node: Try) -> None:
    caught, behind = b.block(), b.block()
    error = b.temporary()
    b.temporary()
    around, b.handler = b.handler, Handler(caught, error)
    inside = b.block()
    b.jump(inside, node.span)
    b.begin(inside)
    block(b, node.body, None)
    b.handler = around
    b.jump(behind, node.span)
    b.begin(caught)
    for catch in node.catches:
        taken, other = b.block(), b.block()
        kind = "Error" if catch.type is None else catch.type.name
        b.end(BRANCH_TEST, error + 1, _is_a(kind), (taken, other), catch.span)
        b.begin(taken)
        with b.scope():
            b.declare(catch.name, error, catch.name_span)
            block(b, catch.body, None)
        b.jump(behind, catch.span)
        b.begin(other)
    b.end(RAISE, error, None, None, node.span)
    b.begin(behind)


def _is_a(kind: str) -> Test:
    def caught(meter: Meter, failure: Failure) -> bool:
        return failure.is_a(kind)

    return caught


@statement(Return)
def return_(b: Builder, node: Return) -> None:
    if node.value is None:
        give_nothing(b, node.span)
    else:
        give_back(b, node.value)
