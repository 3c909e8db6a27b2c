"""Tools that are Python functions of this process."""

import inspect
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from typing import Any

from ..ports.tools import Call, Json, Tool, ToolFailed

Function = Callable[..., Json | Awaitable[Json]]


class FunctionTool:
    """`app.ports.tools.Tool` of a function; the first line of its docstring says what it does.

    Its parameters are the tool's, but for one called `call`, which is given the `Call` itself.
    """

    def __init__(self, name: str, signature: str, function: Function, *, idempotent: bool) -> None:
        """*signature* is in the notation of definitions: `(table: String) -> List<Map>`."""
        self.name = name
        self.signature = signature
        self.idempotent = idempotent
        self.about = (inspect.getdoc(function) or "").partition("\n")[0]
        self._function = function
        self._python = inspect.signature(function)
        self._wants_call = "call" in self._python.parameters
        self.parameters: Sequence[str] = [each for each in self._python.parameters if each != "call"]

    async def call(self, call: Call) -> Json:
        """Call the function; arguments that do not fit are the caller's mistake."""
        given: dict[str, Any] = {**call.named, **({"call": call} if self._wants_call else {})}
        try:
            bound = self._python.bind(*call.args, **given)
        except TypeError as error:
            raise ToolFailed(f"{self.name}{self.signature}: {error}", "TypeError") from None
        answer = self._function(*bound.args, **bound.kwargs)
        return await answer if inspect.isawaitable(answer) else answer


class ToolRegistry:
    """`app.ports.tools.Tools`: those that it was given, by name."""

    def __init__(self, tools: Iterable[Tool] = ()) -> None:
        self._tools: Mapping[str, Tool] = {tool.name: tool for tool in tools}

    def find(self, name: str) -> Tool | None:
        return self._tools.get(name)

    def names(self) -> Sequence[str]:
        return sorted(self._tools)
