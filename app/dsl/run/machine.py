"""The loop that runs compiled code, on a stack of its own: it can stop at any block and go on later."""

from collections.abc import Iterator
from typing import Any, Final

from ..source import Span
from .access import element, member, place, store
from .activation import BOTTOM, Activation
from .builtins.native import Native
from .equality import equals
from .failures import Failure, LimitReached
from .limits import Meter
from .opcodes import (
    ADD,
    BINARY,
    BOX,
    BRANCH,
    BRANCH_EQUAL,
    BRANCH_FITS,
    BRANCH_IN,
    BRANCH_LESS,
    BRANCH_TEST,
    CALL,
    CALL_METHOD,
    CALL_VALUE,
    CAPABILITY,
    CHANGE,
    CHECK,
    CLOSURE,
    INDEX,
    INDEX_KEPT,
    ITERATE,
    JUMP,
    KEEP,
    LIST,
    MAP,
    MEMBER,
    MEMBER_KEPT,
    MOVE,
    NATIVE,
    NEGATE,
    NEXT,
    NOT,
    RAISE,
    REBOX,
    RETURN,
    SECRET,
    STORE,
    SUBTRACT,
    UNBOX,
)
from .operators import add, at_most, equal, less, multiply, negative, number, remainder, subtract, within
from .sizes import ENTRY, SLOT, SMALL, list_size, text_size
from .sizes import MAP as MAP_SIZE
from .steps import Step, Stopped, Yielded
from .values import (
    CONTAINERS,
    LARGEST_INT,
    LEAST_INT,
    Box,
    Function,
    List,
    Map,
    Range,
    Secret,
    SecretRef,
    Value,
    share,
    type_name,
)

_END: Final = object()
_DYNAMIC_CALLS: Final = frozenset({CALL_METHOD, CALL_VALUE})
_CATCHING: Final = 8
"""Steps that an error costs."""
_MOST_MESSAGE: Final = 2000


