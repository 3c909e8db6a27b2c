"""First answers wait for the store in bounded memory, and are written in groups of bounded size."""

from collections.abc import Sequence
from contextlib import suppress
from uuid import uuid4

import pytest

from app.errors import Unavailable
from app.ports.answers import StoredAnswer
from app.services.answers import WRITTEN_BYTES, AnswersPileUp, AnswerWriter
from events.commands import SpawnAgent, sign_request
from tests.support.small_runtime import key, small_runtime


class Store:
    """A store that may be away."""

    def __init__(self) -> None:
        self.away = False
        self.batches: list[list[StoredAnswer]] = []

    async def save_many(self, answers: Sequence[StoredAnswer]) -> None:
        if self.away:
            raise Unavailable("away")
        self.batches.append(list(answers))

    async def find(self, command_id: str) -> StoredAnswer | None:
        return next((one for batch in self.batches for one in batch if one.command_id == command_id), None)

    async def since(self, received_at_ns: int) -> list[StoredAnswer]:
        return [one for batch in self.batches for one in batch if one.received_at_ns >= received_at_ns]

    async def prune(self, before_ns: int) -> int:
        return 0


def answer(number: int, size: int = 10) -> StoredAnswer:
    return StoredAnswer(f"c{number}", "sha256:x", "alice", number, number, b"{}", b"r" * size)


def encrypted(request: bytes) -> bytes:
    return bytes(reversed(request)) + b"!"


async def test_what_waits_is_written_in_order_and_encrypted() -> None:
    store = Store()
    writer = AnswerWriter(store, encrypted)
    for number in range(2500):
        writer.write(answer(number))
    await writer.flush()
    written = [one for batch in store.batches for one in batch]
    assert [one.command_id for one in written] == [f"c{number}" for number in range(2500)]
    assert {one.request for one in written} == {b"r" * 10 + b"!"}
    assert max(map(len, store.batches)) <= 1000


async def test_one_group_is_bounded_in_bytes_and_never_empty() -> None:
    store = Store()
    writer = AnswerWriter(store, encrypted)
    for number in range(3):
        writer.write(answer(number, WRITTEN_BYTES + 1))
    for number in range(3, 23):
        writer.write(answer(number, WRITTEN_BYTES // 10))
    await writer.flush()
    assert [len(batch) for batch in store.batches[:3]] == [1, 1, 1]
    assert sum(map(len, store.batches)) == 23
    assert max(sum(len(one.request) for one in batch) for batch in store.batches[3:]) <= WRITTEN_BYTES


async def test_while_the_store_is_away_no_more_is_taken_than_there_is_room_for() -> None:
    store = Store()
    store.away = True
    writer = AnswerWriter(store, encrypted, held_bytes=10_000)
    taken = 0
    with suppress(AnswersPileUp):
        for taken in range(100):
            writer.check_room()
            writer.write(answer(taken, 1000))
    assert 5 <= taken <= 10
    with pytest.raises(Unavailable):
        await writer.flush()
    with pytest.raises(AnswersPileUp, match=f"{taken} commands"):
        writer.check_room()

    store.away = False
    await writer.flush()
    writer.check_room()
    assert [one.command_id for batch in store.batches for one in batch] == [f"c{n}" for n in range(taken)]


async def test_a_command_is_not_carried_out_whose_answer_could_not_be_kept() -> None:
    async with small_runtime() as runtime:
        first = str(uuid4())
        known = sign_request(
            SpawnAgent(agent_id="a1", config={"name": "first"}),
            key("operator"),
            principal="operator",
            command_id=first,
            now_ns=runtime.clock.now_ns(),
        )
        assert (await runtime.gateway.answer(known)).accepted
        last = await runtime.log.last_seq()

        runtime.gateway._writer._room = 0
        command = SpawnAgent(agent_id="a2", config={"name": "second"})
        signed = sign_request(
            command,
            key("operator"),
            principal="operator",
            command_id=str(uuid4()),
            now_ns=runtime.clock.now_ns(),
        )
        refused = (await runtime.gateway.answer(signed)).error
        assert refused is not None
        assert (refused.family, refused.code) == ("unavailable", "AnswersPileUp")
        assert await runtime.log.last_seq() == last
        assert (await runtime.gateway.answer(known)).accepted, "what was answered before is answered again"

        runtime.gateway._writer._room = 1000
        assert (await runtime.gateway.answer(signed)).accepted, "the same bytes, when there is room"
