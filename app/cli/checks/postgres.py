"""Does PostgreSQL answer, with a clock like ours?"""

import asyncio
import time

from sqlalchemy import text

from app.adapters.postgres.engine import create_engine
from app.adapters.postgres.errors import guard
from app.config import Settings
from app.embedded.processes import programs
from app.errors import SymbiError

from .finding import Finding, running

NAME = "PostgreSQL"
APART_S = 1.0


async def check_postgres(settings: Settings) -> Finding:
    info = running(settings)
    url = settings.postgres.url or (info.postgres_url if info else "")
    try:
        return await (_answers(url) if url else _installed())
    except SymbiError as error:
        return Finding(NAME, "fail", error.message)


async def _answers(url: str) -> Finding:
    engine = create_engine(url, connections=1)
    try:
        with guard():
            async with engine.connect() as connection:
                version = await connection.scalar(text("SHOW server_version"))
                before = time.time()
                theirs = await connection.scalar(text("SELECT extract(epoch FROM clock_timestamp())::float8"))
                apart = abs(float(theirs or 0.0) - (before + time.time()) / 2)
    finally:
        await engine.dispose()
    if apart > APART_S:
        return Finding(
            NAME, "warn", f"version {version}; its clock and ours are {apart:.0f} s apart", "Run NTP on both."
        )
    return Finding(NAME, "ok", f"version {version} answers")


async def _installed() -> Finding:
    process = await asyncio.create_subprocess_exec(
        programs.postgres("postgres"), "--version", stdout=asyncio.subprocess.PIPE
    )
    out, _ = await process.communicate()
    return Finding(NAME, "ok", f"{out.decode().strip()} is here and not running", "`symbi up` starts it.")
