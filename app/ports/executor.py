"""Where the programs of tasks run: in a sandbox, or not at all."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol

from events.agent_config import ResourceLimits
from events.task import CommandWork, Usage

MEBIBYTE = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Job:
    """One attempt at a task, with everything that it needs."""

    task_id: str
    attempt: int
    assignment: int
    work: CommandWork
    limits: ResourceLimits
    files: Mapping[str, bytes] = field(default_factory=dict)
    """The content of `work.files`: path below the working directory → bytes."""
    keep_output: int = MEBIBYTE
    """How many bytes of output are kept; the middle of a longer one is left out."""


class OutcomeKind(StrEnum):
    """How a run ended; `refused` means that nothing ran."""

    COMPLETED = "completed"
    FAILED = "failed"
    TIMED_OUT = "timed_out"
    CANCELLED = "cancelled"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a run ended, and what is left of it."""

    kind: OutcomeKind
    exit_code: int | None = None
    reason: str = ""
    """A short code unless it completed: `exit`, `limit`, `lost`, `not_started`; `timeout`; `cancelled`;
    refused: `no_sandbox`, `image_missing`, `invalid`."""
    detail: str = ""
    """What happened and what to do about it, for people."""
    output: bytes = b""
    """What the program wrote to its standard output and error, as it arrived: each of them in its order, but
    what it wrote to both at nearly the same time in any. Where bytes were left out, a line says how many."""
    output_size: int = 0
    """How many bytes the program wrote."""
    usage: Usage = field(default_factory=Usage)
    """`wall_seconds` leaves out the time that it was paused."""


class Phase(StrEnum):
    """Where a run stands."""

    PREPARING = "preparing"
    RUNNING = "running"
    PAUSED = "paused"
    ENDED = "ended"


class Wish(StrEnum):
    """What the caller wants of a run."""

    RUN = "run"
    PAUSE = "pause"
    CANCEL = "cancel"


class Written(Protocol):
    """What a program has written so far; it may write on meanwhile."""

    @property
    def size(self) -> int:
        """How many bytes."""
        ...

    def part(self, offset: int, most: int) -> tuple[int, bytes]:
        """At most *most* bytes from *offset* on, or from the next that is kept; where they begin."""
        ...


class Control:
    """The caller's hold on one run: made before it, used from the event loop at any time.

    `on_start` is awaited with the sandbox's name when everything is ready; the program starts only after it
    has returned, and never if it raises (the run then raises the same). `written` is what it writes, from
    before it starts; None as long as there is nothing to be seen.
    """

    def __init__(self, *, on_start: Callable[[str], Awaitable[None]] | None = None) -> None:
        self.on_start = on_start
        self.written: Written | None = None
        self._wish = Wish.RUN
        self._phase = Phase.PREPARING
        self._news = asyncio.Event()

    def pause(self) -> None:
        """Freeze the program as soon as possible; its clock stands still. Before the start: do not start."""
        self._want(Wish.PAUSE)

    def resume(self) -> None:
        """Let it go on."""
        self._want(Wish.RUN)

    def cancel(self) -> None:
        """Stop it, for good."""
        self._want(Wish.CANCEL)

    @property
    def phase(self) -> Phase:
        """Where the run stands."""
        return self._phase

    async def reached(self, *phases: Phase) -> Phase:
        """Wait until the run is in one of *phases*, or has ended; the phase it is in."""
        while self._phase not in (*phases, Phase.ENDED):
            await self._news.wait()
        return self._phase

    @property
    def wish(self) -> Wish:
        """For executors: what is wanted now."""
        return self._wish

    async def rethought(self, wish: Wish) -> None:
        """For executors: wait until what is wanted is no longer *wish*."""
        while self._wish is wish:
            await self._news.wait()

    def enter(self, phase: Phase) -> None:
        """For executors: say where the run stands."""
        if phase is not self._phase:
            self._phase = phase
            self._tell()

    def _want(self, wish: Wish) -> None:
        if wish is not self._wish and self._wish is not Wish.CANCEL:
            self._wish = wish
            self._tell()

    def _tell(self) -> None:
        told, self._news = self._news, asyncio.Event()
        told.set()


class Executor(Protocol):
    """Runs programs that nobody trusts.

    A program sees an empty network, a root file system that it cannot write, its files in the working
    directory, a small `/tmp`, and the environment that its task gives; nothing of the machine's.
    """

    async def run(self, job: Job, control: Control) -> Outcome:
        """Run *job* to its end, whatever that is; nothing of it is left when this returns or raises.

        The wall-clock limit is kept from outside the sandbox. Where no sandbox can be had, the outcome is
        `refused`; nothing ever runs without one. Cancelling this coroutine kills the program.
        """
        ...

    async def cleanup(self) -> int:
        """Remove what earlier runs of this runtime left behind when it was killed; how many runs that was.

        Call it before the first `run`, never beside one.
        """
        ...

    async def doctor(self) -> tuple[bool, str]:
        """Whether sandboxes can be had, and which, or what to do about it."""
        ...
