"""Every event that the broker acknowledged is covered by one statement of its key, whatever happened."""

import asyncio
from pathlib import Path

from events.codec import Fact
from events.commands import GrantRole, RegisterIdentity, SpawnAgent, TerminateAgent
from events.identity import IdentityKind, Role
from events.log import ProducerAcknowledged
from events.task import NoopWork
from tests.support.audit import check_statements, copies, statements, stored_log
from tests.support.in_process import CONFIG, InProcess, runtime_in_process
from tests.support.up_process import UpProcess

pytest_plugins = ["tests.support.runtime"]


async def some_life(runtime: InProcess) -> None:
    """Events of both keys, and refusals."""
    agents = [await runtime.spawn() for _ in range(5)]
    tasks = await asyncio.gather(*(runtime.client.submit_task(agent, NoopWork()) for agent in agents))
    for task_id in tasks:
        await runtime.until_named("task.completed", task_id=task_id)
    for number in range(3):
        name = f"service-{number}-{await runtime.client.log.last_seq()}"
        await runtime.do(RegisterIdentity(identity_id=name, kind=IdentityKind.SERVICE))
        await runtime.do(GrantRole(identity_id=name, role=Role.VIEWER))
        await runtime.do(TerminateAgent(agent_id="nobody"))


async def test_a_stop_leaves_nothing_unstated(tmp_path: Path) -> None:
    for _ in range(3):
        async with runtime_in_process(tmp_path / "symbi", log__statement_interval_s=0.1) as runtime:
            await some_life(runtime)
            keys = [runtime.key(name).key_id for name in ("gateway", "registrar")]
            storage = runtime.settings.audit_storage
    items = await stored_log(tmp_path / "symbi")
    tails = check_statements(items)
    assert set(tails) == set(keys)
    for key, tail in tails.items():
        # What is left is the last statement itself: one about statements alone would never end.
        assert [raw.seq for raw in tail] == [statements(items, key)[-1].seq]
        assert copies(storage, key) == [statement.raw.payload for statement in statements(items, key)]
    # Nothing was read again after a crash, but what was founded before anybody kept count.
    assert {
        key: [n for n, one in enumerate(statements(items, key), 1) if _recovered(one)] for key in keys
    } == {
        keys[0]: [],
        keys[1]: [1],
    }


async def test_a_crash_is_made_up_for_at_the_next_start(running_runtime: UpProcess) -> None:
    runtime = running_runtime
    for _ in range(2):
        async with runtime.client() as client:
            for _ in range(30):
                await client.send(SpawnAgent(config=CONFIG))
            await client.send(RegisterIdentity(identity_id=f"s-{runtime.pid}", kind=IdentityKind.SERVICE))
        runtime.kill()
        runtime.start()
    assert runtime.stop() == 0
    items = await stored_log(runtime.data_dir)
    tails = check_statements(items)
    for key, tail in tails.items():
        assert [raw.seq for raw in tail] == [statements(items, key)[-1].seq]
        payloads = [statement.raw.payload for statement in statements(items, key)]
        assert copies(runtime.data_dir / "audit", key) == payloads
    assert any(_recovered(item) for key in tails for item in statements(items, key))


def _recovered(item: Fact) -> bool:
    return isinstance(item.event, ProducerAcknowledged) and item.event.recovered
