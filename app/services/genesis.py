"""The first events of a runtime: who its components and its operator are."""

import base64
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass

from events import identifiers
from events.base import Event
from events.codec import Undecodable, decode
from events.commands import possession_payload
from events.identity import (
    IdentityKeyIssued,
    IdentityKind,
    IdentityRegistered,
    KeyUse,
    Role,
    RoleGranted,
)
from events.signing import POSSESSION_TYPE, SigningKey

from ..ports.clock import Clock
from ..ports.event_log import Draft, EventLog, Expectation, WrongRevision
from .stamping import Cause, Place, Stamp
from .world import World


@dataclass(frozen=True)
class Founder:
    """One identity that exists from the first start on."""

    name: str
    kind: IdentityKind
    roles: tuple[Role, ...] = ()
    keys: Mapping[KeyUse, SigningKey] | None = None
    login: str | None = None
    """Its NATS user key."""


def founding_events(founder: Founder, seed: str) -> list[Event]:
    """What the log records of *founder*; *seed* names the founding, so that ids are stable."""
    name = founder.name
    events: list[Event] = [
        IdentityRegistered(
            identity_id=name, kind=founder.kind, subject_ref=identifiers.derived_id("ps", seed + name)
        )
    ]
    events += [RoleGranted(identity_id=name, role=role) for role in founder.roles]
    for use, key in (founder.keys or {}).items():
        public = base64.b64encode(key.public_key).decode()
        proof = key.sign(POSSESSION_TYPE, possession_payload(name, use, public))
        events.append(
            IdentityKeyIssued(
                identity_id=name, key_id=key.key_id, public_key=public, use=use, possession=proof
            )
        )
    if founder.login:
        events.append(
            IdentityKeyIssued(
                identity_id=name, key_id=f"nats:{founder.login}", public_key=founder.login, use=KeyUse.LOGIN
            )
        )
    return events


async def found(
    log: EventLog,
    stamp: Stamp,
    root: SigningKey,
    clock: Clock,
    founders: Sequence[Founder],
    seed: str,
    world: World,
) -> bool:
    """Record each founder that the log does not know yet; one batch each, so that none is half there.

    *seed* must be random and the same at every start of this runtime; of the log only what *world* does not
    cover is read. True where somebody was recorded.
    """
    waiting, recorded = list(founders), False
    while waiting:
        known, expected, revision = await _identities(log, world)
        waiting = [founder for founder in waiting if founder.name not in known]
        if waiting:
            drafts = _drafts(waiting[0], stamp, root, clock, seed, revision)
            recorded = True
            with suppress(WrongRevision):  # another process founds too: look again
                await log.append(drafts, expected)
    return recorded


async def _identities(log: EventLog, world: World) -> tuple[set[str], Expectation, int]:
    """Which identities there are, where the log ends for them, and the last revision among them.

    Only who is there matters here, so nothing is verified: a forged registration could keep a founder out,
    which shows at once, and let nobody in.
    """
    of = identifiers.boundary(None, "identity", "any")
    cursor = world.cursor(of)
    known, last_seq, revision = set(world.identities), cursor.last_seq, cursor.revision
    async for raw in log.read(of, after=last_seq):
        last_seq = raw.seq
        try:
            envelope, _ = decode(raw.payload)
        except Undecodable:
            continue
        if envelope.revision is not None:
            known.add(envelope.aggregate_id)
            revision = max(revision, envelope.revision)
    return known, Expectation(of, last_seq), revision


def _drafts(
    founder: Founder, stamp: Stamp, root: SigningKey, clock: Clock, seed: str, revision: int
) -> list[Draft]:
    cause = Cause(actor="component/registrar", correlation_id=identifiers.command_id(seed, "genesis"))
    return [
        stamp.stamp(
            event,
            Place("identity", founder.name),
            cause,
            event_id=identifiers.event_id(f"{seed}/{founder.name}", index),
            revision=revision + index + 1,
            time_ns=clock.now_ns(),
            key=root,
        ).draft
        for index, event in enumerate(founding_events(founder, seed))
    ]
