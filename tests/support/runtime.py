"""Fixtures: whole runtimes, in processes of their own or inside the test's."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
import pytest_asyncio

from tests.support.in_process import InProcess, runtime_in_process
from tests.support.up_process import UpProcess


@pytest.fixture
def running_runtime(tmp_path: Path) -> Iterator[UpProcess]:
    """A runtime with servers of its own, ready for commands."""
    runtime = UpProcess(tmp_path / "symbi")
    try:
        yield runtime.start()
    finally:
        runtime.kill()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def runtime(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[InProcess]:
    """One runtime for all tests of a module, which run in one event loop: `asyncio(loop_scope="module")`."""
    async with runtime_in_process(tmp_path_factory.mktemp("runtime") / "symbi") as started:
        yield started


@pytest_asyncio.fixture(loop_scope="module")
async def own_runtime(tmp_path: Path) -> AsyncIterator[InProcess]:
    """A runtime of the test's own, in the module's event loop."""
    async with runtime_in_process(tmp_path / "symbi") as started:
        yield started
