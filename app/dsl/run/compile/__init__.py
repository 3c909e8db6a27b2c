"""From the tree of a definition to code that the machine runs."""

from .errors import CompileError
from .program import compile_expression, compile_program, types_of

__all__ = ["CompileError", "compile_expression", "compile_program", "types_of"]
