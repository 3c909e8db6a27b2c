"""The arguments of a call, as compiled: which registers they are in."""

from collections.abc import Callable, Sequence
from operator import itemgetter
from typing import Any


class Arguments:
    """Registers of the positional arguments, then of the named ones."""

    __slots__ = ("count", "first", "names", "pick", "registers")

    def __init__(self, registers: tuple[int, ...], names: tuple[str, ...] = ()) -> None:
        self.registers, self.names = registers, names
        self.count = len(registers)
        self.first = registers[0] if registers else 0
        self.pick: Callable[[Sequence[Any]], tuple[Any, ...]] = (
            itemgetter(*registers) if self.count > 1 else self._few
        )
        """The values of the registers, in order."""

    def _few(self, values: Sequence[Any]) -> tuple[Any, ...]:
        return (values[self.first],) if self.count else ()

    def split(self, picked: tuple[Any, ...]) -> tuple[tuple[Any, ...], dict[str, Any]]:
        """Of what was picked the positional arguments, and the named ones by their name."""
        positional = self.count - len(self.names)
        return picked[:positional], dict(zip(self.names, picked[positional:], strict=True))
