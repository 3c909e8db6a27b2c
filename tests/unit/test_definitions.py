"""An agent is made of a text: parsed and checked where it is decided, and kept as content."""

import asyncio
import hashlib
import zlib
from typing import Any

import pytest

from app.domain.agent import AgentState
from app.services import definitions
from app.services.keyring import Keyring
from app.services.snapshotting import decode, encode
from events.agent import (
    AgentDeployed,
    AgentInitializationFailed,
    AgentReadied,
    AgentRegistered,
    AgentSpawned,
)
from events.commands import DeployAgent, SpawnAgent
from tests.support.small_runtime import SmallRuntime, key, small_runtime

GOOD = """
// Doubles a number.
agent doubler(n: int) -> int {
    capabilities = ["log"]
    with timeout = 5s { log("doubling"); return n * 2; }
}
"""
TWO = GOOD + "agent other { capabilities = [] with { return 1; } }\n"
BAD = """
agent doubler(n: int) -> int {
    capabilities = ["log"]
    with timeot = 5s { lgo("doubling"); return n * ; }
}
"""
SCHEDULED = """
schedule nightly { agent: "reporter" cron: "0 2 * * *" timezone: "Europe/Vienna" region: "eu" }
memory notes { store markdown }
agent reporter(region: String) -> String { capabilities = [] with { return region; } }
"""


def spawn(text: str, agent_id: str = "a1", **more: Any) -> SpawnAgent:
    return SpawnAgent(agent_id=agent_id, source=text, file="doubler.symbi", **more)


async def test_a_good_definition_makes_a_ready_agent_and_its_text_is_kept() -> None:
    async with small_runtime() as runtime:
        answer = await runtime.do(spawn(GOOD))
        assert answer.result == {"agent_id": "a1", "state": "ready", "inputs": ["n"]}
        registered, spawned, readied = (await runtime.events())[-3:]
        digest = "sha256:" + hashlib.sha256(GOOD.encode()).hexdigest()
        assert isinstance(registered, AgentRegistered)
        assert isinstance(spawned, AgentSpawned)
        assert isinstance(readied, AgentReadied)
        assert registered.definition_digest == spawned.definition_digest == digest
        assert registered.definition is not None
        assert (registered.definition.digest, registered.definition.agent) == (digest, "doubler")
        assert await runtime.blobs.get(registered.definition.content) == GOOD.encode()
        assert (readied.config.name, readied.config.capabilities) == ("doubler", ["log"])
        assert readied.config.limits.execution_timeout == 5.0


async def test_a_bad_definition_makes_a_failed_agent_that_is_told_every_error_with_its_line() -> None:
    async with small_runtime() as runtime:
        answer = await runtime.do(spawn(BAD))
        assert answer.result["state"] == "failed"
        [failed] = await runtime.events(AgentInitializationFailed)
        assert failed.reasons == answer.result["reasons"]
        text = "\n".join(failed.reasons)
        assert "--> doubler.symbi:4:" in text
        assert "4 |     with timeot = 5s {" in text
        assert "^" in text
        assert runtime.world.agents["a1"].state is AgentState.FAILED
        [registered] = await runtime.events(AgentRegistered)
        assert registered.definition is None


async def test_of_several_agents_one_is_named() -> None:
    async with small_runtime() as runtime:
        answer = await runtime.do(spawn(TWO, agent="other"))
        assert runtime.world.agents[answer.result["agent_id"]].config.name == "other"  # type: ignore[union-attr]
        for wrong, why in (
            (None, "several agents"),
            ("third", "no agent third"),
            ("othr", "did you mean other"),
        ):
            refused = (await runtime.ask(spawn(TWO, "a2", agent=wrong))).error
            assert refused is not None
            assert refused.code == "AgentNotChosen"
            assert why in refused.message
        assert "a2" not in runtime.world.agents


async def test_what_has_no_effect_yet_is_told() -> None:
    async with small_runtime() as runtime:
        answer = await runtime.do(spawn(SCHEDULED))
        assert any("memory `notes` has no effect yet" in remark for remark in answer.result["remarks"])


async def test_a_changed_text_is_a_new_version() -> None:
    async with small_runtime() as runtime:
        await runtime.do(spawn(GOOD))
        changed = GOOD.replace("n * 2", "n * 3")
        await runtime.do(DeployAgent(agent_id="a1", source=changed))
        [deployed] = await runtime.events(AgentDeployed)
        assert deployed.definition is not None
        assert deployed.definition_digest == "sha256:" + hashlib.sha256(changed.encode()).hexdigest()
        assert runtime.world.agents["a1"].definition == deployed.definition
        async with runtime.working(_tools()):
            assert await runtime.output(await runtime.ended(await runtime.submit(inputs={"n": 2}))) == 6


