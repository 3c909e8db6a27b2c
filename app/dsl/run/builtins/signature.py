"""What is declared of a built-in: its name, its parameters, its result, its price and a sentence about it."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from ...tree import GenericType, NamedType, Type

Price = Literal["step", "length", "sort", "result"]
"""Steps that a call costs: one; or one more for every 16 elements (or 64 characters) of its receiver, or for
every comparison of a sort. What is created costs one step for every 256 bytes, whatever the price."""


@dataclass(frozen=True, slots=True)
class Parameter:
    """One parameter. An *optional* one may be left out; a *repeated* one, the last, takes any number."""

    name: str
    type: Type
    optional: bool = False
    repeated: bool = False


@dataclass(frozen=True, slots=True)
class Builtin:
    """One function, or one method of values of a type.

    In types, a single capital letter stands for any type, the same one everywhere in the signature;
    `Function<A, B>` is a function from A to B; `any` is every type; `never` is the result of what does not
    return; `number` is int or float, and as a result: int when every number given is an int.
    """

    receiver: Type | None
    """The type whose method this is; none for a function."""
    name: str
    parameters: tuple[Parameter, ...]
    returns: Type
    doc: str
    nullable: bool = False
    """Whether the result may be null instead."""
    changes: bool = False
    """Whether it changes its receiver, which should then be something that can be assigned to."""
    is_property: bool = False
    """Whether it may be written without parentheses."""
    alias_of: str | None = None
    price: Price = "step"

    @property
    def least(self) -> int:
        """How many arguments it needs."""
        return sum(not (parameter.optional or parameter.repeated) for parameter in self.parameters)

    @property
    def most(self) -> int | None:
        """How many arguments it takes at most; none: any number."""
        if self.parameters and self.parameters[-1].repeated:
            return None
        return len(self.parameters)

    @property
    def signature(self) -> str:
        """As it is written in the reference: `slice(start: int, end?: int) -> String`."""
        inside = ", ".join(_shown(parameter) for parameter in self.parameters)
        return f"{self.name}({inside}) -> {type_text(self.returns)}{' or null' if self.nullable else ''}"


def _shown(parameter: Parameter) -> str:
    before, after = "…" if parameter.repeated else "", "?" if parameter.optional else ""
    return f"{before}{parameter.name}{after}: {type_text(parameter.type)}"


def type_text(of: Type) -> str:
    """*of* as one writes it: `Map<String, int>`."""
    if isinstance(of, NamedType):
        return of.name
    return f"{of.name}<{', '.join(type_text(argument) for argument in of.arguments)}>"


def parse_type(text: str) -> Type:
    """The type that *text* writes. For the tables of this package; the language has a parser of its own."""
    tokens = iter(re.findall(r"\w+|[<>,]", text))
    found, rest = _type(next(tokens), tokens)
    if rest is not None:
        raise ValueError(f"{text!r} goes on behind the type")
    return found


def _type(name: str, tokens: Iterator[str]) -> tuple[Type, str | None]:
    """A type, and the token behind it."""
    behind = next(tokens, None)
    if behind != "<":
        return NamedType(name), behind
    arguments: list[Type] = []
    while behind != ">":
        if behind is None:
            raise ValueError(f"{name}< has no end")
        argument, behind = _type(next(tokens), tokens)
        arguments.append(argument)
    return GenericType(name, tuple(arguments)), next(tokens, None)


_SIGNATURE = re.compile(r"(\w+)\((.*)\) -> (.+?)( or null)?")
_PARAMETER = re.compile(r"(\.\.\.)?(\w+)(\?)?: ([\w<>, ]+?)(?:, (?=(?:\.\.\.)?\w+\??:)|$)")


def declare(
    receiver: str | None,
    signature: str,
    doc: str,
    *aliases: str,
    price: Price = "step",
    changes: bool = False,
    is_property: bool = False,
) -> Iterator[Builtin]:
    """The built-in of that *signature* (`slice(start: int, end?: int) -> String`), then each alias."""
    match = _SIGNATURE.fullmatch(signature)
    if match is None:
        raise ValueError(f"{signature!r} is not a signature")
    name, inside, returns, nullable = match.groups()
    parameters = tuple(
        Parameter(found[2], parse_type(found[4]), bool(found[3]), bool(found[1]))
        for found in _PARAMETER.finditer(inside)
    )
    for alias in (name, *aliases):
        yield Builtin(
            parse_type(receiver) if receiver else None,
            alias,
            parameters,
            parse_type(returns),
            doc if alias == name else f"As `{name}`.",
            nullable=bool(nullable),
            changes=changes,
            is_property=is_property,
            alias_of=None if alias == name else name,
            price=price,
        )
