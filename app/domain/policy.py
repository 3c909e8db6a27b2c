"""The policies in force: bundles are registered, activated, rolled back and retired."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import assert_never

from events import strict_json
from events.commands.policy import (
    ActivatePolicy,
    RegisterPolicy,
    RetirePolicy,
    RollBackPolicy,
    ToBundles,
)
from events.policy import AboutBundles, PolicyActivated, PolicyRegistered, PolicyRetired

from .decider import Context, Decider
from .policy_rejections import (
    BundleActiveAlready,
    BundleKnownAlready,
    BundleRetiredAlready,
    BundleUnfit,
    BundleUnknown,
    NothingToRollBackTo,
)

MAX_BYTES = 700_000
"""Of a bundle's canonical JSON: it travels in one event."""


@dataclass(frozen=True, slots=True)
class PolicySet:
    """The bundles of one set, as far as decisions depend on them."""

    registered: frozenset[str] = frozenset()
    """The digests of those that may be activated."""
    retired: frozenset[str] = frozenset()
    active: str | None = None
    before: tuple[str, ...] = ()
    """What was active before, the latest last; each once, none of them retired."""


def decide(policies: PolicySet, command: ToBundles, context: Context) -> Sequence[AboutBundles]:
    """Answer *command* with the facts it causes, or raise `Rejected`.

    The bundle of a registration has been validated (`app.policy.bundle.load`) before it gets here.
    """
    name = command.policy_id
    match command:
        case RegisterPolicy():
            return [_register(policies, command)]
        case ActivatePolicy(digest=digest, reason=reason):
            _require(policies, digest)
            if policies.active == digest:
                raise BundleActiveAlready(digest=digest)
            return [PolicyActivated(policy_id=name, digest=digest, previous=policies.active, reason=reason)]
        case RetirePolicy(digest=digest, reason=reason):
            _require(policies, digest)
            return [PolicyRetired(policy_id=name, digest=digest, reason=reason)]
        case RollBackPolicy(reason=reason):
            if not policies.before:
                raise NothingToRollBackTo()
            return [
                PolicyActivated(
                    policy_id=name,
                    digest=policies.before[-1],
                    previous=policies.active,
                    reason=reason,
                    rollback=True,
                )
            ]
        case _:
            assert_never(command)


def _register(policies: PolicySet, command: RegisterPolicy) -> PolicyRegistered:
    digest = command.digest
    if digest in policies.retired:
        raise BundleRetiredAlready(digest=digest)
    if digest in policies.registered:
        raise BundleKnownAlready(digest=digest)
    content = command.bundle.get("bundle")
    if not isinstance(content, dict):
        raise BundleUnfit(why="it holds no bundle")
    try:
        size, found = len(strict_json.canonical(command.bundle)), strict_json.canonical(content)
    except strict_json.NotStrict as error:
        raise BundleUnfit(why=str(error)) from None
    if size > MAX_BYTES:
        raise BundleUnfit(why=f"it has {size} bytes; at most {MAX_BYTES} are taken")
    if f"sha256:{hashlib.sha256(found).hexdigest()}" != digest:
        raise BundleUnfit(why=f"its digest is not {digest}")
    return PolicyRegistered(
        policy_id=command.policy_id,
        digest=digest,
        bundle_name=content["name"],
        bundle_version=content["version"],
        description=content["description"],
        policies=len(content["policies"]),
        bundle=command.bundle,
    )


def _require(policies: PolicySet, digest: str) -> None:
    if digest in policies.retired:
        raise BundleRetiredAlready(digest=digest)
    if digest not in policies.registered:
        raise BundleUnknown(digest=digest)


def evolve(policies: PolicySet, event: AboutBundles) -> PolicySet:
    """Fold one fact into *policies*; never raises, never looks outside."""
    match event:
        case PolicyRegistered(digest=digest):
            return replace(policies, registered=policies.registered | {digest})
        case PolicyActivated(digest=digest, rollback=rollback):
            before = [one for one in policies.before if one != digest]
            # Going back must not make what was left the next thing to go back to.
            if policies.active is not None and not rollback and policies.active != digest:
                before = [*(one for one in before if one != policies.active), policies.active]
            return replace(policies, active=digest, before=tuple(before))
        case PolicyRetired(digest=digest):
            return PolicySet(
                policies.registered - {digest},
                policies.retired | {digest},
                None if policies.active == digest else policies.active,
                tuple(one for one in policies.before if one != digest),
            )
        case _:
            assert_never(event)


POLICY: Decider[PolicySet, ToBundles, AboutBundles] = Decider(PolicySet(), decide, evolve)
