"""A run between two instructions: its stack, what it waits for, and how calls are entered and left.

What is on the stack, from the bottom, is `(registers, block, d, size)`: the registers of a function that
waits for a call, the block that the call ends, the register that its result goes to, and what is given back
to the meter when it returns. A built-in that calls back is `(what it holds, generator, NATIVE, 0)`.
"""

from collections.abc import Iterator, Sequence
from typing import Any, Final

from ..source import NOWHERE, Span
from .arguments import Arguments
from .builtins.native import Native
from .code import Block, Code
from .failures import Failure, LimitReached
from .json_text import canonical, json_size, to_json
from .limits import Limits, Meter
from .steps import Called, Finished, Step, Stopped
from .values import Function, List, Map, Value, described, share

NATIVE_FRAME: Final = -1
BOTTOM: Final = -2
_CALLING_BACK: Final = 4
"""Steps that it costs to go back into a built-in that called back."""

Frame = tuple[list[Any], Any, int, int]


class Activation:
    """The state of a run between two instructions, and what instructions do to its stack."""

    def __init__(self, code: Code, arguments: Sequence[Value], limits: Limits) -> None:
        self._meter = Meter(limits, self._roots)
        self._limits = limits
        self._stack: list[Frame] = [([], None, BOTTOM, 0)]
        self._registers: list[Any] = [*arguments, *code.rest]
        self._block: Block | None = code.entry
        self._sent: Value = None
        """What a built-in that called back was last given."""
        self._raised: Failure | None = None
        self._calls = 0
        self._asked: Called | None = None
        """The call that it waits in."""
        self._awaiting = 0
        """The register that the answer goes to."""
        self.ended: Finished | Stopped | None = None

    @property
    def steps(self) -> int:
        """The fuel that is used up."""
        return self._limits.fuel - self._meter.fuel

    def _roots(self) -> Iterator[Sequence[Any]]:
        yield self._registers
        yield (self._sent,)
        for registers, _, _, _ in self._stack:
            yield registers

    def take(self, size: int) -> None:
        """Charge values from outside; the run ends when there is no room for them."""
        self._meter.free -= size
        if self._meter.free < 0:
            try:
                self._meter.count_again()
            except LimitReached as reached:
                span = self._block.code[0][4] if self._block else NOWHERE
                self._end(Stopped("limit", reached.resource, reached.message, span))

    def answer(self, value: Value) -> None:
        """What the world answers to the call that it waits in."""
        assert self._asked is not None, "it has not asked"
        assert self._block is not None
        self._registers[self._awaiting] = value
        self._block = self._block.following
        self._asked = None

    def fail(self, failure: Failure) -> None:
        """The call that it waits in fails with an error that the body may catch."""
        assert self._asked is not None, "it has not asked"
        self._raised = failure
        self._asked = None

    def _end(self, step: Finished | Stopped) -> Step:
        for _, waiting, d, _ in self._stack:
            if d == NATIVE_FRAME:
                waiting.close()
        self.ended = step
        self._stack, self._registers, self._block = [], [], None
        return step

    def _too_deep(self) -> None:
        raise LimitReached("recursion", f"more than {self._limits.depth} calls inside one another")

    def _handler(self, registers: list[Any], block: Any, failure: Failure) -> tuple[list[Any], Block] | None:
        """Where the body catches the *failure*, what waited in between given up; none: nowhere."""
        while True:
            if isinstance(block, Block) and block.handler is not None:
                handler = block.handler
                self._registers = registers
                registers[handler.register] = _error(failure)
                registers[handler.register + 1] = failure
                return registers, handler.block
            registers, block, d, size = self._stack.pop()
            self._meter.free += size
            if d == BOTTOM:
                return None
            if d == NATIVE_FRAME:
                block.close()

    def _call(self, frame: Frame, callee: Value, arguments: Sequence[Value]) -> tuple[list[Any], Block]:
        """The registers and the first block of a function whose caller is to wait in *frame*."""
        if not isinstance(callee, Function):
            raise Failure("TypeError", f"{described(callee)} is not a function")
        code = callee.code
        if len(arguments) != code.arity:
            raise Failure(
                "TypeError", f"{code.name} takes {code.arity} and is given {len(arguments)} arguments"
            )
        if len(self._stack) >= self._limits.depth:
            self._too_deep()
        self._stack.append((*frame[:3], code.size))
        self._registers = [*arguments, *callee.captured, *code.rest]
        self._meter.free -= code.size
        if self._meter.free < 0:
            self._meter.count_again()
        return self._registers, code.entry

    def _method(
        self, native: Native | None, name: str, receiver: Value, given: tuple[Any, ...], arguments: Arguments
    ) -> Any:
        """Call a method that calls nothing back, with named arguments; one that does not exist fails."""
        if native is None:
            raise _no_method(receiver, name)
        values = native.arranged(*arguments.split(given))
        native.check(values)
        return native.function(self._meter, receiver, *values)

    def _call_method(
        self, d: int, receiver_at: int, what: tuple[Any, str, Any], block: Block
    ) -> tuple[list[Any], Block]:
        registers = self._registers
        receiver = share(registers[receiver_at])
        natives, name, arguments = what
        native = natives.get(receiver.__class__)
        if native is None:
            raise _no_method(receiver, name)
        positional, named = arguments.split(arguments.pick(registers))
        values = native.arranged(positional, named) if named else positional
        native.check(values)
        if not native.calls_back:
            registers[d] = native.function(self._meter, receiver, *values)
            assert block.following is not None
            return registers, block.following
        if len(self._stack) >= self._limits.depth:
            self._too_deep()
        held: list[Any] = [receiver, *values]
        waiting = native.function(self._meter, held, receiver, *values)
        self._stack.append((registers, block, d, 0))
        try:
            return self._resume(held, waiting, None)
        except Failure:
            self._stack.pop()
            raise

    def _resume(self, held: list[Any], waiting: Any, value: Value) -> tuple[list[Any], Block]:
        """Give a built-in that called back what that gave, and go on with its next call, or with its caller.

        It is not on the stack, its caller is; a `Failure` leaves it so.
        """
        self._registers, self._sent = held, value
        self._meter.fuel -= _CALLING_BACK
        try:
            callee, arguments = waiting.send(value)
        except StopIteration as stop:
            registers, block, d, _ = self._stack.pop()
            self._registers = registers
            registers[d] = stop.value
            return registers, block.following
        return self._call((held, waiting, NATIVE_FRAME, 0), callee, arguments)

    def _called(self, name: str, arguments: Any, registers: list[Any], span: Span) -> Called:
        """What the body asks of the world. Raises `Failure` when an argument cannot leave the body."""
        positional, named = arguments.split(arguments.pick(registers))
        if self._calls >= self._limits.calls:
            raise LimitReached("calls", f"more than {self._limits.calls} calls")
        self._within_output(List(list(positional)), f"the arguments of {name}")
        self._within_output(Map(dict(named)), f"the arguments of {name}")
        request = canonical(
            Map({"capability": name, "positional": List(list(positional)), "named": Map(dict(named))})
        )
        self._calls += 1
        return Called(self._calls - 1, name, positional, named, request, span)

    def _within_output(self, value: Value, what: str) -> None:
        most = self._limits.output
        if json_size(self._meter, value, most) > most:
            raise LimitReached("output", f"{what}: more than {most} bytes")

    def _finish(self, value: Value, span: Span) -> Step:
        try:
            self._within_output(value, "the result")
            # Whoever gets it need not expect that it cannot be JSON.
            to_json(value)
        except Failure as failure:
            return self._end(Stopped("error", failure.kind, f"the result: {failure.message}", span))
        return self._end(Finished(value))


def _error(failure: Failure) -> Map:
    """What `catch (e)` gives the body."""
    return Map({"kind": failure.kind, "message": failure.message}, "Error")


def _no_method(receiver: Value, name: str) -> Failure:
    return Failure("TypeError", f"{described(receiver)} has no method {name}")
