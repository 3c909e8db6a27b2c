"""What every command is: a frozen pydantic model with a name on the wire."""

from collections.abc import Callable
from typing import ClassVar, TypeVar

from ..base import Record


class Command(Record):
    """Something a principal asks for."""

    name: ClassVar[str]
    """`agent.spawn`: the aggregate and the verb, the last two tokens of its subject."""

    @classmethod
    def wire_type(cls) -> str:
        return f"symbi.command.{cls.name}.v1"


C = TypeVar("C", bound=Command)

BY_NAME: dict[str, type[Command]] = {}
"""Every command class by its name."""


def asked_as(name: str) -> Callable[[type[C]], type[C]]:
    """Give a command class its name on the wire, for good."""

    def register(cls: type[C]) -> type[C]:
        if name in BY_NAME:
            raise TypeError(f"{name!r} already names {BY_NAME[name].__qualname__}")
        cls.name = name
        BY_NAME[name] = cls
        return cls

    return register
