"""The engine decides as Cedar does over the whole set: its slices, caches and projections change nothing."""

import pytest

from app.policy.engine.engine import Engine
from app.policy.engine.evaluating import Undecided
from app.policy.request import Entity, EntityRef, Request
from tests.support.policy_world import PlainCedar, PolicyWorld, no_predicates

REQUESTS = 2_500


@pytest.mark.parametrize("seed", range(6))
def test_the_engine_and_plain_cedar_never_differ(seed: int) -> None:
    world = PolicyWorld(seed)
    engine = Engine(world.bundle, world.entities, no_predicates)
    plain = PlainCedar(world.bundle, world.entities)
    outcomes = {agree(engine, plain, world.request()) for _ in range(REQUESTS)}
    assert {"allowed", "forbidden"} <= outcomes


@pytest.mark.parametrize("seed", range(100, 103))
def test_they_do_not_differ_while_entities_change(seed: int) -> None:
    world = PolicyWorld(seed, policies=40)
    engine = Engine(world.bundle, world.entities, no_predicates)
    asked = [world.request() for _ in range(40)]
    for _ in range(25):
        for entity in world.random.sample(list(world.entities), 4):
            world.entities.put(world.changed(entity))
        plain = PlainCedar(world.bundle, world.entities)
        fresh = Engine(world.bundle, world.entities, no_predicates)
        for request in asked:
            agree(engine, plain, request)
            assert engine.decide(request) == fresh.decide(request)


def agree(engine: Engine, plain: PlainCedar, request: Request) -> str:
    """Fail unless both say the same of *request*; what that is."""
    allowed, reasons, errors = plain.ask(request)
    try:
        determined = engine.determine(request)
    except Undecided:
        # A policy failed. Cedar leaves it out; here that denies, unless another one forbids.
        assert errors
        assert allowed or not [id_ for id_ in reasons if not engine.bundle.by_id[id_].binds]
        return "undecided"
    if determined.allowed and not determined.binding:
        assert (allowed, reasons) == (True, determined.policies), request
        return "allowed"
    # Cedar counts a policy that binds as one that forbids; here its conditions are still to be carried out.
    forbidding = () if determined.allowed else determined.policies
    assert (allowed, reasons) == (False, tuple(sorted({*forbidding, *determined.binding}))), request
    return "bound" if determined.allowed else "forbidden" if forbidding else "not permitted"


def test_the_worlds_entities_are_many_kinds() -> None:
    kinds = {entity.ref.type for entity in PolicyWorld(0).entities}
    assert len(kinds) == 13
    assert Entity(EntityRef("Role", "0")) in list(PolicyWorld(0).entities)
