"""What can go wrong while a body runs: what it may catch, and what it may not."""

from typing import Literal

KINDS: dict[str, str] = {
    "Error": "every error; also what `error(message)` raises",
    "TypeError": "a value of a type that does not fit",
    "ValueError": "a value of the right type that cannot be used, as text that is no number",
    "IndexError": "no element at that place",
    "KeyError": "no entry of that name",
    "ArithmeticError": "a division by zero, an int of more than 64 bits, a float that is not finite",
    "MatchError": "no arm of a `match` fits",
    "AssertionError": "an `assert` that does not hold",
    "CallError": "every capability call that failed, whatever its own kind",
}
"""The kinds of errors that `catch (Kind e)` can name, and what each stands for. Failed capability calls and
`error(message, kind)` may add kinds of their own, so a kind that is not here is no mistake."""


class Failure(Exception):
    """An error that the body may catch: by its *kind*, by `Error`, and a failed call also by `CallError`."""

    def __init__(self, kind: str, message: str, *, of_call: bool = False) -> None:
        self.kind, self.message, self.of_call = kind, message, of_call
        super().__init__(f"{kind}: {message}")

    def is_a(self, kind: str) -> bool:
        """Whether `catch (kind e)` takes it."""
        return kind in (self.kind, "Error") or (self.of_call and kind == "CallError")


Resource = Literal["fuel", "memory", "recursion", "calls", "output"]


class LimitReached(Exception):
    """The run has used up a resource. No body can catch it."""

    def __init__(self, resource: Resource, message: str) -> None:
        self.resource, self.message = resource, message
        super().__init__(message)
