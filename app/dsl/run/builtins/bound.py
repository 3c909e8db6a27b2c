"""Every declared built-in with what carries it out."""

from typing import Final

from . import callbacks, general, lists, maps, numbers, strings  # noqa: F401 - importing them registers them
from .native import ALL, CLASSES, IMPLEMENTATIONS, Native
from .table import BUILTINS


def _natives() -> tuple[dict[str, Native], dict[str, dict[type, Native]]]:
    functions: dict[str, Native] = {}
    methods: dict[str, dict[type, Native]] = {}
    for declared in BUILTINS:
        name = declared.alias_of or declared.name
        if declared.receiver is None:
            functions[declared.name] = Native(declared, IMPLEMENTATIONS[name])
            continue
        native = Native(declared, IMPLEMENTATIONS[f"{declared.receiver.name}.{name}"])
        for kind in CLASSES.get(declared.receiver.name, ALL):
            methods.setdefault(declared.name, {})[kind] = native
    return functions, methods


FUNCTIONS, METHODS = _natives()
"""The functions by name, and the methods by name and class of the receiver."""

CALLING_BACK: Final = frozenset(
    name for name, by_class in METHODS.items() if any(native.calls_back for native in by_class.values())
)
"""The names of methods of which one calls back."""
