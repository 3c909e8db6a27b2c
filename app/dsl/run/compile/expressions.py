"""Expressions, but for calls."""

import math

from ...source import Span
from ...tree import (
    ArrayLiteral,
    Binary,
    Block,
    BoolLiteral,
    DurationLiteral,
    Expression,
    FloatLiteral,
    Identifier,
    If,
    Index,
    IntLiteral,
    Lambda,
    LetCondition,
    Member,
    NullLiteral,
    RecordLiteral,
    StringLiteral,
    Unary,
    VaultRef,
)
from ..code import Code
from ..opcodes import (
    ADD,
    BINARY,
    CHECK,
    CLOSURE,
    INDEX,
    LIST,
    MAP,
    MEMBER,
    MOVE,
    MULTIPLY,
    NEGATE,
    NOT,
    RECORD,
    REMAINDER,
    RETURN,
    SECRET,
    SUBTRACT,
)
from ..operators import BINARY as OPERATIONS
from ..shapes import resolved
from ..values import LARGEST_INT, Duration
from .builder import Builder, expression
from .conditions import condition
from .errors import CompileError
from .patterns import pattern

_INSTRUCTIONS = {"+": ADD, "-": SUBTRACT, "*": MULTIPLY, "%": REMAINDER}


@expression(StringLiteral)
@expression(IntLiteral)
@expression(FloatLiteral)
@expression(BoolLiteral)
def literal(
    b: Builder, node: StringLiteral | IntLiteral | FloatLiteral | BoolLiteral, want: int | None
) -> int:
    if isinstance(node, IntLiteral) and node.value > LARGEST_INT:
        raise CompileError("an integer has at most 64 bits", node.span)
    if isinstance(node.value, float) and not math.isfinite(node.value):
        raise CompileError("it is too large for a float", node.span)
    return b.constant(node.value)


@expression(NullLiteral)
def null(b: Builder, node: NullLiteral, want: int | None) -> int:
    return b.constant(None)


@expression(DurationLiteral)
def duration(b: Builder, node: DurationLiteral, want: int | None) -> int:
    if node.seconds * 1000 > LARGEST_INT:
        raise CompileError("a duration has at most 64 bits of milliseconds", node.span)
    return b.constant(Duration(node.seconds * 1000))


@expression(Identifier)
def identifier(b: Builder, node: Identifier, want: int | None) -> int:
    variable = b.find(node.name)
    if variable is not None:
        return b.load(variable, node.span)
    if node.name in b.definition.functions:
        code = b.definition.functions[node.name][1]
        return int(b.emit(CLOSURE, b.temporary() if want is None else want, code, (), node.span))
    if node.name in b.definition.named:
        return b.constant(node.name)
    if node.name == "None":
        return b.constant(None)
    raise CompileError(f"there is no {node.name}", node.span)


@expression(VaultRef)
def vault(b: Builder, node: VaultRef, want: int | None) -> int:
    want = b.temporary() if want is None else want
    with b.released():
        entry = None if node.entry is None else b.expr(node.entry)
        return int(b.emit(SECRET, want, node.path, entry, node.span))


@expression(ArrayLiteral)
def array(b: Builder, node: ArrayLiteral, want: int | None) -> int:
    want = b.temporary() if want is None else want
    with b.released():
        items = [b.owned(item, later=node.items[place + 1 :]) for place, item in enumerate(node.items)]
        return int(b.emit(LIST, want, tuple(items), None, node.span))


@expression(RecordLiteral)
def record(b: Builder, node: RecordLiteral, want: int | None) -> int:
    want = b.temporary() if want is None else want
    names = tuple(field.name for field in node.fields)
    values = [field.value for field in node.fields]
    with b.released():
        held = tuple(b.owned(value, later=values[place + 1 :]) for place, value in enumerate(values))
        if node.type_name is None:
            return int(b.emit(MAP, want, names, held, node.span))
        return int(b.emit(RECORD, want, (_record_type(b, node, names), names), held, node.span))


def _record_type(b: Builder, node: RecordLiteral, names: tuple[str, ...]) -> str:
    """The name of the type, with aliases followed. A declared type has these fields and no others."""
    assert node.type_name is not None
    name = resolved(b.definition.types, node.type_name)
    fields = b.definition.types.get(name)
    if isinstance(fields, dict) and fields.keys() != set(names):
        wrong = sorted(fields.keys() ^ set(names))
        raise CompileError(
            f"a {name} has the fields {', '.join(fields)}, and not {', '.join(wrong)}", node.span
        )
    return name


