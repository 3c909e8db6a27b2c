"""What the command line asks of the projections."""

from collections.abc import AsyncIterator

import pytest
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from events.agent import AgentInitializationFailed, AgentQuarantined, AgentRegistered, AgentSpawned
from events.agent_config import SandboxTier
from events.base import BY_TYPE
from events.content import ContentRef
from events.identity import (
    IdentityKeyIssued,
    IdentityKeyRevoked,
    IdentityKeyRotated,
    IdentityKind,
    IdentityRegistered,
    IdentityTerminated,
    KeyUse,
    RevocationReason,
    Role,
    RoleGranted,
    RoleRevoked,
)
from events.node import Capacity, NodeJoined, NodeLost
from events.personal import Sealed
from events.task import PriorityTier, TaskCancelled, TaskCompleted, TaskFailed
from events.tool import ToolCallCompleted, ToolCallDenied, ToolCallFailed, ToolCallRequested
from projections import history, identities, lifecycle, scheduler
from projections.catalogue import PROJECTIONS
from projections.orphans import OUTCOMES, orphans
from projections.paging import Page
from projections.runner import Runner
from tests.support.facts import BEGAN, DIGEST, KEY, History

pytest_plugins = ["tests.support.postgres"]


@pytest.fixture
async def connection(engine: AsyncEngine) -> AsyncIterator[AsyncConnection]:
    async with engine.connect() as made:
        yield made


async def project(engine: AsyncEngine, log: History) -> None:
    await Runner(engine, PROJECTIONS).apply(log.facts)


async def test_agents_are_found_by_what_they_are(engine: AsyncEngine, connection: AsyncConnection) -> None:
    log = History()
    log.spawn("a1", labels={"team": "red", "stage": "test"})
    log.spawn("a2", labels={"team": "blue"})
    registered = AgentRegistered(agent_id="a3", title="?", definition_digest=DIGEST, owner="human/bob")
    log.add(registered, tenant="other")
    log.add(
        AgentSpawned(agent_id="a3", definition_digest=DIGEST),
        AgentInitializationFailed(agent_id="a3", reasons=["name: bad"]),
        AgentQuarantined(agent_id="a2", reason="odd"),
    )
    log.start("a1", "t1")
    await project(engine, log)

    async def ids(**filters: object) -> list[str]:
        return [row.id for row in await lifecycle.agents(connection, **filters)]  # type: ignore[arg-type]

    assert await ids() == ["a1", "a2", "a3"]
    assert await ids(state="running") == ["a1"]
    assert await ids(state="failed", owner="human/bob") == ["a3"]
    assert await ids(tenant="other") == ["a3"]
    assert await ids(name="a2") == ["a2"]
    assert await ids(quarantined=True) == ["a2"]
    assert await ids(labels={"team": "red"}) == ["a1"]
    assert await ids(labels={"team": "red", "stage": "live"}) == []
    assert await lifecycle.agent_counts(connection) == {"running": 1, "ready": 1, "failed": 1}
    found = await lifecycle.agent(connection, "a1")
    assert found is not None
    assert (found.running, found.config and found.config["name"]) == (["t1"], "a1")
    assert await lifecycle.agent(connection, "a9") is None


async def test_pages_follow_each_other_in_both_directions(
    engine: AsyncEngine, connection: AsyncConnection
) -> None:
    log = History()
    for n in range(1, 6):
        log.spawn(f"a{n}")
    for n in range(1, 6):
        log.run("a1", f"t{n}")
    await project(engine, log)
    first = await lifecycle.agents(connection, Page(limit=2))
    second = await lifecycle.agents(connection, Page(limit=2, after=first[-1].first_seq))
    assert [row.id for row in (*first, *second)] == ["a1", "a2", "a3", "a4"]
    newest = await scheduler.tasks(connection, Page(limit=2, newest_first=True))
    older = await scheduler.tasks(connection, Page(limit=9, after=newest[-1].first_seq, newest_first=True))
    assert [row.id for row in (*newest, *older)] == ["t5", "t4", "t3", "t2", "t1"]
    steps = await lifecycle.transitions(connection, "a1", Page(limit=3, after=2))
    assert [(step.n, step.to_state, step.task) for step in steps] == [
        (3, "running", "t1"),
        (4, "ready", "t1"),
        (5, "running", "t2"),
    ]
    assert len(await lifecycle.transitions(connection, "a1")) == 12


