"""Checks a definition before anything is spawned: names, types, flow, attributes, policies, schedules."""

from collections.abc import Mapping

from ..diagnostics import Diagnostic
from ..run.builtins.signature import Builtin
from ..source import Source
from ..tree import Program
from .agents import ReadAgent
from .program import Examined, examine


def check(
    program: Program, source: Source, *, tools: Mapping[str, Builtin] | None = None
) -> list[Diagnostic]:
    """Everything that is wrong with *program*, or may be, by place in the file. Never raises.

    *tools* are those that the runtime has, by the name of their capability; without, what capabilities take
    and give is not checked.
    """
    return list(examine(program, source, tools=tools).diagnostics)


__all__ = ["Examined", "ReadAgent", "check", "examine"]
