"""The first answers to commands, in PostgreSQL."""

from collections.abc import Sequence
from typing import Any, NamedTuple

from sqlalchemy import delete, select
from sqlalchemy.ext.asyncio import AsyncEngine

from projections.rows import Rows
from projections.schema import ANSWERS

from ...ports.answers import StoredAnswer
from .errors import guard


class _AnswerRow(NamedTuple):
    command_id: str
    digest: str
    principal: str
    received_at: int
    seq: int | None
    answer: bytes
    request: bytes


_answers = Rows(ANSWERS, _AnswerRow)


class PostgresAnswers:
    """An `AnswerStore`."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def save_many(self, answers: Sequence[StoredAnswer]) -> None:
        if not answers:
            return
        with guard():
            async with self._engine.begin() as connection:
                await _answers.add_missing(connection, [_row(answer) for answer in answers])

    async def find(self, command_id: str) -> StoredAnswer | None:
        with guard():
            async with self._engine.connect() as connection:
                found = await connection.execute(select(ANSWERS).where(ANSWERS.c.command_id == command_id))
                row = found.one_or_none()
        return _answer(row) if row else None

    async def since(self, received_at_ns: int) -> list[StoredAnswer]:
        query = select(ANSWERS).where(ANSWERS.c.received_at >= received_at_ns)
        with guard():
            async with self._engine.connect() as connection:
                found = await connection.execute(query.order_by(ANSWERS.c.received_at, ANSWERS.c.command_id))
                return [_answer(row) for row in found]

    async def prune(self, before_ns: int) -> int:
        with guard():
            async with self._engine.begin() as connection:
                pruned = await connection.execute(delete(ANSWERS).where(ANSWERS.c.received_at < before_ns))
                return pruned.rowcount


def _row(answer: StoredAnswer) -> _AnswerRow:
    return _AnswerRow(
        command_id=answer.command_id,
        digest=answer.digest,
        principal=answer.principal,
        received_at=answer.received_at_ns,
        seq=answer.seq,
        answer=answer.answer,
        request=answer.request,
    )


def _answer(row: Sequence[Any]) -> StoredAnswer:
    return StoredAnswer(*row)
