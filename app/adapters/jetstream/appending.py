"""Appending: one event by itself, several as a batch that decisions share."""

from collections.abc import Sequence

from nats.aio.client import Client

from ...errors import SymbiError
from ...ports.event_log import IdTaken, TooLarge, TooMany, check_subjects
from .api import StreamInfo, stream_info
from .batching import MAX_MESSAGES
from .errors import (
    BATCH_TOO_LARGE,
    DUPLICATE_IN_BATCH,
    MESSAGE_TOO_LARGE,
    WRONG_LAST_SEQUENCE,
    Effort,
    Patience,
    Refused,
    Unanswered,
)
from .publishing import Publisher
from .reading import Reader
from .wire import Decision, headers_of, size_of


class Appending:
    """The write side of one stream; what group commit asks for, too."""

    def __init__(
        self,
        nc: Client,
        stream: str,
        publisher: Publisher,
        reader: Reader,
        *,
        info: StreamInfo,
        patience: float,
    ) -> None:
        """*patience* is for how many seconds to try."""
        self._nc = nc
        self._stream = stream
        self._publisher = publisher
        self._reader = reader
        self._info = info
        self._patience = patience

    def admit(self, decision: Decision) -> None:
        """Refuse what the server would refuse.

        Raises:
            TooLarge, TooMany: it exceeds a limit.
            NotASubject: a subject is malformed.
            IdTaken: two of its events have the same id.
        """
        check_subjects(decision.drafts, decision.expected)
        if len(decision.drafts) > MAX_MESSAGES:
            raise TooMany(count=len(decision.drafts), limit=MAX_MESSAGES)
        self._admit_size(decision)
        ids = [draft.event_id for draft in decision.drafts]
        if len(set(ids)) < len(ids):
            raise IdTaken(event_id=next(id_ for id_ in ids if ids.count(id_) > 1))

    def _admit_size(self, decision: Decision) -> None:
        limit = self._nc.max_payload
        if 0 <= self._info.max_message < limit:
            limit = self._info.max_message
        for draft in decision.drafts:
            if (size := size_of(draft, decision.expected)) > limit:
                raise TooLarge(size=size, limit=limit)

    async def append_one(self, decision: Decision) -> list[int]:
        """Append a decision of one event with a plain publish; any number of these overlap."""
        (draft,) = decision.drafts
        headers = headers_of(draft, decision.expected)
        patience = self._begin([decision])
        while True:
            try:
                ack = await self._publisher.publish(draft.subject, draft.payload, headers)
            except (Refused, Unanswered) as error:
                if (positions := await self._after(error, decision, patience)) is not None:
                    return positions
                continue
            if ack.duplicate and not await self._reader.holds(draft, ack.seq, patience):
                raise IdTaken(event_id=draft.event_id)
            return [ack.seq]

    async def _after(
        self, error: Refused | Unanswered, decision: Decision, patience: Patience
    ) -> list[int] | None:
        """The positions if *decision* was stored after all; None to try again."""
        if isinstance(error, Refused):
            if error.code == WRONG_LAST_SEQUENCE:
                return await self._reader.check(decision, patience)
            if (failure := await self.verdict(decision, error, patience)) is not None:
                raise failure
        # Perhaps stored, perhaps not: the event id tells at the next attempt.
        await patience.wait(error)
        return None

    async def write(self, decisions: Sequence[Decision]) -> int:
        """Append all of them as one batch; the position of the first event."""
        return await self._publisher.publish_batch(decisions)

    async def check(self, decision: Decision, effort: Effort, *, repeated: bool) -> list[int] | None:
        """The positions of *decision* if it is there already; None when it may still be appended."""
        positions = await self._reader.check(decision, effort)
        if positions is None and repeated:
            positions = await self._reader.find(decision, effort)
        return positions

    async def verdict(self, decision: Decision, refusal: Refused, effort: Effort) -> SymbiError | None:
        """The error behind a refusal of *decision* alone; None where another attempt may succeed."""
        if refusal.code == MESSAGE_TOO_LARGE:
            # Somebody has lowered the limit.
            self._info = await stream_info(self._nc, self._stream, effort)
            self._admit_size(decision)
        if refusal.code == BATCH_TOO_LARGE:
            return TooMany(count=len(decision.drafts), limit=refusal.description.rsplit(" ", 1)[-1])
        if refusal.code == DUPLICATE_IN_BATCH:
            # Known to the server, and not below the subjects of this decision.
            return IdTaken(event_id=decision.drafts[0].event_id)
        return None

    def effort(self, decisions: Sequence[Decision], since: float) -> Effort:
        """How long to try for *decisions*."""
        return self._begin(decisions, since)

    def _begin(self, decisions: Sequence[Decision], since: float | None = None) -> Patience:
        # Without an expectation only the window for duplicates makes another attempt safe.
        guarded = all(decision.expected is not None for decision in decisions)
        return Patience(
            self._nc, self._patience if guarded else min(self._patience, self._info.window), since
        )
