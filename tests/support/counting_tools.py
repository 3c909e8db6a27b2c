"""A tool whose every call leaves a line in a file, and a `symbi up` that has it."""

import asyncio
import os
import sys
from pathlib import Path

from app.adapters.function_tools import FunctionTool

CALLS_FILE = "COUNTED_CALLS"
"""The variable that names the file."""

PROGRAM = "from tests.support.counting_tools import up; up()"


async def count(key: str) -> int:
    """Writes a line that a crash does not take back, and takes its time."""
    line = f"{key}\n".encode()
    descriptor = os.open(os.environ[CALLS_FILE], os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    try:
        os.write(descriptor, line)
    finally:
        os.close(descriptor)
    await asyncio.sleep(0.02)
    return len(line)


COUNT = FunctionTool("count", "(key: String) -> int", count, idempotent=False)


def counted(file: Path) -> list[str]:
    """The calls that were made, in order."""
    return file.read_text().splitlines() if file.exists() else []


def up() -> None:
    """`symbi up` with that tool beside the others."""
    from app.adapters import example_tools

    # Before the runtime takes it as its default, which it does when it is imported.
    example_tools.EXAMPLE_TOOLS.append(COUNT)
    from app.cli.entry import run

    sys.exit(run(sys.argv[1:]))
