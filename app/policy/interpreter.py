"""The interpreter of the definition language, as what evaluates conditions."""

from collections.abc import Mapping

from ..dsl.run import CompileError, EvaluationError, compile_expression, evaluate
from ..dsl.run.code import Compiled
from ..dsl.run.json_text import NotAValue, from_json
from ..dsl.settings.expression_text import expression_of
from ..dsl.source import Source
from ..dsl.syntax import parse
from .bundle.predicates import Predicate, PredicateFailed
from .request import Value


class Interpreter:
    """Compiles each expression once, and evaluates it with the limits of a condition."""

    def __init__(self) -> None:
        self._compiled: dict[tuple[str, str, tuple[str, ...]], Compiled] = {}

    def __call__(self, predicate: Predicate, bindings: Mapping[str, Value]) -> bool:
        """Whether the expression is true. Raises `PredicateFailed`."""
        try:
            compiled = self.compiled(predicate)
            found = evaluate(compiled, [from_json(bindings[name]) for name in predicate.bindings])
        except (EvaluationError, NotAValue, ValueError) as error:
            raise PredicateFailed(f"`{predicate.expression}`: {error}") from None
        if not isinstance(found, bool):
            raise PredicateFailed(f"`{predicate.expression}` is neither true nor false")
        return found

    def compiled(self, predicate: Predicate) -> Compiled:
        """The expression, ready. Raises `PredicateFailed` for one that cannot be."""
        key = (predicate.expression, predicate.definitions, tuple(predicate.bindings))
        known = self._compiled.get(key)
        if known is None:
            program = parse(Source("", predicate.definitions)).program if predicate.definitions else None
            try:
                known = compile_expression(expression_of(predicate.expression), key[2], program)
            except (CompileError, ValueError) as error:
                raise PredicateFailed(f"`{predicate.expression}`: {error}") from None
            self._compiled[key] = known
        return known
