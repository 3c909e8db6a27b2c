"""A command has one answer, however often it is sent and whatever happens meanwhile."""

import asyncio
from collections import Counter
from pathlib import Path
from uuid import uuid4

import pytest
from sqlalchemy import text

from events import identifiers
from events.commands import (
    Answer,
    DecommissionAgent,
    DeployAgent,
    GrantRole,
    IssueKey,
    QuarantineAgent,
    RegisterIdentity,
    ReleaseAgent,
    SignedRequest,
    SpawnAgent,
    SubmitTask,
    TerminateAgent,
    TerminateIdentity,
)
from events.identity import IdentityKind, KeyUse, Role
from events.task import NoopWork
from tests.support.in_process import CONFIG, SOON_S, InProcess, runtime_in_process
from tests.support.keys import key

pytest_plugins = ["tests.support.runtime"]
pytestmark = pytest.mark.asyncio(loop_scope="module")

COPIES = 200


def code(answer: Answer) -> str:
    """`accepted`, or the code of the refusal."""
    return "accepted" if answer.error is None else answer.error.code


async def copies(runtime: InProcess, command: SignedRequest, count: int) -> list[Answer]:
    """The answers to *count* copies sent at once."""
    return list(await asyncio.gather(*(runtime.ask(command) for _ in range(count))))


async def test_an_answer_says_what_was_recorded_where(runtime: InProcess) -> None:
    command_id = str(uuid4())
    answer = await runtime.do(SpawnAgent(config=CONFIG), command_id=command_id)
    assert answer.accepted
    assert answer.command_id == command_id
    assert answer.result == {"agent_id": identifiers.derived_id("a", command_id), "state": "ready"}
    types = [event.type for event in answer.events]
    assert types == ["symbi.agent.registered.v2", "symbi.agent.spawned.v1", "symbi.agent.readied.v2"]
    stored = {fact.seq: fact for fact in await runtime.facts()}
    for index, event in enumerate(answer.events):
        assert event.id == identifiers.event_id(command_id, index) == stored[event.seq].envelope.id
        assert event.type == stored[event.seq].envelope.type
    proof = stored[answer.events[0].seq].envelope.command_proof
    assert proof is not None
    assert (proof.id, proof.key) == (command_id, runtime.key("operator").key_id)


async def test_an_invalid_configuration_is_accepted_and_the_agent_fails(runtime: InProcess) -> None:
    answer = await runtime.do(SpawnAgent(config={"version": 1, "colour": "red"}))
    assert answer.accepted
    assert answer.result["state"] == "failed"
    assert len(answer.result["reasons"]) >= 3
    agent_id = answer.result["agent_id"]
    assert (await runtime.do(TerminateAgent(agent_id=agent_id))).accepted


async def test_a_retry_of_an_accepted_command_repeats_its_answer_and_nothing_else(
    runtime: InProcess,
) -> None:
    spawn = runtime.sign(SpawnAgent(agent_id="a1-3", config=CONFIG))
    first = await runtime.ask(spawn)
    for change in (TerminateAgent(agent_id="a1-3"), DecommissionAgent(agent_id="a1-3")):
        assert (await runtime.do(change)).accepted
        assert await runtime.ask(spawn) == first
    assert (await runtime.names(agent="a1-3")).count("agent.spawned") == 1


async def test_a_retry_of_a_rejected_command_is_rejected_alike_though_it_would_be_accepted_now(
    runtime: InProcess,
) -> None:
    terminate = runtime.sign(TerminateAgent(agent_id="a1-4"))
    first = await runtime.ask(terminate)
    assert code(first) == "AgentUnknown"
    await runtime.spawn("a1-4")
    assert await runtime.ask(terminate) == first
    assert (await runtime.do(TerminateAgent(agent_id="a1-4"))).accepted


async def test_an_id_is_for_one_command_only(runtime: InProcess) -> None:
    accepted = runtime.sign(SpawnAgent(agent_id="a1-5", config=CONFIG))
    rejected = runtime.sign(TerminateAgent(agent_id="a2-5"))
    answers = [await runtime.ask(accepted), await runtime.ask(rejected)]
    assert [code(answer) for answer in answers] == ["accepted", "AgentUnknown"]
    for answer in answers:
        other = runtime.sign(SpawnAgent(agent_id="a3-5", config=CONFIG), command_id=answer.command_id)
        assert code(await runtime.ask(other)) == "CommandIdReused"
    # Which is not the first answer to either id.
    assert [await runtime.ask(accepted), await runtime.ask(rejected)] == answers
    assert "a3-5" not in {fact.envelope.agent for fact in await runtime.facts()}


async def test_answers_outlive_the_runtime(tmp_path: Path) -> None:
    async with runtime_in_process(tmp_path / "symbi") as runtime:
        spawn = runtime.sign(SpawnAgent(agent_id="a1", config=CONFIG))
        terminate = runtime.sign(TerminateAgent(agent_id="a2"))
        failing = runtime.sign(SpawnAgent(config={}))
        first = [await runtime.ask(command) for command in (spawn, terminate, failing)]
        await runtime.spawn("a2")
    async with runtime_in_process(tmp_path / "symbi") as runtime:
        assert [await runtime.ask(command) for command in (spawn, terminate, failing)] == first
        other = runtime.sign(SpawnAgent(config=CONFIG), command_id=first[0].command_id)
        assert code(await runtime.ask(other)) == "CommandIdReused"
        names = Counter(await runtime.names(agent="a1"))
    assert names == {"agent.registered": 1, "agent.spawned": 1, "agent.readied": 1}


