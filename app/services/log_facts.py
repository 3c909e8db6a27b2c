"""Records what this process finds out about the log itself."""

from collections.abc import Callable
from uuid import uuid4

from events.log import LogEvent
from events.signing import SigningKey

from ..ports.clock import Clock
from ..ports.event_log import EventLog
from .handle import Acknowledged
from .stamping import Cause, Place, Stamp, Stamped


class LogFacts:
    """Readings about the log, signed by the component that found them out, each recorded once."""

    def __init__(
        self,
        *,
        component: str,
        log: EventLog,
        stamp: Stamp,
        key: SigningKey,
        clock: Clock,
        statements: Acknowledged,
        new_id: Callable[[], str] = lambda: str(uuid4()),
    ) -> None:
        self.component = component
        self._log = log
        self._stamp = stamp
        self._key = key
        self._clock = clock
        self._statements = statements
        self._new_id = new_id
        self._unrecorded: list[Stamped] = []

    async def record(self, *events: LogEvent) -> None:
        """Append *events*, and those that could not be appended before.

        Raises:
            Unavailable: the log does not answer; they are kept for the next call.
        """
        self._unrecorded += map(self._stamped, events)
        while self._unrecorded:
            # The same bytes again where the word of the last attempt was lost: nothing is recorded twice.
            draft = self._unrecorded[0].draft
            (seq,) = await self._log.append([draft])
            self._statements.acknowledged(draft, seq)
            del self._unrecorded[0]

    def _stamped(self, event: LogEvent) -> Stamped:
        event_id = self._new_id()
        return self._stamp.stamp(
            event,
            Place("log", self.component),
            Cause(actor=f"component/{self.component}", correlation_id=event_id),
            event_id=event_id,
            revision=None,
            time_ns=self._clock.now_ns(),
            key=self._key,
        )
