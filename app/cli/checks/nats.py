"""Does NATS answer, and can it hold the log?"""

import asyncio

from app.adapters.jetstream.connection import connect
from app.adapters.jetstream.event_log import JetStreamEventLog
from app.config import Settings
from app.embedded.data_dir import DataDir
from app.embedded.nats_logins import login
from app.embedded.processes import programs
from app.errors import SymbiError

from .finding import Finding, running

NAME = "NATS"
OLDEST = (2, 12)
"""Atomic batches came with this version."""

_AS = "operator"


async def check_nats(settings: Settings) -> Finding:
    info = running(settings)
    url = settings.nats.url or (info.nats_url if info else "")
    try:
        return await (_answers(settings, url) if url else _installed())
    except SymbiError as error:
        return Finding(NAME, "fail", error.message)


async def _answers(settings: Settings, url: str) -> Finding:
    data = DataDir.open(settings.data_dir, create=False)
    nc = await connect(url, name=_AS, seed=login(data, _AS).seed)
    try:
        theirs = nc.connected_server_version
        version = f"{theirs.major}.{theirs.minor}.{theirs.patch}"
        if (theirs.major, theirs.minor) < OLDEST:
            needed = ".".join(map(str, OLDEST))
            return Finding(NAME, "fail", f"version {version} at {url}", f"The log needs {needed} or newer.")
        head = await JetStreamEventLog(nc).last_seq()
    finally:
        await nc.close()
    return Finding(NAME, "ok", f"version {version} at {url}, {head} events in the log")


async def _installed() -> Finding:
    process = await asyncio.create_subprocess_exec(
        programs.nats_server(), "--version", stdout=asyncio.subprocess.PIPE
    )
    text, _ = await process.communicate()
    return Finding(NAME, "ok", f"{text.decode().strip()} is here and not running", "`symbi up` starts it.")