class Machine(Activation):
    """Runs a `Code`: `go` until it has ended; after a `Called`, `answer` or `fail`, then `go` again."""

    def go(self, most: int) -> Step:
        """Go on for about *most* steps, or until something else than taking a break comes of it."""
        return self.ended or self._asked or self._loop(most)

    # One function on purpose: a call of a Python function costs as much as three instructions.
    def _loop(self, most: int) -> Step:
        meter, stack, limits = self._meter, self._stack, self._limits
        registers, block = self._registers, self._block
        assert block is not None
        deepest = limits.depth
        fuel = meter.fuel
        floor = max(0, fuel - max(most, block.cost))
        span: Span = block.code[0][4]
        x: Any
        y: Any
        while True:
            try:
                if self._raised is not None:
                    failure, self._raised = self._raised, None
                    span = block.code[-1][4]  # of the call, which ends the block
                    raise failure
                while True:
                    fuel -= block.cost
                    if fuel < floor:
                        if fuel < 0:
                            meter.began = meter.fuel = 0
                            meter.spend(1)
                        self._block = block
                        meter.fuel = fuel + block.cost
                        return Yielded()
                    for op, d, a, b, span in block.code:
                        if op < 16:
                            if op < 5:
                                if op == MEMBER:
                                    x = registers[a]
                                    if x.__class__ is Map and b in x.entries:
                                        registers[d] = x.entries[b]
                                    else:
                                        meter.fuel = meter.began = fuel
                                        registers[d] = member(meter, x, b)
                                        fuel = meter.fuel
                                elif op == INDEX:
                                    x = registers[a]
                                    y = registers[b]
                                    if x.__class__ is List and y.__class__ is int and 0 <= y < len(x.items):
                                        registers[d] = x.items[y]
                                    else:
                                        meter.fuel = meter.began = fuel
                                        registers[d] = element(meter, x, y)
                                        fuel = meter.fuel
                                elif op == ADD:
                                    x = registers[a]
                                    y = registers[b]
                                    if x.__class__ is int and y.__class__ is int:
                                        x += y
                                        registers[d] = x if LEAST_INT <= x <= LARGEST_INT else number(x)
                                    else:
                                        meter.fuel = meter.began = fuel
                                        registers[d] = add(meter, x, y)
                                        fuel = meter.fuel
                                elif op == SUBTRACT:
                                    x = registers[a]
                                    y = registers[b]
                                    if x.__class__ is int and y.__class__ is int:
                                        x -= y
                                        registers[d] = x if LEAST_INT <= x <= LARGEST_INT else number(x)
                                    else:
                                        meter.fuel = meter.began = fuel
                                        registers[d] = subtract(meter, x, y)
                                        fuel = meter.fuel
                                else:  # It is MULTIPLY.
                                    x = registers[a]
                                    y = registers[b]
                                    if x.__class__ is int and y.__class__ is int:
                                        x *= y
                                        registers[d] = x if LEAST_INT <= x <= LARGEST_INT else number(x)
                                    else:
                                        meter.fuel = meter.began = fuel
                                        registers[d] = multiply(meter, x, y)
                                        fuel = meter.fuel
                            elif op < 8:
                                if op == MOVE:
                                    registers[d] = registers[a]
                                elif op == KEEP:
                                    x = registers[d] = registers[a]
                                    if x.__class__ in CONTAINERS:
                                        x.shared = True
                                else:  # METHOD
                                    natives, name, arguments = b
                                    x = registers[a]
                                    native = natives.get(x.__class__)
                                    meter.fuel = meter.began = fuel
                                    y = arguments.pick(registers)
                                    if native is None or arguments.names:
                                        registers[d] = self._method(native, name, x, y, arguments)
                                    else:
                                        native.check(y)
                                        registers[d] = native.function(meter, x, *y)
                                    fuel = meter.fuel
                            elif op == CHANGE:
                                path, natives, name, arguments = b
                                meter.fuel = meter.began = fuel
                                # Before the place may be copied: they may be what is there.
                                y = arguments.pick(registers)
                                x = place(meter, registers, a, path)
                                native = natives.get(x.__class__)
                                if native is None or arguments.names:
                                    registers[d] = self._method(native, name, x, y, arguments)
                                else:
                                    native.check(y)
                                    registers[d] = native.function(meter, x, *y)
                                fuel = meter.fuel
                            elif op == STORE:
                                meter.fuel = meter.began = fuel
                                store(meter, registers, d, a, registers[b])
                                fuel = meter.fuel
                            elif op == BINARY:
                                function, other = b
                                meter.fuel = meter.began = fuel
                                registers[d] = function(meter, registers[a], registers[other])
                                fuel = meter.fuel
                            elif op == MEMBER_KEPT:
                                x = registers[a]
                                if x.__class__ is Map and b in x.entries:
                                    x = registers[d] = x.entries[b]
                                else:
                                    meter.fuel = meter.began = fuel
                                    x = registers[d] = member(meter, x, b)
                                    fuel = meter.fuel
                                if x.__class__ in CONTAINERS:
                                    x.shared = True
                            elif op == INDEX_KEPT:
                                meter.fuel = meter.began = fuel
                                registers[d] = share(element(meter, registers[a], registers[b]))
                                fuel = meter.fuel
                            elif op == LIST:
                                meter.fuel = meter.began = fuel
                                meter.allocate(list_size(len(a)))
                                fuel = meter.fuel
                                registers[d] = List([registers[x] for x in a])
                            elif op == MAP:
                                meter.fuel = meter.began = fuel
                                meter.allocate(MAP_SIZE + sum(ENTRY + text_size(x) for x in a))
                                fuel = meter.fuel
                                registers[d] = Map(dict(zip(a, [registers[x] for x in b], strict=True)))
                            else:  # RECORD
                                name, keys = a
                                meter.fuel = meter.began = fuel
                                meter.allocate(MAP_SIZE + sum(ENTRY + text_size(x) for x in keys))
                                fuel = meter.fuel
                                values = [registers[x] for x in b]
                                registers[d] = Map(dict(zip(keys, values, strict=True)), name)
                        elif op >= 32:
                            if op < 36:
                                if op == BRANCH:
                                    x = registers[d]
                                    if x is True:
                                        block = a
                                    elif x is False:
                                        block = b
                                    else:
                                        meter.fuel = fuel
                                        raise Failure(
                                            "TypeError", f"a condition must be a bool, not {type_name(x)}"
                                        )
                                elif op == BRANCH_EQUAL:
                                    x = registers[d]
                                    y = registers[a]
                                    kind = x.__class__
                                    if kind is y.__class__ and (kind is int or kind is str):
                                        if kind is str:
                                            fuel -= len(x) >> 6
                                        block = b[0] if x == y else b[1]
                                    else:
                                        meter.fuel = meter.began = fuel
                                        block = b[0] if equal(meter, x, y) else b[1]
                                        fuel = meter.fuel
                                elif op == BRANCH_LESS:
                                    x = registers[d]
                                    y = registers[a]
                                    kind = x.__class__
                                    if kind is y.__class__ and (kind is int or kind is float):
                                        block = b[0] if x < y else b[1]
                                    else:
                                        meter.fuel = meter.began = fuel
                                        block = b[0] if less(meter, x, y) else b[1]
                                        fuel = meter.fuel
                                else:  # BRANCH_AT_MOST
                                    x = registers[d]
                                    y = registers[a]
                                    kind = x.__class__
                                    if kind is y.__class__ and (kind is int or kind is float):
                                        block = b[0] if x <= y else b[1]
                                    else:
                                        meter.fuel = meter.began = fuel
                                        block = b[0] if at_most(meter, x, y) else b[1]
                                        fuel = meter.fuel
                            elif op == JUMP:
                                block = d
                            elif op == NEXT:
                                x = next(registers[a], _END)
                                if x is _END:
                                    block = b[1]
                                else:
                                    registers[d] = x
                                    if x.__class__ in CONTAINERS:
                                        x.shared = True
                                    block = b[0]
                            elif op == CALL:
                                if len(stack) >= deepest:
                                    self._too_deep()
                                stack.append((registers, block, d, a.size))
                                registers = [*b.pick(registers), *a.rest]
                                self._registers = registers
                                meter.free -= a.size
                                if meter.free < 0:
                                    meter.fuel = meter.began = fuel
                                    meter.count_again()
                                    fuel = meter.fuel
                                block = a.entry
                            elif op == RETURN:
                                x = registers[d]
                                registers, block, d, size = stack.pop()
                                meter.free += size
                                self._registers = registers
                                if d >= 0:
                                    registers[d] = x
                                    block = block.following
                                elif d == BOTTOM:
                                    meter.fuel = fuel
                                    return self._finish(x, span)
                                else:
                                    meter.fuel = meter.began = fuel
                                    registers, block = self._resume(registers, block, x)
                                    fuel = meter.fuel
                            elif op in _DYNAMIC_CALLS:
                                meter.fuel = meter.began = fuel
                                if op == CALL_METHOD:
                                    registers, block = self._call_method(d, a, b, block)
                                else:
                                    frame = (registers, block, d, 0)
                                    registers, block = self._call(frame, registers[a], b.pick(registers))
                                fuel = meter.fuel
                            elif op == CAPABILITY:
                                meter.fuel = meter.began = fuel
                                self._block = block
                                self._asked = self._called(a, b, registers, span)
                                self._awaiting = d
                                return self._asked
                            elif op == BRANCH_IN:
                                meter.fuel = meter.began = fuel
                                block = b[0] if within(meter, registers[d], registers[a]) else b[1]
                                fuel = meter.fuel
                            elif op == BRANCH_TEST:
                                meter.fuel = meter.began = fuel
                                block = b[0] if a(meter, registers[d]) else b[1]
                                fuel = meter.fuel
                            elif op == RAISE:
                                meter.fuel = fuel
                                raise registers[d + 1]
                            elif op == BRANCH_FITS:
                                x = registers[d]
                                if x.__class__ is str and a.__class__ is str:
                                    block = b[0] if x == a else b[1]
                                else:
                                    meter.fuel = meter.began = fuel
                                    block = b[0] if equals(meter, a, x) else b[1]
                                    fuel = meter.fuel
                            else:  # MISMATCH
                                meter.fuel = fuel
                                raise Failure("MatchError", f"no arm fits {_shown(registers[d])}")
                            break
                        elif op == NATIVE:
                            meter.fuel = meter.began = fuel
                            registers[d] = _native(meter, a, b, registers)
                            fuel = meter.fuel
                        elif op == NEGATE:
                            meter.fuel = meter.began = fuel
                            registers[d] = negative(meter, registers[a])
                        elif op == NOT:
                            x = registers[a]
                            if x.__class__ is not bool:
                                meter.fuel = fuel
                                raise Failure("TypeError", f"a condition must be a bool, not {type_name(x)}")
                            registers[d] = not x
                        elif op == UNBOX:
                            registers[d] = registers[a].content
                        elif op == BOX:
                            meter.fuel = meter.began = fuel
                            meter.allocate(SMALL)
                            registers[d] = Box(registers[a])
                        elif op == REBOX:
                            registers[d].content = registers[a]
                        elif op == CLOSURE:
                            meter.fuel = meter.began = fuel
                            meter.allocate(SMALL + SLOT * len(b))
                            registers[d] = Function(a, tuple(share(registers[x]) for x in b))
                        elif op == ITERATE:
                            meter.fuel = fuel
                            registers[d + 1] = share(registers[a])
                            registers[d] = _iterator(registers[a])
                        elif op == SECRET:
                            meter.fuel = meter.began = fuel
                            registers[d] = _secret(meter, a, None if b is None else registers[b])
                        elif op == CHECK:
                            if registers[d].__class__ not in a.fits:
                                meter.fuel = fuel
                                a.check(registers[d], b)
                        else:  # It is REMAINDER.
                            x = registers[a]
                            y = registers[b]
                            if x.__class__ is int and y.__class__ is int and y != 0:
                                registers[d] = x % y
                            else:
                                meter.fuel = meter.began = fuel
                                registers[d] = remainder(meter, x, y)
            except Failure as failure:
                # Whichever was told last: neither ever grows.
                fuel = min(fuel, meter.fuel) - _CATCHING
                found = self._handler(registers, block, failure)
                if found is None:
                    meter.fuel = max(0, fuel)
                    message = failure.message
                    if len(message) > _MOST_MESSAGE:
                        message = f"{message[:_MOST_MESSAGE]}…"
                    return self._end(Stopped("error", failure.kind, message, span))
                registers, block = found
            except LimitReached as reached:
                meter.fuel = max(0, min(fuel, meter.fuel))
                return self._end(Stopped("limit", reached.resource, reached.message, span))


def _native(meter: Meter, native: Native, arguments: Any, registers: list[Any]) -> Value:
    """Call a built-in function."""
    values = arguments.pick(registers)
    if arguments.names:
        values = native.arranged(*arguments.split(arguments.pick(registers)))
    native.check(values)
    return native.function(meter, *values)  # type: ignore[no-any-return]


def _iterator(value: Value) -> Iterator[Value]:
    if isinstance(value, List | Range):
        return iter(value.items)
    if isinstance(value, Map):
        return iter(value.entries)
    if isinstance(value, str):
        return iter(value)
    raise Failure("TypeError", f"cannot go through {type_name(value)}")


def _secret(meter: Meter, path: str, entry: Value) -> Secret:
    if entry is not None and not isinstance(entry, str):
        raise Failure("TypeError", f"the entry of a secret is a String, not {type_name(entry)}")
    meter.allocate(2 * SMALL)
    return Secret((SecretRef(path, entry),))


def _shown(value: Value) -> str:
    """*value* in a message: text itself when it is short, of anything else its type."""
    return f'"{value}"' if isinstance(value, str) and len(value) <= 60 else type_name(value)
