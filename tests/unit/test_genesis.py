"""The first identities are recorded once, whoever starts, and a start reads only what its snapshot lacks."""

from collections.abc import AsyncIterator

import pytest

from app.adapters.memory import MemoryEventLog
from app.ports.clock import SystemClock
from app.services.genesis import Founder, found
from app.services.keyring import Keyring
from app.services.reading import extend_keyring, load_keyring
from app.services.verification import Verifier
from app.services.world import World
from events.codec import Raw
from events.identity import IdentityKind, KeyUse, Role
from events.signing import provider
from tests.support.drawn import ROOT, STAMP
from tests.support.keys import key

FOUNDERS = [
    Founder("gateway", IdentityKind.COMPONENT, keys={KeyUse.EVENT: key("gateway").signing}),
    Founder("operator", IdentityKind.HUMAN, roles=(Role.OPERATOR,), keys={KeyUse.COMMAND: key("op").signing}),
]


class Log(MemoryEventLog):
    """Remembers from where it was read."""

    def __init__(self) -> None:
        super().__init__()
        self.read_after: list[int] = []

    async def read(self, boundary: str, *, after: int = 0) -> AsyncIterator[Raw]:
        self.read_after.append(after)
        async for raw in super().read(boundary, after=after):
            yield raw


@pytest.fixture
def log() -> Log:
    return Log()


def nothing() -> World:
    return World(Keyring(ROOT.public_key))


async def founded(log: Log, world: World, founders: list[Founder] = FOUNDERS) -> bool:
    return await found(log, STAMP, ROOT, SystemClock(), founders, "seed", world)


async def folded(log: Log) -> World:
    """The world as of the end of the log."""
    keyring = Keyring(ROOT.public_key)
    world, verifier = World(keyring), Verifier(keyring, provider(), revisions={})
    async for raws in log.read_all():
        for item in await verifier.check(raws):
            world.take(item)
    return world


async def test_founders_are_recorded_once(log: Log) -> None:
    assert await founded(log, nothing())
    last = await log.last_seq()
    world = await folded(log)
    assert set(world.identities) == {"gateway", "operator"}
    assert world.identities["operator"].roles == {Role.OPERATOR}
    for start in (nothing(), world):
        assert not await founded(log, start)
    assert await log.last_seq() == last


async def test_a_start_reads_what_its_snapshot_does_not_cover(log: Log) -> None:
    await founded(log, nothing(), FOUNDERS[:1])
    world, last = await folded(log), await log.last_seq()
    log.read_after.clear()
    assert await founded(log, world)
    assert set(log.read_after) == {last}
    assert set((await folded(log)).identities) == {"gateway", "operator"}


async def test_the_keys_of_founders_are_known_at_once(log: Log) -> None:
    keyring = await load_keyring(log, ROOT.public_key, provider())
    assert key("gateway").key_id not in keyring
    await founded(log, nothing())
    await extend_keyring(log, keyring, provider(), after=0)
    assert keyring.valid_now(key("gateway").key_id) is not None
