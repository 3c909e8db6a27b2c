"""Real NATS and PostgreSQL in containers, one of each for a whole test run, removed at its end.

The images are named by SYMBI_TEST_NATS_IMAGE and SYMBI_TEST_POSTGRES_IMAGE; `make images` settles them
where the official ones cannot be pulled. The fixtures skip, or fail under SYMBI_REQUIRE, without an engine.
"""

import os
import secrets
import socket
from collections.abc import Iterator
from typing import TYPE_CHECKING

import psutil
import pytest

from tests.support.require import engine_absence, skip_or_fail

# Imported where they are used: loading them takes half a second, which unit tests need not wait for.
if TYPE_CHECKING:
    from docker import DockerClient
    from testcontainers.community.postgres import PostgresContainer
    from testcontainers.core.container import DockerContainer

NATS_PORT = 4222
NATS_MONITOR_PORT = 8222
OWNER = "symbi.tests.owner"

NATS_CONFIG = f"""
port: {NATS_PORT}
http_port: {NATS_MONITOR_PORT}
jetstream {{
  store_dir: "/data/jetstream"
  sync_interval: always
}}
"""


def nats_image() -> str:
    return os.environ.get("SYMBI_TEST_NATS_IMAGE", "nats:2.12")


def postgres_image() -> str:
    return os.environ.get("SYMBI_TEST_POSTGRES_IMAGE", "postgres:17")


def task_image() -> str:
    """The image that `command` tasks run in when they name none."""
    return os.environ.get("SYMBI_TASK_IMAGE", "busybox:stable")


@pytest.fixture(scope="session")
def docker_engine() -> Iterator["DockerClient"]:
    """A client of the engine, on which nothing is left from test runs that were killed."""
    import docker

    if reason := engine_absence():
        skip_or_fail(reason)
    client = docker.from_env()
    try:
        remove_orphans(client)
        yield client
    finally:
        client.close()


@pytest.fixture(scope="session")
def nats_container(docker_engine: "DockerClient") -> Iterator["DockerContainer"]:
    """A NATS server with JetStream that syncs every write, in a store of its own."""
    from testcontainers.core.container import DockerContainer
    from testcontainers.core.wait_strategies import LogMessageWaitStrategy

    _prepare(docker_engine, nats_image())
    container = (
        DockerContainer(nats_image(), labels=_labels())
        .with_exposed_ports(NATS_PORT, NATS_MONITOR_PORT)
        .with_copy_into_container(NATS_CONFIG.encode(), "/tests.conf")
        .with_command(["--config", "/tests.conf"])
        .waiting_for(LogMessageWaitStrategy("Server is ready").with_startup_timeout(30))
    )
    with container:
        yield container


@pytest.fixture(scope="session")
def nats_url(nats_container: "DockerContainer") -> str:
    return f"nats://{nats_container.get_container_host_ip()}:{nats_container.get_exposed_port(NATS_PORT)}"


@pytest.fixture(scope="session")
def nats_monitor_url(nats_container: "DockerContainer") -> str:
    port = nats_container.get_exposed_port(NATS_MONITOR_PORT)
    return f"http://{nats_container.get_container_host_ip()}:{port}"


@pytest.fixture(scope="session")
def postgres_container(docker_engine: "DockerClient") -> Iterator["PostgresContainer"]:
    """A PostgreSQL server whose user may create databases; each test takes one of its own."""
    from testcontainers.community.postgres import PostgresContainer

    _prepare(docker_engine, postgres_image())
    container = PostgresContainer(
        postgres_image(),
        username="symbi",
        password=secrets.token_hex(16),
        dbname="symbi",
        driver=None,
        labels=_labels(),
    )
    with container:
        yield container


@pytest.fixture(scope="session")
def postgres_url(postgres_container: "PostgresContainer") -> str:
    """`postgresql://user:password@host:port/database`, as asyncpg takes it."""
    return postgres_container.get_connection_url()


def _prepare(client: "DockerClient", image: str) -> None:
    from docker.errors import DockerException, ImageNotFound
    from testcontainers.core.config import testcontainers_config

    # Its image is another download, and the fixtures and `remove_orphans` do what it would.
    testcontainers_config.ryuk_disabled = True
    try:
        client.images.get(image)
    except ImageNotFound:
        try:
            client.images.pull(image)
        except DockerException as error:
            skip_or_fail(f"{image} is not here and cannot be pulled; run `make images` ({error})")


def _labels() -> dict[str, str]:
    return {OWNER: f"{socket.gethostname()}:{os.getpid()}"}


def remove_orphans(client: "DockerClient") -> None:
    """Remove the containers of this machine's test runs that were killed before they could."""
    for container in client.containers.list(all=True, filters={"label": OWNER}):
        host, _, pid = container.labels[OWNER].partition(":")
        if host == socket.gethostname() and not psutil.pid_exists(int(pid)):
            container.remove(force=True, v=True)
