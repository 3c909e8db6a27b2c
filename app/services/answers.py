"""First answers: an honest retry of a command gets the answer that the first one got."""

import asyncio
from collections import OrderedDict
from collections.abc import Callable, Sequence

import structlog

from events.commands import Answer, Problem

from ..errors import Conflict, Corrupt, Denied, Invalid, Rejected, SymbiError, Unavailable
from ..ports.answers import AnswerStore, StoredAnswer
from .world import Done

FLUSH_EVERY_S = 0.05
WRITTEN_TOGETHER, WRITTEN_BYTES = 1000, 8 * 1024 * 1024
HELD_BYTES = 64 * 1024 * 1024
"""What answers and their commands may take together while they wait to be written."""
OVERHEAD_BYTES = 500
"""What one answer takes in memory beside its bytes, about."""

_log = structlog.get_logger(__name__)

_FAMILIES: tuple[tuple[type[SymbiError], str], ...] = (
    (Rejected, "rejected"),
    (Invalid, "invalid"),
    (Denied, "denied"),
    (Unavailable, "unavailable"),
    (Conflict, "conflict"),
    (Corrupt, "corrupt"),
)


def accepted(command_id: str, done: Done) -> Answer:
    """The answer to a command that was carried out."""
    return Answer.model_construct(
        command_id=command_id, accepted=True, events=list(done.events), result=dict(done.result), error=None
    )


def refused(command_id: str | None, error: SymbiError) -> Answer:
    """The answer to a command that was not carried out."""
    family = next(name for kind, name in _FAMILIES if isinstance(error, kind))
    problem = Problem.model_validate(
        {"family": family, "code": error.code, "message": error.message, "facts": _json_facts(error)}
    )
    return Answer(command_id=command_id, accepted=False, error=problem)


def _json_facts(error: SymbiError) -> dict[str, object]:
    return {
        name: value if isinstance(value, str | int | float | bool | list | type(None)) else str(value)
        for name, value in error.facts.items()
    }


class Refusals:
    """Refused commands by id, so that a retry is refused alike even when the state has changed."""

    def __init__(self, horizon_ns: int) -> None:
        self._horizon_ns = horizon_ns
        self._known: OrderedDict[str, tuple[str, int, Answer]] = OrderedDict()

    def find(self, command_id: str) -> tuple[str, Answer] | None:
        """The digest that was refused under this id, and the answer."""
        known = self._known.get(command_id)
        return (known[0], known[2]) if known else None

    def remember(self, command_id: str, digest: str, now_ns: int, answer: Answer) -> None:
        self._known[command_id] = (digest, now_ns, answer)
        while next(iter(self._known.values()))[1] < now_ns - self._horizon_ns:
            self._known.popitem(last=False)


class AnswersPileUp(Unavailable):
    """The answers to {waiting} commands wait for the database, and no more are kept in memory; send the \
same request again when the database is back."""


class AnswerWriter:
    """Writes answers to the store in groups, behind the replies, and once more at the end.

    While the store is away answers wait in memory, up to so many bytes; then no more commands are carried
    out. Dropping the oldest would lose what nothing else holds: a refusal, and the bytes of a command that
    an auditor asks for.
    """

    def __init__(
        self, store: AnswerStore, encrypt: Callable[[bytes], bytes], *, held_bytes: int = HELD_BYTES
    ) -> None:
        self._store = store
        self._encrypt = encrypt
        self._waiting: list[StoredAnswer] = []
        self._room = held_bytes

    def check_room(self) -> None:
        """Return where one more answer can wait. Raises `AnswersPileUp`."""
        if self._room <= 0:
            raise AnswersPileUp(waiting=len(self._waiting))

    def write(self, answer: StoredAnswer) -> None:
        """Queue *answer*; its request is encrypted before it leaves the process."""
        self._waiting.append(answer)
        self._room -= _size(answer)

    async def run(self) -> None:
        """Write for ever. While the store does not answer, what waits is kept and tried again."""
        while True:
            await asyncio.sleep(FLUSH_EVERY_S)
            try:
                await self.flush()
            except Unavailable as error:
                _log.warning(
                    "command answers are not written yet", error=str(error), waiting=len(self._waiting)
                )
                await asyncio.sleep(1.0)

    async def flush(self) -> None:
        """Write everything that waits.

        Raises:
            Unavailable: the store does not answer; nothing is lost.
        """
        while self._waiting:
            batch = _first(self._waiting)
            sealed = await asyncio.to_thread(self._seal, batch)
            await self._store.save_many(sealed)
            del self._waiting[: len(batch)]
            self._room += sum(map(_size, batch))

    def _seal(self, batch: list[StoredAnswer]) -> list[StoredAnswer]:
        return [
            StoredAnswer(
                command_id=one.command_id,
                digest=one.digest,
                principal=one.principal,
                received_at_ns=one.received_at_ns,
                seq=one.seq,
                answer=one.answer,
                request=self._encrypt(one.request),
            )
            for one in batch
        ]


def _size(answer: StoredAnswer) -> int:
    return len(answer.request) + len(answer.answer) + OVERHEAD_BYTES


def _first(waiting: Sequence[StoredAnswer]) -> list[StoredAnswer]:
    """The first of them, as many as are written together; at least one."""
    batch: list[StoredAnswer] = []
    size = 0
    for one in waiting[:WRITTEN_TOGETHER]:
        size += _size(one)
        if batch and size > WRITTEN_BYTES:
            break
        batch.append(one)
    return batch
