"""Signs and sends a component's own commands, until each has an answer."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import structlog

from events.commands import Answer, Command, sign_request
from events.signing import SigningKey

from ..errors import Unavailable
from ..ports.clock import Clock
from ..ports.commands import CommandBus

_log = structlog.get_logger(__name__)

PASSING = ("unavailable", "conflict")
"""Families of answers that say nothing about the command itself."""

RESEND_AFTER_S = 0.25
RESEND_FOR_S = 90.0
"""The same bytes are sent again for this long; after that they would be stale, and are signed anew."""


@dataclass(frozen=True, slots=True)
class Commander:
    """One principal and how its commands travel."""

    principal: str
    key: SigningKey
    bus: CommandBus
    clock: Clock

    async def send(
        self,
        command: Command,
        command_id: str,
        *,
        causation_id: str | None = None,
        correlation_id: str | None = None,
    ) -> Answer:
        """The answer to *command*, sent again while nobody answers."""
        while True:
            signed = sign_request(
                command,
                self.key,
                principal=self.principal,
                command_id=command_id,
                now_ns=self.clock.now_ns(),
                causation_id=causation_id,
                correlation_id=correlation_id,
            )
            give_up = self.clock.now_ns() + int(RESEND_FOR_S * 1e9)
            while self.clock.now_ns() < give_up:
                try:
                    answer = await self.bus.send(signed)
                except Unavailable as error:
                    _log.warning(
                        "command not answered, sending it again", command=command.name, error=str(error)
                    )
                else:
                    if answer.error is None or answer.error.family not in PASSING:
                        return answer
                await asyncio.sleep(RESEND_AFTER_S)
            # Whether it was carried out is unknown, and these bytes are stale now: under the same id the
            # gateway refuses other bytes where it knows the first, and carries them out where it does not.


@dataclass(slots=True)
class Background:
    """Tasks of one component, kept from being collected, whose failures are logged."""

    tasks: set["asyncio.Task[Any]"]

    @classmethod
    def none(cls) -> "Background":
        return cls(set())

    def start(self, make: "Callable[[], Any]") -> "asyncio.Task[Any]":
        """Run the coroutine that *make* returns."""
        task: asyncio.Task[Any] = asyncio.ensure_future(make())
        self.tasks.add(task)
        task.add_done_callback(self._done)
        return task

    def _done(self, task: "asyncio.Task[Any]") -> None:
        self.tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            _log.error("background work failed", error=repr(error), exc_info=error)

    async def stop(self) -> None:
        """Cancel what runs, and wait until it has stopped."""
        for task in list(self.tasks):
            task.cancel()
        await asyncio.gather(*self.tasks, return_exceptions=True)
