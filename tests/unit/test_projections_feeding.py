"""What feeding stands on: who waits is woken, bad events are told from bad weather, text can be stored."""

import asyncio

import asyncpg
import pytest
from sqlalchemy.exc import DBAPIError, OperationalError

from events.agent import AgentQuarantined, AgentRegistered
from projections.catalogue import PROJECTIONS, projection
from projections.errors import Contradiction, UnknownProjection
from projections.poison import is_poison
from projections.schema import METADATA
from projections.storable import storable, storable_text
from projections.waiting import Waiters
from tests.support.facts import DIGEST, History


async def test_whoever_waits_for_a_position_is_woken_when_it_is_reached() -> None:
    waiters = Waiters()
    first, second = (asyncio.create_task(waiters.wait_for(position)) for position in (3, 5))
    await asyncio.sleep(0)
    waiters.reached(4)
    async with asyncio.timeout(1):
        await first
    assert not second.done()
    waiters.reached(5)
    async with asyncio.timeout(1):
        await second
        await waiters.wait_for(5)


async def test_a_wait_that_was_given_up_does_not_disturb_the_others() -> None:
    waiters = Waiters()
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.01):
            await waiters.wait_for(1)
    other = asyncio.create_task(waiters.wait_for(1))
    await asyncio.sleep(0)
    waiters.reached(1)
    async with asyncio.timeout(1):
        await other


@pytest.mark.parametrize(
    "error",
    [
        Contradiction("impossible"),
        KeyError("x"),
        asyncpg.DataError("too large"),
        asyncpg.UniqueViolationError("twice"),
        asyncpg.ProgramLimitExceededError("row too big"),
        DBAPIError("INSERT", None, asyncpg.NotNullViolationError("null")),
    ],
    ids=lambda error: type(error).__name__,
)
def test_an_event_that_would_fail_again_is_poison(error: Exception) -> None:
    assert is_poison(error)


@pytest.mark.parametrize(
    "error",
    [
        ConnectionRefusedError(),
        TimeoutError(),
        MemoryError(),
        asyncpg.InterfaceError("connection is closed"),
        asyncpg.ConnectionDoesNotExistError("closed in the middle"),
        asyncpg.DiskFullError("no space left"),
        asyncpg.DeadlockDetectedError("deadlock"),
        asyncpg.UndefinedTableError("no table"),
        OperationalError("SELECT", None, ConnectionResetError()),
    ],
    ids=lambda error: type(error).__name__,
)
def test_what_may_pass_is_not_the_fault_of_an_event(error: Exception) -> None:
    assert not is_poison(error)


def test_text_that_postgres_cannot_hold_gets_a_stand_in() -> None:
    history = History()
    fact = history.add(
        AgentRegistered(agent_id="a1", title="a\0b", definition_digest=DIGEST, owner="human/alice")
    )
    stored = storable(fact)
    assert isinstance(stored.event, AgentRegistered)
    assert stored.event.title == stored.envelope.data["title"] == "a\ufffdb"
    assert stored.raw == fact.raw
    assert storable_text("\0\udcff") == "\ufffd?"


def test_other_events_are_taken_as_they_are() -> None:
    fact = History().add(AgentQuarantined(agent_id="a1", reason="\\u0000 is how JSON writes it"))
    assert storable(fact).event == fact.event


def test_projections_have_names_of_their_own_and_tables_of_their_own() -> None:
    names = [p.name for p in PROJECTIONS]
    assert len(set(names)) == len(names)
    tables = [table for p in PROJECTIONS for table in p.tables]
    assert len(set(tables)) == len(tables)
    assert set(tables) < set(METADATA.sorted_tables)
    assert projection("lifecycle").name == "lifecycle"
    with pytest.raises(UnknownProjection, match="there are history, identities, lifecycle"):
        projection("lifecyle")
