"""Names inside one function, and where what they stand for is kept."""

from dataclasses import dataclass


@dataclass(slots=True)
class Facts:
    """What is known of a variable once its whole function has been read."""

    captured: bool = False
    """Whether a lambda uses it."""
    changed: bool = False
    """Whether it is assigned to, or changed in place, after its declaration."""


@dataclass(slots=True)
class Variable:
    """A name in scope. *boxed*: its register holds a box, which lambdas share."""

    name: str
    register: int
    facts: Facts
    boxed: bool = False


@dataclass(slots=True)
class Layout:
    """How many registers a function needs before its variables: known after it was compiled once."""

    captures: int = 0
    constants: int = 0


class Readings:
    """A function with its lambdas is compiled twice: what the first reading finds, the second relies on.

    Both declare the same variables and functions in the same order, so that order identifies them.
    """

    def __init__(self) -> None:
        self._facts: list[Facts] = []
        self._layouts: list[Layout] = []
        self._at = (0, 0)
        self.is_second = False

    def again(self) -> None:
        """Begin the second reading."""
        self.is_second, self._at = True, (0, 0)

    def facts(self) -> Facts:
        """Of the variable that is declared next."""
        facts, layouts = self._at
        if not self.is_second:
            self._facts.append(Facts())
        self._at = facts + 1, layouts
        return self._facts[facts]

    def layout(self) -> Layout:
        """Of the function or lambda that begins next; in the first reading for it to fill in."""
        facts, layouts = self._at
        if not self.is_second:
            self._layouts.append(Layout())
        self._at = facts, layouts + 1
        return self._layouts[layouts]
