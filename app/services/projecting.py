"""The projector: keeps every projection at the end of the log."""

import asyncio
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from typing import TypeAlias

import structlog

from events.codec import Bad
from projections.parking import ParkedRow
from projections.runner import Runner

from ..errors import Unavailable
from ..ports.alerts import Alert, Alerts
from .feed import Feed
from .verification import Item

RETRY_S = 0.5
SMALL = 200
PAUSE_S = 0.004
"""After a batch of fewer than SMALL, so that under load a transaction is worth its price."""
Guard: TypeAlias = Callable[[], AbstractContextManager[None]]
_log = structlog.get_logger(__name__)


class Projector:
    """Feeds the runner from the feed; a database that does not answer is tried again, and nothing is lost."""

    def __init__(self, runner: Runner, feed: Feed, alerts: Alerts, guard: Guard) -> None:
        """*guard* translates the driver's errors."""
        self._guard = guard
        self._runner = runner
        self._feed = feed
        self._alerts = alerts

    async def run(self) -> None:
        """Project for ever."""
        while True:
            try:
                with self._guard():
                    after = await self._runner.start()
                async for items in self._feed.after(after):
                    await self._report(items)  # first: told twice after a crash is better than never
                    with self._guard():
                        await self._runner.apply(items)
                    if len(items) < SMALL:
                        await asyncio.sleep(PAUSE_S)
            except Unavailable as error:
                _log.warning("projections wait for the database", error=error.message)
                await asyncio.sleep(RETRY_S)

    async def _report(self, items: Sequence[Item]) -> None:
        for item in items:
            if isinstance(item, Bad):
                await self._alerts.raise_alert(quarantined(item))


def quarantined(bad: Bad) -> Alert:
    """The alert about a message of the log that is no event."""
    return Alert(
        kind="event.quarantined",
        severity="high",
        summary=f"position {bad.seq} of the log is quarantined: {bad.detail}",
        dedup_id=f"event.quarantined/{bad.seq}",
        details={"seq": bad.seq, "code": bad.code, "subject": bad.raw.subject},
    )


def parked(row: ParkedRow) -> Alert:
    """The alert about an event that a projection could not take."""
    return Alert(
        kind="event.parked",
        severity="medium",
        summary=f"{row.projection} could not take position {row.seq}",
        dedup_id=f"event.parked/{row.projection}/{row.seq}",
        details={"seq": row.seq, "projection": row.projection, "error": row.error},
    )
