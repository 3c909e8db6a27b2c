"""Bundles are registered, activated, rolled back and retired."""

import hashlib
from typing import Any

import pytest

from app.domain.agent import AGENT, Agent, AgentState
from app.domain.governing import Governing
from app.domain.policy import MAX_BYTES, POLICY, PolicySet
from app.domain.policy_rejections import (
    BundleActiveAlready,
    BundleKnownAlready,
    BundleRetiredAlready,
    BundleUnfit,
    BundleUnknown,
    NothingToRollBackTo,
)
from app.domain.rejections import AgentHasEnded, AgentUnknown
from app.domain.violation import violate
from app.dsl.source import Source
from app.policy.bundle.admitting import BundleUnreadable, admit
from app.policy.bundle.compiling import compile_bundle
from app.policy.bundle.problems import BundleInvalid
from events import strict_json
from events.agent import AgentSuspended
from events.commands.policy import (
    ActivatePolicy,
    RecordViolation,
    RegisterPolicy,
    RetirePolicy,
    RollBackPolicy,
)
from events.policy import AboutBundles, PolicyActivated, PolicyRegistered, PolicyRetired, PolicyViolated
from tests.support.given import given


def document(name: str) -> dict[str, Any]:
    bundle = compile_bundle([Source("p.cedar", '@id("a") permit(principal, action, resource);')], name=name)
    found: dict[str, Any] = strict_json.loads(bundle.to_bytes())
    return found


def digest_of(name: str) -> str:
    return f"sha256:{hashlib.sha256(strict_json.canonical(document(name)['bundle'])).hexdigest()}"


ONE, TWO, THREE = (digest_of(name) for name in ("one", "two", "three"))


def registered(name: str) -> PolicyRegistered:
    return PolicyRegistered(
        policy_id="main",
        digest=digest_of(name),
        bundle_name=name,
        bundle_version="1.0.0",
        policies=1,
        bundle=document(name),
    )


def activated(digest: str, previous: str | None = None, *, rollback: bool = False) -> PolicyActivated:
    return PolicyActivated(policy_id="main", digest=digest, previous=previous, rollback=rollback)


def retired(digest: str) -> PolicyRetired:
    return PolicyRetired(policy_id="main", digest=digest)


ALL: tuple[AboutBundles, ...] = (registered("one"), registered("two"), registered("three"))


def test_a_bundle_is_registered_once_and_activated() -> None:
    given(POLICY).when(RegisterPolicy(digest=ONE, bundle=document("one"))).then(registered("one"))
    given(POLICY, *ALL).when(RegisterPolicy(digest=ONE, bundle=document("one"))).then_raises(
        BundleKnownAlready
    )
    given(POLICY, *ALL).when(ActivatePolicy(digest=ONE)).then(activated(ONE))
    given(POLICY, *ALL, activated(ONE)).when(ActivatePolicy(digest=TWO)).then(activated(TWO, ONE))
    given(POLICY, *ALL, activated(ONE)).when(ActivatePolicy(digest=ONE)).then_raises(BundleActiveAlready)
    given(POLICY).when(ActivatePolicy(digest=ONE)).then_raises(BundleUnknown)


def test_a_bundle_that_is_not_what_its_digest_says_is_refused() -> None:
    given(POLICY).when(RegisterPolicy(digest=TWO, bundle=document("one"))).then_raises(BundleUnfit)
    given(POLICY).when(RegisterPolicy(digest=ONE, bundle={})).then_raises(BundleUnfit)
    large = {**document("one"), "places": "x" * MAX_BYTES}
    given(POLICY).when(RegisterPolicy(digest=ONE, bundle=large)).then_raises(BundleUnfit)


