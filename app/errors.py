"""Everything that can go wrong, by what the caller should do about it.

Each class's docstring is its default message, formatted with its attributes.
`exit_code` is what the command line ends with; `status` is the HTTP equivalent.
"""

from typing import ClassVar


class SymbiError(Exception):
    """Something went wrong."""

    exit_code: ClassVar[int] = 1
    status: ClassVar[int] = 500

    def __init__(self, message: str | None = None, **facts: object) -> None:
        self.facts = facts
        super().__init__(message or (type(self).__doc__ or "").split("\n\n")[0].format(**facts))

    @property
    def code(self) -> str:
        """The stable name of this error on the wire: `AgentAlreadySpawned`."""
        return type(self).__name__

    @property
    def message(self) -> str:
        return str(self.args[0])


class Rejected(SymbiError):
    """The current state forbids it."""

    exit_code = 1
    status = 409


class Invalid(SymbiError):
    """The input is malformed."""

    exit_code = 2
    status = 422


class Denied(SymbiError):
    """Not permitted."""

    exit_code = 3
    status = 403


class Unavailable(SymbiError):
    """A service this needs is not reachable."""

    exit_code = 4
    status = 503


class Corrupt(SymbiError):
    """The log contradicts itself."""

    exit_code = 5
    status = 500


class Conflict(SymbiError):
    """Someone else wrote first; reload and decide again."""

    exit_code = 1
    status = 409
