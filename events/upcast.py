"""Yesterday's events read as today's: one function per recorded version that is no longer current."""

import copy
from collections.abc import Callable
from typing import Any

Upcast = Callable[[dict[str, Any]], dict[str, Any]]

UPCASTS: dict[str, tuple[str, Upcast]] = {}
"""`symbi.agent.spawned.v1` → (`symbi.agent.spawned.v2`, how its data becomes version 2's)."""


def upcasts(old_type: str, new_type: str) -> Callable[[Upcast], Upcast]:
    """Declare how the data of *old_type* becomes that of *new_type*."""

    def register(function: Upcast) -> Upcast:
        if old_type in UPCASTS:
            raise TypeError(f"{old_type} is upcast already")
        if old_type in _path_from(new_type):
            raise TypeError(f"{new_type} is upcast to {old_type}, so this would go round for ever")
        UPCASTS[old_type] = (new_type, function)
        return function

    return register


def current(event_type: str, data: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    """The current type and data of what was recorded as *event_type*; *data* itself is left as it is.

    Raises:
        ValueError: an upcast cannot make anything of this data.
    """
    if event_type in UPCASTS:
        data = copy.deepcopy(data)
    while event_type in UPCASTS:
        newer, upcast = UPCASTS[event_type]
        try:
            data = upcast(data)
        except (LookupError, TypeError, AttributeError) as error:
            raise ValueError(f"this {event_type} cannot be read as {newer}: {error!r}") from None
        event_type = newer
    return event_type, data


def _path_from(event_type: str) -> list[str]:
    path = [event_type]
    while path[-1] in UPCASTS:
        path.append(UPCASTS[path[-1]][0])
    return path
