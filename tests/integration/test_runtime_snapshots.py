"""A start uses the newest snapshot that fits the log; any other changes nothing but the time it takes."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection
from structlog.testing import capture_logs

from app.adapters.postgres import create_engine
from app.embedded.data_dir import DataDir
from app.embedded.postgres import EmbeddedPostgres
from app.services.keyring import Keyring
from app.services.snapshotting import encode
from app.services.world import FOLD_VERSION, World
from events.commands import (
    HaltAgent,
    IssueKey,
    QuarantineAgent,
    RegisterIdentity,
    SuspendAgent,
    TerminateAgent,
)
from events.identity import IdentityKind, KeyUse, Role
from events.signing import SNAPSHOT_TYPE
from events.task import NoopWork
from tests.support.hand_worker import hand_worker
from tests.support.in_process import InProcess, runtime_in_process
from tests.support.keys import key

BY_HAND = {"gateway", "scheduler", "projector"}


async def a_world(runtime: InProcess) -> None:
    """Agents, tasks, nodes and identities in many states."""
    async with hand_worker(runtime) as worker:
        await worker.join(tasks=2)
        agents = [await runtime.spawn(max_concurrent_tasks=2) for _ in range(6)]
        running = await worker.run(await runtime.client.submit_task(agents[0], NoopWork(), max_retries=2))
        suspended = await worker.run(await runtime.client.submit_task(agents[1], NoopWork()))
        for agent in agents[2:4]:
            await runtime.client.submit_task(agent, NoopWork(), priority=3)
        assert (await worker.fail(running)).accepted
        held = key("snapshot")
        issue = IssueKey(
            identity_id="sam",
            public_key=held.public_key,
            use=KeyUse.COMMAND,
            possession=held.proof("sam", KeyUse.COMMAND),
        )
        for command in (
            SuspendAgent(agent_id=suspended.agent_id),
            QuarantineAgent(agent_id=agents[3]),
            TerminateAgent(agent_id=agents[4]),
            RegisterIdentity(identity_id="sam", kind=IdentityKind.SERVICE, roles=[Role.VIEWER]),
            issue,
        ):
            answer = await runtime.do(command)
            assert answer.accepted, answer
        failed = await runtime.do(HaltAgent(agent_id=agents[5]))
        assert not failed.accepted


def state(world: World) -> Any:
    """The decision state as a snapshot holds it, without the answers, whose times are each process's own."""
    document = json.loads(encode(world))
    del document["done"]
    document["configs"] = sorted(map(json.dumps, document["configs"]))
    return {
        name: sorted(part, key=str) if isinstance(part, list) else part for name, part in document.items()
    }


async def folded(runtime: InProcess) -> Any:
    """The same, folded anew from the whole log."""
    world = World(Keyring(runtime.key("registrar").public_key))
    for item in await runtime.items():
        world.take(item)
    return state(world)


@asynccontextmanager
async def database(folder: Path) -> AsyncIterator[AsyncConnection]:
    """A transaction in the runtime's database while it is stopped."""
    data = DataDir.open(folder / "symbi")
    server = EmbeddedPostgres(data)
    with data:
        await server.start()
        engine = create_engine(server.url())
        try:
            async with engine.begin() as connection:
                yield connection
        finally:
            await engine.dispose()
            await server.stop()


@asynccontextmanager
async def started_again(folder: Path, *tampering: str) -> AsyncIterator[tuple[InProcess, list[str]]]:
    """A runtime with a world is stopped, its snapshots are tampered with, and its gateway starts again.

    Gives the runtime, and why a snapshot was ignored.
    """
    async with runtime_in_process(folder / "symbi", BY_HAND, snapshots__every_events=100) as runtime:
        await a_world(runtime)
    async with database(folder) as connection:
        for statement in tampering:
            await connection.execute(text(statement))
    with capture_logs() as logs:
        async with runtime_in_process(folder / "symbi", {"gateway"}) as runtime:
            ignored = [entry["reason"] for entry in logs if entry["event"].startswith("snapshot ignored")]
            yield runtime, ignored


async def test_a_start_goes_on_from_the_newest_snapshot(tmp_path: Path) -> None:
    async with started_again(tmp_path) as (runtime, ignored):
        assert ignored == []
        async with runtime.client.queries.connect() as connection:
            newest = (await connection.execute(text("SELECT max(seq) FROM snapshots"))).scalar_one()
        # All of the world was in it, and the state is the one that the whole log gives.
        assert "agent.spawned" not in await runtime.names(newest)
        assert state(runtime.running.core.world) == await folded(runtime)


TAMPERED = {
    "an altered body": "UPDATE snapshots SET body = set_byte(body, 20, 1 + get_byte(body, 20) % 200)",
    "another chain hash": "UPDATE snapshots SET chain_hash = decode(repeat('ab', 32), 'hex')",
    "another position": "UPDATE snapshots SET seq = seq - 1",
    "another leaf": "UPDATE snapshots SET leaf = decode(repeat('cd', 32), 'hex')",
    "another signature": "UPDATE snapshots SET signature = 'AAAA' || substr(signature, 5)",
    "a key that nobody has": "UPDATE snapshots SET key = 'ed25519:00000000000000000000000000000000'",
    "another fold": f"UPDATE snapshots SET fold_version = {FOLD_VERSION - 1}",
}


@pytest.mark.parametrize("tampering", TAMPERED.values(), ids=TAMPERED.keys())
async def test_a_snapshot_that_does_not_fit_is_ignored(tmp_path: Path, tampering: str) -> None:
    async with started_again(tmp_path, tampering) as (runtime, ignored):
        assert len(ignored) == 1
        assert state(runtime.running.core.world) == await folded(runtime)


async def test_a_snapshot_that_anybody_but_the_gateway_signed_is_ignored(tmp_path: Path) -> None:
    """Whoever can write to the database and holds some valid key cannot make up the decision state."""
    async with runtime_in_process(tmp_path / "symbi", BY_HAND) as runtime:
        await a_world(runtime)
        operator = runtime.key("operator")
    async with database(tmp_path) as connection:
        rows = (await connection.execute(text("SELECT * FROM snapshots"))).mappings().all()
        for row in rows:
            chain = f"{row['chain_hash'].hex()}\n{row['leaf'].hex()}"
            signed = f"{row['fold_version']}\n{row['seq']}\n{chain}\n".encode() + row["body"]
            await connection.execute(
                text("UPDATE snapshots SET signature = :signature, key = :key WHERE seq = :seq"),
                {
                    "signature": operator.sign(SNAPSHOT_TYPE, signed),
                    "key": operator.key_id,
                    "seq": row["seq"],
                },
            )
    with capture_logs() as logs:
        async with runtime_in_process(tmp_path / "symbi", {"gateway"}) as runtime:
            assert state(runtime.running.core.world) == await folded(runtime)
    assert [entry for entry in logs if entry["event"].startswith("snapshot ignored")]


async def test_a_long_life_leaves_a_few_snapshots(tmp_path: Path) -> None:
    async with runtime_in_process(tmp_path / "symbi", snapshots__every_events=100) as runtime:
        for _ in range(10):
            await asyncio.gather(*(runtime.spawn() for _ in range(50)))
    async with runtime_in_process(tmp_path / "symbi", {"gateway"}) as runtime:
        async with runtime.client.queries.connect() as connection:
            kept = (await connection.execute(text("SELECT count(*) FROM snapshots"))).scalar_one()
        assert 2 <= kept <= 3
        assert state(runtime.running.core.world) == await folded(runtime)
