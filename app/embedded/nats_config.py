"""The configuration of the embedded NATS server, as text."""

import hashlib
from dataclasses import dataclass
from pathlib import Path

from .processes.ports import HOST

USERS_FILE = "users.conf"


@dataclass(frozen=True)
class NatsSettings:
    """What may be chosen about the embedded NATS server."""

    port: int = 0  # 0: chosen at the first start, then kept
    max_payload: int = 1024 * 1024  # bytes of one message
    max_memory: str = "64MB"  # of streams in memory; the log is in files
    monitor_port: int | None = None  # HTTP monitoring on the loopback interface; off unless asked for


def server_name(folder: Path) -> str:
    """The name by which the server of this directory is told from every other."""
    return "symbi-" + hashlib.sha256(str(folder).encode()).hexdigest()[:16]


def render(settings: NatsSettings, port: int, folder: Path, pid_file: Path) -> str:
    """nats.conf for a server that keeps its streams in `folder`/jetstream; users come from users.conf.

    Nobody gets in without an nkey: there is no `no_auth_user`, and no user of the system account.
    """
    lines = [
        "# Written at every start of symbi; changes made here are lost.",
        f"server_name: {server_name(folder)}",
        f'listen: "{HOST}:{port}"',
        f"pid_file: {_quoted(pid_file)}",
        f"max_payload: {settings.max_payload}",
        "jetstream {",
        f"  store_dir: {_quoted(folder)}",  # it makes a directory `jetstream` there
        # Every acknowledgement waits for the disk: without this, acknowledged events can be lost.
        "  sync_interval: always",
        f"  max_memory_store: {settings.max_memory}",
        "}",
    ]
    if settings.monitor_port is not None:
        lines.append(f'http: "{HOST}:{settings.monitor_port}"')
    return "\n".join([*lines, f'include "{USERS_FILE}"', ""])


def _quoted(path: Path) -> str:
    text = str(path).replace("\\", "\\\\").replace('"', '\\"')
    return f'"{text}"'
