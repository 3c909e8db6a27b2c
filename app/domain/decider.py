"""The shape every stream's logic has."""

from collections.abc import Callable, Container, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from events.agent_config import SandboxTier
from events.base import Event

from .definition import Checked

S = TypeVar("S")
C = TypeVar("C")
E = TypeVar("E", bound=Event)


@dataclass(frozen=True, slots=True)
class Context:
    """What a decision needs beside state and command: time, ids and who asks, as arguments."""

    command_id: str
    actor: str
    """A pseudonymous id: `human/operator`."""
    tenant: str = "default"
    now_ns: int = 0
    max_agents: int = 10_000
    live_agents: int = 0
    """How many agents of the runtime are neither terminated nor decommissioned."""
    known_keys: Container[str] = frozenset()
    """The ids of all keys ever issued, whoever holds them."""
    deciding_keys: Container[str] = frozenset()
    """The keys that sign what is decided now; revoking one would make its own decision invalid."""
    definition: Checked | None = None
    """What came of checking the text that the command holds, if it holds one."""
    task_image: str = ""
    """The container image of programs that name none."""
    default_tier: SandboxTier | None = None
    """The tier of programs of which a factor of risk is unknown; none where no risk is assessed."""
    other_operators: int = 0
    """How many other identities could still command everything."""


@dataclass(frozen=True)
class Decider(Generic[S, C, E]):
    """How one kind of stream answers commands and remembers facts."""

    initial: S
    decide: Callable[[S, C, Context], Sequence[E]]
    """The facts that a command causes, none when it changes nothing. May raise `Rejected`."""
    evolve: Callable[[S, E], S]
    """Total: every state takes every event, and nothing is raised."""
