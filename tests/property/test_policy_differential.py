"""The engine decides as Cedar does over the whole set: its slices, caches and projections change nothing."""

import pytest

from app.policy.decision import Deny
from app.policy.engine.answering import answer, named
from app.policy.engine.engine import Engine
from app.policy.engine.evaluating import Undecided
from app.policy.request import Entity, EntityRef, Request
from bench.policy.plain import PlainCedar
from tests.support.policy_world import PolicyWorld, no_predicates

REQUESTS = 1_500
MANY = 10_000


@pytest.mark.parametrize("seed", range(6))
def test_the_engine_and_plain_cedar_never_differ(seed: int) -> None:
    outcomes = differences(seed, REQUESTS)
    assert {"allowed", "forbidden"} <= outcomes


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(1_000, 1_020))
def test_they_do_not_differ_on_very_many_requests_either(seed: int) -> None:
    assert differences(seed, MANY)


def differences(seed: int, requests: int) -> set[str]:
    """Fail where both differ on that many requests; what was decided."""
    world = PolicyWorld(seed)
    engine = Engine(world.bundle, world.entities, no_predicates)
    plain = PlainCedar(world.bundle, world.entities)
    return {agree(engine, plain, world.request()) for _ in range(requests)}


@pytest.mark.parametrize("seed", range(100, 103))
def test_they_do_not_differ_while_entities_change(seed: int) -> None:
    world = PolicyWorld(seed, policies=40)
    engine = Engine(world.bundle, world.entities, no_predicates)
    asked = [world.request() for _ in range(40)]
    for _ in range(25):
        for entity in world.random.sample(list(world.entities), 4):
            world.entities.put(world.changed(entity))
        plain = PlainCedar(world.bundle, world.entities)
        for request in asked:
            agree(engine, plain, request)


def agree(engine: Engine, plain: PlainCedar, request: Request) -> str:
    """Fail unless both say the same of *request*; what that is."""
    allowed, reasons, errors = plain.ask(request)
    try:
        determined = engine.determine(request)
    except Undecided:
        # A policy failed. Cedar leaves it out; here that denies, unless another one forbids.
        assert errors
        assert allowed or not [id_ for id_ in reasons if not engine.bundle.by_id[id_].binds]
        decision = engine.decide(request)
        assert isinstance(decision, Deny)
        assert decision.error
        return "undecided"
    # What was kept for another request must be the answer to this one.
    assert engine.decide(request) == named(answer(engine.bundle, determined), request), request
    if determined.allowed and not determined.binding:
        assert (allowed, reasons) == (True, determined.policies), request
        return "allowed"
    # Cedar counts a policy that binds as one that forbids; here its conditions are still to be carried out.
    assert not allowed, request
    bound = tuple(id_ for id_ in reasons if engine.bundle.by_id[id_].binds)
    if determined.allowed or not determined.policies:
        assert bound == reasons == determined.binding, request
        return "bound" if determined.allowed else "not permitted"
    assert tuple(id_ for id_ in reasons if id_ not in bound) == determined.policies, request
    assert set(determined.binding) <= set(bound), "which of them record it"
    return "forbidden"


def test_the_worlds_entities_are_many_kinds() -> None:
    kinds = {entity.ref.type for entity in PolicyWorld(0).entities}
    assert len(kinds) == 13
    assert Entity(EntityRef("Role", "0")) in list(PolicyWorld(0).entities)