@expression(Member)
def member(b: Builder, node: Member, want: int | None) -> int:
    want = b.temporary() if want is None else want
    with b.released():
        return int(b.emit(MEMBER, want, b.expr(node.object), node.name, node.span))


@expression(Index)
def index(b: Builder, node: Index, want: int | None) -> int:
    want = b.temporary() if want is None else want
    with b.released():
        of = b.operand(node.object, (node.index,))
        return int(b.emit(INDEX, want, of, b.expr(node.index), node.span))


@expression(Unary)
def unary(b: Builder, node: Unary, want: int | None) -> int:
    want = b.temporary() if want is None else want
    with b.released():
        op = NEGATE if node.operator == "-" else NOT
        return int(b.emit(op, want, b.expr(node.operand), None, node.span))


@expression(Binary)
def binary(b: Builder, node: Binary, want: int | None) -> int:
    if node.operator in ("&&", "||"):
        return _truth(b, node, want)
    want = b.temporary() if want is None else want
    with b.released():
        left, right = b.operand(node.left, (node.right,)), b.expr(node.right)
        operate(b, node.operator, want, left, right, node.span)
    return want


def operate(b: Builder, operator: str, d: int, left: int, right: int, span: Span) -> None:
    """Emit the instruction of a binary *operator*."""
    if operator in _INSTRUCTIONS:
        b.emit(_INSTRUCTIONS[operator], d, left, right, span)
    else:
        b.emit(BINARY, d, left, (OPERATIONS[operator], right), span)


def _truth(b: Builder, node: Expression, want: int | None) -> int:
    """The value of a condition that is left as soon as it is known."""
    want = b.temporary() if want is None else want
    true, false, behind = b.block(), b.block(), b.block()
    condition(b, node, true, false)
    for block, value in ((true, True), (false, False)):
        b.begin(block)
        b.emit(MOVE, want, b.constant(value), None, node.span)
        b.jump(behind, node.span)
    b.begin(behind)
    return want


@expression(If)
def if_value(b: Builder, node: If, want: int | None) -> int:
    want = b.temporary() if want is None else want
    branches(b, node, want)
    return want


def branches(b: Builder, node: If, want: int | None) -> None:
    """An `if`, and the value of its branch in *want*, unless nobody wants it."""
    then, otherwise, behind = b.block(), b.block(), b.block()
    with b.scope():
        if isinstance(node.condition, LetCondition):
            subject = b.owned(node.condition.value, b.temporary())
            pattern(b, node.condition.pattern, subject, otherwise, is_let=True)
        else:
            condition(b, node.condition, then, otherwise)
            b.begin(then)
        block(b, node.then, want)
    b.jump(behind, node.span)
    b.begin(otherwise)
    match node.otherwise:
        case None:
            if want is not None:
                b.emit(MOVE, want, b.constant(None), None, node.span)
        case If():
            branches(b, node.otherwise, want)
        case _:
            block(b, node.otherwise, want)
    b.jump(behind, node.span)
    b.begin(behind)


def block(b: Builder, node: Block, want: int | None) -> None:
    """The statements of a block, and its value in *want*, unless nobody wants it."""
    with b.scope():
        for each in node.statements:
            b.statement(each)
        if node.result is not None:
            if want is not None:
                b.owned(node.result, want)
            else:
                discard(b, node.result)
        elif want is not None:
            b.emit(MOVE, want, b.constant(None), None, node.span)


def discard(b: Builder, node: Expression) -> None:
    """Evaluate *node* for what it does."""
    if isinstance(node, If):
        branches(b, node, None)
    else:
        with b.released():
            b.expr(node)


@expression(Lambda)
def lambda_(b: Builder, node: Lambda, want: int | None) -> int:
    code = Code("a lambda", len(node.parameters), node.span)
    inner = Builder(b.definition, b.readings, b.effects, code, node.parameters, parent=b)
    give_back(inner, node.body)
    inner.finish()
    held = tuple(variable.register for variable in inner.captured)
    return int(b.emit(CLOSURE, b.temporary() if want is None else want, code, held, node.span))


def give_back(b: Builder, node: Expression) -> None:
    """Return the value of *node*."""
    variable = b.find(node.name) if isinstance(node, Identifier) else None
    # A variable that nobody else sees ends here, and what it holds has one place less that holds it.
    with b.released():
        found = variable.register if variable is not None and not variable.boxed else b.owned(node)
        if b.returns is not None:
            b.emit(CHECK, found, b.returns, f"what {b.code.name} returns", node.span)
        b.end(RETURN, found, None, None, node.span)


def give_nothing(b: Builder, span: Span) -> None:
    """Return null."""
    b.end(RETURN, b.constant(None), None, None, span)
