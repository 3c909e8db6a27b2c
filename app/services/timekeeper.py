"""The timekeeper: gives agents the tasks of their schedules when their times come."""

import asyncio
from collections.abc import Sequence
from functools import partial

import structlog

from events import clock as wire
from events import identifiers
from events.codec import Fact
from events.commands import FireSchedule

from ..domain.timetable import Firing, Timetable
from ..ports.clock import Clock
from .commander import Background, Commander
from .feed import Feed, position
from .verification import Item

TICK_S = 1.0
"""How soon a clock that was set is noticed; times that come are met without waiting for it."""

AT_ONCE = 100
"""How many firings may wait for their answers."""

PASSING = frozenset({"AgentNotReady", "AgentInQuarantine"})
"""Refusals that another state of the agent would not have brought."""

_log = structlog.get_logger(__name__)


class Timekeeper:
    """One leader per runtime. It decides from the log and the clock alone, so a restart decides the same."""

    def __init__(
        self,
        *,
        timetable: Timetable,
        after: int,
        upto: int,
        feed: Feed,
        commander: Commander,
        clock: Clock,
        tick_s: float = TICK_S,
    ) -> None:
        """*timetable* is as of position *after*; nothing is fired before the log is known up to *upto*."""
        self._timetable = timetable
        self._after = after
        self._upto = upto
        self._feed = feed
        self._commander = commander
        self._clock = clock
        self._tick_s = tick_s
        self._background = Background.none()
        self._firing = 0
        self._news = asyncio.Event()
        self._tries: dict[str, int] = {}
        """What comes due → how often it was refused."""
        self._told: set[tuple[str, str]] = set()

    async def run(self) -> None:
        """Keep time for ever."""
        self._background.start(self._watch_clock)
        try:
            async for items in self._feed.after(self._after):
                self._take(items)
                self._after = position(items[-1])
                self._news.set()
        finally:
            await self._background.stop()

    def _take(self, items: Sequence[Item]) -> None:
        for item in items:
            if isinstance(item, Fact):
                self._timetable.take(item.envelope.agent, item.event)

    async def _watch_clock(self) -> None:
        while True:
            self._news.clear()
            self._fire()
            try:
                async with asyncio.timeout(self._pause()):
                    await self._news.wait()
            except TimeoutError:
                pass

    def _pause(self) -> float:
        """Seconds until the next time comes, and at most a tick, since the clock may be set."""
        at = self._timetable.next_ns
        if at is None or not self._may_fire:
            return self._tick_s
        return min(max(at - self._clock.now_ns(), 0) / 1e9, self._tick_s)

    @property
    def _may_fire(self) -> bool:
        # Before that position, what is due may have been fired already, by whoever kept the time before.
        return self._after >= self._upto and self._firing < AT_ONCE

    def _fire(self) -> None:
        if not self._may_fire:
            return
        for firing in self._timetable.due(self._clock.now_ns(), most=AT_ONCE - self._firing):
            self._firing += 1
            self._background.start(partial(self._carry_out, firing))
        for agent_id, schedule in self._timetable.unreadable.keys() - self._told:
            self._told.add((agent_id, schedule))
            why = self._timetable.unreadable[agent_id, schedule]
            _log.error(
                "a schedule cannot be read and does not fire", agent=agent_id, schedule=schedule, why=why
            )

    async def _carry_out(self, firing: Firing) -> None:
        try:
            await self._command(firing)
        finally:
            self._firing -= 1
            self._news.set()

    async def _command(self, firing: Firing) -> None:
        command = FireSchedule(
            agent_id=firing.agent_id,
            schedule=firing.schedule,
            due_at=wire.to_wire(firing.due_ns),
            skipped=firing.skipped,
        )
        # The id derives from what comes due: whoever commands it again, after a restart too, repeats nothing.
        # A refusal is remembered under it, so that trying again once the agent can takes another.
        cause = f"{firing.agent_id}/{firing.schedule}/{firing.due_ns}"
        tries = self._tries.get(cause, 0)
        answer = await self._commander.send(command, identifiers.command_id(cause, "timekeeper.fire", tries))
        if answer.error is None:
            self._tries.pop(cause, None)
            return
        _log.info("firing refused", agent=firing.agent_id, schedule=firing.schedule, why=answer.error.code)
        self._tries[cause] = tries + 1
        if tries == 0 and answer.error.code in PASSING:
            await self._command(firing)  # the refusal may be one that was remembered from before a restart
        else:
            self._timetable.refused(firing)
