"""Reads the log verified, with the keys that the log itself registers."""

import asyncio
from collections.abc import AsyncGenerator, Iterable, Mapping, Sequence

from events.base import BY_TYPE
from events.codec import Fact, Raw
from events.signing import Provider

from ..domain.identity import IDENTITY, Identity
from ..ports.event_log import EventLog
from .keyring import KEY_EVENTS, Keyring
from .verification import Item, Verifier
from .world import boundary_of_subject

LOOKED_UP_AT_ONCE = 4

READINGS = tuple(f".{event.subject_tokens()}" for event in BY_TYPE.values() if event.asserts_nothing)
"""How the subjects of events end that no revision counts; there are many, and nothing to look up for them."""


async def load_keyring(log: EventLog, root_public_key: bytes, provider: Provider) -> Keyring:
    """Every key that the log registers up to now; only what the root key signed counts."""
    keyring = Keyring(root_public_key)
    await extend_keyring(log, keyring, provider, after=0)
    return keyring


async def extend_keyring(log: EventLog, keyring: Keyring, provider: Provider, *, after: int) -> None:
    """Add what the log says about keys after that position, up to now."""
    async for raw in log.read(KEY_EVENTS, after=after):
        # Each by itself: between them lie events of the same boundary that are not read here.
        await Verifier(keyring, provider).check([raw])


async def identity_of(log: EventLog, verifier: Verifier, name: str) -> Identity:
    """The identity of that name with its roles, as the log has it now; its keys are left out."""
    raws = [
        raw
        for of in (f"symbi.evt._.identity.{name}.*", f"symbi.evt._.identity.{name}.role.*")
        async for raw in log.read(of)
    ]
    identity, revision = Identity(), 0
    for raw in sorted(raws, key=lambda raw: raw.seq):
        # Each by itself, as above; what an older event says again changes nothing.
        (item,) = await verifier.fresh().check([raw])
        if isinstance(item, Fact) and (item.envelope.revision or 0) > revision:
            revision = item.envelope.revision or 0
            identity = IDENTITY.evolve(identity, item.event)  # type: ignore[arg-type]
    return identity


async def read_verified(
    log: EventLog,
    verifier: Verifier,
    *,
    after: int = 0,
    batch: int = 1000,
    revisions: Mapping[str, int] | None = None,
) -> AsyncGenerator[Sequence[Item], None]:
    """Everything after that position, up to now, in batches, with the keys of *verifier*.

    The verdicts are those of a reader who began at the beginning: *revisions* say where each boundary stood
    at *after*; without them it is looked up when a boundary is first met, which takes its whole history.
    """
    reader = verifier.fresh(revisions or {})
    met: set[str] = set()
    async for raws in log.read_all(after=after, batch=batch):
        if after and revisions is None:
            await _look_up(log, reader, after, _boundaries(raws) - met)
            met |= _boundaries(raws)
        yield await reader.check(raws)


def _boundaries(raws: Iterable[Raw]) -> set[str]:
    counted = (raw.subject for raw in raws if not raw.subject.endswith(READINGS))
    return {of for subject in counted if (of := boundary_of_subject(subject)) is not None}


async def _look_up(log: EventLog, reader: Verifier, after: int, boundaries: Iterable[str]) -> None:
    # Histories may be long: all at once would be more than the connection carries.
    turns = asyncio.Semaphore(LOOKED_UP_AT_ONCE)

    async def look_up(of: str) -> None:
        async with turns:
            reader.begin(of, await _revision_at(log, reader, of, after))

    await asyncio.gather(*map(look_up, boundaries))


async def _revision_at(log: EventLog, verifier: Verifier, of: str, seq: int) -> int:
    """The revision of a boundary's newest event up to position *seq*; 0 when there is none."""
    before = []
    async for raw in log.read(of):
        if raw.seq > seq:
            break
        before.append(raw)
    facts = [item for item in await verifier.fresh({}).check(before) if isinstance(item, Fact)]
    return max((fact.envelope.revision or 0 for fact in facts), default=0)
