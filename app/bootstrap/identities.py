"""What the log says about identities, where a runtime can be reached."""

from collections.abc import Sequence

from ..config import Settings
from ..domain.identity import Identity
from ..services.world import World
from .client import NoRuntime, connect


async def known_identities(settings: Settings) -> Sequence[Identity]:
    """Every identity in the log; none before the first start, or while no runtime is running."""
    try:
        async with connect(settings) as client:
            world = World(client.verifier.keyring)
            batch = [raw async for raw in client.log.read("symbi.evt._.identity.>")]
            for item in await client.verifier.fresh().check(batch):
                world.take(item)
            return list(world.identities.values())
    except NoRuntime:
        return []
