"""Built-ins as the machine calls them."""

import math
from collections.abc import Callable, Generator, Sequence
from functools import wraps
from inspect import isgeneratorfunction
from typing import Any, Final, TypeAlias, TypeVar

from ...tree import NamedType, Type
from ..failures import Failure
from ..limits import Meter
from ..values import Duration, Function, List, Map, Range, Secret, Value, type_name
from .signature import Builtin, Price, type_text

Calls: TypeAlias = Generator[tuple[Value, tuple[Value, ...]], Value, Value]
"""What a built-in that calls back is: it yields a function and arguments, and is sent what that gave."""

Implementation: TypeAlias = Callable[..., Any]
"""Takes the meter, the receiver of a method, and the arguments; one that calls back gets a list after the
meter, where it keeps what it has made so far, so that it is counted."""

IMPLEMENTATIONS: Final[dict[str, Implementation]] = {}
"""What carries out a function, by its name, or a method, by `Type.name`; the modules here fill it."""

_F = TypeVar("_F", bound=Implementation)

CLASSES: Final[dict[str, tuple[type, ...]]] = {
    "null": (type(None),),
    "bool": (bool,),
    "int": (int,),
    "float": (float, int),
    "number": (int, float),
    "String": (str,),
    "List": (List, Range),
    "Map": (Map,),
    "Duration": (Duration,),
    "Function": (Function,),
    "Secret": (Secret,),
}
"""The classes of the values of a type; none named: any."""

ALL: Final = (type(None), bool, int, float, str, List, Range, Map, Duration, Secret, Function)


def implements(name: str) -> Callable[[_F], _F]:
    """Say that a function carries out the built-in *name*."""

    def keep(function: _F) -> _F:
        IMPLEMENTATIONS[name] = function
        return function

    return keep


class Native:
    """A built-in, bound to what carries it out."""

    __slots__ = ("_accepts", "_by_count", "calls_back", "declared", "function", "least", "most")

    def __init__(self, declared: Builtin, implementation: Implementation) -> None:
        self.declared = declared
        self.function = _priced(implementation, declared.price)
        """Takes the meter (and, when it calls back, a list), the receiver of a method, and the arguments."""
        self.calls_back = isgeneratorfunction(implementation)
        self.least = declared.least
        self.most = math.inf if declared.most is None else declared.most
        self._accepts = tuple(_classes(parameter.type) for parameter in declared.parameters)
        self._by_count = {
            count: self._accepts[:count] for count in range(declared.least, len(self._accepts) + 1)
        }

    def check(self, arguments: Sequence[Value]) -> None:
        """Raise `Failure` unless *arguments* are as many, and of the types, that it takes."""
        accepts = self._by_count.get(len(arguments))
        if accepts is None:
            self._explain(arguments)
            return
        for value, accepted in zip(arguments, accepts, strict=True):
            if accepted is not None and value.__class__ not in accepted:
                self._explain(arguments)

    def _explain(self, arguments: Sequence[Value]) -> None:
        """Raise what is wrong with *arguments*, if anything is."""
        if not self.least <= len(arguments) <= self.most:
            raise Failure("TypeError", f"{self.declared.signature} is given {len(arguments)} arguments")
        last = len(self._accepts) - 1
        for place, value in enumerate(arguments):
            accepted = self._accepts[min(place, last)]
            if accepted is not None and value.__class__ not in accepted:
                wanted = self.declared.parameters[min(place, last)]
                raise Failure(
                    "TypeError",
                    f"{self.declared.name} takes {type_text(wanted.type)} as {wanted.name}, "
                    f"not {type_name(value)}",
                )

    def arranged(self, positional: Sequence[Value], named: dict[str, Value]) -> list[Value]:
        """The arguments in the order of the parameters. Raises `Failure` for names that are not its own."""
        arranged = list(positional)
        for parameter in self.declared.parameters[len(arranged) :]:
            if parameter.repeated or parameter.name not in named:
                break
            arranged.append(named[parameter.name])
        if len(arranged) != len(positional) + len(named):
            raise Failure("TypeError", f"{self.declared.signature} has no place for {', '.join(named)}")
        return arranged


def _classes(of: Type) -> frozenset[type] | None:
    found = CLASSES.get(of.name)
    if found is None and isinstance(of, NamedType) and len(of.name) > 1 and of.name != "any":
        raise ValueError(f"no value has the type {of.name}")
    return None if found is None else frozenset(found)


def _priced(implementation: Implementation, price: Price) -> Implementation:
    """*implementation*, preceded by what it costs to go through its subject."""
    if price not in ("length", "sort"):
        return implementation
    at = 1 if isgeneratorfunction(implementation) else 0

    @wraps(implementation)
    def paid(meter: Meter, *arguments: Any) -> Any:
        length, shift = _length(arguments[at])
        meter.spend(length >> shift)
        if price == "sort":
            meter.spend(length * length.bit_length() >> 3)
        return implementation(meter, *arguments)

    return paid


def _length(subject: Value) -> tuple[int, int]:
    """How long it is, and by how many bits that is more than the steps to go through it."""
    if isinstance(subject, str):
        return len(subject), 6
    if isinstance(subject, List | Range):
        return len(subject.items), 4
    return (len(subject.entries), 4) if isinstance(subject, Map) else (0, 0)