def test_rolling_back_twice_goes_back_twice() -> None:
    history: list[AboutBundles] = [*ALL, activated(ONE), activated(TWO, ONE), activated(THREE, TWO)]
    given(POLICY, *history).when(RollBackPolicy()).then(activated(TWO, THREE, rollback=True))
    history.append(activated(TWO, THREE, rollback=True))
    given(POLICY, *history).when(RollBackPolicy()).then(activated(ONE, TWO, rollback=True))
    history.append(activated(ONE, TWO, rollback=True))
    given(POLICY, *history).when(RollBackPolicy()).then_raises(NothingToRollBackTo)
    history.append(activated(THREE, ONE))
    given(POLICY, *history).when(RollBackPolicy()).then(activated(ONE, THREE, rollback=True))


def test_a_retired_bundle_is_active_no_more_and_nothing_takes_its_place() -> None:
    history = (*ALL, activated(ONE), activated(TWO, ONE))
    given(POLICY, *history).when(RetirePolicy(digest=TWO)).then(retired(TWO))
    after = (*history, retired(TWO))
    assert folded(*after).active is None
    given(POLICY, *after).when(ActivatePolicy(digest=TWO)).then_raises(BundleRetiredAlready)
    given(POLICY, *after).when(RegisterPolicy(digest=TWO, bundle=document("two"))).then_raises(
        BundleRetiredAlready
    )
    given(POLICY, *after).when(RollBackPolicy()).then(activated(ONE, rollback=True))
    given(POLICY, *after, retired(ONE)).when(RollBackPolicy()).then_raises(NothingToRollBackTo)


def folded(*events: AboutBundles) -> PolicySet:
    state = POLICY.initial
    for event in events:
        state = POLICY.evolve(state, event)
    return state


def test_a_registered_bundle_is_checked_again() -> None:
    assert admit(document("one"), ONE).digest == ONE
    with pytest.raises(BundleUnreadable):
        admit(document("one"), TWO)
    with pytest.raises(BundleUnreadable):
        admit({}, ONE)
    forged = document("one")
    forged["bundle"]["policies"][0] = '@id("a") permit(principal, action == Action::"rob", resource);'
    digest = f"sha256:{hashlib.sha256(strict_json.canonical(forged['bundle'])).hexdigest()}"
    with pytest.raises(BundleInvalid, match="rob"):
        admit(forged, digest)
    forged = document("one")
    forged["bundle"]["policies"] *= 2
    digest = f"sha256:{hashlib.sha256(strict_json.canonical(forged['bundle'])).hexdigest()}"
    with pytest.raises(BundleInvalid, match="same id"):
        admit(forged, digest)


def test_what_governs_survives_a_snapshot() -> None:
    governing = Governing()
    for event in (*ALL, activated(ONE), activated(TWO, ONE), retired(THREE)):
        governing.take(event)
    document = strict_json.loads(strict_json.dumps(governing.to_json()))
    assert Governing.from_json(document) == governing
    assert Governing.from_json({}) == Governing()


VIOLATE = RecordViolation(agent_id="a1", decision_id="d1", policies=["no"], reason="Mail leaves. (no)")
VIOLATED = PolicyViolated(agent_id="a1", decision_id="d1", policies=["no"], reason="Mail leaves. (no)")


def test_a_violation_suspends_an_agent_that_runs() -> None:
    events = violate(Agent(agent_id="a1", state=AgentState.RUNNING), VIOLATE)
    assert events[0] == VIOLATED
    assert isinstance(events[1], AgentSuspended)
    assert "Mail leaves. (no)" in events[1].reason
    agent = AGENT.evolve(Agent(agent_id="a1", state=AgentState.RUNNING), events[1])
    assert agent.state is AgentState.SUSPENDED


def test_a_violation_stays_with_an_agent_that_does_not_run() -> None:
    assert violate(Agent(agent_id="a1", state=AgentState.READY), VIOLATE) == [VIOLATED]
    for state, refusal in ((AgentState.ABSENT, AgentUnknown), (AgentState.TERMINATED, AgentHasEnded)):
        with pytest.raises(refusal):
            violate(Agent(agent_id="a1", state=state), VIOLATE)