async def test_the_queue_is_in_the_order_of_its_turns(
    engine: AsyncEngine, connection: AsyncConnection
) -> None:
    log = History()
    log.spawn("a1", max_concurrent_tasks=9)
    log.submit("a1", "low")
    log.submit("a1", "first-high", priority=5)
    log.submit("a1", "second-high", priority=5, labels={"k": "v"})
    log.submit("a1", "urgent", tier=PriorityTier.REALTIME, priority=-5)
    log.submit("a1", "gone")
    log.add(TaskCancelled(task_id="gone", reason="enough"), agent="a1")
    capacity = Capacity(cpu_cores=1, memory_mb=64, tasks=2)
    log.add(NodeJoined(node_id="n1", capacity=capacity, tiers=[SandboxTier.GVISOR]))
    log.add(NodeJoined(node_id="n2", capacity=capacity, tiers=[]), NodeLost(node_id="n2", reason="lease"))
    log.submit("a1", "on-a-node")
    log.assign("a1", "on-a-node")
    await project(engine, log)
    waiting = await scheduler.queue(connection)
    assert [row.id for row in waiting] == ["urgent", "first-high", "second-high", "low"]
    assert [row.id for row in await scheduler.queue(connection, limit=1)] == ["urgent"]
    assert await scheduler.queue_depths(connection) == {"realtime": 1, "batch": 3}
    assert await scheduler.task_counts(connection, agent="a1") == {"queued": 4, "assigned": 1, "cancelled": 1}
    assert await scheduler.task_counts(connection, agent="a2") == {}
    assert await scheduler.node_loads(connection) == {"n1": 1}
    assert [(row.id, row.tiers) for row in await scheduler.nodes(connection, "joined")] == [
        ("n1", ["gvisor"])
    ]
    lost = await scheduler.node(connection, "n2")
    assert lost is not None
    assert (lost.state, lost.reason) == ("lost", "lease")
    assert [row.id for row in await scheduler.tasks(connection, states=["assigned"], node="n1")] == [
        "on-a-node"
    ]
    assert [row.id for row in await scheduler.tasks(connection, labels={"k": "v"}, tier="batch")] == [
        "second-high"
    ]
    urgent = await scheduler.task(connection, "urgent")
    assert urgent is not None
    assert urgent.tier == "realtime"
    assert await scheduler.task(connection, "nothing") is None


async def test_events_are_found_by_all_that_they_carry(
    engine: AsyncEngine, connection: AsyncConnection
) -> None:
    log = History()
    log.spawn("a1")
    log.spawn("a2")
    log.run("a1", "t1")
    late = log.add(
        AgentQuarantined(agent_id="a2", reason="odd"),
        actor="human/bob",
        correlation_id="c" * 5000,
        tenant="other",
    )
    await project(engine, log)

    async def seqs(**filters: object) -> list[int]:
        return [row.seq for row in await history.events(connection, **filters)]  # type: ignore[arg-type]

    assert await seqs() == [*range(1, 12)]
    assert await seqs(agent="a2") == [4, 5, 6, 11]
    assert await seqs(types=["agent.spawned", "task.*"]) == [2, 5, 7, 8, 9, 10]
    assert await seqs(types=["task.c*"], agent="a1") == [10]
    assert await seqs(subject="task/t1") == [7, 8, 9, 10]
    assert await seqs(actor="human/bob", tenant="other") == [11]
    assert await seqs(correlation_id="c" * 5000) == [11]
    assert await seqs(causation_id="nothing") == []
    second = BEGAN + 2_000_000
    assert await seqs(since=second, until=second + 2_000_000) == [2, 3]
    last = await history.events(connection, Page(limit=1, newest_first=True))
    assert last == [await history.event(connection, 11)]
    row = await history.event(connection, late.envelope.id)
    assert row == last[0]
    assert (row.type, row.version, row.data) == (
        "agent.quarantined",
        1,
        {"agent_id": "a2", "reason": "odd"},
    )
    assert (row.time, row.stored_at, row.revision) == (late.envelope.time_ns, late.stored_at, 4)
    assert await history.event(connection, 99) is None


async def test_an_intent_without_an_outcome_is_an_orphan(
    engine: AsyncEngine, connection: AsyncConnection
) -> None:
    log = History()
    log.spawn("a1", max_concurrent_tasks=9)
    log.add(
        AgentRegistered(agent_id="a2", title="a2", definition_digest=DIGEST, owner="human/alice"),
        AgentSpawned(agent_id="a2", definition_digest=DIGEST),
    )
    log.run("a1", "t1")
    log.submit("a1", "t2")
    started = log.start("a1", "t2")
    log.submit("a1", "t3")
    assigned = log.assign("a1", "t3")
    log.submit("a1", "t4")
    log.start("a1", "t4")
    log.add(TaskFailed(task_id="t4", assignment=1, reason="exit"), agent="a1")
    await project(engine, log)
    found = await orphans(connection)
    assert [(row.type, row.aggregate_id) for row in found] == [
        ("agent.spawned", "a2"),
        ("task.started", "t2"),
        ("task.assigned", "t3"),
    ]
    assert [row.seq for row in await orphans(connection, agent="a1")] == [started.seq, assigned.seq]
    assert [row.seq for row in await orphans(connection, before=assigned.envelope.time_ns)] == [
        5,
        started.seq,
    ]
    log.add(TaskCompleted(task_id="t2", assignment=1), agent="a1")
    await project(engine, log)
    await connection.rollback()
    assert [row.aggregate_id for row in await orphans(connection)] == ["a2", "t3"]


