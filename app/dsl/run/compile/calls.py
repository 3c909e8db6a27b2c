"""Calls: of functions, of methods, of values and of capabilities."""

from typing import Any

from ...tree import Call, Expression, FunctionDef, Identifier, Index, Member
from ..arguments import Arguments
from ..builtins.bound import CALLING_BACK, FUNCTIONS, METHODS
from ..builtins.table import CHANGING
from ..code import Code
from ..limits import Meter
from ..opcodes import (
    BRANCH_TEST,
    CALL,
    CALL_METHOD,
    CALL_VALUE,
    CAPABILITY,
    CHANGE,
    METHOD,
    NATIVE,
)
from ..values import Function
from .builder import Builder, expression
from .errors import CompileError
from .places import Place, place


@expression(Call)
def call(b: Builder, node: Call, want: int | None) -> int:
    want = b.temporary() if want is None else want
    with b.released():
        match node.callee:
            case Identifier():
                _by_name(b, node, node.callee, want)
            case Member():
                dotted = capability_name(b, node.callee)
                if dotted is not None:
                    _capability(b, node, dotted, arguments(b, node), want)
                else:
                    _method(b, node, node.callee, want)
            case _:
                _of_value(b, node, want)
    return want


def arguments(b: Builder, node: Call) -> Arguments:
    """Evaluate the arguments, in the order in which they are written."""
    values = [argument.value for argument in node.arguments]
    registers = tuple(b.owned(value, later=values[place + 1 :]) for place, value in enumerate(values))
    names = tuple(argument.name for argument in node.arguments if argument.name is not None)
    if any(argument.name is None for argument in node.arguments[len(node.arguments) - len(names) :]):
        raise CompileError("an argument without a name stands behind one that has one", node.span)
    if len(set(names)) < len(names):
        raise CompileError("an argument is named twice", node.span)
    return Arguments(registers, names)


def _by_name(b: Builder, node: Call, callee: Identifier, want: int) -> None:
    """A variable that holds a function; else a function of the definition, a built-in, or a capability."""
    given = arguments(b, node)
    variable = b.find(callee.name)
    if variable is None:
        _fixed(b, node, callee.name, given, want)
        return
    held = b.load(variable, callee.span)
    of_value, fixed, behind = b.block(), b.block(), b.block()
    b.end(BRANCH_TEST, held, _is_function, (of_value, fixed), callee.span)
    b.begin(of_value)
    _value(b, node, held, given, want)
    b.jump(behind, node.span)
    b.begin(fixed)
    _fixed(b, node, callee.name, given, want)
    b.jump(behind, node.span)
    b.begin(behind)


def _is_function(meter: Meter, value: Any) -> bool:
    return value.__class__ is Function


def _fixed(b: Builder, node: Call, name: str, given: Arguments, want: int) -> None:
    if name in b.definition.functions:
        function, code = b.definition.functions[name]
        _function(b, node, function, code, given, want)
    elif name in FUNCTIONS:
        b.emit(NATIVE, want, FUNCTIONS[name], given, node.span)
    else:
        _capability(b, node, name, given, want)


def _function(b: Builder, node: Call, function: FunctionDef, code: Code, given: Arguments, want: int) -> None:
    names = [param.name for param in function.params]
    positional = given.registers[: given.count - len(given.names)]
    places = dict(zip(names, positional, strict=False))
    for name, register in zip(given.names, given.registers[len(positional) :], strict=True):
        if name not in names or name in places:
            raise CompileError(f"{function.name} has no parameter {name}, or it is given twice", node.span)
        places[name] = register
    if len(positional) > len(names) or len(places) < len(names):
        raise CompileError(f"{function.name} takes {', '.join(names) or 'no arguments'}", node.span)
    b.call(CALL, want, code, Arguments(tuple(places[name] for name in names)), node.span)


def _capability(b: Builder, node: Call, name: str, given: Arguments, want: int) -> None:
    if not b.definition.may_call:
        raise CompileError(
            f"{name} is neither a function nor a method, and nothing may be called here", node.span
        )
    b.call(CAPABILITY, want, name, given, node.span)


def capability_name(b: Builder, callee: Member) -> str | None:
    """The dotted name of a capability; none where the first word is a variable, or it is no name at all."""
    names = [callee.name]
    of: Expression = callee.object
    while isinstance(of, Member):
        names.append(of.name)
        of = of.object
    if not isinstance(of, Identifier) or b.find(of.name) is not None:
        return None
    return ".".join([of.name, *reversed(names)])


def _of_value(b: Builder, node: Call, want: int) -> None:
    held = b.operand(node.callee, [argument.value for argument in node.arguments])
    _value(b, node, held, arguments(b, node), want)


def _value(b: Builder, node: Call, held: int, given: Arguments, want: int) -> None:
    if given.names:
        # A lambda's parameters have names for itself only.
        b.call(CALL_VALUE, want, held, _unnamed(given, node), node.span)
    else:
        b.call(CALL_VALUE, want, held, given, node.span)


def _unnamed(given: Arguments, node: Call) -> Arguments:
    raise CompileError("a function in a variable takes no named arguments", node.span)


def _method(b: Builder, node: Call, callee: Member, want: int) -> None:
    if callee.name not in METHODS:
        _of_value(b, node, want)
        return
    if callee.name in CHANGING and isinstance(callee.object, Identifier | Member | Index):
        where = place(b, callee.object)
        if where is not None:
            _change(b, node, callee.name, where, want)
            return
    values = [argument.value for argument in node.arguments]
    receiver = b.operand(callee.object, values)
    given = arguments(b, node)
    if callee.name in CHANGING:
        b.emit(CHANGE, want, receiver, ((), METHODS[callee.name], callee.name, given), node.span)
    elif callee.name in CALLING_BACK:
        b.call(CALL_METHOD, want, receiver, (METHODS[callee.name], callee.name, given), node.span)
    else:
        b.emit(METHOD, want, receiver, (METHODS[callee.name], callee.name, given), node.span)


def _change(b: Builder, node: Call, name: str, where: Place, want: int) -> None:
    """Change what is at a place. It is looked up when the arguments are there."""
    given = arguments(b, node)
    root = b.load(where.variable, node.span)
    b.emit(CHANGE, want, root, (where.path, METHODS[name], name, given), node.span)
    b.assign(where.variable, root, node.span)


def same_variable(b: Builder, target: Expression, value: Expression) -> bool:
    """Whether `target = value` only assigns a list or map to itself, as `rows = rows.push(row)` does."""
    match target, value:
        case Identifier(name=name), Call(callee=Member(object=Identifier(name=of), name=method)):
            return name == of and b.find(name) is not None and method in _GIVING_ITSELF
    return False


_GIVING_ITSELF = frozenset(
    name
    for name in CHANGING
    if all(
        native.declared.receiver == native.declared.returns
        for native in METHODS[name].values()
        if native.declared.changes
    )
)
"""The changing methods whose result is what they were called on."""
