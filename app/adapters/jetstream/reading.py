"""What is inside a boundary, and whether a decision is there already."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

from nats.aio.client import Client
from nats.aio.msg import Msg

from events.codec import Raw

from ...ports.event_log import Draft, Expectation, IdTaken, WrongRevision, inside
from .api import last_on_leader, stream_info
from .direct import DirectGet
from .errors import Effort, Refused, Unanswered
from .wire import MSG_ID, Decision, stored

CLOCKS_APART = 300.0
"""Seconds by which our clock and the server's may differ when old events are looked for by time."""


class Reader:
    """Reads boundaries of one stream. On one replica a direct get sees whatever was acknowledged."""

    def __init__(self, nc: Client, stream: str, direct: DirectGet, *, replicas: int, window: float) -> None:
        self._nc = nc
        self._stream = stream
        self._direct = direct
        self._replicas = replicas
        self._window = window

    async def read(self, boundary: str, *, after: int, effort: Effort) -> AsyncIterator[Raw]:
        """What lies inside *boundary* after that position, whatever the leader had when it was asked."""
        async for message in self._messages(boundary, first=after + 1, effort=effort):
            yield stored(message)

    async def _messages(self, boundary: str, *, first: int, effort: Effort) -> AsyncIterator[Msg]:
        last = await self.last_of(boundary, effort) if self._replicas > 1 else 0
        query = {"next_by_subj": boundary}
        while True:
            async for message in self._direct.messages(query, first=first, effort=effort):
                first = _seq(message) + 1
                yield message
            if first > last:
                return
            # A replica answered that has not caught up with the leader yet.
            await effort.wait(Unanswered(f"no replica has position {last}"))

    async def last_of(self, boundary: str, effort: Effort) -> int:
        """The last position inside *boundary*; 0 when there is none."""
        if self._replicas > 1:
            return await last_on_leader(self._nc, self._stream, boundary, effort)
        while True:
            try:
                return await self._direct.last_of(boundary)
            except (Refused, Unanswered) as error:
                await effort.wait(error)

    async def check(self, decision: Decision, effort: Effort) -> list[int] | None:
        """The positions of *decision* when it was appended under its expectation; None when it may be yet.

        Raises:
            WrongRevision: something else is there.
        """
        expected = decision.expected
        if expected is None:
            return None
        found = await self.last_of(expected.boundary, effort)
        if found == expected.last_seq:
            return None
        positions = None
        if found > expected.last_seq:
            positions = await self._appended_under(decision, expected, effort)
        if positions is None:
            raise WrongRevision(boundary=expected.boundary, expected=expected.last_seq, found=found)
        return positions

    async def _appended_under(
        self, decision: Decision, expected: Expectation, effort: Effort
    ) -> list[int] | None:
        """Where *decision* lies, if it does: its first event in the boundary came right after `last_seq`."""
        index = next(
            (i for i, draft in enumerate(decision.drafts) if inside(expected.boundary, draft.subject)), None
        )
        if index is None:
            return None
        first = await self._next(expected.boundary, expected.last_seq + 1, effort)
        return await self._at(decision, first - index, effort)

    async def find(self, decision: Decision, effort: Effort) -> list[int] | None:
        """The positions of *decision*, appended within the window for duplicates; None if it is not there.

        Raises:
            IdTaken: a part of it is there, or other events with its ids.
        """
        for index, draft in enumerate(decision.drafts):
            seq = await self._recent(draft, effort)
            if seq is not None:
                positions = await self._at(decision, seq - index, effort)
                if positions is None:
                    raise IdTaken(event_id=draft.event_id)
                return positions
        return None

    async def holds(self, draft: Draft, seq: int, effort: Effort) -> bool:
        """Whether *draft*, as it is, lies at that position."""
        return await self._at(Decision((draft,), None), seq, effort) is not None

    async def _recent(self, draft: Draft, effort: Effort) -> int | None:
        """Where the draft's id lies, if it was appended within the window for duplicates."""
        since = datetime.now(UTC) - timedelta(seconds=self._window + CLOCKS_APART)
        query = {"next_by_subj": draft.subject, "start_time": since.isoformat(), "batch": 1}
        try:
            messages, _ = await self._direct.once(query)
        except (Refused, Unanswered) as error:
            await effort.wait(error)
            return await self._recent(draft, effort)
        if not messages and self._replicas == 1:
            return None
        first = _seq(messages[0]) if messages else 1
        async for message in self._messages(draft.subject, first=first, effort=effort):
            if _id(message) == draft.event_id:
                return _seq(message)
        return None

    async def _next(self, boundary: str, first: int, effort: Effort) -> int:
        """The first position inside *boundary* from *first* on; the leader says that there is one."""
        cause: Refused | Unanswered = Unanswered(f"no replica has position {first}")
        while True:
            try:
                messages, _ = await self._direct.once({"seq": first, "next_by_subj": boundary, "batch": 1})
                if messages:
                    return _seq(messages[0])
            except (Refused, Unanswered) as error:
                cause = error
            await effort.wait(cause)

    async def _at(self, decision: Decision, first: int, effort: Effort) -> list[int] | None:
        """The positions from *first* on, if they hold exactly *decision*."""
        last = first + len(decision.drafts) - 1
        while first >= 1:
            position = first
            async for message in self._direct.messages(
                {"batch": len(decision.drafts)}, first=first, effort=effort
            ):
                if not _same(message, position, decision.drafts[position - first]):
                    return None
                if position == last:
                    return list(range(first, last + 1))
                position += 1
            if not await self._leader_has(last, effort):
                return None
            await effort.wait(Unanswered(f"no replica has position {last}"))
        return None

    async def _leader_has(self, position: int, effort: Effort) -> bool:
        if self._replicas == 1:
            return False
        return (await stream_info(self._nc, self._stream, effort)).last_seq >= position


def _same(message: Msg, position: int, draft: Draft) -> bool:
    found = (_seq(message), _id(message), (message.headers or {})["Nats-Subject"], message.data)
    return found == (position, draft.event_id, draft.subject, draft.payload)


def _seq(message: Msg) -> int:
    return int((message.headers or {})["Nats-Sequence"])


def _id(message: Msg) -> str | None:
    return (message.headers or {}).get(MSG_ID)
