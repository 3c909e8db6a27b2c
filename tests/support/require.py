"""What a test needs from its machine, and what its absence means: a skip, or a failure.

`SYMBI_REQUIRE` names the needs that must be met ("docker", several with commas, or "all"). Shared data
is never required: a checkout on its own does not have it.
"""

import gc
import os
import warnings
from collections.abc import Generator
from functools import cache
from pathlib import Path
from typing import NoReturn

import pytest

SHARED_DATA = "data"
SERVICE_TESTS = ("integration", "fault", "e2e")


def required(needs: str) -> bool:
    """Whether a test that lacks `needs` must fail."""
    named = {name.strip() for name in os.environ.get("SYMBI_REQUIRE", "").split(",")}
    return needs != SHARED_DATA and bool(named & {needs, "all"})


def skip_or_fail(reason: str, needs: str = "docker") -> NoReturn:
    """Skip the running test for `reason`, or fail it where `SYMBI_REQUIRE` names what it `needs`."""
    if required(needs):
        pytest.fail(f"SYMBI_REQUIRE={os.environ['SYMBI_REQUIRE']} forbids a skip: {reason}", pytrace=False)
    absence = pytest.skip.Exception(reason)
    vars(absence)["needs"] = needs
    raise absence


@cache
def engine_absence() -> str | None:
    """Why no Docker engine answers, or None when one does."""
    with warnings.catch_warnings():
        # The docker package leaves the socket open on which nobody answered.
        warnings.simplefilter("ignore", ResourceWarning)
        absence = _ask_engine()
        gc.collect()
    return absence


def _ask_engine() -> str | None:
    import docker
    from docker.errors import DockerException

    try:
        docker.from_env(timeout=10).close()  # asks for the version
    except DockerException as error:
        return f"no Docker engine answers ({error})"
    return None


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Ask for the engine before a test marked `docker` sets up anything."""
    if item.get_closest_marker("docker") and (reason := engine_absence()):
        skip_or_fail(reason)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Catch the skips that did not come through `skip_or_fail`."""
    report = yield
    if report.skipped and not hasattr(report, "wasxfail") and call.excinfo is not None:
        _forbid(report, item.path, call.excinfo.value)
    return report


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report(
    collector: pytest.Collector,
) -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    """Catch the modules that skip themselves."""
    report = yield
    if report.skipped:
        _forbid(report, collector.path, None)
    return report


def _forbid(
    report: pytest.TestReport | pytest.CollectReport, path: Path, reason: BaseException | None
) -> None:
    free = getattr(reason, "needs", None) == SHARED_DATA
    if free or not required("all") or not set(SERVICE_TESTS) & set(path.parts):
        return
    why = report.longrepr[2] if isinstance(report.longrepr, tuple) else report.longrepr
    report.outcome = "failed"
    report.longrepr = f"SYMBI_REQUIRE={os.environ['SYMBI_REQUIRE']} forbids a skip: {why}"
