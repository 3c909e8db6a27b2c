"""The types of the built-ins: which method a receiver has, and what a call of one gives."""

from collections.abc import Iterable, Mapping
from typing import Final

from ..run.builtins.signature import Builtin, type_text
from ..run.builtins.table import BUILTINS
from ..tree import GenericType, NamedType
from ..tree import Type as Written
from .annotations import PLAIN
from .types import (
    ANY,
    DURATION,
    FLOAT,
    INT,
    NEVER,
    NUMBERS,
    STRING,
    Declared,
    FunctionOf,
    ListOf,
    MapOf,
    Shape,
    Type,
    function_of,
    joined,
    list_of,
    map_of,
    option_of,
    value_of_entries,
    without_null,
)

Variables = dict[str, Type]


def _kind(receiver: Written) -> str:
    return receiver.name


METHODS: Final[Mapping[str, Mapping[str, Builtin]]] = {
    kind: {one.name: one for one in BUILTINS if one.receiver is not None and _kind(one.receiver) == kind}
    for kind in dict.fromkeys(_kind(one.receiver) for one in BUILTINS if one.receiver is not None)
}
"""The methods by their name, by what has them: `any`, `number`, `Duration`, `String`, `List`, `Map`."""

EVERYWHERE: Final = METHODS["any"]

CANDIDATES: Final[Mapping[str, tuple[Builtin, ...]]] = {
    name: tuple(methods[name] for methods in METHODS.values() if name in methods)
    for name in dict.fromkeys(name for methods in METHODS.values() for name in methods)
}
"""Every method of a name, for receivers that nothing is known of."""


def kind_of(receiver: Type) -> str | None:
    """Whose methods a value of that type has; None: only those that every value has, or nobody knows."""
    match receiver:
        case ListOf():
            return "List"
        case MapOf() | Shape() | Declared():
            return "Map"
    if receiver == STRING:
        return "String"
    if receiver == DURATION:
        return "Duration"
    return "number" if receiver in NUMBERS else None


def methods_of(receiver: Type) -> Mapping[str, Builtin]:
    """The methods of a value of a known type."""
    kind = kind_of(receiver)
    return {**EVERYWHERE, **METHODS[kind]} if kind else EVERYWHERE


def method(receiver: Type, name: str) -> Builtin | None:
    """That method of a value of a known type."""
    kind = kind_of(receiver)
    found = METHODS[kind].get(name) if kind else None
    return found or EVERYWHERE.get(name)


def learn(written: Written, given: Type, variables: Variables) -> None:
    """Take from a value of type *given*, where *written* is asked for, what its type variables stand for."""
    if isinstance(written, NamedType):
        if len(written.name) == 1:
            variables[written.name] = joined(variables.get(written.name, NEVER), given)
        return
    match written.name, without_null(given):
        case "List", ListOf(item=item):
            learn(written.arguments[0], item, variables)
        case "Map", MapOf(value=value):
            learn(written.arguments[1], value, variables)
        case "Map", Shape() as shape:
            learn(written.arguments[1], value_of_entries(shape), variables)
        case "Function", FunctionOf(result=result):
            learn(written.arguments[-1], result, variables)


def made(written: Written, variables: Variables) -> Type:
    """The type that *written* means where its variables stand for those types; for others, `any`."""
    if isinstance(written, GenericType):
        arguments = [made(argument, variables) for argument in written.arguments]
        match written.name:
            case "List":
                return list_of(arguments[0])
            case "Map":
                return map_of(arguments[-1])
            case "Option":
                return option_of(arguments[0])
            case "Function":
                return function_of(arguments[:-1], arguments[-1])
        return ANY
    if len(written.name) == 1:
        found = variables.get(written.name, ANY)
        return ANY if found == NEVER else found
    return (
        FLOAT
        if written.name == "number"
        else NEVER
        if written.name == "never"
        else PLAIN.get(written.name, ANY)
    )


def result(builtin: Builtin, variables: Variables, given: Iterable[Type]) -> Type:
    """What a call gives; *given* are the types of its receiver and arguments."""
    returns = builtin.returns
    if isinstance(returns, NamedType) and returns.name == "number":
        numbers = {one.item if isinstance(one, ListOf) else one for one in given}
        of: Type = INT if numbers == {INT} else ANY
    else:
        of = made(returns, variables)
    return option_of(of) if builtin.nullable else of


def agreed(candidates: Iterable[Builtin]) -> Type:
    """What a call gives whichever of them it is of; `any` where they differ or depend on the receiver."""
    texts = {type_text(one.returns) for one in candidates}
    if len(texts) > 1 or any(one.nullable for one in candidates):
        return ANY
    of = next(iter(candidates)).returns
    return made(of, {}) if isinstance(of, NamedType) and of.name in PLAIN else ANY
