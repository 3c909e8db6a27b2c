"""The status of a runtime tells what is down, and its exit code whether everything works."""

import asyncio
import json
from pathlib import Path

import pytest

from app.cli.entry import run
from tests.support.in_process import runtime_in_process


async def status(
    data_dir: Path, capsys: pytest.CaptureFixture[str], *options: str
) -> tuple[int, dict[str, str]]:
    """The exit code of `symbi status`, and how each part is."""
    capsys.readouterr()
    code = await asyncio.to_thread(run, ["status", "--json", "--data-dir", str(data_dir), *options])
    parts = json.loads(capsys.readouterr().out)["component_health"]
    return code, {name: part["status"] for name, part in parts.items()}


async def test_a_runtime_without_a_gateway_is_down(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    async with runtime_in_process(tmp_path / "symbi"):
        code, parts = await status(tmp_path / "symbi", capsys)
        assert (code, parts["gateway"]) == (0, "ok")
    async with runtime_in_process(tmp_path / "symbi", roles={"projector"}):
        code, parts = await status(tmp_path / "symbi", capsys)
        assert (code, parts["gateway"]) == (4, "down")
        assert parts["event_log"] == "ok"


async def test_a_degraded_runtime_works(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    async with runtime_in_process(tmp_path / "symbi", roles={"gateway", "projector"}):
        code, parts = await status(tmp_path / "symbi", capsys)
        assert (code, parts["gateway"], parts["workers"]) == (0, "ok", "degraded")


async def test_where_nothing_runs_the_status_cannot_be_had(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    async with runtime_in_process(tmp_path / "symbi"):
        pass
    assert await asyncio.to_thread(run, ["status", "--data-dir", str(tmp_path / "symbi")]) == 4
    assert "`symbi up`" in capsys.readouterr().err
