"""Running the bodies of agents: compiled once, executed by a loop that has no authority of its own.

`compile_program` once for each definition, then a `Run` for each task: `go` until it has ended, and `answer`
or `fail` what it calls. `compile_expression` and `evaluate` are for conditions.
"""

from .code import Compiled
from .compile import CompileError, compile_expression, compile_program
from .evaluate import OF_A_CONDITION, EvaluationError, evaluate
from .failures import KINDS, Failure
from .json_text import MAX_DEPTH, NotAValue, canonical, from_json, to_json
from .limits import Limits
from .run import Run, WrongInputs
from .steps import Called, Finished, Step, Stopped, Yielded
from .values import Secret, SecretRef, Value

__all__ = [
    "KINDS",
    "MAX_DEPTH",
    "OF_A_CONDITION",
    "Called",
    "CompileError",
    "Compiled",
    "EvaluationError",
    "Failure",
    "Finished",
    "Limits",
    "NotAValue",
    "Run",
    "Secret",
    "SecretRef",
    "Step",
    "Stopped",
    "Value",
    "WrongInputs",
    "Yielded",
    "canonical",
    "compile_expression",
    "compile_program",
    "evaluate",
    "from_json",
    "to_json",
]
