"""Policies and approvals are changed by signed commands, and survive a restart."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from app.dsl.source import Source
from app.policy.bundle.compiling import compile_bundle
from events import strict_json
from events.commands import ActivatePolicy, GrantApproval, RegisterPolicy, RequestApproval, RollBackPolicy
from events.policy import PolicyActivated, PolicyRegistered
from tests.support.in_process import InProcess, runtime_in_process

DIGEST = "sha256:" + "0" * 64


def registration(name: str) -> RegisterPolicy:
    bundle = compile_bundle([Source("p.cedar", '@id("a") permit(principal, action, resource);')], name=name)
    return RegisterPolicy(digest=bundle.digest, bundle=strict_json.loads(bundle.to_bytes()))


@pytest.fixture
async def runtime(tmp_path: Path) -> AsyncIterator[InProcess]:
    async with runtime_in_process(tmp_path / "data", roles=["gateway"]) as runtime:
        yield runtime


async def test_a_bundle_is_registered_and_activated_by_command(runtime: InProcess) -> None:
    one, two = registration("one"), registration("two")
    for command in (one, two, ActivatePolicy(digest=one.digest), ActivatePolicy(digest=two.digest)):
        answer = await runtime.do(command)
        assert answer.accepted, answer.error
    answer = await runtime.do(RollBackPolicy(reason="worse"))
    assert answer.accepted
    events = [fact.event for fact in await runtime.facts()]
    assert [event.digest for event in events if isinstance(event, PolicyRegistered)] == [
        one.digest,
        two.digest,
    ]
    active = [event.digest for event in events if isinstance(event, PolicyActivated)]
    assert active == [one.digest, two.digest, one.digest]
    again = await runtime.do(ActivatePolicy(digest=one.digest))
    assert again.error is not None
    assert again.error.code == "BundleActiveAlready"


async def test_a_bundle_that_does_not_validate_is_refused_and_changes_nothing(runtime: InProcess) -> None:
    good = registration("one")
    forged = RegisterPolicy(digest=DIGEST, bundle=good.bundle)
    answer = await runtime.do(forged)
    assert answer.error is not None
    assert answer.error.family == "invalid"
    assert answer.error.code == "BundleUnreadable"
    assert "policy.registered" not in await runtime.names()


async def test_only_the_runtime_asks_for_approvals(runtime: InProcess) -> None:
    asked = {
        "principal": {"type": "Agent", "id": "a1"},
        "action": "call_tool",
        "resource": {"type": "Tool", "id": "pay"},
    }
    request = RequestApproval.model_validate(
        {
            "requester": "agent/a1",
            "decision_id": "d1",
            "asked": asked,
            "act_digest": DIGEST,
            "role": "operator",
        }
    )
    answer = await runtime.do(request)
    assert answer.error is not None
    assert answer.error.family == "denied"
    answer = await runtime.do(GrantApproval(approval_id="ap1", act_digest=DIGEST))
    assert answer.error is not None
    assert answer.error.code == "ApprovalUnknown"


async def test_what_is_registered_is_known_after_a_restart(tmp_path: Path) -> None:
    one = registration("one")
    async with runtime_in_process(tmp_path / "data", roles=["gateway"]) as runtime:
        assert (await runtime.do(one)).accepted
    async with runtime_in_process(tmp_path / "data", roles=["gateway"]) as runtime:
        again = await runtime.do(one)
        assert again.error is not None
        assert again.error.code == "BundleKnownAlready"
        assert (await runtime.do(ActivatePolicy(digest=one.digest))).accepted
