"""Given some history, when a command comes, then these events follow."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import reduce
from typing import Any, Generic, TypeVar

import pytest

from app.domain.decider import Context, Decider
from app.errors import SymbiError
from events.base import Event

S = TypeVar("S")
C = TypeVar("C")
E = TypeVar("E", bound=Event)
Refusal = TypeVar("Refusal", bound=SymbiError)

COMMAND_ID = "00000000-0000-4000-8000-000000000001"
CONTEXT = Context(command_id=COMMAND_ID, actor="human/alice")


@dataclass(frozen=True)
class Answer(Generic[S, E]):
    """What a command came to."""

    ask: Callable[[], Sequence[E]]
    fold: Callable[[Sequence[E]], S]

    @property
    def events(self) -> list[E]:
        return [*self.ask()]

    @property
    def state(self) -> S:
        """The state once the events are folded."""
        return self.fold(self.events)

    def then(self, *events: E) -> None:
        assert self.events == [*events]

    def then_raises(self, error: type[Refusal], **facts: object) -> Refusal:
        """The refusal, which is exactly an *error* and carries at least these facts."""
        with pytest.raises(error) as caught:
            self.ask()
        assert type(caught.value) is error
        assert facts.items() <= caught.value.facts.items()
        return caught.value


@dataclass(frozen=True)
class Given(Generic[S, C, E]):
    decider: Decider[S, C, E]
    state: S
    context: Context = field(default=CONTEXT)

    def under(self, **facts: Any) -> "Given[S, C, E]":
        """The same, decided in another context."""
        return replace(self, context=replace(self.context, **facts))

    def when(self, command: C) -> Answer[S, E]:
        return Answer(
            lambda: self.decider.decide(self.state, command, self.context),
            lambda events: reduce(self.decider.evolve, events, self.state),
        )


def given(decider: Decider[S, C, E], *history: E, state: S | None = None) -> Given[S, C, E]:
    """What *history* comes to, on top of *state* where there is one."""
    return Given(decider, reduce(decider.evolve, history, decider.initial if state is None else state))
