"""One layer of settings: what a file, the environment or the command line says, and where exactly."""

from dataclasses import dataclass
from typing import Any

from ..errors import Invalid


@dataclass(frozen=True, slots=True)
class Setting:
    """One value as given, not validated yet."""

    value: Any
    where: str
    """For people: `/etc/symbi.toml:4`, `SYMBI_NATS__PORT`, `--nats-url`."""


@dataclass(frozen=True, slots=True)
class Layer:
    """What one source sets, by key, and what is wrong with it."""

    settings: dict[str, Setting]
    problems: list[Invalid]
