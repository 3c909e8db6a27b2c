"""What followers get when they are near the end of the log, far behind it, and overtaken on the way."""

import asyncio
import random
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

import pytest

from app.adapters.memory import MemoryEventLog
from app.ports.event_log import Draft
from app.services import feed as feeding
from app.services.feed import Feed, position
from app.services.keyring import Keyring, RegisteredKey
from app.services.stamping import Cause, Place, Stamp
from app.services.verification import Item, Verifier
from events.codec import Fact
from events.identity import KeyUse
from events.signing import provider
from events.task import TaskProgressed
from tests.support.keys import key

ROOT, GATEWAY = key("root").signing, key("gateway").signing
RING = 50
AGENTS = 10


class NoKeys:
    """Nothing here is personal."""

    def data_key(self, scope: str) -> bytes:
        raise AssertionError("nothing here is personal")


class Log:
    """A log in memory into which the gateway's events are written."""

    def __init__(self) -> None:
        self.stored = MemoryEventLog()
        self._stamp = Stamp(source="symbi/test/gateway", keys=NoKeys(), random=random.randbytes, root=ROOT)
        self._revisions: dict[str, int] = {}
        self._ids = iter(range(1, 10**9))

    def verifier(self) -> Verifier:
        keyring = Keyring(ROOT.public_key)
        keyring.extend([RegisteredKey(GATEWAY.key_id, "gateway", KeyUse.EVENT, GATEWAY.public_key, issued=0)])
        return Verifier(keyring, provider())

    def draft(self, agent: str) -> Draft:
        revision = self._revisions[agent] = self._revisions.get(agent, 0) + 1
        return self._stamp.stamp(
            TaskProgressed(task_id="t1", assignment=1),
            Place("task", "t1", agent),
            Cause(actor="component/worker", correlation_id="c"),
            event_id=f"00000000-0000-4000-8000-{next(self._ids):012d}",
            revision=revision,
            time_ns=0,
            key=GATEWAY,
        ).draft

    async def grow(self, events: int) -> list[Draft]:
        drafts = [self.draft(f"a{index % AGENTS}") for index in range(events)]
        for draft in drafts:
            await self.stored.append([draft])
        return drafts

    async def replay(self, draft: Draft) -> int:
        """The same signed bytes again, as somebody with the broker's password may publish them."""
        again = Draft(f"f{draft.event_id[1:]}", draft.subject, draft.payload, draft.signature, draft.key)
        (seq,) = await self.stored.append([again])
        return seq


@pytest.fixture(autouse=True)
def _short_ring(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(feeding, "RING", RING)
    monkeypatch.setattr(feeding, "PATIENCE_S", 0.05)


@asynccontextmanager
async def fed(feed: Feed) -> AsyncIterator[None]:
    running = asyncio.create_task(feed.run())
    try:
        yield
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


async def take(following: AsyncIterator[Sequence[Item]], upto: int) -> list[Item]:
    taken: list[Item] = []
    async with asyncio.timeout(10):
        async for items in following:
            taken += items
            if position(items[-1]) >= upto:
                break
    return taken


def verdicts(items: Sequence[Item]) -> dict[int, str]:
    """What is wrong, by position; positions must be without a gap."""
    assert [position(item) for item in items] == list(range(position(items[0]), position(items[-1]) + 1))
    return {item.raw.seq: item.code for item in items if not isinstance(item, Fact)}


@pytest.mark.parametrize("after", [0, 7, 120])
async def test_a_follower_gets_everything_after_its_position_however_far_behind(after: int) -> None:
    log = Log()
    await log.grow(200)
    feed = Feed(log.stored, log.verifier(), after=0)
    async with fed(feed):
        await feed.wait_for(200)
        items = await take(feed.after(after), 200)
        assert (position(items[0]), verdicts(items)) == (after + 1, {})


async def test_a_follower_that_was_overtaken_still_knows_a_replayed_event() -> None:
    """Behind the ring it reads on its own, from revisions that it saw itself."""
    log = Log()
    first = await log.grow(RING)
    feed = Feed(log.stored, log.verifier(), after=0)
    async with fed(feed):
        following = feed.after(0, most=RING)
        await take(following, RING)
        seq = await log.replay(first[3])
        await log.grow(3 * RING)
        await feed.wait_for(seq + 3 * RING)
        assert verdicts(await take(following, seq + 3 * RING)) == {seq: "wrong_revision"}


async def test_the_feed_waits_for_those_who_keep_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(feeding, "PATIENCE_S", 3600.0)  # however slow the machine is
    log = Log()
    await log.grow(4 * RING)
    feed = Feed(log.stored, log.verifier(), after=0)
    taken: list[Item] = []
    following = feed.after(0, most=10)
    begun = asyncio.ensure_future(anext(following))
    await asyncio.sleep(0)
    async with fed(feed):
        items = await begun
        while True:
            taken += items
            assert feed.position <= position(items[0]) - 1 + RING
            if position(items[-1]) == 4 * RING:
                break
            await asyncio.sleep(0.001)
            items = await anext(following)
    assert verdicts(taken) == {}


async def test_the_feed_waits_for_nobody_who_stands_still() -> None:
    log = Log()
    await log.grow(4 * RING)
    feed = Feed(log.stored, log.verifier(), after=0)
    following = feed.after(0)
    begun = asyncio.ensure_future(anext(following))
    await asyncio.sleep(0)
    async with fed(feed), asyncio.timeout(5):
        items = await begun
        await feed.wait_for(4 * RING)
        rest = await take(following, 4 * RING)
    assert verdicts([*items, *rest]) == {}


async def test_a_follower_that_starts_before_the_feed_looks_revisions_up() -> None:
    log = Log()
    first = await log.grow(RING)
    seq = await log.replay(first[3])
    await log.grow(RING)
    end = seq + RING
    revisions = {f"symbi.evt.a{agent}.>": 2 * RING // AGENTS for agent in range(AGENTS)}
    feed = Feed(log.stored, log.verifier(), after=end, revisions=revisions)
    async with fed(feed):
        items = await take(feed.after(RING - 5), end)
        assert (position(items[0]), verdicts(items)) == (RING - 4, {seq: "wrong_revision"})


async def test_a_follower_that_starts_after_the_feed_knows_what_lies_between() -> None:
    log = Log()
    first = await log.grow(2 * RING)
    seq = await log.replay(first[3])
    await log.grow(2 * RING)
    feed = Feed(log.stored, log.verifier(), after=0)
    async with fed(feed):
        await feed.wait_for(seq + 2 * RING)
        items = await take(feed.after(RING), seq + 2 * RING)
        assert (position(items[0]), verdicts(items)) == (RING + 1, {seq: "wrong_revision"})
