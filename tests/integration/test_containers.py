"""The containers that the integration tests stand on are what they claim to be, and go when they should."""

import asyncio
import json
import socket
import subprocess
import urllib.request
import uuid

import asyncpg
import docker
import nats
import pytest
from testcontainers.core.container import DockerContainer

from tests.support.containers import OWNER, nats_image, remove_orphans

pytestmark = pytest.mark.docker


async def test_jetstream_acknowledges_a_message_and_gives_it_back(nats_url: str) -> None:
    client = await nats.connect(nats_url)
    try:
        stream = f"proof-{uuid.uuid4().hex}"
        jetstream = client.jetstream()
        await jetstream.add_stream(name=stream, subjects=[f"{stream}.>"])
        try:
            ack = await jetstream.publish(f"{stream}.one", b"kept")
            assert (ack.stream, ack.seq) == (stream, 1)
            assert (await jetstream.get_msg(stream, 1)).data == b"kept"
        finally:
            await jetstream.delete_stream(stream)
    finally:
        await client.close()


async def test_jetstream_syncs_every_write(nats_monitor_url: str) -> None:
    def settings() -> dict[str, object]:
        with urllib.request.urlopen(f"{nats_monitor_url}/jsz", timeout=10) as reply:
            config: dict[str, object] = json.load(reply)["config"]
            return config

    config = await asyncio.to_thread(settings)
    assert config["sync_always"] is True
    assert str(config["store_dir"]).startswith("/data/jetstream")


async def test_postgres_keeps_a_row(postgres_url: str) -> None:
    database = f"proof_{uuid.uuid4().hex}"
    admin = await asyncpg.connect(postgres_url)
    try:
        await admin.execute(f"CREATE DATABASE {database}")
        try:
            connection = await asyncpg.connect(postgres_url, database=database)
            try:
                await connection.execute("CREATE TABLE note (id integer PRIMARY KEY, body text NOT NULL)")
                await connection.execute("INSERT INTO note VALUES ($1, $2)", 1, "grüezi")
                assert await connection.fetchval("SELECT body FROM note WHERE id = $1", 1) == "grüezi"
            finally:
                await connection.close()
        finally:
            await admin.execute(f"DROP DATABASE {database}")
    finally:
        await admin.close()


def test_a_failing_run_leaves_no_container(
    pytester: pytest.Pytester, docker_engine: docker.DockerClient
) -> None:
    pytester.makeconftest('pytest_plugins = ["tests.support.require", "tests.support.containers"]')
    pytester.makepyfile(
        """
        def test_that_fails(nats_container):
            raise AssertionError(f"container {nats_container.get_container_id()} ran")
        """
    )
    result = pytester.runpytest_subprocess("-p", "no:cacheprovider")
    result.assert_outcomes(failed=1)
    (line,) = [line for line in result.outlines if line.startswith("E ") and "container" in line]
    identifier = line.split("container ")[1].split()[0]
    assert len(identifier) == 64
    everything = docker_engine.containers.list(all=True, filters={"label": OWNER})
    assert identifier not in [container.id for container in everything]


def test_the_next_run_removes_what_a_killed_one_left(
    nats_container: DockerContainer, docker_engine: docker.DockerClient
) -> None:
    ended = subprocess.Popen(["true"])
    ended.wait()
    left = docker_engine.containers.create(
        nats_image(), labels={OWNER: f"{socket.gethostname()}:{ended.pid}"}
    )
    remove_orphans(docker_engine)
    remaining = [
        container.id for container in docker_engine.containers.list(all=True, filters={"label": OWNER})
    ]
    assert left.id not in remaining
    assert nats_container.get_container_id() in remaining
