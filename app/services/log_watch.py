"""Watches what keeps the log: a change of its setup, or a loss, is recorded, and somebody is told."""

import asyncio
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from typing import Any

import orjson
import structlog

from events.log import LogConfigChanged, LogEvent, LogGapDetected

from ..errors import Corrupt, Unavailable
from ..ports.alerts import Alert, Alerts
from ..ports.log_store import Act, Holdings, LogStore
from .log_facts import LogFacts
from .log_past import SeenBefore, look, refuse_lost_past

LOOK_EVERY_S = 5.0
_log = structlog.get_logger(__name__)


class LogWatch:
    """Looks every few seconds, and whenever the store tells of an act."""

    def __init__(
        self,
        *,
        store: LogStore,
        facts: LogFacts,
        alerts: Alerts,
        seen_before: SeenBefore,
        look_every_s: float = LOOK_EVERY_S,
    ) -> None:
        self._store = store
        self._facts = facts
        self._alerts = alerts
        self._seen_before = seen_before
        self._look_every_s = look_every_s
        self._seen: Holdings | None = None
        self._kept: Holdings | None = None
        """What `seen_before` holds."""
        self._gone = False
        self._looking = asyncio.Lock()

    async def run(self) -> None:
        """Watch for ever; the first look is compared with what an earlier start saw.

        Raises:
            LogShorter, LogReplaced: going on would add to a log that has lost its past.
        """
        self._seen = self._kept = await self._seen_before.recall()
        listening = asyncio.create_task(self._listen())
        try:
            while True:
                await self._look()
                await asyncio.wait((listening,), timeout=self._look_every_s)
                if listening.done():
                    listening.result()
        finally:
            listening.cancel()
            await asyncio.gather(listening, return_exceptions=True)

    async def end(self) -> None:
        """Keep what was seen last for the next start."""
        if self._seen is not None:
            await self._seen_before.keep(self._seen)

    async def _listen(self) -> None:
        async for act in self._store.acts():
            if act is not None:
                await self._alerts.raise_alert(told(act))
            await self._look()

    async def _look(self) -> None:
        async with self._looking:
            try:
                now = await look(self._store, self._seen)
                if now is None:
                    await self._miss()
                    return
                await self._compare(now)
                await self._facts.record()
            except Unavailable as error:
                _log.warning("the log's store cannot be looked at", error=error.message)
                return
            # Kept only now: what a crash leaves unrecorded is found out again at the next start.
            if self._kept is None or _without_growth(self._kept) != _without_growth(now):
                await self._seen_before.keep(now)
                self._kept = now

    async def _compare(self, now: Holdings) -> None:
        before = self._seen or Holdings(now.settings, now.made_at, 1, 0, 0)
        try:
            refuse_lost_past(before, now)
        except Corrupt as lost:  # not kept: every start is refused until somebody has looked into it
            await self._alerts.raise_alert(lost_past(lost))
            raise
        gaps = await self._store.gaps() if now.removed > before.removed else []
        self._seen, self._gone = now, False
        events = found_out(before, now, gaps, self._facts.component)
        for event in events:
            await self._alerts.raise_alert(alert_of(event))
        await self._facts.record(*events)

    async def _miss(self) -> None:
        if not self._gone:
            self._gone = True
            await self._alerts.raise_alert(
                Alert(
                    kind="log.gone",
                    severity="critical",
                    summary="what keeps the log is gone; no command can be carried out",
                    dedup_id=f"log.gone/{self._seen.made_at if self._seen else ''}",
                )
            )


def found_out(before: Holdings, now: Holdings, gaps: Sequence[tuple[int, int]], who: str) -> list[LogEvent]:
    """What is different *now*, as the log records it; *gaps* are those between its ends."""
    events: list[LogEvent] = []
    if changes := _changes(before.settings, now.settings):
        events.append(LogConfigChanged(changes=changes, noticed_by=who))
    if now.first_seq > max(before.first_seq, 1):
        events.append(LogGapDetected(expected=max(before.first_seq, 1), found=now.first_seq, detected_by=who))
    events += [LogGapDetected(expected=first, found=after, detected_by=who) for first, after in gaps]
    return events


def _changes(before: Mapping[str, Any], now: Mapping[str, Any]) -> dict[str, Any]:
    names = sorted({*before, *now})
    return {name: now.get(name) for name in names if before.get(name) != now.get(name)}


def _without_growth(holdings: Holdings) -> Holdings:
    return replace(holdings, last_seq=0)


def alert_of(event: LogEvent) -> Alert:
    """The alert about a change or a gap."""
    details = event.model_dump(mode="json")
    digest = hashlib.sha256(orjson.dumps(details, option=orjson.OPT_SORT_KEYS)).hexdigest()[:32]
    if isinstance(event, LogGapDetected):
        summary = f"positions {event.expected} to {event.found - 1} are missing from the log"
    else:
        summary = f"what keeps the log is set up otherwise: {', '.join(details['changes'])}"
    return Alert(
        kind=event.name,
        severity="critical",
        summary=summary,
        dedup_id=f"{event.name}/{digest}",
        details=details,
    )


def told(act: Act) -> Alert:
    """The alert about what somebody asked of a stream."""
    how = f"in vain ({act.refused})" if act.refused else "and got it"
    return Alert(
        kind="log.store.act",
        severity="medium" if act.refused or act.what in ("create", "snapshot") else "critical",
        summary=f"{act.login or 'somebody'} asked for a {act.what} of {act.store}, {how}",
        dedup_id=f"log.store.act/{act.id}",
        details=asdict(act),
    )


def lost_past(error: Corrupt) -> Alert:
    """The alert about a log that is not what it was."""
    return Alert(
        kind="log.past.lost",
        severity="critical",
        summary=error.message,
        dedup_id=f"log.past.lost/{'/'.join(map(str, error.facts.values()))}",
        details=dict(error.facts),
    )
