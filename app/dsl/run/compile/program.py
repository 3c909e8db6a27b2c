"""Definitions and single expressions, compiled."""

from collections.abc import Callable, Sequence

from ...tree import (
    AgentDef,
    Block,
    ChannelDef,
    Expression,
    FunctionDef,
    MemoryDef,
    Param,
    Program,
    RecordType,
    ScheduleDef,
    Type,
    TypeDef,
    WebhookDef,
    WithBlock,
)
from ..code import Code, Compiled
from ..opcodes import CHECK
from ..shapes import Types, shape
from . import calls, expressions, statements  # noqa: F401 - importing them registers what they compile
from .builder import Builder, Definition
from .effects import Effects
from .errors import CompileError
from .expressions import give_back, give_nothing
from .scopes import Readings


def compile_program(program: Program, agent_name: str) -> Compiled:
    """The agent of that name, ready to run. Nothing in the result changes: any number of runs may share it.

    Raises:
        CompileError: there is no such agent, it has no body or several, or a body cannot be run. A program
            that the checker accepts raises it only for the agent's name.
    """
    agent = next((one for one in program.items if isinstance(one, AgentDef) and one.name == agent_name), None)
    if agent is None:
        raise CompileError(f"there is no agent {agent_name}", program.span)
    definition = _definition(program, agent)
    bodies = [item.body for item in agent.items if isinstance(item, WithBlock)]
    if len(bodies) != 1:
        raise CompileError(f"{agent.name} has {len(bodies)} bodies, not one", agent.span)
    body = Code(agent.name, len(agent.params), agent.span)
    _compile_body(definition, body, agent.params, agent.returns, bodies[0])
    parameters = tuple((param.name, param.type) for param in agent.params)
    return Compiled(agent.name, parameters, agent.returns, body, definition.types)


def compile_expression(
    expression: Expression, names: Sequence[str], program: Program | None = None
) -> Compiled:
    """One expression over *names*, for `evaluate`. It may use the functions of *program*, and no capability.

    Raises:
        CompileError: it cannot be evaluated; so also where it calls a capability.
    """
    definition = Definition() if program is None else _definition(program, None)
    definition.may_call = False
    body = Code("the expression", len(names), expression.span)
    _twice(definition, body, tuple(names), lambda b: give_back(b, expression))
    return Compiled("the expression", (), None, body, definition.types)


def _definition(program: Program, agent: AgentDef | None) -> Definition:
    """What the bodies of *agent* share. Its own functions go before those of the program."""
    items = program.items if agent is None else (*program.items, *agent.items)
    functions = {
        item.name: (item, Code(item.name, len(item.params), item.span))
        for item in items
        if isinstance(item, FunctionDef)
    }
    named = frozenset(
        item.name
        for item in program.items
        if isinstance(item, MemoryDef | ChannelDef | WebhookDef | ScheduleDef) and item.name is not None
    )
    definition = Definition(functions, named, types_of(program), may_call=agent is not None)
    for function, code in functions.values():
        _compile_body(definition, code, function.params, function.returns, function.body)
    return definition


def types_of(program: Program) -> Types:
    """The types that a program declares."""
    return {
        item.name: {field.name: field.type for field in item.definition.fields}
        if isinstance(item.definition, RecordType)
        else item.definition
        for item in program.items
        if isinstance(item, TypeDef)
    }


def _compile_body(
    definition: Definition, code: Code, params: tuple[Param, ...], returns: Type | None, body: Block
) -> None:
    def whole(b: Builder) -> None:
        for register, param in enumerate(params):
            wanted = shape(definition.types, param.type)
            if wanted is not None:
                b.emit(CHECK, register, wanted, f"{param.name} of {code.name}", param.span)
        b.returns = None if returns is None else shape(definition.types, returns)
        with b.scope():
            for statement in body.statements:
                b.statement(statement)
            if body.result is not None:
                give_back(b, body.result)
            else:
                give_nothing(b, body.span)

    _twice(definition, code, tuple(param.name for param in params), whole)


def _twice(
    definition: Definition, code: Code, parameters: tuple[str, ...], emit: Callable[[Builder], None]
) -> None:
    readings, effects = Readings(), Effects()
    for _ in range(2):
        builder = Builder(definition, readings, effects, code, parameters)
        emit(builder)
        builder.finish()
        readings.again()