async def test_a_call_is_an_orphan_until_it_is_told_what_came_of_it(
    engine: AsyncEngine, connection: AsyncConnection
) -> None:
    log = History()
    log.spawn("a1")
    log.submit("a1", "t1")
    log.start("a1", "t1")
    content = ContentRef(digest=DIGEST, size=2, media_type="application/json", scope="task/t1")

    def of(index: int) -> dict[str, object]:
        names = {"call_id": f"c{index}", "agent_id": "a1", "task_id": "t1", "run": 1, "tool": "fetch"}
        return {**names, "index": index, "assignment": 1}

    for index in range(4):
        log.add(ToolCallRequested.model_validate({**of(index), "arguments": content}))
    log.add(
        ToolCallCompleted.model_validate({**of(0), "result": content, "duration_seconds": 0.1}),
        ToolCallFailed.model_validate({**of(1), "reason": "unknown", "duration_seconds": 0.0}),
        ToolCallDenied.model_validate({**of(2), "reason": "no"}),
        TaskFailed(task_id="t1", assignment=1, reason="interrupted"),
        agent="a1",
    )
    await project(engine, log)
    [left] = await orphans(connection)
    assert (left.type, left.aggregate, left.aggregate_id) == ("tool.call.requested", "tool", "c3")


def test_every_intent_and_outcome_is_an_event_that_exists() -> None:
    names = {event.name for event in BY_TYPE.values()}
    assert set(OUTCOMES) <= names
    assert {outcome for outcomes in OUTCOMES.values() for outcome in outcomes} <= names


async def test_identities_keys_and_roles_tell_what_was_valid_when(
    engine: AsyncEngine, connection: AsyncConnection
) -> None:
    log = History()
    sealed = Sealed.model_validate({"$enc": "A256GCM", "sk": "ps-1/account", "n": "A" * 16, "c": "B" * 108})
    other, third = KEY[:-1] + "1", KEY[:-1] + "2"
    registered = log.add(
        IdentityRegistered(identity_id="i1", kind=IdentityKind.HUMAN, subject_ref="ps-1", display_name=sealed)
    )
    issued = IdentityKeyIssued(identity_id="i1", key_id=KEY, public_key="cHVibGlj", use=KeyUse.COMMAND)
    log.add(issued, RoleGranted(identity_id="i1", role=Role.OPERATOR))
    log.add(IdentityRegistered(identity_id="i2", kind=IdentityKind.SERVICE, subject_ref="ps-2"))
    rotated = IdentityKeyRotated(
        identity_id="i1", old_key_id=KEY, key_id=other, public_key="b3RoZXI=", use=KeyUse.COMMAND
    )
    log.add(rotated)
    revoked = log.add(
        IdentityKeyRevoked(
            identity_id="i1", key_id=KEY, reason=RevocationReason.COMPROMISED, suspected_since=2
        )
    )
    log.add(RoleRevoked(identity_id="i1", role=Role.OPERATOR), actor="human/bob")
    log.add(RoleGranted(identity_id="i1", role=Role.VIEWER))
    log.add(IdentityKeyIssued(identity_id="i2", key_id=third, public_key="dGhpcmQ=", use=KeyUse.EVENT))
    ended = log.add(IdentityTerminated(identity_id="i2", reason="gone"))
    await project(engine, log)

    alice = await identities.identity(connection, "i1")
    assert alice is not None
    assert (alice.kind, alice.state, alice.event_id) == ("human", "active", registered.envelope.id)
    assert Sealed.model_validate(alice.display_name) == sealed
    assert [row.id for row in await identities.identities(connection, kind="service")] == ["i2"]
    assert [row.id for row in await identities.identities(connection, state="active")] == ["i1"]
    gone = await identities.identity(connection, "i2")
    assert gone is not None
    assert (gone.state, gone.reason, gone.terminated_at) == ("terminated", "gone", ended.envelope.time_ns)

    old, new = await identities.keys(connection, identity="i1")
    assert (old.id, old.issued_seq, old.revoked_seq, old.suspected_since) == (KEY, 2, revoked.seq, 2)
    assert (old.revocation_reason, new.id, new.replaces, new.revoked_seq) == (
        "compromised",
        other,
        KEY,
        None,
    )
    assert [row.id for row in await identities.keys(connection, valid=True)] == [other]
    assert [row.id for row in await identities.keys(connection, use="event", valid=False)] == [third]
    ended_key = await identities.key(connection, third)
    assert ended_key is not None
    assert (ended_key.revoked_seq, ended_key.revocation_reason) == (ended.seq, "decommissioned")

    assert [row.role for row in await identities.roles(connection, "i1")] == ["viewer"]
    operator, viewer = await identities.roles(connection, "i1", held=False)
    assert (operator.role, operator.granted_seq, operator.revoked_by) == ("operator", 3, "human/bob")
    assert (viewer.role, viewer.granted_by, viewer.revoked_seq) == ("viewer", "human/alice", None)
    assert await identities.roles(connection, "i9") == []