async def test_a_bad_version_is_refused_and_changes_nothing() -> None:
    async with small_runtime() as runtime:
        await runtime.do(spawn(GOOD))
        before = runtime.world.agents["a1"]
        refused = (await runtime.ask(DeployAgent(agent_id="a1", source=BAD, file="new.symbi"))).error
        assert refused is not None
        assert refused.code == "ConfigInvalid"
        assert "new.symbi:4" in "\n".join(refused.facts["reasons"])
        assert runtime.world.agents["a1"] == before


async def test_what_runs_is_what_the_agent_had_when_the_task_was_submitted() -> None:
    async with small_runtime() as runtime:
        await runtime.do(spawn(GOOD))
        task = await runtime.submit(inputs={"n": 2})
        await runtime.do(DeployAgent(agent_id="a1", source=GOOD.replace("n * 2", "n * 3")))
        async with runtime.working(_tools()):
            assert await runtime.output(await runtime.ended(task)) == 4


@pytest.mark.parametrize(
    ("command", "code"),
    [
        (SpawnAgent(agent_id="a1"), "DefinitionMissing"),
        (SpawnAgent(agent_id="a1", source=GOOD, config={"name": "x"}), "DefinitionTwice"),
        (SpawnAgent(agent_id="a1", source="x" * 300_000), "DefinitionTooLarge"),
        (SpawnAgent(agent_id="a1", source="// nothing here\n"), "AgentNotChosen"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
async def test_what_is_no_definition_makes_no_agent(command: SpawnAgent, code: str) -> None:
    async with small_runtime() as runtime:
        refused = (await runtime.ask(command)).error
        assert refused is not None
        assert refused.code == code
        assert not runtime.world.agents


async def test_a_body_is_run_only_where_there_is_one() -> None:
    async with small_runtime() as runtime:
        await runtime.do(spawn("agent quiet { capabilities = [] }"))
        with pytest.raises(AssertionError, match="AgentHasNoBody"):
            await runtime.submit()
        await runtime.do(SpawnAgent(agent_id="a2", config={"name": "plain"}))
        with pytest.raises(AssertionError, match="AgentHasNoBody"):
            await runtime.submit("a2")


async def test_one_text_is_read_once_however_many_agents_are_made_of_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    read = 0
    reads = definitions._read

    def counted(*given: Any) -> Any:
        nonlocal read
        read += 1
        return reads(*given)

    async with small_runtime() as runtime:
        monkeypatch.setattr(definitions, "_read", counted)
        await asyncio.gather(*(runtime.do(spawn(GOOD, f"a{number}")) for number in range(50)))
        assert read == 1
        assert len(runtime.world.agents) == 50


async def test_what_was_read_long_ago_is_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(definitions, "KEPT", 3)
    async with small_runtime() as runtime:
        for number in range(6):
            await runtime.do(spawn(GOOD + f"// {number}\n", f"a{number}"))
        assert len(runtime.definitions._read) <= 4
        assert len(runtime.definitions._kept) <= 4
        async with runtime.working(_tools()):  # and read again where it is needed
            assert await runtime.output(await runtime.ended(await runtime.submit("a0", {"n": 1}))) == 2


async def test_reading_a_long_text_leaves_the_loop_to_everything_else() -> None:
    text = "".join(
        f"agent a{number}(n: int) -> int {{ with {{ return n + {number}; }} }}\n" for number in range(2500)
    )
    async with small_runtime() as runtime:
        loop, slowest = asyncio.get_running_loop(), 0.0
        reading = asyncio.create_task(runtime.ask(spawn(text, agent="a7")))
        last = loop.time()
        while not reading.done():
            await asyncio.sleep(0)
            slowest, last = max(slowest, loop.time() - last), loop.time()
        assert (await reading).accepted
        assert slowest < 1.0


async def test_a_snapshot_keeps_definitions_and_writes_shared_ones_once() -> None:
    async with small_runtime() as runtime:
        for number in range(5):
            await runtime.do(spawn(SCHEDULED, f"a{number}", agent="reporter"))
        body = encode(runtime.world)
        again = decode(zlib.compress(body), Keyring(key("root").public_key), runtime.world.seq)
        assert again.agents == runtime.world.agents
        assert body.count(b'"definition/') == 1
        assert again.agents["a1"].schedules_from > 0


async def restarted(runtime: SmallRuntime) -> Any:
    async with small_runtime(runtime.log, runtime.clock, runtime.blobs) as again:
        return again.world.agents


async def test_another_process_knows_the_same_from_the_log() -> None:
    async with small_runtime() as runtime:
        await runtime.do(spawn(SCHEDULED, agent="reporter"))
        assert await restarted(runtime) == runtime.world.agents


def _tools() -> Any:
    from app.adapters.example_tools import EXAMPLE_TOOLS
    from app.adapters.function_tools import ToolRegistry

    return ToolRegistry(EXAMPLE_TOOLS)