async def test_a_command_answered_long_ago_gets_that_answer_from_the_store(tmp_path: Path) -> None:
    async with runtime_in_process(tmp_path / "symbi") as runtime:
        spawn = runtime.sign(SpawnAgent(agent_id="a1", config=CONFIG))
        terminate = runtime.sign(TerminateAgent(agent_id="a2"))
        first = [await runtime.ask(command) for command in (spawn, terminate)]
        unseen = runtime.sign(SpawnAgent(config=CONFIG))
        await long_ago(runtime, *(answer.command_id for answer in first))
    # A runtime to which everything made before is stale, and that recalls only what is recent.
    async with runtime_in_process(tmp_path / "symbi", security__max_clock_skew_s=0.001) as runtime:
        assert [await runtime.ask(command) for command in (spawn, terminate)] == first
        assert code(await runtime.ask(unseen)) == "Stale"


async def long_ago(runtime: InProcess, *command_ids: str | None) -> None:
    """Once the answers to these commands are stored, let them be an hour older."""
    age = text(
        "UPDATE answers SET received_at = received_at - 3600000000000 WHERE command_id = ANY(:ids)"
    ).bindparams(ids=list(command_ids))
    aged = 0
    async with asyncio.timeout(SOON_S):
        while aged < len(command_ids):  # they are written behind the replies, and nobody tells when
            async with runtime.client.queries.begin() as connection:
                aged += (await connection.execute(age)).rowcount
            await asyncio.sleep(0.02)


async def test_many_copies_at_once_are_one_command(runtime: InProcess) -> None:
    await runtime.spawn("a1-8")
    submit = runtime.sign(SubmitTask(agent_id="a1-8", work=NoopWork()))
    answers = await copies(runtime, submit, COPIES)
    assert {code(answer) for answer in answers} == {"accepted"}
    assert all(answer == answers[0] for answer in answers)
    await runtime.until_named("task.completed")
    assert Counter(await runtime.names(agent="a1-8"))["task.submitted"] == 1


async def test_a_copy_that_waits_behind_other_commands_gets_the_first_answer_too(runtime: InProcess) -> None:
    agent_id = await runtime.spawn()
    release = runtime.sign(ReleaseAgent(agent_id=agent_id))
    # They wait for each other in this order: the first copy is rejected, the second could be accepted.
    waiting = [
        runtime.sign(DeployAgent(agent_id=agent_id, config=CONFIG)),
        release,
        runtime.sign(QuarantineAgent(agent_id=agent_id)),
        release,
    ]
    _, first, quarantined, second = await asyncio.gather(*(runtime.ask(command) for command in waiting))
    assert quarantined.accepted
    assert code(first) == "AgentNotInQuarantine"
    assert second == first


async def test_of_commands_that_exclude_each_other_one_is_carried_out(runtime: InProcess) -> None:
    spawns = [runtime.do(SpawnAgent(agent_id="a1-10", config=CONFIG)) for _ in range(50)]
    assert Counter(code(answer) for answer in await asyncio.gather(*spawns)) == {
        "accepted": 1,
        "AgentAlreadySpawned": 49,
    }
    ends = [runtime.do(TerminateAgent(agent_id="a1-10")) for _ in range(50)]
    assert Counter(code(answer) for answer in await asyncio.gather(*ends)) == {
        "accepted": 1,
        "AgentHasEnded": 49,
    }


async def test_the_limit_on_agents_holds_however_many_are_spawned_at_once(tmp_path: Path) -> None:
    async with runtime_in_process(tmp_path / "symbi", runtime__max_concurrent_agents=5) as runtime:
        spawns = [runtime.do(SpawnAgent(config=CONFIG)) for _ in range(40)]
        assert Counter(code(answer) for answer in await asyncio.gather(*spawns)) == {
            "accepted": 5,
            "TooManyAgents": 35,
        }


async def test_a_key_is_issued_to_one_identity_however_many_ask_at_once(runtime: InProcess) -> None:
    held = key("contested")
    names = [f"service-{number}" for number in range(10)]
    for name in names:
        assert (await runtime.do(RegisterIdentity(identity_id=name, kind=IdentityKind.SERVICE))).accepted
    issues = [
        IssueKey(
            identity_id=name,
            public_key=held.public_key,
            use=KeyUse.COMMAND,
            possession=held.proof(name, KeyUse.COMMAND),
        )
        for name in names
    ]
    answers = await asyncio.gather(*(runtime.do(issue) for issue in issues))
    assert Counter(map(code, answers)) == {"accepted": 1, "KeyKnownAlready": 9}


async def test_the_last_operator_stays_though_operators_end_each_other_at_once(
    tmp_path: Path,
) -> None:
    async with runtime_in_process(tmp_path / "symbi") as runtime:
        held = key("other-operator")
        use = KeyUse.COMMAND
        for command in (
            RegisterIdentity(identity_id="olga", kind=IdentityKind.HUMAN),
            GrantRole(identity_id="olga", role=Role.OPERATOR),
            IssueKey(
                identity_id="olga", public_key=held.public_key, use=use, possession=held.proof("olga", use)
            ),
        ):
            assert (await runtime.do(command)).accepted
        ends = [TerminateIdentity(identity_id=name) for name in ("olga", "operator")]
        answers = await asyncio.gather(*(runtime.do(end) for end in ends))
        assert Counter(map(code, answers))["accepted"] == 1
        assert {code(answer) for answer in answers} <= {
            "accepted",
            "LastOperator",
            "NotPermitted",
            "UnknownKey",
        }
