"""The language once more, as plainly as it can be written: by walking the tree, and copying every value.

It knows only the part of the language that `dsl_bodies` draws; what it says is what the machine must do.
"""

from collections.abc import Callable
from copy import deepcopy
from typing import Any

from app.dsl import tree


class Error(Exception):
    """An error of the body, by its kind."""


class _Return(Exception):
    def __init__(self, value: Any) -> None:
        self.value = value


class _Break(Exception):
    pass


class _Continue(Exception):
    pass


class Scope:
    """Names of a block, and the scope around it."""

    def __init__(self, around: "Scope | None" = None) -> None:
        self.names: dict[str, Any] = {}
        self.around = around

    def of(self, name: str) -> "Scope | None":
        scope: Scope | None = self
        while scope is not None and name not in scope.names:
            scope = scope.around
        return scope


class Reference:
    """Runs bodies; *calls* are the arguments of every call of a capability; its number is the answer."""

    def __init__(self, functions: dict[str, tree.FunctionDef], steps: int) -> None:
        self.functions, self.steps = functions, steps
        self.calls: list[Any] = []

    def run(self, body: tree.Block) -> Any:
        try:
            return self.block(body, Scope())
        except _Return as returned:
            return returned.value

    def block(self, node: tree.Block, around: Scope) -> Any:
        scope = Scope(around)
        for statement in node.statements:
            self.statement(statement, scope)
        return None if node.result is None else self.value(node.result, scope)

    def statement(self, node: tree.Statement, scope: Scope) -> None:
        self.steps -= 1
        if self.steps < 0:
            raise Error("fuel")
        match node:
            case tree.Let():
                scope.names[node.name] = self.value(node.value, scope)
            case tree.Assign():
                self.assign(node, scope)
            case tree.ExpressionStatement():
                self.value(node.value, scope)
            case tree.If():
                self.value(node, scope)
            case tree.For():
                self.loop(node, scope)
            case tree.Try():
                self.attempt(node, scope)
            case tree.Return():
                raise _Return(None if node.value is None else self.value(node.value, scope))
            case tree.Break():
                raise _Break
            case tree.Continue():
                raise _Continue
            case _:
                raise AssertionError(node)

    def loop(self, node: tree.For, scope: Scope) -> None:
        for item in self.value(node.iterable, scope):
            inner = Scope(scope)
            inner.names[node.name] = deepcopy(item)
            try:
                self.block(node.body, inner)
            except _Break:
                return
            except _Continue:
                continue

    def attempt(self, node: tree.Try, scope: Scope) -> None:
        try:
            self.block(node.body, scope)
        except Error as error:
            if str(error) == "fuel":
                raise
            (catch,) = node.catches
            inner = Scope(scope)
            inner.names[catch.name] = {"kind": str(error)}
            self.block(catch.body, inner)

    def assign(self, node: tree.Assign, scope: Scope) -> None:
        if node.operator == "=":
            if isinstance(node.target, tree.Identifier):
                value = self.value(node.value, scope)
                (scope.of(node.target.name) or scope).names[node.target.name] = value
                return
            keys = self.keys(node.target, scope)
            self.put(keys, self.value(node.value, scope))
            return
        keys = self.keys(node.target, scope)
        current = deepcopy(self.at(keys))
        self.put(keys, self.operate(node.operator[0], current, self.value(node.value, scope)))

    def keys(self, node: tree.Expression, scope: Scope) -> list[Any]:
        """The scope, the name, and the keys behind it."""
        steps: list[Any] = []
        while isinstance(node, tree.Index | tree.Member):
            steps.append(node)
            node = node.object
        assert isinstance(node, tree.Identifier)
        found = scope.of(node.name)
        assert found is not None
        keys = [
            step.name if isinstance(step, tree.Member) else self.value(step.index, scope)
            for step in reversed(steps)
        ]
        return [found, node.name, *keys]

    def at(self, keys: list[Any]) -> Any:
        value = keys[0].names[keys[1]]
        for key in keys[2:]:
            value = self.element(value, key)
        return value

    def put(self, keys: list[Any], value: Any) -> None:
        if len(keys) == 2:
            keys[0].names[keys[1]] = value
            return
        holder, key = self.at(keys[:-1]), keys[-1]
        if isinstance(holder, dict) and isinstance(key, str):
            holder[key] = value
        elif isinstance(holder, list) and type(key) is int:
            self.element(holder, key)
            holder[key] = value
        else:
            raise Error("TypeError")

    def element(self, holder: Any, key: Any) -> Any:
        if isinstance(holder, dict):
            if not isinstance(key, str):
                raise Error("TypeError")
            if key not in holder:
                raise Error("KeyError")
            return holder[key]
        if isinstance(holder, list):
            if type(key) is not int:
                raise Error("TypeError")
            if not -len(holder) <= key < len(holder):
                raise Error("IndexError")
            return holder[key]
        raise Error("TypeError")

    def value(self, node: tree.Expression, scope: Scope) -> Any:
        match node:
            case tree.IntLiteral() | tree.StringLiteral() | tree.BoolLiteral():
                return node.value
            case tree.NullLiteral():
                return None
            case tree.Identifier():
                found = scope.of(node.name)
                assert found is not None, node.name
                return deepcopy(found.names[node.name])
            case tree.ArrayLiteral():
                return [self.value(item, scope) for item in node.items]
            case tree.RecordLiteral():
                return {field.name: self.value(field.value, scope) for field in node.fields}
            case tree.Member():
                return self.element(self.value(node.object, scope), node.name)
            case tree.Index():
                return self.element(self.value(node.object, scope), self.value(node.index, scope))
            case tree.Unary():
                value = self.value(node.operand, scope)
                return self.negated(value) if node.operator == "-" else not self.truth(value)
            case tree.Binary(operator="&&"):
                return self.truth(self.value(node.left, scope)) and self.truth(self.value(node.right, scope))
            case tree.Binary(operator="||"):
                return self.truth(self.value(node.left, scope)) or self.truth(self.value(node.right, scope))
            case tree.Binary():
                left = self.value(node.left, scope)
                return self.operate(node.operator, left, self.value(node.right, scope))
            case tree.If():
                assert not isinstance(node.condition, tree.LetCondition)
                taken = node.then if self.truth(self.value(node.condition, scope)) else node.otherwise
                if taken is None:
                    return None
                return self.value(taken, scope) if isinstance(taken, tree.If) else self.block(taken, scope)
            case tree.Lambda():
                return self.function(node, scope)
            case tree.Call():
                return self.call(node, scope)
        raise AssertionError(node)

    def function(self, node: tree.Lambda, scope: Scope) -> Callable[..., Any]:
        def called(*arguments: Any) -> Any:
            if len(arguments) != len(node.parameters):
                raise Error("TypeError")
            inner = Scope(scope)
            inner.names.update(zip(node.parameters, arguments, strict=True))
            return self.value(node.body, inner)

        return called

    def call(self, node: tree.Call, scope: Scope) -> Any:
        if isinstance(node.callee, tree.Identifier):
            return self.named(node.callee.name, self.values(node, scope), scope)
        assert isinstance(node.callee, tree.Member)
        name, of = node.callee.name, node.callee.object
        if name in ("push", "pop"):
            keys = self.keys(of, scope)
            arguments = self.values(node, scope)
            target = self.at(keys)
            if not isinstance(target, list):
                raise Error("TypeError")
            if name == "pop":
                return target.pop() if target else None
            target.append(arguments[0])
            return deepcopy(target)
        return self.method(name, self.value(of, scope), self.values(node, scope))

    def values(self, node: tree.Call, scope: Scope) -> list[Any]:
        return [self.value(argument.value, scope) for argument in node.arguments]

    def named(self, name: str, arguments: list[Any], scope: Scope) -> Any:
        self.steps -= 1
        if self.steps < 0:
            raise Error("fuel")
        found = scope.of(name)
        if found is not None and callable(found.names[name]):
            return found.names[name](*arguments)
        if name in self.functions:
            function = self.functions[name]
            inner = Scope()
            inner.names.update(zip((param.name for param in function.params), arguments, strict=True))
            try:
                return self.block(function.body, inner)
            except _Return as returned:
                return returned.value
        if name == "error":
            raise Error("Error")
        if name == "range":
            if type(arguments[0]) is not int:
                raise Error("TypeError")
            return list(range(arguments[0]))
        self.calls.append(deepcopy(arguments))
        return len(self.calls)

    def method(self, name: str, of: Any, arguments: list[Any]) -> Any:
        if name == "len" and isinstance(of, list | dict | str):
            return len(of)
        if name == "keys" and isinstance(of, dict):
            return list(of)
        if name == "get" and isinstance(of, dict) and isinstance(arguments[0], str):
            return of.get(arguments[0], arguments[1])
        if name in ("map", "filter") and isinstance(of, list):
            if not callable(arguments[0]):
                raise Error("TypeError")
            if name == "map":
                return [arguments[0](deepcopy(item)) for item in of]
            return [item for item in of if self.flag(arguments[0](deepcopy(item)))]
        raise Error("TypeError")

    def flag(self, value: Any) -> bool:
        return self.truth(value)

    def truth(self, value: Any) -> bool:
        if type(value) is not bool:
            raise Error("TypeError")
        return value

    def negated(self, value: Any) -> int:
        if type(value) is not int:
            raise Error("TypeError")
        return self.bounded(-value)

    def bounded(self, value: int) -> int:
        if not -(2**63) <= value < 2**63:
            raise Error("ArithmeticError")
        return value

    def operate(self, operator: str, left: Any, right: Any) -> Any:
        if operator in ("==", "!="):
            return self.same(left, right) == (operator == "==")
        if operator == "in":
            return self.within(left, right)
        if operator == "+":
            if isinstance(left, list) and isinstance(right, list):
                return left + right
            if isinstance(left, str) and isinstance(right, str):
                return left + right
            if (isinstance(left, str) or isinstance(right, str)) and not isinstance(left, list | dict):
                if isinstance(right, list | dict) or callable(left) or callable(right):
                    raise Error("TypeError")
                return self.text(left) + self.text(right)
        if type(left) is not int or type(right) is not int:
            raise Error("TypeError")
        if operator == "<":
            return left < right
        if operator == "%":
            if right == 0:
                raise Error("ArithmeticError")
            return left % right
        return self.bounded({"+": left + right, "-": left - right, "*": left * right}[operator])

    def text(self, value: Any) -> str:
        return (
            {None: "null", True: "true", False: "false"}[value]
            if value is None or type(value) is bool
            else str(value)
        )

    def same(self, left: Any, right: Any) -> bool:
        if left is None or right is None:
            return left is right
        if type(left) is not type(right) or callable(left):
            raise Error("TypeError")
        return self.equal(left, right)

    def equal(self, left: Any, right: Any) -> bool:
        if type(left) is not type(right):
            return False
        if isinstance(left, list):
            return len(left) == len(right) and all(map(self.equal, left, right))
        if isinstance(left, dict):
            return left.keys() == right.keys() and all(self.equal(left[key], right[key]) for key in left)
        return bool(left == right)

    def within(self, item: Any, container: Any) -> bool:
        if isinstance(container, list):
            return any(self.equal(item, other) for other in container)
        if isinstance(container, dict | str) and isinstance(item, str):
            return item in container
        raise Error("TypeError")
