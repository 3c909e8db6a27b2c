"""The scheduler: follows the log, decides what runs where, and commands it."""

import asyncio
from collections.abc import Callable, Sequence
from functools import partial
from itertools import count

import structlog

from events import identifiers
from events.codec import Fact
from events.commands import ExpireTask, LoseNode

from ..domain.scheduling import Decision, Schedule
from ..ports.clock import Clock
from .commander import Background, Commander
from .feed import Feed, position
from .verification import Item

LEASE_S = 10.0
"""A node whose last heartbeat is older is lost."""

SOONEST_S = 0.01
"""How long it waits at least before it decides again for the sake of time."""

_log = structlog.get_logger(__name__)


class Scheduler:
    """One leader per runtime: decides from the log alone, so that a restart decides the same."""

    def __init__(
        self,
        *,
        schedule: Schedule,
        after: int,
        upto: int,
        feed: Feed,
        commander: Commander,
        clock: Clock,
        hears: Callable[[], bool],
    ) -> None:
        """*schedule* is as of position *after*; it decides nothing before it knows the log up to *upto*.

        *hears* says whether heartbeats can arrive now.
        """
        self._hears = hears
        self._schedule = schedule
        self._began = self._after = after
        self._upto = upto
        self._feed = feed
        self._commander = commander
        self._clock = clock
        self._background = Background.none()
        self._last_event: dict[str, str] = {}
        """Agent → the id of its newest event: what a decision about it reacts to."""
        self._woken = asyncio.Event()
        """Set whenever it has been decided: it may have to be decided again at another time."""
        self._heard: dict[str, float] = {}
        self._losing: set[str] = set()

    async def run(self) -> None:
        """Schedule for ever."""
        self._background.start(self._watch_leases)
        self._background.start(self._keep_time)
        try:
            self._act()
            async for items in self._feed.after(self._after):
                self._take(items)
                self._after = position(items[-1])
                self._act()
        finally:
            await self._background.stop()

    def heard(self, node_id: str) -> None:
        """A heartbeat of *node_id* arrived."""
        self._heard[node_id] = asyncio.get_running_loop().time()

    def _take(self, items: Sequence[Item]) -> None:
        for item in items:
            if isinstance(item, Fact):
                envelope = item.envelope
                if envelope.agent is not None:
                    self._last_event[envelope.agent] = envelope.id
                elif envelope.aggregate == "node":
                    self._losing.discard(envelope.aggregate_id)
                    if item.event.name == "node.joined":
                        self.heard(envelope.aggregate_id)
                self._schedule.take(item.seq, envelope.agent, item.event, envelope.time_ns)

    def _act(self) -> None:
        if self._after < self._upto:
            return  # what follows may have been decided already, by whoever was the scheduler before
        while decisions := self._schedule.decide(now_ns=self._clock.now_ns()):
            for decision in decisions:
                # The id derives from what the decision reacts to: deciding it again after a restart repeats
                # nothing, and deciding it anew after a refusal needs a newer event first.
                cause = self._last_event.get(decision.agent_id, f"from {self._began}")
                if isinstance(decision, ExpireTask):  # refused a moment too soon, it is right a moment later
                    cause = f"{cause}/{self._clock.now_ns()}"
                self._background.start(partial(self._command, decision, cause))
        self._woken.set()

    async def _keep_time(self) -> None:
        """Decide again when time alone gives something to decide."""
        while True:
            self._woken.clear()
            at = self._schedule.wakes_at if self._after >= self._upto else None
            wait = None if at is None else max(SOONEST_S, (at - self._clock.now_ns()) / 1e9)
            try:
                await asyncio.wait_for(self._woken.wait(), wait)
            except TimeoutError:
                self._act()

    async def _command(self, decision: Decision, cause: str) -> None:
        about = getattr(decision, "task_id", decision.agent_id)
        for tries in count():
            command_id = identifiers.command_id(f"{cause}/{about}", f"scheduler.{decision.name}/{tries}")
            answer = await self._commander.send(decision, command_id, correlation_id=about)
            if answer.error is None or answer.error.code != "LostEveryRace":
                break
        if answer.error is not None:
            _log.info("decision refused", about=about, command=decision.name, why=answer.error.code)
            self._schedule.refused(decision)
            self._act()

    async def _watch_leases(self) -> None:
        """Declare lost whoever has not been heard for a lease; every node starts with a fresh one."""
        loop = asyncio.get_running_loop()
        while True:
            await asyncio.sleep(LEASE_S / 5)
            if not self._hears():  # silence says nothing while nobody can be heard: fresh leases afterwards
                self._heard.clear()
                continue
            for node_id in self._schedule.nodes:
                last = self._heard.setdefault(node_id, loop.time())
                if loop.time() - last > LEASE_S and node_id not in self._losing:
                    self._losing.add(node_id)
                    await self._lose(node_id, loop.time() - last)

    async def _lose(self, node_id: str, silent_s: float) -> None:
        reason = f"no heartbeat for {silent_s:.0f} s"
        cause = f"{node_id}/{self._clock.now_ns()}"
        command_id = identifiers.command_id(cause, "scheduler.node.lose")
        await self._commander.send(LoseNode(node_id=node_id, reason=reason), command_id)
