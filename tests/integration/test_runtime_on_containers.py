"""The runtime on servers of its operator's own: NATS and PostgreSQL in containers."""

import asyncio
from pathlib import Path

import pytest

from app.cli.entry import run as symbi
from events.codec import Fact
from events.task import NoopWork
from projections import lifecycle
from tests.support.up_process import UpProcess

pytestmark = pytest.mark.docker

AGENT = "visitor"


async def test_it_works_and_comes_back_on_servers_that_it_did_not_start(
    tmp_path: Path, nats_url: str, postgres_url: str
) -> None:
    runtime = UpProcess(tmp_path / "symbi", "--nats-url", nats_url, "--postgres-url", postgres_url)
    runtime.start()
    try:
        async with runtime.client() as client:
            assert await client.schedule_agent({"name": "visitor"}, agent_id=AGENT) == AGENT
            await client.submit_task(AGENT, NoopWork())
            content = await client.blobs.put(b"figures", scope="agent/visitor", media_type="text/plain")
        assert runtime.stop() == 0
        runtime.start()
        async with runtime.client() as client:
            async for item in client.follow_events(after=0):
                if isinstance(item, Fact) and item.event.name == "task.completed":
                    break
            assert await client.blobs.get(content) == b"figures"
            await client.wait_for(item.seq)
            async with client.queries.connect() as connection:
                agent = await lifecycle.agent(connection, AGENT)
        assert agent is not None
        assert agent.state == "ready"
        urls = ["--nats-url", nats_url, "--postgres-url", postgres_url, "--data-dir", str(runtime.data_dir)]
        assert await asyncio.to_thread(symbi, ["projections", "verify", *urls]) == 0
    finally:
        runtime.kill()
