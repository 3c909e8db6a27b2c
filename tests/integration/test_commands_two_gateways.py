"""Two gateways of one runtime decide side by side: nothing is doubled, nothing is lost."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from app.services.gateway import Gateway
from events.commands import (
    Answer,
    DeployAgent,
    QuarantineAgent,
    ReleaseAgent,
    SpawnAgent,
    SubmitTask,
    TerminateAgent,
)
from events.task import NoopWork
from tests.support.in_process import CONFIG, InProcess, runtime_in_process
from tests.support.servers import copy_of

pytest_plugins = ["tests.support.runtime"]
pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def pair(
    runtime: InProcess, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[tuple[Gateway, Gateway]]:
    """The runtime's gateway, and one of a second process with the same keys on the same servers."""
    folder = copy_of(runtime.data.path, tmp_path_factory.mktemp("second") / "symbi")
    urls = {"nats__url": runtime.nats_url, "postgres__url": runtime.postgres_url}
    async with runtime_in_process(folder, {"gateway"}, **urls) as second:
        one, other = runtime.running.gateway, second.running.gateway
        assert one is not None
        assert other is not None
        yield one, other


def code(answer: Answer) -> str:
    return "accepted" if answer.error is None else answer.error.code


async def test_of_commands_that_exclude_each_other_one_is_carried_out(
    runtime: InProcess, pair: tuple[Gateway, Gateway]
) -> None:
    for round_ in range(10):
        spawn = [runtime.sign(SpawnAgent(agent_id=f"x{round_}", config=CONFIG)) for _ in range(6)]
        answers = await asyncio.gather(*(pair[n % 2].answer(each) for n, each in enumerate(spawn)))
        assert Counter(map(code, answers)) == {"accepted": 1, "AgentAlreadySpawned": 5}
        end = [runtime.sign(TerminateAgent(agent_id=f"x{round_}")) for _ in range(6)]
        answers = await asyncio.gather(*(pair[n % 2].answer(each) for n, each in enumerate(end)))
        assert Counter(map(code, answers)) == {"accepted": 1, "AgentHasEnded": 5}
    assert await runtime.bad() == []


async def test_a_crowd_on_the_same_agents_is_carried_out_once_each(
    runtime: InProcess, pair: tuple[Gateway, Gateway]
) -> None:
    agents = [await runtime.spawn() for _ in range(5)]
    submissions = [
        runtime.sign(SubmitTask(agent_id=agents[number % 5], work=NoopWork())) for number in range(300)
    ]
    # Over NATS, where the queue group hands each to either of the two, while half of them arrive at both.
    sent = [runtime.ask(each) for each in submissions]
    sent += [pair[number % 2].answer(each) for number, each in enumerate(submissions[:150])]
    answers = await asyncio.gather(*sent)
    assert Counter(map(code, answers)) == {"accepted": 450}
    assert answers[300:] == answers[:150]
    tasks = {answer.result["task_id"] for answer in answers}
    assert len(tasks) == 300
    facts = [fact for fact in await runtime.facts() if fact.envelope.agent in agents]
    submitted = Counter(fact.event.task_id for fact in facts if fact.event.name == "task.submitted")  # type: ignore[attr-defined]
    assert submitted == Counter(tasks)
    for agent in agents:
        revisions = [fact.envelope.revision for fact in facts if fact.envelope.agent == agent]
        assert revisions == list(range(1, len(revisions) + 1))
    assert await runtime.bad() == []


async def test_a_retry_at_the_other_gateway_gets_the_first_answer(
    runtime: InProcess, pair: tuple[Gateway, Gateway]
) -> None:
    one, other = pair
    spawn = runtime.sign(SpawnAgent(agent_id="retried", config=CONFIG))
    first = await one.answer(spawn)
    assert first.accepted
    assert await other.answer(spawn) == first
    assert await one.answer(spawn) == first


async def test_both_gateways_know_at_the_next_decision_what_the_other_has_decided(
    runtime: InProcess, pair: tuple[Gateway, Gateway]
) -> None:
    agent_id = await runtime.spawn()
    for _ in range(20):
        answers = [
            await pair[0].answer(runtime.sign(QuarantineAgent(agent_id=agent_id))),
            await pair[1].answer(runtime.sign(ReleaseAgent(agent_id=agent_id))),
            await pair[1].answer(runtime.sign(DeployAgent(agent_id=agent_id, config=CONFIG))),
        ]
        assert [code(answer) for answer in answers] == ["accepted"] * 3
