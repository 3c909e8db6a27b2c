"""What keeps a definition from being compiled."""

from ...source import Span


class CompileError(Exception):
    """This cannot be run; the text says why. A definition that the checker accepts never raises it."""

    def __init__(self, message: str, span: Span) -> None:
        self.message, self.span = message, span
        super().__init__(message)
